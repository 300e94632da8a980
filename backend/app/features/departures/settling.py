"""What an end of a visit settles beside the visit itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.core.errors import NotFound
from app.features.beds.moves import leave_bed
from app.models.appointment import Appointment, AppointmentStatus
from app.models.lab_test import WAITING, LabTest
from app.models.prescription import DischargeDecision, Prescription, PrescriptionStatus
from app.models.visit import DischargeSummary, Visit, VisitStatus

CURRENT = (PrescriptionStatus.ACTIVE, PrescriptionStatus.ON_HOLD)
DIED = "The patient died."


async def newest_summary(session: AsyncSession, visit: Visit) -> DischargeSummary | None:
    return await session.scalar(
        select(DischargeSummary)
        .where(DischargeSummary.visit_id == visit.id)
        .order_by(DischargeSummary.version.desc())
        .limit(1)
        .with_for_update()
    )


async def the_order(session: AsyncSession, visit: Visit, prescription_id: UUID) -> Prescription:
    """An order of the visit that is still on; raises NotFound."""
    statement = select(Prescription).where(
        Prescription.id == prescription_id,
        Prescription.visit_id == visit.id,
        Prescription.status.in_(CURRENT),
    )
    order = await session.scalar(statement.with_for_update())
    if order is None:
        raise NotFound("order-not-found", "There is no such current order on this visit.")
    return order


async def the_pending_test(session: AsyncSession, visit: Visit, lab_test_id: UUID) -> LabTest:
    """A test of the visit whose result is still to come; raises NotFound."""
    statement = select(LabTest).where(
        LabTest.id == lab_test_id, LabTest.visit_id == visit.id, LabTest.status.in_(WAITING)
    )
    test = await session.scalar(statement.with_for_update())
    if test is None:
        raise NotFound("test-not-found", "There is no such pending test on this visit.")
    return test


async def settle_orders(session: AsyncSession, visit: Visit) -> None:
    """At the departure: what was to stop is stopped, what goes on is the patient's, and drafts fall away."""
    orders = await session.scalars(
        select(Prescription)
        .where(
            Prescription.visit_id == visit.id, Prescription.status.in_((PrescriptionStatus.DRAFT, *CURRENT))
        )
        .order_by(Prescription.id)
        .with_for_update()
    )
    for order in orders.all():
        if order.status is PrescriptionStatus.DRAFT:
            order.move_to(PrescriptionStatus.CANCELLED)
            order.stop_reason = "Not signed before the discharge."
        elif order.discharge_decision is DischargeDecision.STOP:
            order.move_to(PrescriptionStatus.DISCONTINUED)
            order.stop_reason = "Stopped at discharge."


async def cancel_plans(session: AsyncSession, actor: Actor, visit: Visit, *, now: datetime) -> None:
    """Of somebody who died: appointments and planned visits of this hospital, with the beds kept for them."""
    appointments = await session.scalars(
        select(Appointment)
        .where(
            Appointment.patient_id == visit.patient_id,
            Appointment.status.in_((AppointmentStatus.SCHEDULED, AppointmentStatus.CHECKED_IN)),
        )
        .order_by(Appointment.id)
        .with_for_update()
    )
    for appointment in appointments.all():
        appointment.move_to(AppointmentStatus.CANCELLED)
        appointment.cancelled_at, appointment.cancellation_reason = now, DIED
    planned = await session.scalars(
        select(Visit)
        .where(Visit.patient_id == visit.patient_id, Visit.status == VisitStatus.PLANNED)
        .order_by(Visit.id)
        .with_for_update()
    )
    for plan in planned.all():
        await leave_bed(session, actor, plan, now=now)
        plan.move_to(VisitStatus.CANCELLED)
        plan.status_reason = DIED
    await session.flush()
