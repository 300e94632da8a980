"""Reads of visits."""

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.audit import events
from app.core.cursors import read_cursor, read_key, write_cursor
from app.core.errors import NotFound
from app.features.visits import statements
from app.features.visits.schemas import VisitOut, VisitPageOut, VisitRowOut
from app.models.visit import VisitStatus

MOST_ROWS = 100
# Null for a role that reads visits and no clinical content.
CLINICAL = (
    "reason_for_visit", "diagnosis", "diagnoses", "discharge_summary", "disposition", "triage_level",
)  # fmt: skip


@dataclass(frozen=True)
class Named:
    """Something to choose, by its name."""

    id: UUID
    name: str


@needs(Permission.VISIT_READ)
async def list_visits(
    session: AsyncSession,
    actor: Actor,
    *,
    status: VisitStatus | None = None,
    patient_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> VisitPageOut:
    """Visits within reach, the newest first."""
    limit = min(limit, MOST_ROWS)
    (after,) = read_cursor(cursor, 1)
    sql = statements.list_sql(
        by_status=status is not None, by_patient=patient_id is not None, goes_on=cursor is not None
    )
    values = {
        "status": status and status.value,
        "patient_id": patient_id,
        "after_id": read_key(after),
        "limit": limit + 1,
    }
    bound = {name: value for name, value in values.items() if f":{name}" in sql}
    rows = (await session.execute(text(sql), bound)).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    return VisitPageOut(
        items=[VisitRowOut.model_validate(dict(row)) for row in rows],
        next_cursor=write_cursor(rows[-1]["id"]) if more else None,
    )


@needs(Permission.VISIT_READ)
async def read_visit(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, is_opening: bool = True
) -> VisitOut:
    """One visit as far as the actor's role reads it; raises NotFound.

    The trail has it that the record was opened, unless a banner on the same page has said so already."""
    row = (await session.execute(text(statements.ONE), {"visit_id": visit_id})).mappings().one_or_none()
    if row is None:
        raise NotFound("visit-not-found", "There is no such visit here.")
    if is_opening:
        opened = events.Event("R", events.PATIENT_RECORD, "visits", visit_id, row["patient_id"])
        await events.record(session, opened)
    known = dict(row)
    found = json.loads(known["diagnoses"]) if isinstance(known["diagnoses"], str) else known["diagnoses"]
    known["diagnoses"] = found or []
    if not actor.can(Permission.VISIT_CLINICAL_READ):
        known |= dict.fromkeys(CLINICAL)
    return VisitOut.model_validate(known)


@needs(Permission.VISIT_READ)
async def list_doctors(session: AsyncSession, actor: Actor) -> list[Named]:
    """The doctors of the actor's hospital who sign in, by name."""
    rows = await session.execute(text(statements.DOCTORS), {"hospital_id": actor.hospital_id})
    return [Named(row.id, row.name) for row in rows]


@needs(Permission.BED_READ)
async def list_free_beds(session: AsyncSession, actor: Actor, visit_id: UUID | None = None) -> list[Named]:
    """Beds of the hospital that are free or kept for this visit, by ward and number."""
    rows = await session.execute(text(statements.FREE_BEDS), {"visit_id": visit_id})
    return [Named(row.id, row.name) for row in rows]
