"""What is read of beds: the board, who waits for a bed, the census."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.clinical.news2 import PARAMETERS, Signs, news2
from app.clinical.vital_ranges import ADULT_FROM_DAYS
from app.core.errors import Invalid, NotFound
from app.features.beds import census, statements
from app.features.beds.rules import Placement
from app.features.beds.schemas import (
    BoardBedOut,
    BoardOut,
    CensusOut,
    FlowOut,
    News2Out,
    OccupantOut,
    WaitingOut,
)
from app.features.registration.banner import as_list
from app.models.bed import BedStatus, BedType
from app.models.visit import VisitStatus, VisitType

MOST_WAITING = 100
# No hospital of ours is older, and calendars before it are another matter.
FIRST_DAY = date(1900, 1, 1)


@needs(Permission.BED_READ)
async def read_board(
    session: AsyncSession,
    actor: Actor,
    *,
    now: datetime,
    ward: str | None = None,
    status: BedStatus | None = None,
) -> BoardOut:
    """The hospital's beds with who lies in them, by ward, bay and number; one statement, however many there are."""
    rows = await _beds(session, actor, now)
    licensed = rows[0]["bed_capacity"] if rows else 0
    active = sum(row["is_active"] for row in rows)
    shown = [
        _bed(row, now)
        for row in sorted(rows, key=_in_order)
        if ward in (None, row["ward"]) and status in (None, row["status"])
    ]
    return BoardOut(items=shown, licensed_beds=licensed, active_beds=active, over_capacity=active > licensed)


@needs(Permission.BED_READ)
async def read_bed(session: AsyncSession, actor: Actor, bed_id: UUID, *, now: datetime) -> BoardBedOut:
    rows = await _beds(session, actor, now, bed_id)
    if not rows:
        raise NotFound("bed-not-found", "There is no such bed here.")
    return _bed(rows[0], now)


@needs(Permission.BED_READ)
async def list_waiting(session: AsyncSession, actor: Actor, *, now: datetime) -> list[WaitingOut]:
    """Who is here without a bed, or comes within a day and has none kept; the longest wait first."""
    values = {"before": now + timedelta(days=1), "limit": MOST_WAITING}
    rows = (await session.execute(text(statements.WAITING), values)).mappings()
    return [WaitingOut.model_validate(dict(row)) for row in rows]


@needs(Permission.BED_READ)
async def read_mover(session: AsyncSession, actor: Actor, visit_id: UUID) -> WaitingOut:
    """Who is to be put into a bed; raises NotFound for a visit that is out of reach or over."""
    row = (await session.execute(text(statements.MOVER), {"visit_id": visit_id})).mappings().one_or_none()
    if row is None:
        raise NotFound("visit-not-found", "There is no such visit here, or it has ended.")
    return WaitingOut.model_validate(dict(row))


@needs(Permission.CENSUS_READ)
async def read_census(session: AsyncSession, actor: Actor, day: date | None, *, now: datetime) -> CensusOut:
    """A day of the hospital's zone, ward by ward; without `day` the last one that is over. Raises Invalid."""
    zone = ZoneInfo(actor.timezone or "UTC")
    today = now.astimezone(zone).date()
    wanted = day or today - timedelta(days=1)
    if not FIRST_DAY <= wanted <= today:
        raise Invalid(
            "census-day",
            "The census is of a day that has begun. Choose today or an earlier one.",
            field="day",
        )
    starts_at, ends_at = census.bounds(wanted, zone)
    until = min(ends_at, now)
    rows = await session.execute(text(statements.CENSUS), {"starts_at": starts_at, "until": until})
    flows = census.count([_stay(row) for row in rows.mappings()], starts_at, until, zone)
    wards = [_flow(ward, flows[ward]) for ward in sorted(flows, key=lambda name: (name is None, name or ""))]
    total = _flow(None, _sum(flows.values()))
    left = total.discharges + total.to_other_hospitals + total.deaths
    return CensusOut(
        day=wanted,
        starts_at=starts_at,
        until=until,
        hours=(ends_at - starts_at) / timedelta(hours=1),
        is_over=ends_at <= now,
        wards=wards,
        total=total,
        mean_stay_days=round(total.stay_days / left, 1) if left else None,
    )


async def placement(session: AsyncSession, bed_id: UUID, visit_id: UUID, *, now: datetime) -> Placement:
    """What decides whether the bed fits the visit's patient."""
    values = {"bed_id": bed_id, "visit_id": visit_id, "now": now}
    row = (await session.execute(text(statements.FIT), values)).mappings().one()
    born = row["date_of_birth"]
    return Placement(
        bed_number=row["bed_number"],
        bed_type=BedType(row["bed_type"]),
        visit_type=VisitType(row["visit_type"]),
        gender=row["gender"],
        is_child=None if born is None else (now.date() - born).days < ADULT_FROM_DAYS,
        is_isolated=row["is_isolated"],
        neighbours=_strings(row["neighbours"]),
    )


async def _beds(
    session: AsyncSession, actor: Actor, now: datetime, bed_id: UUID | None = None
) -> Sequence[RowMapping]:
    values = {
        "now": now,
        "bed_id": bed_id,
        "shows_vitals": actor.can(Permission.VITALS_READ),
        "shows_alerts": actor.can(Permission.ALERT_READ),
    }
    return (await session.execute(text(statements.BOARD), values)).mappings().all()


def _in_order(row: RowMapping) -> tuple[Any, ...]:
    """As the ward counts: bay 2 before bay 10, A-9 before A-10."""
    return (row["ward"], row["bay"] is None, *map(_numbers_apart, (row["bay"] or "", row["bed_number"])))


def _numbers_apart(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts if part]


def _bed(row: RowMapping, now: datetime) -> BoardBedOut:
    known = {**row, "occupant": _occupant(row, now) if row["patient_id"] else None}
    return BoardBedOut.model_validate(known)


def _occupant(row: RowMapping, now: datetime) -> OccupantOut:
    began, zone = row["admission_date"], ZoneInfo(row["timezone"])
    days = None if began is None else census.stay_days(began, now, zone)
    return OccupantOut.model_validate(
        {**row, "since": row["assigned_at"], "days": days, "news2": _score(row, now)}
    )


def _score(row: RowMapping, now: datetime) -> News2Out | None:
    if row["recorded_at"] is None:
        return None
    given = {name: row[name] for name in PARAMETERS}
    if given["temperature"] is not None:
        given["temperature"] = Decimal(str(given["temperature"]))
    score = news2(Signs(**given), row["spo2_scale"] or row["patient_scale"] or 1)
    born = row["date_of_birth"]
    too_young = born is not None and (now.date() - born).days < ADULT_FROM_DAYS
    total = None if too_young or row["is_pregnant"] else score.total
    risk = None if total is None else score.risk
    return News2Out(total=total, risk=risk, recorded_at=row["recorded_at"])


def _stay(row: RowMapping) -> census.Stay:
    beds = [
        census.Place(each["ward"], _instant(each["from"]), _instant(each["to"]) if each["to"] else None)
        for each in as_list(row["stays"])
    ]
    return census.Stay(VisitStatus(row["status"]), row["began_at"], row["ended_at"], beds)


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def _flow(ward: str | None, flow: census.Flow) -> FlowOut:
    return FlowOut(ward=ward, **asdict(flow))


def _sum(flows: Iterable[census.Flow]) -> census.Flow:
    """Of the whole house: moves between its wards come and go, and stay in the sum of both sides."""
    total = census.Flow()
    for flow in flows:
        for each in fields(flow):
            setattr(total, each.name, getattr(total, each.name) + getattr(flow, each.name))
    return total


def _strings(value: object) -> list[str]:
    return [str(each) for each in as_list(value)]
