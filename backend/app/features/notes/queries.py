"""Reads of notes, care teams, hand-overs and fluids."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_visit
from app.audit import events
from app.core.cursors import bad_cursor, read_cursor, read_key, write_cursor
from app.core.errors import NotFound
from app.features.notes import schemas, statements
from app.features.notes.rules import hours_of
from app.models.nurse_log import NurseLogType

MOST_ROWS = 100
Row = Mapping[str, Any]


async def _rows(session: AsyncSession, statement: str, **values: Any) -> list[Row]:
    found = await session.execute(text(statement), values)
    return [dict(row) for row in found.mappings()]


async def _tell(session: AsyncSession, table: str, patient_id: UUID, found: int) -> None:
    """The trail remembers that a part of the patient's record was read."""
    read = events.Event(
        "R", events.PATIENT_RECORD, table, None, patient_id, query={"found": found}, purpose=events.TREATMENT
    )
    await events.record(session, read)


def _moment(value: str | None) -> datetime | None:
    try:
        return None if value is None else datetime.fromisoformat(value)
    except ValueError:
        raise bad_cursor() from None


# Who cares


@needs(Permission.VISIT_READ)
async def read_care_team(session: AsyncSession, actor: Actor, visit_id: UUID) -> schemas.CareTeamOut:
    """Who cares for the visit, then who cared; raises NotFound, also to patients, whose it is not to see."""
    if actor.scope == "self":
        raise NotFound("visit-not-found", "There is no such visit here.")
    await the_visit(session, visit_id)
    rows = await _rows(session, statements.CARE_TEAM, visit_id=visit_id)
    return schemas.CareTeamOut(items=[schemas.CareOut.model_validate(row) for row in rows])


@needs(Permission.CARE_ASSIGN)
async def list_colleagues(session: AsyncSession, actor: Actor) -> list[schemas.ColleagueOut]:
    """The doctors and nurses of the hospital."""
    rows = await _rows(session, statements.COLLEAGUES, hospital_id=actor.hospital_id)
    return [schemas.ColleagueOut.model_validate(row) for row in rows]


# Notes


@needs(Permission.NOTE_READ)
async def list_notes(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    *,
    log_type: NurseLogType | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> schemas.NotesOut:
    """The notes of a visit with all their versions, the newest first; incidents only to their author."""
    after_at, after_id = read_cursor(cursor, 2)
    visit = await the_visit(session, visit_id)
    limit = min(limit, MOST_ROWS)
    rows = await _rows(
        session,
        statements.NOTES,
        visit_id=visit_id,
        user_id=actor.user_id,
        shows_incidents=actor.can(Permission.INCIDENT_READ),
        log_type=None if log_type is None else log_type.value,
        after_at=_moment(after_at),
        after_id=read_key(after_id),
        limit=limit + 1,
    )
    await _tell(session, "nurse_logs", visit.patient_id, len(rows[:limit]))
    return schemas.NotesOut(
        items=[schemas.NoteOut.model_validate(row) for row in rows[:limit]],
        next_cursor=_next(rows, limit),
    )


def _next(rows: list[Row], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return write_cursor(last["logged_at"].isoformat(), last["id"])


@needs(Permission.ENTER_IN_ERROR)
async def list_note_heads(session: AsyncSession, actor: Actor, visit_id: UUID) -> list[schemas.NoteHeadOut]:
    """When who wrote which kind of note, without its words: what is needed to strike one out for somebody."""
    rows = await _rows(session, statements.NOTE_HEADS, visit_id=visit_id)
    return [schemas.NoteHeadOut.model_validate(row) for row in rows]


@needs(Permission.INCIDENT_READ)
async def list_incidents(
    session: AsyncSession, actor: Actor, *, limit: int = 50, cursor: str | None = None
) -> schemas.IncidentsOut:
    """What went wrong in the hospital, the newest first; each reading is in the trail."""
    after_at, after_id = read_cursor(cursor, 2)
    limit = min(limit, MOST_ROWS)
    rows = await _rows(
        session,
        statements.INCIDENTS,
        hospital_id=actor.hospital_id,
        after_at=_moment(after_at),
        after_id=read_key(after_id),
        limit=limit + 1,
    )
    searched = {"log_type": "incident", "found": len(rows[:limit])}
    await events.record(session, events.Event("E", events.QUERY, "nurse_logs", query=searched))
    return schemas.IncidentsOut(
        items=[schemas.IncidentOut.model_validate(row) for row in rows[:limit]],
        next_cursor=_next(rows, limit),
    )


# Hand-over


def _handover(value: Any) -> schemas.HandoverOut | None:
    """A row built by the database as json arrives as text or as an object, depending on the driver's codec."""
    found = orjson.loads(value) if isinstance(value, str | bytes) else value
    return None if found is None else schemas.HandoverOut.model_validate(found)


@needs(Permission.NOTE_READ)
async def list_handovers(session: AsyncSession, actor: Actor, visit_id: UUID) -> schemas.HandoversOut:
    """How the visit went from hand to hand, the newest first; a draft only to its author."""
    visit = await the_visit(session, visit_id)
    rows = await _rows(session, statements.HANDOVERS, visit_id=visit_id, user_id=actor.user_id)
    await _tell(session, "handovers", visit.patient_id, len(rows))
    return schemas.HandoversOut(items=[schemas.HandoverOut.model_validate(row) for row in rows])


@needs(Permission.CARE_ASSIGN)
async def read_handover(session: AsyncSession, actor: Actor, handover_id: UUID) -> schemas.HandoverOut:
    """Raises NotFound, also for somebody else's draft."""
    rows = await _rows(session, statements.HANDOVER, handover_id=handover_id, user_id=actor.user_id)
    if not rows:
        raise no_such_handover()
    await _tell(session, "handovers", rows[0]["patient_id"], 1)
    return schemas.HandoverOut.model_validate(rows[0])


def no_such_handover() -> NotFound:
    return NotFound("handover-not-found", "There is no such hand-over here.")


@needs(Permission.CARE_ASSIGN)
async def my_handovers(session: AsyncSession, actor: Actor) -> schemas.MyHandoversOut:
    """Whom I may hand over, and what waits for me."""
    values = {"hospital_id": actor.hospital_id, "user_id": actor.user_id}
    mine = await _rows(session, statements.MY_PATIENTS, **values)
    waiting = await _rows(session, statements.TO_ACCEPT, **values)
    searched = {"found": len(mine), "to_accept": len(waiting)}
    await events.record(session, events.Event("E", events.QUERY, "handovers", query=searched))
    return schemas.MyHandoversOut(
        mine=[
            schemas.MyPatientOut.model_validate(
                {**row, "handover": _handover(row["handover"]), "last": _handover(row["last"])}
            )
            for row in mine
        ],
        to_accept=[
            schemas.ToAcceptOut.model_validate({**row, "handover": _handover(row["handover"])})
            for row in waiting
        ],
    )


# Fluids


@needs(Permission.FLUID_READ)
async def read_fluids(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, day: date | None = None, now: datetime
) -> schemas.FluidsOut:
    """The entries of a day of the hospital, the balance of every day, and that of the last 24 hours."""
    found = await _rows(session, statements.FLUID_VISIT, visit_id=visit_id)
    if not found:
        raise NotFound("visit-not-found", "There is no such visit here.")
    visit = found[0]
    zone = ZoneInfo(visit["timezone"])
    shown = day or now.astimezone(zone).date()
    last, days = await _days(session, visit, now)
    begins = datetime.combine(shown, time(), zone)
    rows = await _rows(
        session,
        statements.FLUIDS,
        visit_id=visit_id,
        begins=begins,
        ends=datetime.combine(shown + timedelta(days=1), time(), zone),
    )
    await _tell(session, "fluid_entries", visit["patient_id"], len(rows))
    items = _running(rows)
    return schemas.FluidsOut(
        visit_id=visit_id,
        patient_id=visit["patient_id"],
        timezone=visit["timezone"],
        day=shown,
        items=items,
        kinds=_kinds(items),
        days=days,
        last_24_hours=last,
    )


async def _days(
    session: AsyncSession, visit: Row, now: datetime
) -> tuple[schemas.BalanceOut, list[schemas.FluidDayOut]]:
    values = {"timezone": visit["timezone"], "since": now - timedelta(hours=24), "until": now}
    rows = await _rows(session, statements.FLUID_DAYS, visit_id=visit["id"], **values)
    balances = [{**row, "balance_ml": row["in_ml"] - row["out_ml"]} for row in rows]
    days = [
        schemas.FluidDayOut.model_validate({**row, "hours": hours_of(row["day"], visit["timezone"])})
        for row in balances[1:]
    ]
    return schemas.BalanceOut.model_validate(balances[0]), days


def _running(rows: list[Row]) -> list[schemas.FluidOut]:
    """The entries in the order of time, each with the balance since midnight; what does not count has none."""
    items, total = [], 0
    for row in rows:
        counts = row["replaced_by_id"] is None and row["entered_in_error_at"] is None
        if counts:
            total += row["volume_ml"] if row["direction"] == "in" else -row["volume_ml"]
        items.append(schemas.FluidOut.model_validate({**row, "running_ml": total if counts else None}))
    return items


def _kinds(items: list[schemas.FluidOut]) -> list[schemas.KindOut]:
    sums: dict[tuple[Any, Any], int] = {}
    for item in items:
        if item.is_current:
            key = (item.direction, item.kind)
            sums[key] = sums.get(key, 0) + item.volume_ml
    return [schemas.KindOut(direction=way, kind=kind, volume_ml=total) for (way, kind), total in sums.items()]
