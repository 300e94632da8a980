"""FHIR bundles made in a test, a hospital that takes them, and a look at what became of them."""

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
from cluster import Database
from factories import Make

from app.core import clock
from app.fhir.bundle_reader import Bundle, read_bundle
from app.fhir.importer import import_paths
from app.fhir.mapping import add_practitioners, add_records, add_visits, by_type
from app.fhir.plan import Destination, File, Plan
from app.fhir.references import References
from app.fhir.summary import Summary

Json = dict[str, Any]
DATA = Path(__file__).parent / "fhir" / "data"
SYSTEM = "https://elsewhere.example"
LOINC, UCUM, SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
PATIENT, ENCOUNTER, DOCTOR = (
    {"reference": reference} for reference in ("Patient/p1", "Encounter/e1", "Practitioner/p1")
)


def patient(**elements: Any) -> Json:
    return {
        "resourceType": "Patient", "id": "p1", "name": [{"family": "Testfrau", "given": ["Anna"]}],
        "gender": "female", "birthDate": "1970-03-01", **elements,
    }  # fmt: skip


def encounter(**elements: Any) -> Json:
    return {
        "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}, "subject": PATIENT,
        "period": {"start": "2020-01-01T10:00:00Z", "end": "2020-01-01T11:00:00Z"}, **elements,
    }  # fmt: skip


def practitioner(**elements: Any) -> Json:
    return {
        "resourceType": "Practitioner",
        "id": "p1",
        "name": [{"family": "Heiler", "prefix": ["Dr."]}],
        **elements,
    }


def concept(code: str, text: str | None = None, system: str = LOINC) -> Json:
    return {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})}


def quantity(value: Any, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation(code: str, value: Any = None, unit: str = "", **elements: Any) -> Json:
    made: Json = {
        "resourceType": "Observation", "id": f"o-{code}", "status": "final", "code": concept(code), "subject": PATIENT,
        "encounter": ENCOUNTER, "effectiveDateTime": "2020-01-01T10:15:00Z", **elements,
    }  # fmt: skip
    return made if value is None else {**made, "valueQuantity": quantity(value, unit)}


def lab(code: str, value: Any = None, unit: str = "mg/dL", **elements: Any) -> Json:
    return observation(code, value, unit, category=[concept("laboratory", system="cat")], **elements)


def pressure(systolic: Any, diastolic: Any, unit: str = "mm[Hg]", **elements: Any) -> Json:
    given = (("8480-6", systolic), ("8462-4", diastolic))
    parts = [
        {"code": concept(code), "valueQuantity": quantity(value, unit)}
        for code, value in given
        if value is not None
    ]
    return observation("85354-9", component=parts, **elements)


def request(**elements: Any) -> Json:
    return {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order", "subject": PATIENT,
        "encounter": ENCOUNTER, "authoredOn": "2020-01-01T10:20:00Z",
        "medicationCodeableConcept": {"text": "Lisinopril 10 MG Oral Tablet"}, **elements,
    }  # fmt: skip


def bundle(*resources: Json, kind: str = "transaction") -> Json:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [{"resource": resource} for resource in resources],
    }


def write(folder: Path, content: Json | bytes | str, name: str = "bundle.json") -> Path:
    path = folder / name
    raw = (
        content
        if isinstance(content, bytes)
        else content
        if isinstance(content, str)
        else json.dumps(content)
    )
    raw = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def planned(folder: Path, *resources: Json) -> Plan:
    """The plan for these resources, without a database: every Patient among them has a file."""
    read: Bundle = read_bundle(write(folder, bundle(*resources)))
    to = Destination(uuid4(), uuid4(), "NGH", ZoneInfo("America/New_York"), uuid4(), SYSTEM)
    plan = Plan(to, clock.now(), References(read.entries))
    plan.resources = {entry.key: entry.resource for entry in read.entries}
    entries = by_type(read.entries)
    add_practitioners(plan, entries["Practitioner"])
    for entry in entries["Patient"]:
        born = entry.resource.get("birthDate")
        plan.files[entry.key] = File(uuid4(), date.fromisoformat(born) if born else None)
        plan.first_file = plan.first_file or plan.files[entry.key]
    add_visits(plan, entries["Encounter"])
    add_records(plan, read.entries, [], {})
    return plan


def reasons(plan: Plan) -> Counter[str]:
    """Why resources were kept whole and nowhere else."""
    return Counter({reason: count for (_, reason), count in plan.kept.items()})


def copies(plan: Plan) -> Counter[str]:
    return Counter({reason: count for (_, reason), count in plan.copied.items()})


@dataclass
class Clinic:
    """A hospital in a database of its own, and what the import did to it."""

    database: Database
    folder: Path
    code: str
    hospital_id: UUID

    async def take(self, *given: Json | Path, system: str = SYSTEM, hospital: str | None = None) -> Summary:
        paths = [
            one if isinstance(one, Path) else write(self.folder, one, f"{number}-{uuid4().hex}.json")
            for number, one in enumerate(given)
        ]
        return await import_paths(
            paths, url=self.database.app_url, system=system, hospital=hospital or self.code
        )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.database.owner() as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]  # written by the tests.

    def one(self, query: str, *values: Any) -> Any:
        """The one value of the one row."""
        ((value,),) = self.rows(query, *values)
        return value

    def counts(self) -> dict[str, int]:
        tables = (
            "patients", "persons", "visits", "vitals", "lab_tests", "lab_results", "prescriptions", "allergies",
            "appointments", "emr_local", "import_sources", "users", "patient_identifiers",
        )  # fmt: skip
        return {table: self.one(f"SELECT count(*) FROM {table}") for table in tables}


def open_clinic(database: Database, folder: Path, code: str = "NGH") -> Clinic:
    with database.owner() as connection:
        make = Make(connection)
        hospital = make.hospital(code=code, timezone="America/New_York")
        _make_doctor_role(connection, make)
    return Clinic(database, folder, code, hospital["id"])


def _make_doctor_role(connection: psycopg.Connection[Any], make: Make) -> None:
    if connection.execute("SELECT FROM roles WHERE name = 'doctor'").fetchone() is None:
        make.role(name="doctor")
