"""Acts of nursing: a set is recorded, amended or struck out, a patient's SpO2 scale is set (domain 5.5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_patient, the_visit
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.nursing import rules, schemas, statements
from app.features.nursing.call_actions import raise_call
from app.features.nursing.queries import no_such_visit
from app.features.nursing.rules import Judged, Subject
from app.models.patient import Patient
from app.models.visit import ENDED, Visit, VisitStatus
from app.models.vitals import Vitals, VitalsStatus
from app.web.formatting import local_date

# What the reply needs and only the database knows.
_INSERT = insert(Vitals).returning(Vitals.bmi, Vitals.updated_at)


@needs(Permission.VITALS_RECORD)
async def record_vitals(
    session: AsyncSession, actor: Actor, visit_id: UUID, given: schemas.VitalsIn, *, now: datetime
) -> schemas.RecordedOut:
    """A set of an open visit, with its score, its due time and, where it asks for one, a call for help.

    Raises NotFound; Conflict for a closed visit or another SpO2 scale; Invalid for values and times that cannot be,
    and for unusual values that nobody confirmed."""
    try:
        values = rules.possible_values(given, now)
    except Invalid:
        # A visit out of reach is not there, whatever is said of it.
        await the_visit(session, visit_id)
        raise
    at = given.recorded_at or now
    visit = await _the_visit(session, visit_id, at)
    _require_open(visit, given, at, now)
    return await _write(session, actor, visit, given, values, at=at, now=now)


async def _the_visit(session: AsyncSession, visit_id: UUID, at: datetime) -> Mapping[str, Any]:
    # Asked twice: where a merge of files moved the visit while this waited for it, the row is looked at anew and its
    # patient is not, so that the first answer is none.
    for _ in range(2):
        found = await session.execute(text(statements.VISIT), {"visit_id": visit_id, "at": at})
        visit = found.mappings().one_or_none()
        if visit is not None:
            return dict(visit)
    raise no_such_visit()


def _require_open(visit: Mapping[str, Any], given: schemas.VitalsIn, at: datetime, now: datetime) -> None:
    """Open; or ended within 72 hours, measured before the end, with a reason (domain 5.4)."""
    status, ended = VisitStatus(visit["status"]), visit["discharge_date"]
    is_late_entry = (
        status in ENDED
        and ended is not None
        and at <= ended
        and now - ended <= rules.LATE_ENTRY
        and given.reason is not None
    )
    if not is_late_entry:
        Visit(status=status).require_open()


async def _write(
    session: AsyncSession,
    actor: Actor,
    visit: Mapping[str, Any],
    given: schemas.VitalsIn,
    values: Mapping[str, Any],
    *,
    at: datetime,
    now: datetime,
    amends_id: UUID | None = None,
    late_reason: str | None = None,
) -> schemas.RecordedOut:
    measured_on = local_date(at, visit["timezone"])
    subject = Subject(visit["date_of_birth"], measured_on, visit["pregnant"], visit["spo2_scale"])
    rules.require_born(subject)
    rules.require_same_scale(given, subject)
    rules.require_usual(given, values, subject)
    judged = rules.judge(values, subject)
    row: dict[str, Any] = {
        "id": new_id(),
        **{name: visit[name] for name in ("hospital_id", "patient_id")},
        "visit_id": visit["id"],
        "recorded_by_id": actor.user_id,
        "recorded_at": at,
        **values,
        "spo2_scale": subject.spo2_scale,
        "is_abnormal": rules.is_outside(values, judged, subject),
        "status": VitalsStatus.FINAL if amends_id is None else VitalsStatus.AMENDED,
        "amends_id": amends_id,
        "notes": given.notes,
        "late_reason": late_reason if amends_id is not None else given.reason,
        **judged.columns(at),
    }
    made = (await session.execute(_INSERT, row)).mappings().one()
    call = await _call(session, actor, row, judged, now=now)
    return _out(actor, {**row, **made}, judged, call)


async def _call(
    session: AsyncSession, actor: Actor, row: Mapping[str, Any], judged: Judged, *, now: datetime
) -> UUID | None:
    risk = judged.calls_for
    if risk is None:
        return None
    return await raise_call(session, actor, row, risk=risk, score=judged.total, now=now)


def _out(actor: Actor, row: Mapping[str, Any], judged: Judged, call: UUID | None) -> schemas.RecordedOut:
    told = {"recorded_by": actor.full_name, "error_reason": None, "escalation_id": call}
    return schemas.RecordedOut.model_validate({**row, **told, "news2": judged.as_out()})


@needs(Permission.VITALS_RECORD)
async def amend_vitals(
    session: AsyncSession,
    actor: Actor,
    vitals_id: UUID,
    given: schemas.AmendIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> schemas.RecordedOut:
    """The set as it should have been, in a row of its own; the old one stays, struck out, with the reason.

    Raises NotFound, or Conflict where the set was amended or struck out already."""
    old = await _the_set(session, vitals_id, seen)
    values = rules.possible_values(given, now)
    at = given.recorded_at or old.recorded_at
    visit = await _the_visit(session, old.visit_id, at)
    await _strike_out(session, old, actor, given.reason, now)
    return await _write(
        session, actor, visit, given, values, at=at, now=now, amends_id=old.id, late_reason=old.late_reason
    )


@needs(Permission.ENTRY_CORRECT)
async def enter_vitals_in_error(
    session: AsyncSession,
    actor: Actor,
    vitals_id: UUID,
    given: schemas.ReasonIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Vitals:
    """Strike out a set that should not be there, such as another patient's; a call it raised waits for its answer."""
    old = await _the_set(session, vitals_id, seen)
    await _strike_out(session, old, actor, given.reason, now)
    return old


async def _the_set(session: AsyncSession, vitals_id: UUID, seen: str | None) -> Vitals:
    """The set, held, after its visit: acts take the visit first."""
    visit_id = await session.scalar(select(Vitals.visit_id).where(Vitals.id == vitals_id))
    if visit_id is not None:
        await session.execute(
            select(Visit.id).where(Visit.id == visit_id).with_for_update(key_share=True, of=Visit)
        )
    old = await session.scalar(select(Vitals).where(Vitals.id == vitals_id).with_for_update())
    if old is None:
        raise NotFound("vitals-not-found", "There is no such set of vital signs here.")
    require_unchanged(old.updated_at, seen)
    if old.status is VitalsStatus.ENTERED_IN_ERROR:
        raise Conflict("vitals-struck-out", "This set has been amended or struck out already.")
    return old


async def _strike_out(session: AsyncSession, old: Vitals, actor: Actor, reason: str, now: datetime) -> None:
    told = {"error_at": now, "error_by_id": actor.user_id, "error_reason": reason}
    struck = update(Vitals).where(Vitals.id == old.id).values(status=VitalsStatus.ENTERED_IN_ERROR, **told)
    await session.execute(struck)


@needs(Permission.SPO2_SCALE_SET)
async def set_spo2_scale(
    session: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    given: schemas.Spo2ScaleIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Patient:
    """Which saturation counts as normal for the patient, from the next set on; sets that are there keep their scale."""
    file = await the_patient(session, patient_id, lock=True)
    require_unchanged(file.updated_at, seen)
    if file.is_deceased:
        raise Conflict("patient-deceased", "This patient has died. The scale stays as it was.")
    file.spo2_scale = given.scale
    file.spo2_scale_set_at, file.spo2_scale_set_by_id = now, actor.user_id
    file.spo2_scale_reason = given.reason
    await session.flush()
    return file
