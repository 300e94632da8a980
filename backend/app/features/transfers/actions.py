"""A patient goes to another hospital (domain 5.4): one asks, the other accepts with a bed kept and a visit of its own,
and only then the sender's visit becomes transferred. Lock order: visit, then request, then bed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_patient, the_visit
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.features.beds.moves import KEPT_FOR, leave_bed, reserve_bed
from app.features.registration.numbers import take_mrn
from app.features.transfers.queries import no_such_transfer, target_of
from app.features.transfers.schemas import AcceptIn, DeclineIn, TransferIn
from app.features.visits.actions import close_record, require_open_hospital, stop_orders
from app.models.patient import Patient
from app.models.transfer import TransferRequest, TransferStatus
from app.models.visit import Disposition, Visit, VisitStatus, VisitType


@needs(Permission.VISIT_TRANSFER)
async def request_transfer(
    session: AsyncSession, actor: Actor, visit_id: UUID, given: TransferIn, *, now: datetime
) -> TransferRequest:
    """Ask another hospital to take the patient; raises Invalid for one that is not open or not another.

    The database refuses a second request while the first is open."""
    visit = await the_visit(session, visit_id, lock=True)
    _require_active(visit)
    target = await target_of(session, given.to_hospital)
    if target is None:
        raise Invalid("hospital-needed", "Choose another open hospital.", field="to_hospital")
    file = await the_patient(session, visit.patient_id)
    asked = TransferRequest(
        id=new_id(),
        from_hospital_id=visit.hospital_id,
        to_hospital_id=target,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        person_id=file.person_id,
        first_name=file.first_name,
        last_name=file.last_name,
        date_of_birth=file.date_of_birth,
        gender=file.gender,
        reason=given.reason,
        handover=given.handover,
        requested_at=now,
        requested_by_id=actor.user_id,
        requested_by_name=actor.full_name,
    )
    session.add(asked)
    await session.flush()
    return asked


@needs(Permission.VISIT_TRANSFER)
async def accept_transfer(
    session: AsyncSession, actor: Actor, transfer_id: UUID, given: AcceptIn, *, now: datetime
) -> TransferRequest:
    """Take the patient: a visit of one's own is planned for the same person, and a bed is kept for it."""
    asked = await _received(session, actor, transfer_id)
    if asked.status is not TransferStatus.REQUESTED:
        raise _answered(asked)
    file = await _own_file(session, actor, asked)
    await require_open_hospital(session, file)
    visit = Visit(
        id=new_id(),
        hospital_id=file.hospital_id,
        patient_id=file.id,
        visit_type=VisitType.INPATIENT,
        attending_doctor_id=actor.user_id if actor.role == "doctor" else None,
        reason_for_visit=asked.reason,
        expected_arrival=now,
    )
    session.add(visit)
    await session.flush()
    await reserve_bed(session, actor, given.bed_id, visit, until=given.keep_until or now + KEPT_FOR, now=now)
    asked.move_to(TransferStatus.ACCEPTED)
    _sign(asked, actor, given.note, now)
    asked.receiving_visit_id = visit.id
    await session.flush()
    return asked


@needs(Permission.VISIT_TRANSFER)
async def decline_transfer(
    session: AsyncSession, actor: Actor, transfer_id: UUID, given: DeclineIn, *, now: datetime
) -> TransferRequest:
    asked = await _received(session, actor, transfer_id)
    if asked.status is not TransferStatus.REQUESTED:
        raise _answered(asked)
    asked.move_to(TransferStatus.DECLINED)
    _sign(asked, actor, given.reason, now)
    await session.flush()
    return asked


@needs(Permission.VISIT_TRANSFER)
async def withdraw_request(
    session: AsyncSession, actor: Actor, transfer_id: UUID, *, now: datetime
) -> TransferRequest:
    """The patient stays. What the other hospital planned meanwhile is its own to cancel."""
    asked = await _sent(session, actor, transfer_id)
    if asked.status not in (TransferStatus.REQUESTED, TransferStatus.ACCEPTED):
        raise _answered(asked)
    asked.move_to(TransferStatus.WITHDRAWN)
    asked.closed_at = now
    await session.flush()
    return asked


@needs(Permission.VISIT_TRANSFER)
async def send_patient(
    session: AsyncSession, actor: Actor, transfer_id: UUID, *, now: datetime
) -> TransferRequest:
    """The patient has left for the hospital that accepted: the visit here is transferred, its bed to be cleaned."""
    asked = await _sent(session, actor, transfer_id, lock=False)
    visit = await the_visit(session, asked.visit_id, lock=True)
    asked = await _sent(session, actor, transfer_id)
    if asked.status is not TransferStatus.ACCEPTED:
        raise Conflict(
            "transfer-not-accepted", "The other hospital has not accepted, or no more. Reload and look."
        )
    _require_active(visit)
    await leave_bed(session, actor, visit, now=now)
    visit.move_to(VisitStatus.TRANSFERRED)
    visit.discharge_date, visit.disposition = now, Disposition.OTHER_HCF
    await stop_orders(session, visit, "Transferred to another hospital.", now=now)
    await close_record(session, visit, now=now)
    asked.move_to(TransferStatus.COMPLETED)
    asked.closed_at = now
    await session.flush()
    return asked


async def _request(
    session: AsyncSession, transfer_id: UUID, *, lock: bool, **side: UUID | None
) -> TransferRequest:
    statement = select(TransferRequest).filter_by(id=transfer_id, **side)
    if lock:
        statement = statement.with_for_update()
    asked = await session.scalar(statement, execution_options={"populate_existing": True})
    if asked is None:
        raise no_such_transfer()
    return asked


async def _received(session: AsyncSession, actor: Actor, transfer_id: UUID) -> TransferRequest:
    return await _request(session, transfer_id, lock=True, to_hospital_id=actor.hospital_id)


async def _sent(
    session: AsyncSession, actor: Actor, transfer_id: UUID, *, lock: bool = True
) -> TransferRequest:
    return await _request(session, transfer_id, lock=lock, from_hospital_id=actor.hospital_id)


async def _own_file(session: AsyncSession, actor: Actor, asked: TransferRequest) -> Patient:
    """The person's file here, made from the request where there is none."""
    known = await session.scalar(
        select(Patient).where(
            Patient.hospital_id == actor.hospital_id, Patient.person_id == asked.person_id, Patient.is_active
        )
    )
    if known is not None:
        return known
    _, mrn = await take_mrn(session, asked.to_hospital_id, actor.hospital_code or "")
    made = Patient(
        id=new_id(),
        hospital_id=asked.to_hospital_id,
        person_id=asked.person_id,
        mrn=mrn,
        first_name=asked.first_name,
        last_name=asked.last_name,
        date_of_birth=asked.date_of_birth,
        gender=asked.gender,
    )
    session.add(made)
    await session.flush()
    return made


def _sign(asked: TransferRequest, actor: Actor, note: str | None, now: datetime) -> None:
    asked.answered_at, asked.answered_by_id, asked.answered_by_name = now, actor.user_id, actor.full_name
    asked.answer_note = note


def _require_active(visit: Visit) -> None:
    visit.require_open()
    if visit.status is VisitStatus.ON_LEAVE:
        raise Conflict("visit-on-leave", "The patient is on leave. Record the return first.")


def _answered(asked: TransferRequest) -> Conflict:
    return Conflict("transfer-answered", f"This request is {asked.status.value} already. Reload and look.")
