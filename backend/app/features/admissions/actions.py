"""Visits are planned, begin, stay, are interrupted, and are taken back (domain 5.4); how they end is departures'."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_patient, the_visit
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.admissions.schemas import AdmitIn, CancelIn, ChangeVisitIn, MoveIn, PlanIn, ReasonIn
from app.features.beds.moves import leave_bed, take_bed
from app.features.visits import statements
from app.features.visits.actions import require_clinician, require_open_hospital, withdraw_transfer
from app.models.patient import Patient
from app.models.role import RoleName
from app.models.visit import Visit, VisitStatus, VisitType

NO_REASON = "No reason was given."
_HAS_CLINICAL_ROWS = text(statements.HAS_CLINICAL_ROWS)


@needs(Permission.VISIT_PLAN)
async def plan_visit(session: AsyncSession, actor: Actor, plan: PlanIn, *, now: datetime) -> Visit:
    """A visit to come, or one that begins now; raises Conflict for a file that is closed and for the dead."""
    # Locked: a merge or a death would otherwise leave the new visit behind.
    file = await the_patient(session, plan.patient_id, lock=True)
    await _require_living(session, file)
    is_here = plan.starts_now or plan.bed_id is not None
    if plan.expected_arrival is not None and plan.expected_arrival < now and not is_here:
        raise Invalid("arrival-past", "An expected arrival lies in the future.", field="expected_arrival")
    _require_order(plan.expected_arrival or now, plan.expected_departure)
    await _require_doctor(session, file.hospital_id, plan.attending_doctor_id)
    if plan.bed_id is not None and plan.visit_type is not VisitType.INPATIENT:
        raise Invalid("bed-not-inpatient", "Only an inpatient is admitted to a bed.", field="bed_id")
    given = plan.model_dump(exclude={"patient_id", "starts_now", "bed_id"})
    visit = Visit(id=new_id(), hospital_id=file.hospital_id, patient_id=file.id, **given)
    session.add(visit)
    await session.flush()
    if plan.bed_id is not None:
        return await admit_patient(session, actor, visit.id, AdmitIn(bed_id=plan.bed_id), now=now)
    if plan.starts_now:
        _begin(visit, now)
        await session.flush()
    return visit


@needs(Permission.VISIT_PLAN)
async def change_visit(
    session: AsyncSession, actor: Actor, visit_id: UUID, changes: ChangeVisitIn, *, seen: str | None = None
) -> Visit:
    """What was planned turns out otherwise; raises Conflict once the visit has ended."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is not VisitStatus.PLANNED:
        visit.require_open()
    await _require_doctor(session, visit.hospital_id, changes.attending_doctor_id)
    for name in changes.model_fields_set:
        setattr(visit, name, getattr(changes, name))
    _require_order(visit.admission_date or visit.expected_arrival, visit.expected_departure)
    await session.flush()
    return visit


@needs(Permission.VISIT_PLAN)
async def start_visit(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, now: datetime, seen: str | None = None
) -> Visit:
    """The patient has come, without a bed: ADT A04. Raises Conflict unless the visit is planned."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is not VisitStatus.PLANNED:
        raise _not("started", visit)
    await _require_living(session, await the_patient(session, visit.patient_id))
    _begin(visit, now)
    await session.flush()
    return visit


@needs(Permission.VISIT_ADMIT)
async def admit_patient(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: AdmitIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """Into a bed, as an inpatient: ADT A01 from a planned visit, A06 from one that is going on without a bed."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status not in (VisitStatus.PLANNED, VisitStatus.ACTIVE):
        raise _not("admitted", visit)
    if visit.status is VisitStatus.ACTIVE and visit.visit_type is VisitType.INPATIENT:
        raise Conflict("visit-admitted", "The patient is admitted already. Move the patient to another bed.")
    await _require_living(session, await the_patient(session, visit.patient_id))
    await _require_doctor(session, visit.hospital_id, given.attending_doctor_id)
    for name in ("attending_doctor_id", "expected_departure"):
        if name in given.model_fields_set:
            setattr(visit, name, getattr(given, name))
    _require_order(now, visit.expected_departure)
    visit.visit_type = VisitType.INPATIENT
    if visit.status is VisitStatus.PLANNED:
        _begin(visit, now)
    visit.seen_at = visit.seen_at or (now if visit.triage_level else None)
    await session.flush()
    await take_bed(session, actor, visit, given.bed_id, now=now, reason=given.reason)
    return visit


@needs(Permission.VISIT_TRANSFER)
async def move_patient(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: MoveIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """To another bed of the hospital; the one that was left is to be cleaned. Raises Conflict."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is VisitStatus.ON_LEAVE:
        raise Conflict("visit-on-leave", "The patient is on leave. Record the return first.")
    await take_bed(session, actor, visit, given.bed_id, now=now, reason=given.reason)
    # So that whoever saw the visit in its old bed is told (ETag).
    visit.updated_at = now
    await session.flush()
    return visit


@needs(Permission.VISIT_ADMIT)
async def begin_leave(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, seen: str | None = None
) -> Visit:
    """Away for a while; the bed is kept. Raises Conflict unless the visit is active."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is not VisitStatus.ACTIVE:
        raise _not("interrupted by a leave", visit)
    visit.move_to(VisitStatus.ON_LEAVE)
    await session.flush()
    return visit


@needs(Permission.VISIT_ADMIT)
async def end_leave(session: AsyncSession, actor: Actor, visit_id: UUID, *, seen: str | None = None) -> Visit:
    """Back from leave; raises Conflict unless the patient is on leave."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is not VisitStatus.ON_LEAVE:
        raise Conflict("visit-not-on-leave", "The patient is not on leave, so there is no return to record.")
    visit.move_to(VisitStatus.ACTIVE)
    await session.flush()
    return visit


@needs(Permission.VISIT_PLAN)
async def cancel_visit(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: CancelIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """The patient does not come (ADT A11); a bed that was kept is free. Raises Conflict once care was given."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is not VisitStatus.PLANNED:
        raise _not("cancelled", visit)
    keys = {"hospital_id": visit.hospital_id, "patient_id": visit.patient_id, "visit_id": visit.id}
    if await session.scalar(_HAS_CLINICAL_ROWS, keys):
        raise Conflict(
            "visit-has-records",
            "Something clinical is recorded on this visit. A manager marks it as an error.",
        )
    await leave_bed(session, actor, visit, now=now)
    visit.move_to(VisitStatus.CANCELLED)
    visit.status_reason = given.reason or NO_REASON
    await session.flush()
    return visit


@needs(Permission.ENTER_IN_ERROR)
async def enter_visit_in_error(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: ReasonIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """The visit should not be there; its rows stay, its bed is freed, nobody is asked to take the patient."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is VisitStatus.ENTERED_IN_ERROR:
        raise _not("marked as an error again", visit)
    await leave_bed(session, actor, visit, now=now)
    await withdraw_transfer(session, visit, now=now)
    visit.move_to(VisitStatus.ENTERED_IN_ERROR)
    visit.status_reason = given.reason
    await session.flush()
    return visit


def _begin(visit: Visit, now: datetime) -> None:
    visit.move_to(VisitStatus.ACTIVE)
    visit.admission_date = now


async def _require_living(session: AsyncSession, file: Patient) -> None:
    await require_open_hospital(session, file)
    if not file.is_active:
        raise Conflict("file-closed", "This file is closed. Use the file that took its place.")
    if file.is_deceased:
        raise Conflict("patient-deceased", "This patient is recorded as deceased. No visit begins any more.")


async def _require_doctor(session: AsyncSession, hospital_id: UUID, user_id: UUID | None) -> None:
    if user_id is not None:
        await require_clinician(
            session, hospital_id, user_id, field="attending_doctor_id", among=(RoleName.DOCTOR,)
        )


def _require_order(begin: datetime | None, end: datetime | None) -> None:
    if begin is not None and end is not None and end < begin:
        raise Invalid(
            "departure-before-arrival",
            "The expected departure cannot come before the arrival.",
            field="expected_departure",
        )


def _not(done: str, visit: Visit) -> Conflict:
    state = visit.status.value.replace("_", " ")
    return Conflict("visit-state", f"This visit is {state} and cannot be {done}. Reload and look.")
