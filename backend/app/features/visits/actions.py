"""What every end of a visit does, whoever ends it; the acts themselves are the features' above."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid
from app.models.emr import EMRLocal
from app.models.hospital import Hospital
from app.models.lab_test import LabStatus, LabTest
from app.models.prescription import Prescription, PrescriptionStatus
from app.models.role import Role, RoleName
from app.models.transfer import TransferRequest, TransferStatus
from app.models.user import User
from app.models.visit import SyncStatus, Visit


async def close_record(session: AsyncSession, visit: Visit, *, now: datetime) -> None:
    """Lock the hospital's record of the visit, and leave its publication to the worker."""
    await session.execute(
        update(EMRLocal)
        .where(
            EMRLocal.hospital_id == visit.hospital_id,
            EMRLocal.patient_id == visit.patient_id,
            EMRLocal.visit_id == visit.id,
            EMRLocal.locked_at.is_(None),
        )
        .values(locked_at=now)
    )
    visit.sync_status, visit.synced_at = SyncStatus.PENDING, None


async def stop_orders(session: AsyncSession, visit: Visit, reason: str, *, now: datetime) -> int:
    """Medicines are stopped, what was never signed is cancelled, and so are tests that nobody began; how many."""
    medicines = (
        await session.scalars(
            select(Prescription)
            .where(
                Prescription.visit_id == visit.id,
                or_(
                    Prescription.status == PrescriptionStatus.DRAFT,
                    Prescription.status.in_((PrescriptionStatus.ACTIVE, PrescriptionStatus.ON_HOLD)),
                ),
            )
            .order_by(Prescription.id)
            .with_for_update()
        )
    ).all()
    for each in medicines:
        was_signed = each.status is not PrescriptionStatus.DRAFT
        each.move_to(PrescriptionStatus.DISCONTINUED if was_signed else PrescriptionStatus.CANCELLED)
        each.stop_reason = reason
    tests = (
        await session.scalars(
            select(LabTest)
            .where(LabTest.visit_id == visit.id, LabTest.status.in_((LabStatus.PENDING, LabStatus.ACCEPTED)))
            .order_by(LabTest.id)
            .with_for_update()
        )
    ).all()
    for test in tests:
        test.move_to(LabStatus.CANCELLED)
        test.cancelled_at = now
    await session.flush()
    return len(medicines) + len(tests)


async def withdraw_transfer(session: AsyncSession, visit: Visit, *, now: datetime) -> None:
    """Nobody is asked any more to take somebody who does not come."""
    asked = await session.scalar(
        select(TransferRequest)
        .where(
            TransferRequest.visit_id == visit.id,
            TransferRequest.status.in_((TransferStatus.REQUESTED, TransferStatus.ACCEPTED)),
        )
        .with_for_update()
    )
    if asked is not None:
        asked.move_to(TransferStatus.WITHDRAWN)
        asked.closed_at = now
        await session.flush()


async def require_open_hospital(session: AsyncSession, visit_or_file: object) -> None:
    """Raises Conflict where the hospital is closed: it takes nobody any more."""
    hospital_id = getattr(visit_or_file, "hospital_id", None)
    if not await session.scalar(select(Hospital.is_active).where(Hospital.id == hospital_id)):
        raise Conflict("hospital-closed", "This hospital is closed. Nobody is admitted here any more.")


async def require_clinician(
    session: AsyncSession, hospital_id: UUID, user_id: UUID, *, field: str, among: tuple[RoleName, ...]
) -> None:
    """Raises Invalid unless the user works at the hospital in one of these roles."""
    found = await session.scalar(
        select(User.id)
        .join(Role, Role.id == User.role_id)
        .where(
            User.id == user_id,
            User.hospital_id == hospital_id,
            User.is_active,
            ~User.is_deleted,
            Role.name.in_([role.value for role in among]),
        )
    )
    if found is None:
        named = " or a ".join(role.value for role in among)
        raise Invalid("clinician-needed", f"Choose a {named} of this hospital.", field=field)


def instant_within(visit: Visit, given: datetime | None, now: datetime, *, field: str, what: str) -> datetime:
    """When it happened: now unless told otherwise, not to come, and not before the visit began; raises Invalid."""
    at = given or now
    if at > now:
        raise Invalid("instant-to-come", f"{what} cannot lie in the future.", field=field)
    if visit.admission_date is not None and at < visit.admission_date:
        raise Invalid("before-admission", f"{what} cannot come before the admission.", field=field)
    return at
