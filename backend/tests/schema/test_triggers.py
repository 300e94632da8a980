"""The triggers that are not machines: what never changes, what is only added to, updated_at, and the audit trail."""

from typing import Any

import catalogue
import psycopg
import pytest
from factories import HOUR, MACHINES, MODELS, NOW, Make
from refusals import refused_by
from sqlalchemy import DateTime, Integer, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.access.live import TOPICS
from app.access.policies import HOSPITAL_TABLES
from app.core.ids import new_id

APPEND_ONLY = {
    "audit_logs",
    "audit_seals",
    "bed_cleanings",
    "import_sources",
    "merge_journal",
    "person_links",
}
CHANGED = sorted(set(MODELS) - APPEND_ONLY)
UNAUDITED = {"audit_logs", "audit_seals", "idempotency_keys"}
AUDITED = sorted(set(MODELS) - UNAUDITED)
TENANT = {
    "patients", "patient_identifiers", "allergies", "mrn_counters", "visits", "diagnoses", "beds", "bed_assignments",
    "care_assignments", "handovers", "fluid_entries",
    "discharge_summaries",
    "vitals", "nurse_logs", "lab_tests", "lab_results", "prescriptions", "appointments", "inventory", "emr_local",
    "ai_drafts", "access_grants", "patient_alerts", "patient_merges",
    "escalations",
}  # fmt: skip
SOURCED = TENANT - {
    "discharge_summaries",
    "escalations",
    "handovers", "fluid_entries",
    "care_assignments", "mrn_counters", "beds", "inventory", "ai_drafts", "access_grants",
    "patient_merges",
} | {"users"}  # fmt: skip
OF_PATIENT = TENANT - {"patients", "mrn_counters", "beds", "inventory", "patient_merges"} | {
    "emr_global", "transfer_requests",
}  # fmt: skip
# Column > tables in which it never changes, written from the specification, not from the code.
FIXED = {
    "id": set(CHANGED),
    "created_at": set(CHANGED),
    "hospital_id": TENANT,
    "source": SOURCED,
    "patient_id": OF_PATIENT,
    "code": {"regions", "hospitals", "allergies"},
    "region_id": {"hospitals"},
    "mrn": {"patients"},
    "network_number": {"persons"},
    "user_id": {"sessions", "access_grants", "password_links", "form_drafts", "care_assignments"},
    "visit_id": {
        "care_assignments",
        "escalations",
        "nurse_logs",
        "fluid_entries",
        "handovers",
        "discharge_summaries",
        "transfer_requests",
    },
    "nurse_id": {"nurse_logs"},
    "log_type": {"nurse_logs"},
    "content": {"nurse_logs"},
    "logged_at": {"nurse_logs"},
    "late_reason": {"nurse_logs", "fluid_entries"},
    "amends_id": {"nurse_logs", "fluid_entries"},
    "amend_reason": {"nurse_logs", "fluid_entries"},
    "direction": {"fluid_entries"},
    "kind": {"fluid_entries"},
    "volume_ml": {"fluid_entries"},
    "measured_at": {"fluid_entries"},
    "notes": {"fluid_entries"},
    "from_user_id": {"handovers"},
    "care_role": {"handovers"},
    "role": {"care_assignments"},
    "from_at": {"care_assignments"},
    "key_hash": {"sign_in_delays"},
    # Append-only (domain 5.10): an amendment is a new version.
    "record_type": {"emr_local"},
    "version": {"emr_local", "discharge_summaries"},
    "written_by_id": {"discharge_summaries"},
    "from_hospital_id": {"transfer_requests"},
    "to_hospital_id": {"transfer_requests"},
    "person_id": {"transfer_requests"},
    "handover": {"transfer_requests"},
    "requested_at": {"transfer_requests"},
    "requested_by_id": {"transfer_requests"},
    "requested_by_name": {"transfer_requests"},
    "data": {"emr_local"},
    "recorded_at": {"emr_local"},
    "created_by_id": {"emr_local"},
    "kept_reason": {"emr_local"},
    "granted_at": {"access_grants"},
    "expires_at": {"access_grants"},
    "reason": {"access_grants", "patient_merges", "transfer_requests"},
    "alert_type": {"patient_alerts"},
    "value": {"patient_alerts"},
    "since": {"patient_alerts"},
    "recorded_by_id": {"allergies", "patient_alerts", "fluid_entries"},
    "substance": {"allergies"},
    "code_system": {"allergies"},
    "survivor_id": {"patient_merges"},
    "loser_id": {"patient_merges"},
    "merged_at": {"patient_merges"},
    "merged_by_id": {"patient_merges"},
    "vitals_id": {"escalations"},
    "risk": {"escalations"},
    "score": {"escalations"},
    "raised_at": {"escalations"},
    "name": {"roles"},
    "scope": {"roles"},
}
FIXED_COLUMNS = sorted((table, column) for column, tables in FIXED.items() for table in tables)


def trail(make: Make, row_id: Any) -> list[dict[str, Any]]:
    cursor = make.connection.cursor(row_factory=psycopg.rows.dict_row)
    return cursor.execute(
        "SELECT * FROM audit_logs WHERE resource_id = %s ORDER BY seq", (row_id,)
    ).fetchall()


@pytest.mark.parametrize(("table", "column"), FIXED_COLUMNS)
def test_what_never_changes_is_refused(make: Make, table: str, column: str) -> None:
    row = make.of(table)
    kind = MODELS[table].__table__.columns[column].type
    other: object = new_id() if isinstance(kind, Uuid) else "ZZ-9999999"
    if isinstance(kind, DateTime):
        other = NOW - HOUR
    elif isinstance(kind, JSONB):
        other = '{"text": "other"}'
    elif isinstance(kind, Integer):
        other = 2
    value = "DEFAULT" if column == "network_number" else "%(other)s"

    def change() -> None:
        statement = f"UPDATE {table} SET {column} = {value} WHERE id = %(id)s"
        make.connection.execute(statement, {"other": other, "id": row["id"]})

    assert refused_by(make, change) == f"{table}_fixed"


def test_merge_of_two_files_moves_the_visit_and_its_rows(make: Make) -> None:
    """patient_id moves under that act only; ON UPDATE CASCADE takes the rows along (design 4)."""
    person = make.person()
    visit = make.visit(patient=make.patient(person=person))
    result = make.lab_result(lab_test=(test := make.lab_test(visit=visit)))
    corrected = make.lab_result(lab_test=test, corrects_id=result["id"])
    vitals = make.vitals(visit=visit)
    amended = make.vitals(visit=visit, amends_id=vitals["id"])
    published = make.emr_global(record=make.emr_local(visit=visit), person=person)
    survivor = make.patient(hospital={"id": visit["hospital_id"], "code": "HX"})
    make.connection.execute("SELECT set_config('hass.act', 'merge_files', true)")
    make.connection.execute("SET CONSTRAINTS ALL DEFERRED")
    make.change("visits", visit["id"], {"patient_id": survivor["id"]})
    make.change("emr_global", published["id"], {"person_id": survivor["person_id"]})
    make.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table, row in (
        ("vitals", vitals), ("vitals", amended), ("lab_results", result), ("lab_results", corrected),
        ("emr_global", published),
    ):  # fmt: skip
        found = make.connection.execute(
            f"SELECT patient_id FROM {table} WHERE id = %s", (row["id"],)
        ).fetchone()
        assert found == (survivor["id"],)


REVIEW = {"reviewed_at": NOW + HOUR, "review_outcome": "justified", "review_comment": "Asked the ward."}


@pytest.mark.parametrize(
    ("column", "other"),
    [("ended_at", None), ("ended_at", NOW + HOUR / 4), ("review_outcome", "not_justified"),
     ("review_comment", None), ("review_comment", "Was wrong."), ("reviewed_at", NOW + 2 * HOUR)],
)  # fmt: skip
def test_end_and_review_of_an_emergency_access_are_written_once(
    make: Make, column: str, other: object
) -> None:
    grant = make.access_grant()
    make.change("access_grants", grant["id"], {"ended_at": NOW})
    reviewer = {"reviewed_by_id": make.staff(grant, "manager")["id"]}
    make.change("access_grants", grant["id"], {**REVIEW, **reviewer})
    again = refused_by(make, lambda: make.change("access_grants", grant["id"], {column: other}))
    assert again == "access_grants_fixed"


def test_why_a_set_was_struck_out_is_written_once(make: Make) -> None:
    row = make.vitals()
    told = {"error_at": NOW, "error_by_id": make.staff(row, "nurse")["id"], "error_reason": "Other patient."}
    make.change("vitals", row["id"], {"status": "entered_in_error", **told})
    for column, other in (("error_reason", "None."), ("error_at", NOW + HOUR)):
        again = refused_by(make, lambda: make.change("vitals", row["id"], {column: other}))  # noqa: B023 - called at once.
        assert again == "vitals_fixed"


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
def test_append_only_table_refuses_change_and_deletion_by_its_owner_too(make: Make, table: str) -> None:
    row = make.of(table)

    def run(statement: str) -> None:
        make.connection.execute(statement, (row["id"],))

    rule = f"{table}_append_only"
    assert refused_by(make, lambda: run(f"UPDATE {table} SET id = id WHERE id = %s")) == rule
    assert refused_by(make, lambda: run(f"DELETE FROM {table} WHERE id = %s")) == rule


@pytest.mark.parametrize("table", sorted(MODELS))
def test_truncate_is_refused(make: Make, table: str) -> None:
    """Rows of a statement that no row trigger sees would leave without a trace."""
    with pytest.raises(psycopg.errors.CheckViolation, match="no_truncate"), make.connection.transaction():
        make.connection.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", CHANGED)
def test_updated_at_moves_with_every_update(make: Make, table: str) -> None:
    row = make.of(table, updated_at=NOW - HOUR)
    make.connection.execute(f"UPDATE {table} SET id = id WHERE id = %s", (row["id"],))
    moved = f"SELECT updated_at = now() FROM {table} WHERE id = %s"
    assert make.connection.execute(moved, (row["id"],)).fetchone() == (True,)


@pytest.mark.parametrize("table", AUDITED)
def test_insert_update_and_delete_each_write_one_audit_row(make: Make, table: str) -> None:
    reach = "SELECT set_config('hass.' || key, value, true) FROM json_each_text(%s)"
    user, request = make.user("nurse"), "0199-test"
    hospital = make.hospital()
    told = {
        "user_id": str(user["id"]), "act": "some_act", "request_id": request, "address": "192.0.2.7",
        "agent": "tests", "hospital_id": str(hospital["id"]),
    }  # fmt: skip
    make.connection.execute(reach, (psycopg.types.json.Json(told),))
    row = make.of(table)
    if table in MACHINES and row["status"] != MACHINES[table].first:
        # The factory moved it there, which is a change of its own.
        assert [entry["action"] for entry in trail(make, row["id"])] == ["C", "U"]
    (created, *_) = before = trail(make, row["id"])
    assert created["action"] == "C"
    assert created["before_state"] is None
    assert created["after_state"]["id"] == str(row["id"])
    assert set(created["after_state"]) == {column.name for column in MODELS[table].__table__.columns}
    for entry in before:
        assert entry["resource_type"] == table
        assert entry["user_id"] == user["id"]
        assert (entry["act"], entry["request_id"], entry["user_agent"]) == ("some_act", request, "tests")
        assert str(entry["ip_address"]) == "192.0.2.7"
        of_hospital = table in {*TENANT, "bed_cleanings", "import_sources", "merge_journal", "person_links"}
        own_hospital = row["hospital_id"] if of_hospital else hospital["id"]
        if table == "hospitals":
            own_hospital = row["id"]
        if table in {"users", "notifications", "emr_global"}:
            own_hospital = row.get("hospital_id") or row.get("source_hospital_id")
        assert entry["hospital_id"] == own_hospital
        of_patient = row["id"] if table == "patients" else row.get("patient_id")
        assert entry["patient_id"] == of_patient
    if table in APPEND_ONLY:
        return
    make.connection.execute(f"DELETE FROM {table} WHERE id = %s", (row["id"],))
    deleted = trail(make, row["id"])[-1]
    assert (deleted["action"], deleted["after_state"]) == ("D", None)
    assert deleted["before_state"]["id"] == str(row["id"])
    assert len(trail(make, row["id"])) == len(before) + 1


def test_update_keeps_the_changed_fields_only(make: Make) -> None:
    patient = make.patient(phone="+49 30 1234")
    make.change("patients", patient["id"], {"phone": "+49 30 9999"})
    entry = trail(make, patient["id"])[-1]
    assert entry["action"] == "U"
    assert entry["before_state"]["phone"] == "+49 30 1234"
    assert entry["after_state"]["phone"] == "+49 30 9999"
    assert set(entry["before_state"]) == set(entry["after_state"]) <= {"phone", "updated_at"}


def test_bulk_sql_writes_one_audit_row_for_each_row(make: Make) -> None:
    visit = make.visit()
    rows = [make.diagnosis(visit=visit, rank=rank)["id"] for rank in (1, 2, 3)]
    make.connection.execute("UPDATE diagnoses SET text = 'Changed.' WHERE visit_id = %s", (visit["id"],))
    assert [[entry["action"] for entry in trail(make, row)] for row in rows] == [["C", "U"]] * 3


def test_change_by_hand_names_the_database_login(make: Make) -> None:
    make.connection.execute("SELECT set_config('hass.agent', '', true)")
    region = make.region()
    assert trail(make, region["id"])[0]["user_agent"].startswith("sql:")


# Table > columns of which the trail holds no word, written from the specification: what opens a door, and what only its
# author may read.
SECRET: dict[str, tuple[str, ...]] = {
    "users": ("password_hash",),
    "sessions": ("refresh_hash", "cookie_hash"),
    "password_links": ("token_hash",),
    "sign_in_delays": ("key_hash",),
    "form_drafts": ("fields",),
}
# Of contents that the trail shows anyway. A new column of such a name is a secret until it stands here.
NO_SECRET = {
    ("ai_drafts", "content_hash"), ("emr_global", "content_hash"), ("import_sources", "content_hash"),
    ("import_sources", "bundle_hash"), ("idempotency_keys", "request_hash"),
}  # fmt: skip


@pytest.mark.parametrize("table", sorted(SECRET))
def test_secrets_are_masked(make: Make, table: str) -> None:
    """When the row is made, changed and deleted."""
    given = {"refresh_hash": "f" * 64} if table == "sessions" else {}
    row = make.of(table, **given)
    columns = MODELS[table].__table__.columns
    # What never changes is refused before it comes to the trail.
    for column in set(SECRET[table]) - {"key_hash"}:
        new = '{"note": "another word"}' if isinstance(columns[column].type, JSONB) else "$2b$04$" + "b" * 53
        new = "d" * 64 if column.endswith("_hash") and column != "password_hash" else new
        make.connection.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", (new, row["id"]))
    make.connection.execute(f"DELETE FROM {table} WHERE id = %s", (row["id"],))
    entries = trail(make, row["id"])
    states = [state for entry in entries for state in (entry["before_state"], entry["after_state"]) if state]
    for column in SECRET[table]:
        assert {state[column] for state in states if column in state} == {"***"}
    assert {"C", "D"} <= {entry["action"] for entry in entries}


def test_no_hash_is_overlooked() -> None:
    named = {
        (table, column.name)
        for table, model in MODELS.items()
        for column in model.__table__.columns
        if column.name.endswith(("_hash", "secret", "token", "password"))
    }
    masked = {(table, column) for table, columns in SECRET.items() for column in columns}
    assert named - NO_SECRET == masked - {("form_drafts", "fields")}


def test_a_change_that_is_rolled_back_leaves_no_audit_row(make: Make) -> None:
    region = make.region()
    with make.connection.transaction(force_rollback=True):
        make.change("regions", region["id"], {"name": "Changed"})
        assert len(trail(make, region["id"])) == 2
    assert len(trail(make, region["id"])) == 1


def test_audit_event_adds_a_row_with_the_context(make: Make) -> None:
    user, patient = make.user("doctor"), new_id()
    make.connection.execute("SELECT set_config('hass.user_id', %s, true)", (str(user["id"]),))
    made = make.connection.execute(
        "SELECT audit_event('R', 'rest', 'patients', %s, %s, 0::smallint, NULL, '{\"found\": 1}')",
        (patient, patient),
    ).fetchone()
    (entry,) = trail(make, patient)
    assert made == (entry["id"],)
    assert (entry["action"], entry["user_id"], entry["patient_id"]) == ("R", user["id"], patient)
    assert entry["query"] == {"found": 1}
    assert entry["before_state"] is None is entry["after_state"]


def test_no_trigger_is_without_its_test(make: Make) -> None:
    tested = {f"{table}_no_truncate" for table in MODELS} | {f"{table}_append_only" for table in APPEND_ONLY}
    tested |= {f"{table}_{kind}" for table in CHANGED for kind in ("fixed", "updated_at")}
    tested |= {f"{table}_audit" for table in AUDITED} | {f"{table}_audit_new" for table in HOSPITAL_TABLES}
    tested |= {f"{table}_machine" for table in MACHINES}
    tested |= {"beds_stay", "beds_history", "access_grants_once", "vitals_once"}
    # tests/files/test_rules_of_files.py
    tested |= {"patient_merges_once", "patients_merged_person", "patients_person", "allergies_struck_out"}
    tested |= {f"{table}_merged_file" for table in ("allergies", "appointments", "patient_alerts", "visits")}
    # tests/notes: test_care_rows.py, test_note_rows.py
    tested |= {
        "care_assignments_once",
        "visits_care",
        "nurse_logs_once",
        "fluid_entries_once",
        "handovers_told",
    }
    # In test_organisation_rules.py.
    tested |= {"users_last_admin", "users_not_oneself", "hospitals_open_visits", "regions_open_hospitals"}
    tested |= {"lab_results_second_person"}
    # test_admission_rules.py
    tested |= {
        "beds_open_visit",
        "visits_bed_left",
        "visits_doctor",
        "appointments_doctor",
        "emr_local_locked",
    }
    tested |= {"discharge_summaries_signed", "transfer_requests_once"}
    # tests/access/test_ended_sign_ins.py
    tested |= {"users_end_sign_ins", "sessions_audit_change"}
    # In tests/live.
    tested |= {f"{table}_live_{kind}" for table in TOPICS for kind in ("new", "change")}
    tested |= {"sessions_live", "sessions_unattended", "roles_live"}
    assert {name for _, name, kind in catalogue.rules(make.connection) if kind == "t"} == tested
