"""Acts of registration: a file for somebody known, found or unknown, and corrections of who that is (domain 5.3)."""

import json
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.after import run_after_end
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_patient
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.registration.candidates import Choice, find_candidates, looked
from app.features.registration.identity import SYSTEMS, birth_of, document_number, temporary_name
from app.features.registration.numbers import take_mrn
from app.features.registration.register_schemas import PatientChangeIn, PatientIn, UnknownPatientIn
from app.models.hospital import Hospital
from app.models.patient import BirthPrecision, Gender, IdentifierType, Patient

TEMPORARY = "Unknown"
_CREATE = text(
    "SELECT person_create(:id, :first_name, :last_name, :date_of_birth, :gender, CAST(:numbers AS jsonb))"
)
_CORRECT = text("SELECT person_correct(:id, :first_name, :last_name, :date_of_birth, :gender)")
_IDENTIFY = text("SELECT person_identify(:id, :type, :system, :value)")
# What a file takes from registration as it stands.
PLAIN = (
    "first_name", "last_name", "name_prefix", "gender", "phone", "email", "address", "emergency_contact_name",
    "emergency_contact_phone", "blood_group",
)  # fmt: skip


@needs(Permission.PATIENT_REGISTER)
async def register_patient(
    session: AsyncSession, actor: Actor, wanted: PatientIn, *, now: datetime
) -> Patient:
    """A file for the person chosen, or for a new one.

    Raises Conflict while somebody who may be meant was not looked at, and for a number that names another person."""
    hospital_id = await _open_hospital(session, actor)
    born = birth_of(wanted.date_of_birth, wanted.date_of_birth_precision, _today(actor, now))
    # Locked from here on: of two desks that register one person, the second finds the file of the first.
    _, mrn = await take_mrn(session, hospital_id, actor.hospital_code or "")
    likely = (await find_candidates(session, actor, wanted)).items
    try:
        person_id = Choice(wanted.person_id, wanted.not_these).settle(likely)
    except Conflict:
        # The entry of the look is rolled back with the refusal; that somebody looked is not.
        run_after_end(session, looked(actor, len(likely)))
        raise
    is_new = person_id is None
    if person_id is None:
        person_id = new_id()
        person = {"id": person_id, "date_of_birth": born, "gender": wanted.gender.value}
        names = {"first_name": wanted.first_name, "last_name": wanted.last_name}
        await session.execute(_CREATE, {**person, **names, "numbers": _numbers(wanted)})
    patient = Patient(
        id=new_id(),
        hospital_id=hospital_id,
        person_id=person_id,
        mrn=mrn,
        date_of_birth=born,
        date_of_birth_precision=wanted.date_of_birth_precision,
        **{name: getattr(wanted, name) for name in PLAIN},
    )
    session.add(patient)
    await session.flush()
    if not is_new and wanted.national_id is not None:
        await _identify(session, person_id, wanted.national_id, wanted.national_id_type)
    return patient


@needs(Permission.PATIENT_REGISTER)
async def register_unknown(
    session: AsyncSession, actor: Actor, seen: UnknownPatientIn, *, now: datetime
) -> Patient:
    """A file under a temporary name for somebody who cannot say who he is, until it is known or the file is merged."""
    hospital_id = await _open_hospital(session, actor)
    number, mrn = await take_mrn(session, hospital_id, actor.hospital_code or "")
    born = None
    if seen.estimated_age is not None:
        born = date(_today(actor, now).year - seen.estimated_age, 1, 1)
    name, person_id = temporary_name(number), new_id()
    person = {"id": person_id, "first_name": name, "last_name": TEMPORARY, "date_of_birth": born}
    await session.execute(_CREATE, {**person, "gender": seen.gender.value, "numbers": None})
    patient = Patient(
        id=new_id(),
        hospital_id=hospital_id,
        person_id=person_id,
        mrn=mrn,
        first_name=name,
        last_name=TEMPORARY,
        date_of_birth=born,
        date_of_birth_precision=BirthPrecision.ESTIMATED if born else BirthPrecision.DAY,
        gender=seen.gender,
        is_unknown=True,
        identity_note=seen.identity_note,
    )
    session.add(patient)
    await session.flush()
    return patient


@needs(Permission.PATIENT_UPDATE)
async def correct_patient(
    session: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    changes: PatientChangeIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Patient:
    """Names, birth, sex and how to reach the patient; what was not sent stays.

    The person of the network follows where no other hospital knows her. A family name given to an unknown patient
    ends the temporary identity. Raises Conflict for a closed file."""
    patient = await the_patient(session, patient_id, lock=True)
    require_unchanged(patient.updated_at, seen)
    if not patient.is_active:
        raise Conflict("file-closed", "This file is closed. Change the file that took its place.")
    given = changes.model_fields_set
    for name in (*PLAIN, "identity_note"):
        if name in given:
            setattr(patient, name, getattr(changes, name))
    if "date_of_birth" in given:
        patient.date_of_birth = birth_of(
            changes.date_of_birth, changes.date_of_birth_precision, _today(actor, now)
        )
        patient.date_of_birth_precision = changes.date_of_birth_precision
    if patient.is_unknown and "last_name" in given and patient.last_name != TEMPORARY:
        patient.is_unknown, patient.identity_note = False, None
    await session.flush()
    await _person_follows(session, patient)
    if changes.national_id is not None:
        await _identify(session, patient.person_id, changes.national_id, changes.national_id_type)
    return patient


async def _open_hospital(session: AsyncSession, actor: Actor) -> UUID:
    hospital = await session.scalar(select(Hospital).where(Hospital.id == actor.hospital_id))
    if hospital is None:
        raise NotFound("hospital-not-found", "Patients are registered by the hospital's own people.")
    if not hospital.is_active:
        raise Conflict("hospital-closed", "This hospital is closed. Nobody is registered here any more.")
    return hospital.id


def _today(actor: Actor, now: datetime) -> date:
    return now.astimezone(ZoneInfo(actor.timezone or "UTC")).date()


def _numbers(wanted: PatientIn) -> str | None:
    if wanted.national_id is None:
        return None
    kind = wanted.national_id_type
    value = document_number(wanted.national_id, kind)
    return json.dumps([{"type": kind.value, "system": SYSTEMS[kind], "value": value}])


async def _identify(session: AsyncSession, person_id: UUID, number: str, kind: IdentifierType) -> None:
    values = {"type": kind.value, "system": SYSTEMS[kind], "value": document_number(number, kind)}
    await session.execute(_IDENTIFY, {"id": person_id, **values})


async def _person_follows(session: AsyncSession, patient: Patient) -> None:
    known = {name: getattr(patient, name) for name in ("first_name", "last_name", "date_of_birth")}
    gender = Gender(patient.gender).value
    await session.execute(_CORRECT, {"id": patient.person_id, **known, "gender": gender})
