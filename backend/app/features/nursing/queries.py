"""Reads of nursing: the sets of a visit with their scores, and the calls that wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.cursors import bad_cursor, read_cursor, read_key, write_cursor
from app.core.errors import NotFound
from app.features.nursing import schemas, statements
from app.features.nursing.rules import Judged, Subject, judge
from app.models.visit import Visit
from app.models.vitals import Escalation, EscalationStatus, Vitals
from app.web.formatting import local_date

MOST_ROWS = 100
CallState = Literal["raised", "acknowledged", "superseded", "closed"]


def no_such_visit() -> NotFound:
    return NotFound("visit-not-found", "There is no such visit here.")


@dataclass(frozen=True)
class VisitRead:
    """The visit whose sets are read, and the zone of its hospital."""

    visit: Mapping[str, Any]
    page: schemas.VitalsPageOut

    @property
    def timezone(self) -> str:
        return str(self.visit["timezone"])


@needs(Permission.VITALS_READ)
async def read_sets(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> VisitRead:
    """The visit's sets, the newest first; the read is in the trail before anything is shown."""
    found = await session.execute(text(statements.READ_VISIT), {"visit_id": visit_id})
    row = found.mappings().one_or_none()
    if row is None:
        raise no_such_visit()
    visit = dict(row)
    limit = min(limit, MOST_ROWS)
    after, values = _after(cursor, statements.AFTER)
    sql = statements.SETS.replace("{after}", after)
    rows = (
        (await session.execute(text(sql), {"visit_id": visit_id, "limit": limit + 1, **values}))
        .mappings()
        .all()
    )
    more, rows = len(rows) > limit, rows[:limit]
    items = [set_out(dict(row), visit) for row in rows]
    if actor.scope == "self":
        # A patient sees the sets, and not which key a member of staff has.
        items = [item.model_copy(update={"recorded_by_id": None}) for item in items]
    next_cursor = write_cursor(rows[-1]["recorded_at"], rows[-1]["id"]) if more else None
    return VisitRead(visit, schemas.VitalsPageOut(items=items, next_cursor=next_cursor))


def _after(cursor: str | None, condition: str) -> tuple[str, dict[str, Any]]:
    after_at, after_id = read_cursor(cursor, 2)
    if after_at is None:
        return "", {}
    try:
        return condition, {"after_at": datetime.fromisoformat(after_at), "after_id": read_key(after_id)}
    except ValueError:
        raise bad_cursor() from None


def subject_of(row: Mapping[str, Any], visit: Mapping[str, Any]) -> Subject:
    measured_on = local_date(row["recorded_at"], visit["timezone"])
    return Subject(visit["date_of_birth"], measured_on, row["pregnant"], visit["spo2_scale"])


def judged_of(row: Mapping[str, Any], subject: Subject) -> Judged:
    """What was said of the set when it was recorded; an imported one is judged now."""
    judged = judge(row, subject, scale=row["spo2_scale"])
    if row["news2_state"] is None:
        return judged
    return Judged(judged.score, type(judged.state)(row["news2_state"]), judged.age_band)


def set_out(row: Mapping[str, Any], visit: Mapping[str, Any]) -> schemas.VitalsOut:
    judged = judged_of(row, subject_of(row, visit))
    due = row["next_due_at"] or row["recorded_at"] + judged.response.interval
    return schemas.VitalsOut.model_validate({**row, "next_due_at": due, "news2": judged.as_out()})


@needs(Permission.ESCALATION_ANSWER)
async def list_calls(
    session: AsyncSession,
    actor: Actor,
    status: CallState = "raised",
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> schemas.EscalationsOut:
    """The hospital's calls in this state, the newest first."""
    limit = min(limit, MOST_ROWS)
    after, values = _after(cursor, statements.CALLS_AFTER)
    sql = statements.CALLS.replace("{after}", after)
    bound = {"hospital_id": actor.hospital_id, "status": status, "limit": limit + 1, **values}
    rows = (await session.execute(text(sql), bound)).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    items = [schemas.EscalationOut.model_validate(dict(row)) for row in rows]
    next_cursor = write_cursor(rows[-1]["raised_at"], rows[-1]["id"]) if more else None
    return schemas.EscalationsOut(items=items, next_cursor=next_cursor)


@needs(Permission.VITALS_READ)
async def call_of(session: AsyncSession, actor: Actor, visit_id: UUID) -> Escalation | None:
    """The call of the visit that waits, if one does."""
    found: Escalation | None = await session.scalar(
        select(Escalation).where(
            Escalation.visit_id == visit_id, Escalation.status == EscalationStatus.RAISED
        )
    )
    return found


@needs(Permission.VITALS_READ)
async def patient_of_visit(session: AsyncSession, actor: Actor, visit_id: UUID) -> UUID:
    found = await session.scalar(select(Visit.patient_id).where(Visit.id == visit_id))
    if found is None:
        raise no_such_visit()
    return found


@needs(Permission.PATIENT_READ)
async def visit_of_set(session: AsyncSession, actor: Actor, vitals_id: UUID) -> UUID:
    found = await session.scalar(select(Vitals.visit_id).where(Vitals.id == vitals_id))
    if found is None:
        raise NotFound("vitals-not-found", "There is no such set of vital signs here.")
    return found
