"""Who cares for whom: assigned, taken over, released (domain 5.4). The doctor in charge is the visit's own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_visit
from app.core.errors import Conflict, Invalid, NotFound
from app.features.notes.rules import fits
from app.features.notes.schemas import CareIn, CareOut
from app.models.role import Role
from app.models.user import User
from app.models.visit import CareAssignment, CareRole, Visit


@needs(Permission.CARE_ASSIGN)
async def assign_care(
    session: AsyncSession, actor: Actor, visit_id: UUID, wanted: CareIn, *, now: datetime
) -> CareOut:
    """A colleague cares from now on; as the doctor in charge in the place of who was. Raises Conflict on a visit
    that is not open; that one person cares once at a time is the database's."""
    visit = await visit_for(session, visit_id)
    colleague = await the_colleague(session, visit.hospital_id, wanted.user_id, wanted.role)
    care = await begin_care(session, visit, colleague.id, wanted.role, by=actor, now=now)
    return _out(care, colleague)


@needs(Permission.CARE_ASSIGN)
async def take_over(session: AsyncSession, actor: Actor, care_id: UUID, *, now: datetime) -> CareOut:
    """The actor cares from now on in the place of somebody; raises Conflict when that care has ended."""
    care = await _care(session, care_id)
    visit = await visit_for(session, care.visit_id)
    colleague = await the_colleague(session, visit.hospital_id, actor.user_id, care.role)
    care = await _care(session, care_id, lock=True)
    if care.user_id == actor.user_id:
        raise Conflict("yours-already", "You care for this patient already.")
    if care.until_at is None:
        # Ended by itself where the visit's doctor changes.
        if care.role is not CareRole.ATTENDING:
            care.until_at = max(now, care.from_at)
        return _out(await begin_care(session, visit, actor.user_id, care.role, by=actor, now=now), colleague)
    raise ended()


@needs(Permission.CARE_ASSIGN)
async def release_care(
    session: AsyncSession, actor: Actor, care_id: UUID, *, now: datetime
) -> CareAssignment:
    """The care ends; the doctor in charge goes only when another comes. Raises NotFound or Conflict."""
    care = await _care(session, care_id)
    await visit_for(session, care.visit_id)
    care = await _care(session, care_id, lock=True)
    if care.until_at is not None:
        raise ended()
    if care.role is CareRole.ATTENDING:
        raise Conflict(
            "doctor-in-charge", "A visit keeps a doctor in charge. Name another, who takes the place."
        )
    care.until_at = max(now, care.from_at)
    await session.flush()
    return care


@needs(Permission.CARE_ASSIGN)
async def visit_of_care(session: AsyncSession, actor: Actor, care_id: UUID) -> UUID:
    """The visit that is cared for; raises NotFound."""
    return (await _care(session, care_id)).visit_id


def ended() -> Conflict:
    return Conflict("care-ended", "This care has ended already. Reload and look who cares now.")


async def visit_for(session: AsyncSession, visit_id: UUID) -> Visit:
    """The open visit, its row held: two who change its carers wait for each other."""
    visit = await the_visit(session, visit_id, lock=True)
    visit.require_open()
    return visit


async def begin_care(
    session: AsyncSession, visit: Visit, user_id: UUID, role: CareRole, *, by: Actor, now: datetime
) -> CareAssignment:
    """The person's care in that role, from now; the doctor in charge is set on the visit, whose trigger writes it."""
    if role is CareRole.ATTENDING:
        if visit.attending_doctor_id == user_id:
            raise Conflict("yours-already", "This colleague is the doctor in charge already.")
        visit.attending_doctor_id = user_id
        await session.flush()
        made = await session.scalar(
            select(CareAssignment).where(
                CareAssignment.visit_id == visit.id,
                CareAssignment.role == role,
                CareAssignment.until_at.is_(None),
            )
        )
        assert made is not None
        return made
    care = CareAssignment(
        hospital_id=visit.hospital_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        user_id=user_id,
        role=role,
        from_at=now,
        assigned_by_id=by.user_id,
    )
    session.add(care)
    await session.flush()
    return care


async def the_colleague(session: AsyncSession, hospital_id: UUID, user_id: UUID, role: CareRole) -> User:
    """Somebody of this hospital who may care in that role; raises Invalid."""
    row = (
        await session.execute(
            select(User, Role.name)
            .join(Role, Role.id == User.role_id)
            .where(
                User.id == user_id,
                User.hospital_id == hospital_id,
                User.is_active,
                ~User.is_deleted,
            )
        )
    ).one_or_none()
    if row is None:
        raise Invalid(
            "no-such-colleague", "There is no such colleague here. Choose another.", field="user_id"
        )
    colleague, staff_role = row
    if not fits(role, staff_role):
        raise Invalid(
            "role-does-not-fit", "Doctors care as doctors, nurses as nurses. Choose another.", field="role"
        )
    found: User = colleague
    return found


async def _care(session: AsyncSession, care_id: UUID, *, lock: bool = False) -> CareAssignment:
    statement = select(CareAssignment).where(CareAssignment.id == care_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    care = await session.scalar(statement)
    if care is None:
        raise NotFound("care-not-found", "There is no such care assignment here.")
    return care


def _out(care: CareAssignment, colleague: User) -> CareOut:
    name = " ".join(part for part in (colleague.title, colleague.first_name, colleague.last_name) if part)
    values = {key: getattr(care, key) for key in ("id", "visit_id", "user_id", "role", "from_at", "until_at")}
    return CareOut(name=name, **values)
