"""Two regions and three hospitals with a row of every kind in each, and eyes to look at them with."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from factories import NOW, Make, Values
from psycopg.types.json import Json

# Every table whose rows belong to one hospital.
TENANT_TABLES = (
    "patients", "patient_identifiers", "allergies", "mrn_counters", "visits", "diagnoses", "beds", "bed_assignments",
    "bed_cleanings", "care_assignments",
    "discharge_summaries",
    "handovers", "fluid_entries",
    "vitals", "nurse_logs", "lab_tests", "lab_results", "prescriptions", "appointments", "inventory", "emr_local",
    "import_sources", "ai_drafts", "access_grants", "patient_alerts",
    "escalations",
    "patient_merges", "merge_journal", "person_links",
)  # fmt: skip
CLINICAL = (*TENANT_TABLES, "emr_global", "persons", "person_identifiers", "idempotency_keys",
            "transfer_requests")  # fmt: skip


@dataclass
class World:
    """`at["a"]`, `at["b"]` share the region `north`; `at["c"]` stands in `south`. One person has files at a and b."""

    make: Make
    region: dict[str, Values]
    at: dict[str, Values]
    person: dict[str, Values]
    file: dict[str, Values]
    visit: dict[str, Values]
    portal: Values
    own: dict[str, set[UUID]]

    @property
    def connection(self) -> psycopg.Connection[Any]:
        return self.make.connection

    def ids(self, table: str, condition: str = "true", **values: Any) -> set[UUID]:
        found = self.connection.execute(f"SELECT id FROM {table} WHERE {condition}", values)
        return {row[0] for row in found.fetchall()}

    @contextlib.contextmanager
    def seen_as(self, scope: str | None, *, role: str = "hass_app", **reach: Any) -> Iterator[None]:
        """As the application, with that context and no other; what is written is rolled back."""
        settings = {
            "user_id": "", "region_id": "", "hospital_id": "", "person_id": "", "act": "test", "scope": scope or "",
            **{key: str(value) for key, value in reach.items()},
        }  # fmt: skip
        with self.connection.transaction(force_rollback=True):
            self.connection.execute(f"SET LOCAL ROLE {role}")
            if scope is not None or reach:
                self.connection.execute(
                    "SELECT set_config('hass.' || key, value, true) FROM json_each_text(%s)",
                    (Json(settings),),
                )
            yield

    @contextlib.contextmanager
    def refused(self) -> Iterator[None]:
        """The policies refuse what is written inside."""
        refusal = pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security")
        with refusal, self.connection.transaction():
            yield

    def staff_of(self, name: str) -> contextlib.AbstractContextManager[None]:
        hospital = self.at[name]
        return self.seen_as("hospital", hospital_id=hospital["id"], region_id=hospital["region_id"])

    def patient(self) -> contextlib.AbstractContextManager[None]:
        return self.seen_as("self", user_id=self.portal["id"], person_id=self.person["shared"]["id"])


def fill(make: Make, visit: Values, file: Values, at: Values) -> None:
    """One row of every kind below a hospital."""
    make.patient_identifier(patient=file)
    make.allergy(patient=file)
    make.patient_alert(patient=file)
    make.merge_line(merge=make.patient_merge(patient=file))
    make.person_link(patient=file)
    make.mrn_counter(hospital=at)
    make.diagnosis(visit=visit)
    make.bed_cleaning(bed=make.bed(visit=visit, status="occupied"))
    make.care_assignment(visit=visit)
    make.discharge_summary(visit=visit)
    make.escalation(visit=visit)
    make.handover(visit=visit)
    make.fluid_entry(visit=visit)
    make.nurse_log(visit=visit)
    make.lab_result(lab_test=make.lab_test(visit=visit))
    make.prescription(visit=visit)
    make.appointment(patient=file)
    make.inventory(hospital=at)
    make.emr_local(visit=visit)
    make.import_source(hospital=at)
    make.access_grant(patient=file)
    make.ai_draft(visit=visit)
    make.notification(user=make.staff(visit))
    make.session(user=make.staff(visit))
    make.password_link(user=make.user("nurse", hospital=at))
    make.sign_in_delay()
    make.form_draft(user=make.staff(visit))
    make.idempotency_key(user=make.staff(visit))


def shown_to_patient(make: Make, visit: Values, file: Values, portal: Values) -> dict[str, set[UUID]]:
    """Rows of the portal's patient: what domain 5.2 lets her read (returned) beside what it does not."""
    now = visit["admission_date"]
    doctor = make.staff(visit)["id"]
    released = make.lab_test(visit=visit, status="completed", released_at=NOW)
    return {
        "vitals": {make.vitals(visit=visit)["id"]},
        "prescriptions": {
            make.prescription(visit=visit, status=state)["id"] for state in ("active", "completed")
        },
        "lab_tests": {released["id"]},
        "emr_local": {
            make.emr_local(visit=visit, signed_at=now, signed_by_id=doctor, released_at=now)["id"],
        },
        "lab_results": {
            make.lab_result(lab_test=released, status=state)["id"] for state in ("final", "corrected")
        },
        "notifications": {make.notification(user=portal)["id"]},
    }


def build(make: Make) -> World:
    region = {"north": make.region(), "south": make.region()}
    at = {
        "a": make.hospital(region=region["north"]),
        "b": make.hospital(region=region["north"]),
        "c": make.hospital(region=region["south"]),
    }
    for place in region.values():
        make.user("regional_admin", region=place)
    make.user("super_admin")
    make.audit_seal()
    person = {"shared": make.person(), "of_a": make.person(), "of_b": make.person(), "of_c": make.person()}
    for each in person.values():
        make.person_identifier(person=each)
    portal = make.user("patient")
    file = {
        name: make.patient(hospital=hospital, person=person[f"of_{name}"]) for name, hospital in at.items()
    }
    visit = {name: make.visit(patient=each) for name, each in file.items()}
    for name in at:
        fill(make, visit[name], file[name], at[name])
    make.emr_global(record=make.emr_local(visit=visit["c"]), person=person["of_c"])
    for sender, receiver in (("a", "b"), ("b", "c"), ("c", "b")):
        asked = {"person_id": person[f"of_{sender}"]["id"], "receiving": visit[receiver]}
        make.transfer_request(visit=visit[sender], to=at[receiver], **asked)
    own: dict[str, set[UUID]] = {"visits": set(), "patients": set()}
    for name, user in (("a", portal), ("b", None)):
        key = f"shared_{name}"
        file[key] = make.patient(
            hospital=at[name], person=person["shared"], user_id=None if user is None else user["id"]
        )
        visit[key] = make.visit(patient=file[key], status="discharged")
        own["patients"].add(file[key]["id"])
        own["visits"].add(visit[key]["id"])
    mine = visit["shared_a"]
    own |= shown_to_patient(make, mine, file["shared_a"], portal)
    own["allergies"] = {make.allergy(patient=file["shared_a"])["id"]}
    own["patient_identifiers"] = {make.patient_identifier(patient=file["shared_b"])["id"]}
    own["access_grants"] = {make.access_grant(patient=file["shared_b"])["id"]}
    own["diagnoses"] = {make.diagnosis(visit=mine)["id"]}
    own["appointments"] = {make.appointment(patient=file["shared_a"])["id"]}
    own["persons"], own["users"] = {person["shared"]["id"]}, {portal["id"]}
    own["hospitals"], own["regions"] = {at["a"]["id"], at["b"]["id"]}, {region["north"]["id"]}
    own["sessions"] = {make.session(user=portal)["id"]}
    for factory, table in (("password_link", "password_links"), ("form_draft", "form_drafts")):
        own[table] = {getattr(make, factory)(user=portal)["id"]}
    own["idempotency_keys"] = {make.idempotency_key(user=portal)["id"]}
    return World(make, region, at, person, file, visit, portal, own)
