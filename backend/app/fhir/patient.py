"""Patient > what a person and a file hold. Who shares a person with whom is decided in persons.py."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.fhir.bundle_reader import Entry
from app.fhir.plan import WRAPPING, Destination
from app.fhir.practitioner import best_name, best_telecom, family, given
from app.fhir.values import (
    Json,
    clipped,
    code,
    codes_of,
    concept_text,
    day,
    instant,
    obj,
    objects,
    strings,
    words,
)
from app.models.patient import Gender, IdentifierType, derived_keys

EARLIEST_BIRTH, LATEST_BIRTH = date(1850, 1, 1), date(2200, 1, 1)
IDENTIFIER_TYPE_SYSTEMS = ("http://terminology.hl7.org/CodeSystem/v2-0203", "http://hl7.org/fhir/v2/0203")
TAKEN = frozenset({
    "active", "name", "telecom", "gender", "birthDate", "deceasedBoolean", "deceasedDateTime", "address", "contact",
    "managingOrganization",
})  # fmt: skip

Number = tuple[str, str, str]
"""(type, system, value) of an identifier that names one human being."""


@dataclass(frozen=True, slots=True)
class PatientRead:
    """A Patient resource as columns: of the file, of its identifiers, and the numbers that name the person."""

    entry: Entry
    columns: Json
    identifiers: list[Json]
    numbers: list[Number]
    is_complete: bool
    is_refused: bool

    @property
    def born_on(self) -> date | None:
        born: date | None = self.columns["date_of_birth"]
        return born


def read_patient(entry: Entry, to: Destination) -> PatientRead:
    resource = entry.resource
    name = best_name(resource.get("name"))
    first_name, last_name = given(name), family(name) or "Unknown"
    phone = best_telecom(resource.get("telecom"), "phone")
    written = day(resource.get("birthDate"))
    born = written if written is not None and EARLIEST_BIRTH <= written <= LATEST_BIRTH else None
    dead, died_at = _death(resource, to)
    gender = words(resource.get("gender"))
    contact = next(iter(objects(resource.get("contact"))), {})
    contact_name = best_name(contact.get("name"))
    columns: Json = {
        "first_name": first_name,
        "last_name": last_name,
        "name_prefix": clipped(" ".join(strings(name.get("prefix"))) or None),
        **derived_keys(first_name, last_name, phone),
        "date_of_birth": born,
        "gender": Gender(gender) if gender in set(Gender) else Gender.UNKNOWN,
        "phone": phone,
        "email": best_telecom(resource.get("telecom"), "email"),
        "address": _address(resource.get("address")),
        "emergency_contact_name": " ".join(filter(None, (given(contact_name), family(contact_name)))) or None,
        "emergency_contact_phone": best_telecom(contact.get("telecom"), "phone"),
        "is_deceased": dead,
        "deceased_at": died_at,
        "no_known_allergies_at": None,
        "is_active": resource.get("active") is not False,
    }
    identifiers, all_taken = _identifiers(resource.get("identifier"))
    return PatientRead(
        entry,
        columns,
        identifiers,
        numbers=[
            (one["type"], one["system"], one["value"])
            for one in identifiers
            if one["type"] in set(IdentifierType) and one["system"]
        ],
        is_complete=all_taken
        and set(resource) <= TAKEN | WRAPPING
        and (born is not None or not resource.get("birthDate"))
        and (died_at is not None or not resource.get("deceasedDateTime"))
        and max(len(objects(resource.get(many))) for many in ("name", "telecom", "address", "contact")) <= 1,
        is_refused=written is not None and born is None,
    )


def _death(resource: Json, to: Destination) -> tuple[bool, datetime | None]:
    died_at = instant(resource.get("deceasedDateTime"), to.zone)
    return resource.get("deceasedBoolean") is True or bool(words(resource.get("deceasedDateTime"))), died_at


def _address(value: Any) -> str | None:
    """The address in lines, as on an envelope."""
    found = objects(value)
    found.sort(key=lambda one: one.get("use") == "old")
    address = obj(found[0]) if found else {}
    place = " ".join(filter(None, (words(address.get(part)) for part in ("city", "state", "postalCode"))))
    lines = [*strings(address.get("line")), place, words(address.get("country"))]
    return words(address.get("text")) or "\n".join(filter(None, lines)) or None


def _identifiers(value: Any) -> tuple[list[Json], bool]:
    """(the identifiers without doubles, whether all could be taken)."""
    found: dict[tuple[str | None, str | None, str], Json] = {}
    all_taken = True
    for identifier in objects(value):
        number, system = code(identifier.get("value")), code(identifier.get("system"))
        if number is None or (system is None and identifier.get("system")):
            all_taken = False
            continue
        kind = identifier.get("type")
        kinds = codes_of(kind, IDENTIFIER_TYPE_SYSTEMS) or codes_of(kind)
        name = clipped(kinds[0] if kinds else concept_text(kind))
        found[name, system, number] = {"type": name, "system": system, "value": number}
    return list(found.values()), all_taken
