"""Emergencies are triaged, and taken by a doctor (domain 5.4)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_visit
from app.core.errors import Conflict
from app.core.versions import require_unchanged
from app.features.emergency.schemas import TriageIn
from app.models.visit import Visit, VisitType


@needs(Permission.TRIAGE_RECORD)
async def triage_patient(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: TriageIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """How urgent it is; again while the patient waits, when it turns out otherwise. Raises Conflict."""
    visit = await _waiting(session, visit_id, seen)
    visit.triage_level, visit.triaged_at, visit.triaged_by_id = given.level, now, actor.user_id
    await session.flush()
    return visit


@needs(Permission.VISIT_ORDER_DISCHARGE)
async def take_patient(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, now: datetime, seen: str | None = None
) -> Visit:
    """A doctor begins with the patient and is in charge from now on; raises Conflict for who is seen already."""
    visit = await _waiting(session, visit_id, seen)
    visit.seen_at, visit.attending_doctor_id = now, actor.user_id
    await session.flush()
    return visit


async def _waiting(session: AsyncSession, visit_id: UUID, seen: str | None) -> Visit:
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    visit.require_open()
    if visit.visit_type is not VisitType.EMERGENCY:
        raise Conflict("visit-no-emergency", "This visit is no emergency. Only emergencies are triaged.")
    if visit.seen_at is not None:
        raise Conflict("patient-seen", "A doctor has taken this patient already. Reload and look.")
    return visit
