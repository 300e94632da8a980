"""S30: what the owner can delete in data repair, and what stays whatever happens. No application role deletes at all
(tests/access/test_tenancy_roles.py)."""

from typing import Any

import psycopg
import pytest
from factories import NOW, Make, Values

# Column > what becomes of the row when the one it refers to goes; read off S30 by hand.
CASCADE = {"vitals", "escalations", "nurse_logs", "lab_tests", "prescriptions", "diagnoses", "fluid_entries"}
KEPT = {
    "emr_local", "appointments", "ai_drafts", "bed_assignments", "care_assignments", "handovers",
    "discharge_summaries", "transfer_requests",
}  # fmt: skip
SOFT = {
    ("visits", "attending_doctor_id"), ("lab_tests", "assigned_to_id"), ("patients", "user_id"),
    ("notifications", "recipient_user_id"), ("bed_assignments", "assigned_by_id"),
    ("care_assignments", "assigned_by_id"),
}  # fmt: skip


def delete(make: Make, table: str, row: Values) -> None:
    make.connection.execute(f"DELETE FROM {table} WHERE id = %s", (row["id"],))


def is_kept(make: Make, table: str, row: Values) -> bool:
    try:
        with make.connection.transaction(force_rollback=True):
            delete(make, table, row)
    except (psycopg.errors.ForeignKeyViolation, psycopg.errors.RestrictViolation):
        # PostgreSQL 18 names RESTRICT apart, older ones do not.
        return True
    return False


def rule_on_delete(make: Make) -> dict[tuple[str, str], str]:
    """(table, last referring column) > the letter of pg_constraint.confdeltype: r restrict, c cascade, n set null."""
    found = make.connection.execute(
        "SELECT k.conrelid::regclass::text, a.attname, k.confdeltype::text, k.confrelid::regclass::text"
        "  FROM pg_constraint k"
        "  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[cardinality(k.conkey)]"
        " WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0"
    ).fetchall()
    return {(table, f"{column}>{target}"): letter for table, column, letter, target in found}


def test_every_reference_has_the_chosen_fate(make: Make) -> None:
    for (table, reference), letter in rule_on_delete(make).items():
        column, target = reference.split(">")
        wanted = "r"
        if target == "visits" and table in CASCADE and column == "visit_id":
            wanted = "c"
        if (table, column) == ("escalations", "vitals_id"):
            wanted = "c"
        if (table, column) in SOFT:
            wanted = "n"
        assert letter == wanted, (table, reference)


@pytest.mark.parametrize("table", sorted(CASCADE))
def test_rows_of_a_visit_go_with_it(make: Make, table: str) -> None:
    visit = make.visit()
    row = make.of(table, visit=visit)
    delete(make, "visits", visit)
    left = make.connection.execute(f"SELECT count(*) FROM {table} WHERE id = %s", (row["id"],)).fetchone()
    assert left == (0,)


def test_amended_set_goes_with_its_visit(make: Make) -> None:
    visit = make.visit()
    make.vitals(visit=visit, amends_id=make.vitals(visit=visit)["id"])
    assert not is_kept(make, "visits", visit)


@pytest.mark.parametrize("table", sorted(KEPT))
def test_visit_with_something_irrevocable_stays(make: Make, table: str) -> None:
    visit = make.visit()
    if table == "appointments":
        patient = {"id": visit["patient_id"], "hospital_id": visit["hospital_id"]}
        make.appointment(patient=patient, visit_id=visit["id"])
    else:
        make.of(table, visit=visit)
    assert is_kept(make, "visits", visit)


def test_visit_with_a_result_stays_through_its_test(make: Make) -> None:
    visit = make.visit()
    test = make.lab_test(visit=visit)
    make.lab_result(lab_test=test)
    assert is_kept(make, "visits", visit)
    assert is_kept(make, "lab_tests", test)


def test_published_record_keeps_its_source_and_its_person(make: Make) -> None:
    person = make.person()
    record = make.emr_local(visit=make.visit(patient=make.patient(person=person)))
    make.emr_global(record=record, person=person)
    assert is_kept(make, "emr_local", record)
    assert is_kept(make, "persons", person)


def test_occupied_bed_keeps_its_visit(make: Make) -> None:
    visit = make.visit()
    make.bed(visit=visit, status="occupied")
    assert is_kept(make, "visits", visit)


@pytest.mark.parametrize("table", ["regions", "hospitals", "roles", "patients", "persons"])
def test_what_others_stand_on_stays(make: Make, table: str) -> None:
    hospital = make.hospital()
    person = make.person()
    patient = make.patient(hospital=hospital, person=person)
    make.visit(patient=patient)
    make.user("nurse", hospital=hospital)
    rows: dict[str, Any] = {
        "regions": {"id": hospital["region_id"]}, "hospitals": hospital, "roles": make.role("nurse"),
        "patients": patient, "persons": person,
    }  # fmt: skip
    assert is_kept(make, table, rows[table])


def test_author_the_law_wants_stays_and_a_soft_reference_lets_go(make: Make) -> None:
    # Nobody cares for a planned visit yet: who did is kept with his name.
    visit = make.visit(status="planned")
    hospital = make.hospital_of(visit)
    author, attending = make.user("nurse", hospital=hospital), make.user("doctor", hospital=hospital)
    make.vitals(visit=visit, recorded_by_id=author["id"])
    make.change("visits", visit["id"], {"attending_doctor_id": attending["id"]})
    assert is_kept(make, "users", author)
    delete(make, "users", attending)
    found = make.connection.execute("SELECT attending_doctor_id FROM visits WHERE id = %s", (visit["id"],))
    assert found.fetchone() == (None,)


def test_user_who_stands_in_the_trail_stays(make: Make) -> None:
    user = make.user("nurse")
    make.audit_log(user_id=user["id"], created_at=NOW, updated_at=NOW)
    assert is_kept(make, "users", user)
