"""Who cares for whom just now: what the ward screen, "My patients" and the ladder of an escalation ask."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.user import User
from app.models.visit import CareAssignment, CareRole


@dataclass(frozen=True)
class Carer:
    """Somebody who cares for a visit now."""

    assignment_id: UUID
    visit_id: UUID
    user_id: UUID
    name: str
    role: CareRole
    since: datetime


async def who_cares(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, list[Carer]]:
    """The carers of each visit, in one statement: the doctor in charge first, then by since when they care.

    A visit that nobody cares for, or that is out of reach, has an empty list."""
    found: dict[UUID, list[Carer]] = {visit_id: [] for visit_id in visit_ids}
    if not found:
        return found
    rows = await session.execute(
        select(CareAssignment, User.title, User.first_name, User.last_name)
        .join(User, User.id == CareAssignment.user_id)
        .where(CareAssignment.visit_id.in_(found), CareAssignment.until_at.is_(None))
        .order_by(CareAssignment.role, CareAssignment.from_at, CareAssignment.id)
    )
    for care, *names in rows:
        name = " ".join(part for part in names if part)
        found[care.visit_id].append(
            Carer(care.id, care.visit_id, care.user_id, name, care.role, care.from_at)
        )
    return found
