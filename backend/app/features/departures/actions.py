"""A visit ends (domain 5.4): diagnoses are coded, the summary signed, the discharge ordered, the departure confirmed;
or a death is recorded. A discharge can be taken back for a day."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_open_visit, the_patient, the_visit
from app.clinical import icd10
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.beds.moves import leave_bed, take_bed
from app.features.departures import schemas
from app.features.departures.queries import facts_of
from app.features.departures.rules import missing
from app.features.departures.settling import (
    DIED,
    cancel_plans,
    newest_summary,
    settle_orders,
    the_order,
    the_pending_test,
)
from app.features.visits.actions import (
    close_record,
    instant_within,
    require_clinician,
    stop_orders,
    withdraw_transfer,
)
from app.models.emr import EMRLocal
from app.models.lab_test import LabResult, LabTest
from app.models.nurse_log import DocumentStatus
from app.models.prescription import DischargeDecision
from app.models.role import RoleName
from app.models.visit import (
    SUMMARY_TEXTS,
    Diagnosis,
    DischargeSummary,
    Disposition,
    Visit,
    VisitStatus,
    VisitType,
)

REOPENS_FOR = timedelta(hours=24)
SUMMARY_TYPE = "DischargeSummary"
CLINICIANS = (RoleName.DOCTOR, RoleName.NURSE)
_CANCEL_REMINDERS = text("SELECT cancel_reminders(:patient_id)")


class DischargeIncomplete(Invalid):
    """The visit is not in a state to end: `errors` names what is missing, element by element."""

    status = 409


@needs(Permission.DIAGNOSIS_RECORD)
async def record_diagnosis(
    session: AsyncSession, actor: Actor, visit_id: UUID, given: schemas.DiagnosisIn
) -> Diagnosis:
    """The next one of its role on an open visit; raises Invalid for what is no ICD-10-CM code."""
    visit = await the_open_visit(session, visit_id)
    known = icd10.common().get(given.code)
    if known is None and not icd10.looks_right(given.code):
        raise Invalid("code-unknown", "Choose a code of ICD-10-CM, such as I10 or J18.9.", field="code")
    if known is None and given.text is None:
        raise Invalid("text-needed", "This code is not in the list here. Say it in words too.", field="text")
    ranks = select(func.max(Diagnosis.rank)).where(
        Diagnosis.visit_id == visit.id,
        Diagnosis.role == given.role,
        Diagnosis.entered_in_error_at.is_(None),
    )
    diagnosis = Diagnosis(
        id=new_id(),
        hospital_id=visit.hospital_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        code_system=icd10.SYSTEM,
        code=given.code,
        text=given.text or (known.title if known else ""),
        role=given.role,
        rank=(await session.scalar(ranks) or 0) + 1,
        recorded_by_id=actor.user_id,
    )
    session.add(diagnosis)
    await session.flush()
    return diagnosis


@needs(Permission.DIAGNOSIS_RECORD)
async def strike_diagnosis(
    session: AsyncSession, actor: Actor, visit_id: UUID, diagnosis_id: UUID, *, now: datetime
) -> Diagnosis:
    """It was a mistake; the row stays and counts no more. Raises NotFound, or Conflict when it was struck out."""
    visit = await the_open_visit(session, visit_id)
    statement = select(Diagnosis).where(Diagnosis.id == diagnosis_id, Diagnosis.visit_id == visit.id)
    diagnosis = await session.scalar(statement.with_for_update())
    if diagnosis is None:
        raise NotFound("diagnosis-not-found", "There is no such diagnosis on this visit.")
    if diagnosis.entered_in_error_at is not None:
        raise Conflict("diagnosis-struck", "This diagnosis was struck out already. Reload and look.")
    diagnosis.entered_in_error_at, diagnosis.entered_in_error_by_id = now, actor.user_id
    await session.flush()
    return diagnosis


@needs(Permission.NOTE_SIGN)
async def write_summary(
    session: AsyncSession, actor: Actor, visit_id: UUID, given: schemas.SummaryIn
) -> DischargeSummary:
    """A draft until it is signed; after that an amendment of it. An ended visit takes amendments only."""
    visit = await the_visit(session, visit_id, lock=True)
    newest = await newest_summary(session, visit)
    if newest is None or newest.signed_at is None:
        visit.require_open()
    if newest is None or newest.signed_at is not None:
        newest = DischargeSummary(
            id=new_id(),
            hospital_id=visit.hospital_id,
            patient_id=visit.patient_id,
            visit_id=visit.id,
            version=newest.version + 1 if newest else 1,
            written_by_id=actor.user_id,
        )
        session.add(newest)
    for name in (*SUMMARY_TEXTS, "disposition", "refusal_signed_at"):
        setattr(newest, name, getattr(given, name))
    await session.flush()
    return newest


@needs(Permission.NOTE_SIGN)
async def sign_summary(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, now: datetime
) -> DischargeSummary:
    """From then on it never changes; raises Conflict while an element is missing, each of them named."""
    visit = await the_visit(session, visit_id, lock=True)
    summary = await newest_summary(session, visit)
    if summary is None or summary.signed_at is not None:
        raise Conflict("summary-not-drafted", "There is no draft to sign. Write the summary first.")
    if summary.version == 1:
        visit.require_open()
    if summary.refusal_signed_at is not None and summary.refusal_signed_at > now:
        raise Invalid("instant-to-come", "The refusal cannot lie in the future.", field="refusal_signed_at")
    lacking = await _missing(session, visit, only=("summary.",))
    lacking = [each for each in lacking if each.element != "summary.signature"]
    if lacking:
        raise _incomplete("summary-incomplete", lacking)
    summary.signed_at, summary.signed_by_id = now, actor.user_id
    await session.flush()
    if visit.status is VisitStatus.DISCHARGED:
        await _keep_summary(session, visit, summary, now=now)
        await close_record(session, visit, now=now)
        await session.flush()
    return summary


@needs(Permission.VISIT_ORDER_DISCHARGE)
async def order_discharge(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: schemas.OrderDischargeIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """The patient may go; the bed is kept until the departure. Decides what becomes of orders and pending results.

    Ordered again it adds decisions; who ordered first stays named. Raises Conflict unless the visit is active."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    _require_active(visit)
    if visit.discharge_ordered_at is None:
        visit.discharge_ordered_at, visit.discharge_ordered_by_id = now, actor.user_id
    if given.expected_departure is not None:
        if given.expected_departure < (visit.admission_date or now):
            raise Invalid(
                "before-admission",
                "The departure cannot come before the admission.",
                field="expected_departure",
            )
        visit.expected_departure = given.expected_departure
    for medication in given.medications:
        order = await the_order(session, visit, medication.prescription_id)
        order.discharge_decision = DischargeDecision(medication.decision)
        order.discharge_decided_at, order.discharge_decided_by_id = now, actor.user_id
    for pending in given.pending_results:
        test = await the_pending_test(session, visit, pending.lab_test_id)
        await require_clinician(
            session, visit.hospital_id, pending.owner_id, field="owner_id", among=CLINICIANS
        )
        test.result_owner_id = pending.owner_id
    await session.flush()
    return visit


@needs(Permission.VISIT_ORDER_DISCHARGE)
async def withdraw_discharge(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, seen: str | None = None
) -> Visit:
    """The patient stays after all; raises Conflict where no discharge is ordered."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    _require_active(visit)
    if visit.discharge_ordered_at is None:
        raise Conflict("discharge-not-ordered", "No discharge is ordered, so there is none to withdraw.")
    visit.discharge_ordered_at, visit.discharge_ordered_by_id = None, None
    await session.flush()
    return visit


@needs(Permission.LAB_ACKNOWLEDGE)
async def acknowledge_result(
    session: AsyncSession, actor: Actor, visit_id: UUID, result_id: UUID, *, now: datetime
) -> LabResult:
    """Somebody who acts on it took note of a critical result; raises NotFound, or Conflict the second time."""
    visit = await the_visit(session, visit_id)
    statement = (
        select(LabResult)
        .join(LabTest, LabTest.id == LabResult.lab_test_id)
        .where(LabResult.id == result_id, LabTest.visit_id == visit.id)
    )
    result = await session.scalar(statement.with_for_update(of=LabResult))
    if result is None:
        raise NotFound("result-not-found", "There is no such result on this visit.")
    if result.acknowledged_at is not None:
        raise Conflict("result-acknowledged", "Somebody took note of this result already.")
    result.acknowledged_at, result.acknowledged_by_id = now, actor.user_id
    await session.flush()
    return result


@needs(Permission.VISIT_DEPART)
async def confirm_departure(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: schemas.DepartIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """The patient has left: the bed is to be cleaned, the record is locked and waits to be published.

    All of it or nothing; raises DischargeIncomplete, which names every element that is missing."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    _require_active(visit)
    if lacking := await _missing(session, visit):
        raise _incomplete("discharge-incomplete", lacking)
    at = instant_within(visit, given.departed_at, now, field="departed_at", what="The departure")
    summary = await newest_summary(session, visit)
    if summary is None:
        raise Conflict("summary-not-drafted", "There is no summary. Write and sign it first.")
    await leave_bed(session, actor, visit, now=at)
    visit.move_to(VisitStatus.DISCHARGED)
    visit.discharge_date, visit.disposition = at, summary.disposition
    await settle_orders(session, visit)
    await _keep_summary(session, visit, summary, now=now)
    await close_record(session, visit, now=now)
    await session.flush()
    return visit


@needs(Permission.VISIT_ADMIT)
async def cancel_discharge(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: schemas.ReopenIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """The patient has not left after all (ADT A13), for 24 hours and into a bed again; stopped orders stay stopped."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    if visit.status is not VisitStatus.DISCHARGED or visit.discharge_date is None:
        raise _state("brought back", visit)
    if now - visit.discharge_date > REOPENS_FOR:
        raise Conflict(
            "discharge-final", "A discharge can be cancelled for 24 hours. Plan a new visit for this patient."
        )
    if visit.visit_type is VisitType.INPATIENT and given.bed_id is None:
        raise Invalid("bed-needed", "Choose the bed that the patient lies in.", field="bed_id")
    visit.move_to(VisitStatus.ACTIVE)
    visit.discharge_date, visit.disposition = None, None
    visit.discharge_ordered_at, visit.discharge_ordered_by_id = None, None
    visit.status_reason = given.reason
    await session.flush()
    if given.bed_id is not None:
        await take_bed(session, actor, visit, given.bed_id, now=now, reason=given.reason)
    return visit


@needs(Permission.DEATH_RECORD)
async def record_death(
    session: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    given: schemas.DeathIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Visit:
    """The patient died: orders stop, what is planned is cancelled, and nobody is reminded of anything any more."""
    visit = await the_visit(session, visit_id, lock=True)
    require_unchanged(visit.updated_at, seen)
    _require_active(visit)
    at = instant_within(visit, given.died_at, now, field="died_at", what="The death")
    certifier = given.certified_by_id or actor.user_id
    await require_clinician(
        session, visit.hospital_id, certifier, field="certified_by_id", among=(RoleName.DOCTOR,)
    )
    await leave_bed(session, actor, visit, now=at)
    await withdraw_transfer(session, visit, now=now)
    visit.move_to(VisitStatus.DECEASED)
    visit.discharge_date, visit.disposition = at, Disposition.EXPIRED
    visit.death_certified_by_id = certifier
    await stop_orders(session, visit, DIED, now=now)
    file = await the_patient(session, visit.patient_id, lock=True)
    file.is_deceased, file.deceased_at = True, at
    await cancel_plans(session, actor, visit, now=now)
    await close_record(session, visit, now=now)
    await session.flush()
    await session.execute(_CANCEL_REMINDERS, {"patient_id": file.id})
    return visit


async def _missing(
    session: AsyncSession, visit: Visit, *, only: tuple[str, ...] = ("",)
) -> list[schemas.MissingOut]:
    """What the gate lacks, read in the transaction that holds the visit."""
    await session.flush()
    found = await facts_of(session, visit.id)
    return [each for each in missing(found.facts) if each.element.startswith(only)]


def _incomplete(code: str, lacking: list[schemas.MissingOut]) -> DischargeIncomplete:
    named = [{"field": each.element, "sentence": each.sentence} for each in lacking]
    return DischargeIncomplete(code, " ".join(each.sentence for each in lacking), errors=named)


async def _keep_summary(
    session: AsyncSession, visit: Visit, summary: DischargeSummary, *, now: datetime
) -> None:
    """The signed summary becomes part of the hospital's record, which the patient and the network read."""
    kept = select(EMRLocal.id).where(
        EMRLocal.hospital_id == visit.hospital_id,
        EMRLocal.patient_id == visit.patient_id,
        EMRLocal.visit_id == visit.id,
        EMRLocal.record_type == SUMMARY_TYPE,
        EMRLocal.version == summary.version,
    )
    if await session.scalar(kept) is not None:
        return
    told = {name: getattr(summary, name) for name in SUMMARY_TEXTS}
    told["disposition"] = summary.disposition.value if summary.disposition else None
    session.add(
        EMRLocal(
            id=new_id(),
            hospital_id=visit.hospital_id,
            patient_id=visit.patient_id,
            visit_id=visit.id,
            record_type=SUMMARY_TYPE,
            data={name: value for name, value in told.items() if value is not None},
            recorded_at=visit.discharge_date,
            version=summary.version,
            status=DocumentStatus.FINAL if summary.version == 1 else DocumentStatus.AMENDED,
            signed_at=summary.signed_at,
            signed_by_id=summary.signed_by_id,
            released_at=now,
            created_by_id=summary.written_by_id,
        )
    )
    visit.discharge_summary = "\n\n".join(text for name in SUMMARY_TEXTS if (text := told[name]))
    await session.flush()


def _require_active(visit: Visit) -> None:
    visit.require_open()
    if visit.status is VisitStatus.ON_LEAVE:
        raise Conflict("visit-on-leave", "The patient is on leave. Record the return first.")


def _state(done: str, visit: Visit) -> Conflict:
    state = visit.status.value.replace("_", " ")
    return Conflict("visit-state", f"This visit is {state} and cannot be {done}. Reload and look.")
