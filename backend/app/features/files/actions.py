"""Allergies and alerts of a file: recorded, confirmed, refuted, ended, and struck out (domain 5.3, 5.4)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_patient
from app.core.errors import Conflict, Invalid, NotFound
from app.core.versions import require_unchanged
from app.features.files import rules
from app.features.files.schemas import AlertIn, AllergyIn, ReasonIn
from app.models.patient import Allergy, AllergyStatus, AllergyVerification, Patient
from app.models.patient_alert import AlertEnd, AlertType, PatientAlert

# Clocks of two machines differ by this much at most (domain 5.5).
FUTURE = timedelta(minutes=5)


async def _the_file(session: AsyncSession, patient_id: UUID) -> Patient:
    """The file, locked, so that an allergy and "no known allergies" are never recorded at once."""
    file = await the_patient(session, patient_id, lock=True)
    if not file.is_active:
        raise Conflict("file-closed", "This file is closed. Open the file that is used now.")
    return file


# Allergies


@needs(Permission.ALLERGY_RECORD)
async def record_allergy(
    session: AsyncSession, actor: Actor, patient_id: UUID, given: AllergyIn, *, now: datetime
) -> Allergy:
    """A new allergy; what it contradicts, "no known allergies", is withdrawn with it.

    Raises NotFound, or Conflict where the file names the substance already."""
    file = await _the_file(session, patient_id)
    known = await session.scalars(
        select(Allergy).where(Allergy.hospital_id == file.hospital_id, Allergy.patient_id == file.id)
    )
    if any(rules.counts(each) and each.substance.casefold() == given.substance.casefold() for each in known):
        raise Conflict(
            "allergy-known", "The file names this substance already. Confirm or refute that entry."
        )
    allergy = Allergy(
        hospital_id=file.hospital_id,
        patient_id=file.id,
        **given.model_dump(),
        recorded_at=now,
        recorded_by_id=actor.user_id,
    )
    if given.verification_status is AllergyVerification.CONFIRMED:
        allergy.verified_at, allergy.verified_by_id = now, actor.user_id
    if rules.counts(allergy):
        _withdraw(file)
    session.add(allergy)
    await session.flush()
    return allergy


async def _the_allergy(session: AsyncSession, allergy_id: UUID, seen: str | None) -> Allergy:
    """The allergy, its file locked first: in the order in which it is recorded."""
    patient_id = await session.scalar(select(Allergy.patient_id).where(Allergy.id == allergy_id))
    if patient_id is None:
        raise NotFound("allergy-not-found", "There is no such allergy here.")
    await _the_file(session, patient_id)
    allergy = await session.scalar(
        select(Allergy)
        .where(Allergy.id == allergy_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if allergy is None:
        raise NotFound("allergy-not-found", "There is no such allergy here.")
    require_unchanged(allergy.updated_at, seen)
    return allergy


async def _verify(
    session: AsyncSession,
    actor: Actor,
    allergy: Allergy,
    certainty: AllergyVerification,
    *,
    reason: str | None,
    now: datetime,
) -> Allergy:
    if not rules.may_become(allergy.verification_status, certainty):
        told = allergy.verification_status.replace("-", " ")
        raise Conflict("allergy-state", f"This allergy is {told}, which cannot be changed to that.")
    allergy.verification_status = certainty
    allergy.verified_at, allergy.verified_by_id, allergy.verification_reason = now, actor.user_id, reason
    await session.flush()
    return allergy


@needs(Permission.ALLERGY_RECORD)
async def confirm_allergy(
    session: AsyncSession, actor: Actor, allergy_id: UUID, *, now: datetime, seen: str | None = None
) -> Allergy:
    """It was tested or witnessed; one that was refuted counts again."""
    allergy = await _the_allergy(session, allergy_id, seen)
    confirmed = await _verify(session, actor, allergy, AllergyVerification.CONFIRMED, reason=None, now=now)
    if rules.counts(confirmed):
        _withdraw(await the_patient(session, confirmed.patient_id))
        await session.flush()
    return confirmed


@needs(Permission.ALLERGY_RECORD)
async def refute_allergy(
    session: AsyncSession,
    actor: Actor,
    allergy_id: UUID,
    given: ReasonIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Allergy:
    """It was believed and turned out not to be so; it stays in the file, and out of the banner."""
    allergy = await _the_allergy(session, allergy_id, seen)
    refuted = AllergyVerification.REFUTED
    return await _verify(session, actor, allergy, refuted, reason=given.reason, now=now)


@needs(Permission.ALLERGY_RECORD)
async def strike_out_allergy(
    session: AsyncSession,
    actor: Actor,
    allergy_id: UUID,
    given: ReasonIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Allergy:
    """It was entered in error: another patient's, or a slip. Nothing leads back from there."""
    allergy = await _the_allergy(session, allergy_id, seen)
    wrong = AllergyVerification.ENTERED_IN_ERROR
    return await _verify(session, actor, allergy, wrong, reason=given.reason, now=now)


@needs(Permission.ALLERGY_RECORD)
async def resolve_allergy(
    session: AsyncSession, actor: Actor, allergy_id: UUID, *, now: datetime, seen: str | None = None
) -> Allergy:
    """The patient tolerates it again, after years or a desensitisation."""
    allergy = await _the_allergy(session, allergy_id, seen)
    if not rules.may_resolve(allergy.clinical_status, allergy.verification_status):
        raise Conflict("allergy-state", "Only an allergy that counts can be resolved.")
    allergy.clinical_status = AllergyStatus.RESOLVED
    allergy.verified_at, allergy.verified_by_id = now, actor.user_id
    await session.flush()
    return allergy


@needs(Permission.ALLERGY_RECORD)
async def record_no_known_allergies(
    session: AsyncSession, actor: Actor, patient_id: UUID, *, now: datetime
) -> Patient:
    """The patient was asked and there is none: a recorded fact, and not an empty list.

    Raises Conflict while an allergy counts. Said again it is as of now: somebody asked again."""
    file = await _the_file(session, patient_id)
    known = await session.scalars(
        select(Allergy).where(Allergy.hospital_id == file.hospital_id, Allergy.patient_id == file.id)
    )
    if any(rules.counts(each) for each in known):
        raise Conflict("allergy-known", "The file names an allergy. Refute or resolve it first.")
    file.no_known_allergies_at, file.no_known_allergies_by_id = now, actor.user_id
    await session.flush()
    return file


@needs(Permission.ALLERGY_RECORD)
async def withdraw_no_known_allergies(session: AsyncSession, actor: Actor, patient_id: UUID) -> Patient:
    """Nobody has asked, after all. Raises Conflict where it was not recorded."""
    file = await _the_file(session, patient_id)
    if file.no_known_allergies_at is None:
        raise Conflict("no-known-allergies-missing", "It is not recorded that there are no known allergies.")
    _withdraw(file)
    await session.flush()
    return file


def _withdraw(file: Patient) -> None:
    file.no_known_allergies_at = file.no_known_allergies_by_id = None


# Alerts


@needs(Permission.ALERT_RECORD)
async def record_alert(
    session: AsyncSession, actor: Actor, patient_id: UUID, given: AlertIn, *, now: datetime
) -> PatientAlert:
    """A new alert. A code status takes the place of the one that holds, in the same moment.

    Raises NotFound, Invalid for times that cannot be, or Conflict where the file has this alert already."""
    file = await _the_file(session, patient_id)
    since = given.since or now
    if since > now + FUTURE:
        raise Invalid("since-in-future", "An alert begins now or earlier.", field="since")
    if given.until is not None and given.until <= max(since, now):
        raise Invalid("until-in-past", "The foreseen end lies in the future. Check the date.", field="until")
    live = (
        await session.scalars(
            select(PatientAlert).where(
                PatientAlert.hospital_id == file.hospital_id,
                PatientAlert.patient_id == file.id,
                PatientAlert.alert_type == given.alert_type,
                PatientAlert.until.is_(None) | (PatientAlert.until > now),
            )
        )
    ).all()
    for alert in live:
        if given.alert_type is AlertType.CODE_STATUS and alert.value != given.value:
            # From now on, since two of them would contradict each other.
            _end(alert, actor, AlertEnd.OVER, now)
            since = max(since, now, alert.since)
        elif alert.value == given.value:
            raise Conflict("alert-known", "The file has this alert already.")
    await session.flush()
    made = PatientAlert(
        hospital_id=file.hospital_id,
        patient_id=file.id,
        alert_type=given.alert_type,
        value=given.value,
        since=since,
        until=given.until,
        note=given.note or None,
        recorded_by_id=actor.user_id,
    )
    session.add(made)
    await session.flush()
    return made


def _end(alert: PatientAlert, actor: Actor, reason: AlertEnd, now: datetime) -> None:
    alert.until, alert.ended_by_id, alert.end_reason = max(now, alert.since), actor.user_id, reason


async def _the_alert(session: AsyncSession, alert_id: UUID, seen: str | None) -> PatientAlert:
    alert = await session.scalar(select(PatientAlert).where(PatientAlert.id == alert_id).with_for_update())
    if alert is None:
        raise NotFound("alert-not-found", "There is no such alert here.")
    require_unchanged(alert.updated_at, seen)
    return alert


@needs(Permission.ALERT_RECORD)
async def end_alert(
    session: AsyncSession, actor: Actor, alert_id: UUID, *, now: datetime, seen: str | None = None
) -> PatientAlert:
    """It holds no longer. Raises Conflict where it has ended already."""
    alert = await _the_alert(session, alert_id, seen)
    if alert.end_reason is not None or (alert.until is not None and alert.until <= now):
        raise Conflict("alert-ended", "This alert has ended already.")
    _end(alert, actor, AlertEnd.OVER, now)
    await session.flush()
    return alert


@needs(Permission.ALERT_RECORD)
async def strike_out_alert(
    session: AsyncSession, actor: Actor, alert_id: UUID, *, now: datetime, seen: str | None = None
) -> PatientAlert:
    """It was never true; one that has ended can be struck out too."""
    alert = await _the_alert(session, alert_id, seen)
    if alert.end_reason is AlertEnd.ENTERED_IN_ERROR:
        raise Conflict("alert-struck-out", "This alert is marked as an error already.")
    until = alert.until if alert.until is not None and alert.until <= now else now
    _end(alert, actor, AlertEnd.ENTERED_IN_ERROR, until)
    await session.flush()
    return alert
