"""The chain of rows above a row, from region to visit, and what each state implies; see factories.py."""

import itertools
from collections import deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.permissions import GRANTS, ROLE_TITLES
from app.clinical.mrn import format_mrn
from app.core.ids import new_id
from app.models import Base
from app.models.base import Machine, Moving
from app.models.patient import derived_keys
from app.models.role import RoleName
from app.models.visit import SUMMARY_TEXTS

Values = dict[str, Any]

_numbers = itertools.count(1)
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
# Any hash of bcrypt's form: no test signs in with it.
PASSWORD_HASH = "$2b$04$" + "a" * 53
SHA = "0" * 64
MODELS: dict[str, type[Any]] = {
    mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers
}
MACHINES: dict[str, Machine] = {
    table: model.machine for table, model in MODELS.items() if issubclass(model, Moving)
}


def path(machine: Machine, goal: str) -> list[str]:
    """The shortest way from the first state to `goal`, without the first state itself."""
    start = machine.first.value
    ways: dict[str, list[str]] = {start: []}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        for following in machine.as_json()[state]:
            if following not in ways:
                ways[following] = [*ways[state], following]
                waiting.append(following)
    return ways[goal]


def values_of(parent: Any) -> Values:
    """A parent as a dict, whether it was given as one or as a model."""
    if isinstance(parent, dict):
        return parent
    return {column.key: getattr(parent, column.key) for column in parent.__table__.columns}


def facts(table: str, status: str, row: Values) -> Values:
    """The columns a state implies: what an act writes together with the move."""
    if table == "visits":
        begun = status not in ("planned", "cancelled", "entered_in_error")
        ended = status in ("discharged", "transferred", "deceased")
        admitted = row.get("admission_date") or NOW - HOUR
        return {
            "admission_date": admitted if begun else None,
            "discharge_date": admitted + HOUR if ended else None,
            "death_certified_by_id": row["_certifier"]() if status == "deceased" else None,
            "status_reason": "a mistake" if status in ("cancelled", "entered_in_error") else None,
        }
    if table == "beds":
        visit, occupied, reserved = row["_visit"], status == "occupied", status == "reserved"
        return {
            "assigned_patient_id": visit["patient_id"] if occupied else None,
            "assigned_visit_id": visit["id"] if occupied else None,
            "assigned_at": NOW if occupied else None,
            "reserved_for_visit_id": visit["id"] if reserved else None,
            "reserved_until": NOW + HOUR if reserved else None,
        }
    if table == "transfer_requests":
        if status == "withdrawn":
            return {"closed_at": NOW}
        answered = status in ("accepted", "declined", "completed")
        visit = row["_receiving"] if status in ("accepted", "completed") else None
        return {
            "answered_at": NOW if answered else None,
            "answered_by_id": row["_doctor"]["id"] if answered else None,
            "answered_by_name": "Bob Staff" if answered else None,
            "answer_note": "no free bed" if status == "declined" else None,
            "receiving_visit_id": visit["id"] if visit else None,
            "closed_at": NOW if status == "completed" else None,
        }
    if table == "lab_tests":
        steps = ("accepted", "in_progress", "completed")
        passed = steps[: steps.index(status) + 1] if status in steps else ()
        instants: Values = {f"{step}_at": NOW if step in passed else None for step in steps}
        released = row.get("released_at") if status == "completed" else None
        return {**instants, "released_at": released, "cancelled_at": NOW if status == "cancelled" else None}
    if table == "prescriptions":
        signed = status in ("active", "on_hold", "completed", "discontinued")
        return {
            "signed_at": NOW if signed else None,
            "signed_by_id": row["prescribed_by_id"] if signed else None,
            "stop_reason": "no longer needed" if status == "discontinued" else None,
        }
    if table == "appointments":
        here, cancelled = status in ("checked_in", "in_progress", "completed"), status == "cancelled"
        return {
            "checked_in_at": NOW if here else None,
            "cancelled_at": NOW if cancelled else None,
            "cancellation_reason": "patient asked" if cancelled else None,
        }
    if table == "notifications":
        return {
            "sent_at": NOW if status in ("sent", "delivered") else None,
            "delivered_at": NOW if status == "delivered" else None,
            "failed_at": NOW if status == "failed" else None,
            "failure_reason": "unreachable" if status == "failed" else None,
        }
    if table == "escalations":
        answered = status == "acknowledged"
        return {
            "acknowledged_at": NOW if answered else None,
            "acknowledged_by_id": row["_answerer"]["id"] if answered else None,
            "climbs_at": NOW if status == "raised" else None,
        }
    if table == "handovers":
        accepted = status == "accepted"
        return {
            "given_at": NOW if status in ("given", "accepted") else row.get("given_at"),
            "accepted_at": NOW if accepted else None,
            "synthesis": "Watch the saturation tonight." if accepted else None,
            "withdrawn_at": NOW if status == "withdrawn" else None,
        }
    if table == "ai_drafts":
        decided = status in ("approved", "approved_with_edits", "rejected")
        return {
            "reviewed_at": NOW if decided else None,
            "reviewed_by_id": row["_reviewer"]["id"] if decided else None,
            "approval_notes": "not convincing" if status == "rejected" else None,
        }
    return {}


class Chain:
    """Builds rows and hands them to `write` in the order they can be inserted."""

    def __init__(self) -> None:
        self.roles: dict[str, Values] = {}
        self._staff: dict[tuple[UUID | None, str], Values] = {}

    def write(self, table: str, values: Values) -> None:
        raise NotImplementedError

    def change(self, table: str, row_id: UUID, changes: Values) -> None:
        raise NotImplementedError

    def row(self, table: str, given: Values, **defaults: Any) -> Values:
        """Write one row: `defaults` filled up by what the test gave, moved to the wanted state."""
        row = {"id": new_id(), **defaults, **given}
        machine = MACHINES.get(table)
        if machine is None:
            self.write(table, row)
            return row
        wanted = str(row.get("status", machine.first.value))
        stated = facts(table, wanted, row)
        insert_as = wanted if row.get("source") else machine.first.value
        first = {**row, **facts(table, insert_as, row), "status": insert_as}
        if insert_as == wanted:
            first |= given
        self.write(table, {key: value for key, value in first.items() if not key.startswith("_")})
        moves = [] if insert_as == wanted else path(machine, wanted)
        for state in moves:
            changes = {**facts(table, state, row), "status": state}
            if state == wanted:
                changes |= {key: value for key, value in given.items() if key in stated}
            self.change(table, row["id"], changes)
        return {**row, **stated, **given, "status": wanted}

    # The organisation

    def region(self, **given: Any) -> Values:
        number = next(_numbers)
        return self.row("regions", given, name=f"Region {number}", code=f"R{number}")

    def hospital(self, *, region: Any = None, **given: Any) -> Values:
        number = next(_numbers)
        if "region_id" not in given:
            given["region_id"] = values_of(region or self.region())["id"]
        defaults = {"name": f"Hospital {number}", "code": f"H{number}", "timezone": "Europe/Berlin"}
        return self.row("hospitals", given, **defaults)

    def role(self, name: str = "doctor", **given: Any) -> Values:
        if name in self.roles and not given:
            return self.roles[name]
        title, scope = ROLE_TITLES[RoleName(name)]
        defaults = {"name": name, "display_name": title, "scope": scope.value}
        granted = [permission.value for permission in sorted(GRANTS[RoleName(name)])]
        made = self.row("roles", given, **defaults, permissions=granted)
        self.roles.setdefault(name, made)
        return made

    def user(self, role: str = "doctor", *, hospital: Any = None, region: Any = None, **given: Any) -> Values:
        number, of_role = next(_numbers), self.role(role)
        reach: Values = {"region_id": None, "hospital_id": None}
        if of_role["scope"] == "hospital":
            at = values_of(hospital or self.hospital(region=region))
            reach = {"region_id": at["region_id"], "hospital_id": at["id"]}
        elif of_role["scope"] == "region":
            reach["region_id"] = values_of(region or self.region())["id"]
        login = {"email": f"user{number}@test.example", "password_hash": PASSWORD_HASH}
        named = {"first_name": "Ada", "last_name": f"Staff{number}"}
        role_columns = {"role_id": of_role["id"], "scope": of_role["scope"]}
        return self.row("users", given, **login, **named, **role_columns, **reach)

    def staff(self, row: Values, role: str = "doctor") -> Values:
        """A colleague of the row's hospital, made once."""
        key = (row["hospital_id"], role)
        if key not in self._staff:
            self._staff[key] = self.user(role, hospital=self.hospital_of(row))
        return self._staff[key]

    def hospital_of(self, row: Values) -> Values:
        raise NotImplementedError

    def session(self, *, user: Any = None, **given: Any) -> Values:
        of_user = values_of(user or self.user())
        defaults = {"cookie_hash": f"{next(_numbers):064x}", "expires_at": NOW + 8 * HOUR}
        return self.row("sessions", given, user_id=of_user["id"], **defaults)

    def password_link(self, *, user: Any = None, **given: Any) -> Values:
        of_user = values_of(user or self.user())
        defaults = {"purpose": "reset", "token_hash": f"{next(_numbers):064x}", "expires_at": NOW + HOUR}
        return self.row("password_links", given, user_id=of_user["id"], **defaults)

    def sign_in_delay(self, **given: Any) -> Values:
        return self.row("sign_in_delays", given, kind="account", key_hash=f"{next(_numbers):064x}")

    def form_draft(self, *, user: Any = None, **given: Any) -> Values:
        of_user = values_of(user or self.user())
        defaults = {"page": "/patients", "form": f"/form/{next(_numbers)}", "fields": {"note": "half a word"}}
        return self.row("form_drafts", given, user_id=of_user["id"], **defaults)

    def idempotency_key(self, *, user: Any = None, **given: Any) -> Values:
        of_user = values_of(user or self.user())
        defaults = {"key": f"key-{next(_numbers):08}", "request_hash": SHA}
        return self.row("idempotency_keys", given, user_id=of_user["id"], **defaults)

    # People and their files

    def person(self, **given: Any) -> Values:
        named = {"first_name": "Erika", "last_name": f"Muster{next(_numbers)}"}
        return self.row("persons", given, **named, date_of_birth=date(1980, 5, 17), gender="female")

    def person_identifier(self, *, person: Any = None, **given: Any) -> Values:
        of_person = values_of(person or self.person())
        numbered = {"type": "NI", "system": "urn:test:national", "value": f"N{next(_numbers)}"}
        return self.row("person_identifiers", given, person_id=of_person["id"], **numbered)

    def mrn_counter(self, *, hospital: Any = None, **given: Any) -> Values:
        return self.row("mrn_counters", given, hospital_id=values_of(hospital or self.hospital())["id"])

    def patient(self, *, hospital: Any = None, person: Any = None, **given: Any) -> Values:
        at = values_of(hospital or self.hospital())
        of_person = values_of(person or self.person())
        named = {"first_name": of_person.get("first_name"), "last_name": of_person["last_name"]}
        named |= {key: given[key] for key in named if key in given}
        born = {"date_of_birth": of_person.get("date_of_birth"), "gender": of_person.get("gender", "unknown")}
        keys = derived_keys(named["first_name"], named["last_name"], given.get("phone"))
        owner = {"hospital_id": at["id"], "person_id": of_person["id"]}
        mrn = format_mrn(at["code"], next(_numbers))
        return self.row("patients", given, **owner, mrn=mrn, **named, **born, **keys)

    def _of_patient(self, patient: Any, hospital: Any) -> Values:
        file = values_of(patient or self.patient(hospital=hospital))
        return {"hospital_id": file["hospital_id"], "patient_id": file["id"]}

    def patient_identifier(self, *, patient: Any = None, hospital: Any = None, **given: Any) -> Values:
        numbered = {"type": "MR", "system": "urn:test:elsewhere", "value": f"X{next(_numbers)}"}
        return self.row("patient_identifiers", given, **self._of_patient(patient, hospital), **numbered)

    def allergy(self, *, patient: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_patient(patient, hospital)
        recorded = {"recorded_by_id": self.staff(keys, "nurse")["id"], "recorded_at": NOW}
        return self.row("allergies", given, **keys, substance="Penicillin", **recorded)

    def patient_alert(self, *, patient: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_patient(patient, hospital)
        recorded = {"recorded_by_id": self.staff(keys, "nurse")["id"], "since": NOW - HOUR / 2}
        return self.row("patient_alerts", given, **keys, alert_type="falls", **recorded)

    def patient_merge(self, *, patient: Any = None, hospital: Any = None, **given: Any) -> Values:
        """An empty file was merged into `patient`."""
        file = values_of(patient or self.patient(hospital=hospital))
        if "loser_id" not in given:
            person = {**file, "id": file.get("person_id") or self.person()["id"], "last_name": "Muster"}
            at = {"id": file["hospital_id"], "code": "HX"}
            loser = self.patient(hospital=at, person=person, merged_into_id=file["id"], is_active=False)
            given["loser_id"] = loser["id"]
        merged = {"survivor_id": file["id"], "reason": "Same passport."}
        by = {"merged_at": NOW - HOUR / 2, "merged_by_id": self.staff(file, "manager")["id"]}
        return self.row("patient_merges", given, hospital_id=file["hospital_id"], **merged, **by)

    def merge_line(self, *, merge: Any = None, hospital: Any = None, **given: Any) -> Values:
        of_merge = values_of(merge or self.patient_merge(hospital=hospital))
        keys = {"hospital_id": of_merge["hospital_id"], "merge_id": of_merge["id"]}
        moved = {"table_name": "visits", "row_id": new_id(), "column_name": "patient_id"}
        values = {"old_value": str(of_merge["loser_id"]), "new_value": str(of_merge["survivor_id"])}
        return self.row("merge_journal", given, **keys, **moved, **values)

    def person_link(self, *, patient: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_patient(patient, hospital)
        people = {"from_person_id": self.person()["id"], "to_person_id": self.person()["id"]}
        by = {"linked_at": NOW - HOUR, "linked_by_id": self.staff(keys, "manager")["id"]}
        return self.row("person_links", given, **keys, act="link", **people, reason="Same passport.", **by)

    # Visits and what hangs below them

    def visit(self, *, patient: Any = None, hospital: Any = None, **given: Any) -> Values:
        given.setdefault("status", "active")
        keys = self._of_patient(patient, hospital)
        begun = {"visit_type": "inpatient", "admission_date": NOW - HOUR}
        return self.row("visits", given, **keys, **begun, _certifier=lambda: self.staff(keys)["id"])

    def _of_visit(self, visit: Any, hospital: Any) -> Values:
        of_visit = values_of(visit or self.visit(hospital=hospital))
        keys = {key: of_visit[key] for key in ("hospital_id", "patient_id")}
        return {**keys, "visit_id": of_visit["id"]}

    def diagnosis(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        coded = {"code_system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10", "text": "Hypertension"}
        author = self.staff(keys)["id"]
        return self.row("diagnoses", given, **keys, **coded, role="final", rank=1, recorded_by_id=author)

    def discharge_summary(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        """A draft with every element; sign it with `signed_at` and `signed_by_id`."""
        keys = self._of_visit(visit, hospital)
        told = {name: f"{name.replace('_', ' ')}, in words" for name in SUMMARY_TEXTS}
        author = self.staff(keys)["id"]
        return self.row(
            "discharge_summaries", given, **keys, **told, disposition="home", written_by_id=author
        )

    def transfer_request(
        self, *, visit: Any = None, to: Any = None, receiving: Any = None, **given: Any
    ) -> Values:
        """From the visit's hospital to `to`, another one, where a visit waits to be named by the acceptance."""
        of_visit = values_of(visit or self.visit())
        sender = {"hospital_id": of_visit["hospital_id"]}
        receiver = values_of(to or self.hospital())
        doctor = self.staff(sender)
        receiving = receiving or self.visit(patient=self.patient(hospital=receiver), status="planned")
        asked = {
            "reason": "Needs a catheter laboratory.",
            "handover": "Chest pain since noon.",
            "requested_at": NOW - HOUR / 2,
            "requested_by_id": doctor["id"],
            "requested_by_name": "Ada Staff",
        }
        return self.row(
            "transfer_requests", given, from_hospital_id=sender["hospital_id"], to_hospital_id=receiver["id"],
            patient_id=of_visit["patient_id"], visit_id=of_visit["id"], person_id=self.person()["id"],
            first_name="Erika", last_name="Muster", **asked, _receiving=receiving, _doctor=doctor,
        )  # fmt: skip

    def bed(self, *, hospital: Any = None, visit: Any = None, **given: Any) -> Values:
        """`visit` is who lies in it, or for whom it is reserved; one is made where the status asks for it."""
        status = str(given.get("status", "available"))
        if visit is None and status != "available":
            visit = self.visit(hospital=hospital)
        of_visit = None if visit is None else values_of(visit)
        at = of_visit["hospital_id"] if of_visit else values_of(hospital or self.hospital())["id"]
        named = {"bed_number": f"{next(_numbers)}A", "ward": "3 West", "bed_type": "general"}
        return self.row("beds", given, hospital_id=at, **named, _visit=of_visit)

    def bed_assignment(self, *, bed: Any = None, visit: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, None)
        in_bed = values_of(bed or self.bed(hospital={"id": keys["hospital_id"]}))
        stay = {"assigned_at": NOW - HOUR, "released_at": NOW}
        return self.row("bed_assignments", given, **keys, bed_id=in_bed["id"], **stay)

    def bed_cleaning(self, *, bed: Any = None, hospital: Any = None, **given: Any) -> Values:
        cleaned = values_of(bed or self.bed(hospital=hospital))
        done = {"began_at": NOW - HOUR, "cleaned_at": NOW, "cleaner": "Rosa Castellano"}
        by = self.staff(cleaned, "nurse")["id"]
        keys = {"hospital_id": cleaned["hospital_id"], "bed_id": cleaned["id"], "recorded_by_id": by}
        return self.row("bed_cleanings", given, **keys, **done)

    def care_assignment(self, *, visit: Any = None, user: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, given.pop("hospital", None))
        cares = values_of(user or self.staff(keys, "nurse"))["id"]
        return self.row(
            "care_assignments", given, **keys, user_id=cares, role="nurse", from_at=NOW - 2 * HOUR
        )

    def handover(self, *, visit: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, given.pop("hospital", None))
        people = {"from_user_id": self.staff(keys, "nurse")["id"]}
        people["to_user_id"] = (
            given.pop("to_user_id", None) or self.user("nurse", hospital=self.hospital_of(keys))["id"]
        )
        told = {
            "illness_severity": "watcher",
            "patient_summary": "Pneumonia, day 2.",
            "actions": "Antibiotic at 22:00.",
            "situation_awareness": "Call the doctor when the saturation falls below 90 %.",
        }
        return self.row("handovers", given, **keys, **people, **told, care_role="nurse")

    def fluid_entry(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        amount = {"direction": "in", "kind": "oral", "volume_ml": 200, "measured_at": NOW}
        return self.row(
            "fluid_entries", given, **keys, **amount, recorded_by_id=self.staff(keys, "nurse")["id"]
        )

    def vitals(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        signs = {"temperature": Decimal("36.8"), "heart_rate": 72, "respiratory_rate": 14, "spo2": 98}
        pressure = {"blood_pressure_systolic": 122, "blood_pressure_diastolic": 78}
        taken = {"recorded_by_id": self.staff(keys, "nurse")["id"], "recorded_at": NOW}
        return self.row("vitals", given, **keys, **signs, **pressure, **taken)

    def escalation(
        self, *, vitals: Any = None, visit: Any = None, hospital: Any = None, **given: Any
    ) -> Values:
        of_set = values_of(vitals or self.vitals(visit=visit, hospital=hospital))
        keys = {key: of_set[key] for key in ("hospital_id", "patient_id", "visit_id")}
        raised = {"risk": "high", "score": 7, "level": "nurse", "raised_at": NOW}
        answerer = self.staff(keys, "nurse")
        return self.row("escalations", given, **keys, vitals_id=of_set["id"], **raised, _answerer=answerer)

    def nurse_log(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        written = {"log_type": "note", "content": "Slept well.", "logged_at": NOW}
        return self.row("nurse_logs", given, **keys, nurse_id=self.staff(keys, "nurse")["id"], **written)

    def lab_test(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        ordered = {"requested_by_id": self.staff(keys)["id"], "requested_at": NOW - HOUR}
        return self.row("lab_tests", given, **keys, test_type="Complete blood count", **ordered)

    def lab_result(self, *, lab_test: Any = None, hospital: Any = None, **given: Any) -> Values:
        test = values_of(lab_test or self.lab_test(hospital=hospital))
        keys = {key: test[key] for key in ("hospital_id", "patient_id")}
        value = {"name": "Haemoglobin", "value_numeric": Decimal("13.2"), "unit": "g/dL"}
        return self.row("lab_results", given, **keys, lab_test_id=test["id"], rank=1, **value)

    def prescription(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        ordered = {"dosage": "10 mg", "frequency": "once daily", "route": "oral", "start_date": NOW.date()}
        doctor = self.staff(keys)["id"]
        named = {"prescribed_by_id": doctor, "medication_name": "Lisinopril"}
        return self.row("prescriptions", given, **keys, **named, **ordered)

    def appointment(
        self, *, patient: Any = None, doctor: Any = None, hospital: Any = None, **given: Any
    ) -> Values:
        keys = self._of_patient(patient, hospital)
        # A doctor of its own, so that two appointments do not clash unless a test wants them to.
        with_doctor = values_of(doctor or self.user("doctor", hospital=self.hospital_of(keys)))
        start = given.get("scheduled_at", NOW + timedelta(days=7))
        minutes = given.get("duration_minutes", 30)
        slot = {
            "scheduled_at": start,
            "duration_minutes": minutes,
            "ends_at": start + timedelta(minutes=minutes),
        }
        booked = {"doctor_id": with_doctor["id"], "created_by_id": self.staff(keys, "reception")["id"]}
        return self.row("appointments", given, **keys, **booked, **slot)

    def emr_local(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        written = {"record_type": "Procedure", "data": {"text": "Appendectomy"}, "recorded_at": NOW}
        return self.row("emr_local", given, **keys, **written, created_by_id=self.staff(keys)["id"])

    def emr_global(self, *, record: Any = None, person: Any = None, **given: Any) -> Values:
        """A published version of `record`; `person` is the record's, where the record is given."""
        if record is None:
            person = person or self.person()
            record = self.emr_local(visit=self.visit(patient=self.patient(person=person)))
        of_record = values_of(record)
        keys = {key: of_record[key] for key in ("patient_id", "visit_id", "record_type", "data")}
        source = {"source_hospital_id": of_record["hospital_id"], "source_record_id": of_record["id"]}
        return self.row(
            "emr_global", given, **keys, **source, person_id=values_of(person)["id"], content_hash=SHA
        )

    def access_grant(self, *, patient: Any = None, user: Any = None, **given: Any) -> Values:
        """Emergency access that began a minute ago; `patient` is the person's file at this hospital."""
        file = values_of(patient or self.patient())
        keys = {"hospital_id": file["hospital_id"], "patient_id": file["id"], "person_id": file["person_id"]}
        holder = values_of(user or self.staff(keys))["id"]
        began = given.get("granted_at", NOW - HOUR / 60)
        lasting = {"granted_at": began, "expires_at": began + HOUR}
        reason = "Unconscious, no history known."
        return self.row("access_grants", given, **keys, user_id=holder, reason=reason, **lasting)

    def import_source(self, *, hospital: Any = None, **given: Any) -> Values:
        at = values_of(hospital or self.hospital())
        named = {"system": "urn:test:system", "resource_type": "Patient", "resource_id": f"p{next(_numbers)}"}
        target = {"target_table": "patients", "target_id": new_id(), "content_hash": SHA, "bundle_hash": SHA}
        return self.row("import_sources", given, hospital_id=at["id"], **named, **target)

    def ai_draft(self, *, visit: Any = None, hospital: Any = None, **given: Any) -> Values:
        keys = self._of_visit(visit, hospital)
        drafted = {
            "draft_type": "risk_score",
            "content": {"score": 3},
            "content_hash": SHA,
            "provider": "rules 1",
        }
        return self.row("ai_drafts", given, **keys, **drafted, _reviewer=self.staff(keys))

    # Stock, messages, trail

    def inventory(self, *, hospital: Any = None, **given: Any) -> Values:
        at = values_of(hospital or self.hospital())
        item = {"item_type": "medication", "item_name": "Lisinopril 10 mg", "item_code": f"I{next(_numbers)}"}
        return self.row(
            "inventory", given, hospital_id=at["id"], **item, quantity=Decimal(100), unit="tablet"
        )

    def notification(self, *, user: Any = None, **given: Any) -> Values:
        to = values_of(user or self.user())
        about = {"notification_type": "reminder", "subject_id": new_id(), "channel": "in_app"}
        reach = {"hospital_id": to["hospital_id"], "recipient_user_id": to["id"]}
        return self.row("notifications", given, **reach, **about, message="Your appointment is tomorrow.")

    def audit_log(self, **given: Any) -> Values:
        return self.row("audit_logs", given, action="R", resource_type="patients")

    def audit_seal(self, **given: Any) -> Values:
        """A link of no chain: its seal is no key's."""
        batch = {
            "kind": "rows",
            "month": "2026-11",
            "lower_transaction": 0,
            "upper_transaction": 1,
            "after_seq": 0,
            "last_seq": 0,
        }
        signed = {"entries": b"", "previous_seal": SHA, "seal": SHA, "key_id": "none"}
        # Far above every number of a chain that a test of the same database makes.
        number = 10**12 + next(_numbers)
        return self.row("audit_seals", given, number=number, **batch, row_count=0, **signed)


# The table of each factory, named as its method.
