"""Whose file a Patient resource becomes: a person of the network is shared on an equal number only (point 6)."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clinical.mrn import format_mrn
from app.core.ids import new_id
from app.features.registration.numbers import take_numbers
from app.fhir.bundle_reader import Entry
from app.fhir.patient import Number, PatientRead, read_patient
from app.fhir.plan import File, Plan
from app.models.emr import KeptReason

_MATCH = text(
    "SELECT person_id, date_of_birth, type, system, value FROM person_match(CAST(CAST(:numbers AS text) AS jsonb))"
)
_FILES = text(
    "SELECT person_id, id, date_of_birth FROM patients"
    " WHERE hospital_id = :hospital_id AND person_id IN :persons AND merged_into_id IS NULL"
).bindparams(bindparam("persons", expanding=True))
_CREATE = text(
    "SELECT count(person_create(id, first_name, last_name, date_of_birth, gender, identifiers))"
    "  FROM jsonb_to_recordset(CAST(CAST(:persons AS text) AS jsonb)) AS made"
    " (id uuid, first_name text, last_name text, date_of_birth date, gender text, identifiers jsonb)"
)
Owner = tuple[UUID, date | None]


async def make_files(session: AsyncSession, plan: Plan, entries: Iterable[Entry]) -> None:
    """A file for each Patient resource, with its person and MRN; the one that is there for a person who has one."""
    read = [read_patient(entry, plan.to) for entry in entries]
    if not read:
        return
    owners = await _owners(session, {number for one in read for number in one.numbers})
    at_home = await _files_of(session, plan, {person for person, _ in owners.values()})
    persons: list[dict[str, Any]] = []
    new: list[tuple[PatientRead, UUID, UUID]] = []
    for one in read:
        person = _shared(plan, one, owners)
        if person is None:
            person = new_id()
            persons.append(_person(person, one, owners))
            owners.update((number, (person, one.born_on)) for number in one.numbers if number not in owners)
        if person in at_home:
            _join(plan, one, at_home[person])
            continue
        file_id = new_id()
        at_home[person] = File(file_id, one.born_on)
        plan.files[one.entry.key] = at_home[person]
        new.append((one, person, file_id))
    if persons:
        await session.execute(_CREATE, {"persons": orjson.dumps(persons).decode()})
    if new:
        await _add_files(session, plan, new)


async def _owners(session: AsyncSession, numbers: set[Number]) -> dict[Number, Owner]:
    if not numbers:
        return {}
    wanted = [{"type": kind, "system": system, "value": value} for kind, system, value in numbers]
    found = await session.execute(_MATCH, {"numbers": orjson.dumps(wanted).decode()})
    return {(row.type, row.system, row.value): (row.person_id, row.date_of_birth) for row in found}


async def _files_of(session: AsyncSession, plan: Plan, persons: set[UUID]) -> dict[UUID, File]:
    if not persons:
        return {}
    values = {"hospital_id": plan.to.hospital_id, "persons": list(persons)}
    found = await session.execute(_FILES, values)
    return {row.person_id: File(row.id, row.date_of_birth) for row in found}


def _shared(plan: Plan, one: PatientRead, owners: dict[Number, Owner]) -> UUID | None:
    """The one person these numbers name; None where they name none or several, or one born on another day."""
    found = {owners[number] for number in one.numbers if number in owners}
    if not found:
        return None
    if len({person for person, _ in found}) > 1:
        plan.warnings["numbers of several persons on one patient: not shared with any of them"] += 1
        return None
    person, born_on = found.pop()
    if born_on is not None and one.born_on is not None and born_on != one.born_on:
        plan.warnings["number of a person with another date of birth: not shared"] += 1
        return None
    return person


def _person(person: UUID, one: PatientRead, owners: dict[Number, Owner]) -> dict[str, Any]:
    columns = one.columns
    free = [number for number in one.numbers if number not in owners]
    return {
        "id": person,
        "first_name": columns["first_name"],
        "last_name": columns["last_name"],
        "date_of_birth": columns["date_of_birth"],
        "gender": columns["gender"],
        "identifiers": [{"type": kind, "system": system, "value": value} for kind, system, value in free],
    }


def _join(plan: Plan, one: PatientRead, file: File) -> None:
    """A second resource of a person who has a file here: the file takes its identifiers, the rest is kept whole."""
    plan.files[one.entry.key] = file
    plan.place(one.entry, "patients", file.id)
    plan.copy(one.entry, KeptReason.INCOMPLETE, file)
    for identifier in one.identifiers:
        plan.add("patient_identifiers", patient_id=file.id, **identifier)


async def _add_files(session: AsyncSession, plan: Plan, new: list[tuple[PatientRead, UUID, UUID]]) -> None:
    # The counter's row stays locked until the bundle is in, so that no number is given twice.
    numbers = await take_numbers(session, plan.to.hospital_id, len(new))
    for number, (one, person, file_id) in zip(numbers, new, strict=True):
        plan.rows["patients"].append(
            {
                "id": file_id,
                "hospital_id": plan.to.hospital_id,
                "source": plan.to.system,
                "person_id": person,
                "mrn": format_mrn(plan.to.code, number),
                **one.columns,
            }
        )
        for identifier in one.identifiers:
            plan.add("patient_identifiers", patient_id=file_id, **identifier)
        plan.place(one.entry, "patients", file_id)
        file = plan.files[one.entry.key]
        if one.is_refused:
            plan.copy(one.entry, KeptReason.REFUSED, file)
        elif not one.is_complete:
            plan.copy(one.entry, KeptReason.INCOMPLETE, file)
