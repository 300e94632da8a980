"""Which resource is read by which file, and in which order: what others refer to comes first."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from app.fhir.allergy import add_allergy, settle_no_known_allergies
from app.fhir.appointment import add_appointment
from app.fhir.bundle_reader import Entry
from app.fhir.encounter import add_encounter
from app.fhir.lab import Laboratory, add_laboratory
from app.fhir.medication_request import add_medication_request
from app.fhir.plan import Plan, keep_other
from app.fhir.practitioner import add_practitioner
from app.fhir.vitals import KnownSet, Sets, add_sets, collect, vital_codes

READERS: dict[str, Callable[[Plan, Entry], None]] = {
    "MedicationRequest": add_medication_request,
    "AllergyIntolerance": add_allergy,
    "Appointment": add_appointment,
}
# Read before the others, each by its own step of the importer.
FIRST = frozenset({"Practitioner", "Patient", "Encounter"})


def by_type(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    sorted_out: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        sorted_out[entry.resource_type].append(entry)
    return sorted_out


def add_practitioners(plan: Plan, entries: Iterable[Entry]) -> None:
    for entry in entries:
        add_practitioner(plan, entry)


def add_visits(plan: Plan, entries: Iterable[Entry]) -> None:
    for entry in entries:
        add_encounter(plan, entry)


def add_records(
    plan: Plan,
    entries: Iterable[Entry],
    known_reports: list[Entry],
    known_sets: dict[tuple[UUID, datetime], KnownSet],
) -> None:
    """Everything that hangs below patients and visits."""
    sets: Sets = {}
    laboratory = Laboratory(known_reports=known_reports)
    for entry in entries:
        if entry.resource_type in FIRST:
            continue
        if entry.resource_type == "Observation":
            if vital_codes(entry.resource):
                collect(plan, entry, sets)
            else:
                laboratory.observations[entry.key] = entry
        elif entry.resource_type == "DiagnosticReport":
            laboratory.reports.append(entry)
        else:
            READERS.get(entry.resource_type, keep_other)(plan, entry)
    add_sets(plan, sets, known_sets)
    add_laboratory(plan, laboratory)
    settle_no_known_allergies(plan)
