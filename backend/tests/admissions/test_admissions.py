"""S15, S61, domain 5.4: visits are planned, begin, are interrupted and taken back, by JSON."""

from datetime import timedelta
from typing import Any

import pytest
from admitting import Ward
from factories import HOUR, NOW, Values

SOON = (NOW + 24 * HOUR).isoformat()
LATER = (NOW + 96 * HOUR).isoformat()
WHY = {"reason": "booked twice"}


def plan(patient: Values, **given: Any) -> Values:
    return {"patient_id": str(patient["id"]), "visit_type": "inpatient", **given}


def test_reception_plans_a_visit(ward: Ward) -> None:
    file = ward.patient()
    answer = ward.act("reception", "/visits", plan(file, expected_arrival=SOON, expected_departure=LATER))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["status"], told["mrn"], told["admission_date"]) == ("planned", file["mrn"], None)
    assert told["expected_arrival"] is not None
    assert answer.headers["etag"]


def test_reception_sees_no_reason_of_a_visit(ward: Ward) -> None:
    answer = ward.act("reception", "/visits", plan(ward.patient(), reason_for_visit="Chest pain"))
    assert answer.json()["reason_for_visit"] is None
    read = ward.read("doctor", f"/visits/{answer.json()['id']}")
    assert read.json()["reason_for_visit"] == "Chest pain"


def test_nurse_admits_a_planned_patient_to_a_bed(ward: Ward) -> None:
    visit, bed = ward.visit("planned"), ward.bed()
    answer = ward.act("nurse", f"/visits/{visit['id']}/admit", {"bed_id": str(bed["id"])})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["visit_type"], told["bed"]) == ("active", "inpatient", bed["bed_number"])
    assert ward.row("beds", bed["id"])["status"] == "occupied"


def test_a_visit_begins_in_a_bed_at_once(ward: Ward) -> None:
    bed = {"bed_id": str(ward.bed()["id"])}
    told = ward.act("nurse", "/visits", plan(ward.patient(), **bed))
    assert (told.status_code, told.json()["status"], told.json()["bed_id"]) == (201, "active", bed["bed_id"])
    assert told.json()["hospital_id"] == str(ward.hospital()["id"])


def test_a_bed_at_once_takes_the_right_to_admit(ward: Ward) -> None:
    file, bed = ward.patient(), {"bed_id": str(ward.bed()["id"])}
    assert ward.act("reception", "/visits", plan(file, **bed)).status_code == 403
    assert ward.read("reception", f"/visits?patient_id={file['id']}").json()["items"] == []
    assert ward.act("nurse", "/visits", plan(file, **bed, visit_type="outpatient")).status_code == 422


def test_an_emergency_that_is_going_on_becomes_an_inpatient(ward: Ward) -> None:
    visit, bed = ward.visit(visit_type="emergency"), ward.bed()
    answer = ward.act("doctor", f"/visits/{visit['id']}/admit", {"bed_id": str(bed["id"])})
    assert (answer.status_code, answer.json()["visit_type"]) == (200, "inpatient")
    again = ward.act("doctor", f"/visits/{visit['id']}/admit", {"bed_id": str(ward.bed()["id"])})
    assert (again.status_code, again.json()["code"]) == (409, "visit-admitted")


def test_a_refused_bed_leaves_the_visit_planned(ward: Ward) -> None:
    visit = ward.visit("planned")
    taken = ward.make.bed(visit=ward.visit(), status="occupied")
    answer = ward.act("nurse", f"/visits/{visit['id']}/admit", {"bed_id": str(taken["id"])})
    assert answer.status_code == 409
    assert ward.row("visits", visit["id"])["status"] == "planned"


def test_patient_moves_to_another_bed_and_leaves_one_to_be_cleaned(ward: Ward) -> None:
    visit, bed = ward.visit(), ward.bed()
    left = ward.make.bed(visit=visit, status="occupied")
    answer = ward.act("doctor", f"/visits/{visit['id']}/transfer", {"bed_id": str(bed["id"])})
    assert (answer.status_code, answer.json()["bed_id"]) == (200, str(bed["id"]))
    assert ward.row("beds", left["id"])["status"] == "cleaning"


def test_leave_keeps_the_bed(ward: Ward) -> None:
    visit = ward.visit()
    bed = ward.make.bed(visit=visit, status="occupied")
    assert ward.act("nurse", f"/visits/{visit['id']}/leave").json()["status"] == "on_leave"
    assert ward.row("beds", bed["id"])["status"] == "occupied"
    assert ward.act("nurse", f"/visits/{visit['id']}/return").json()["status"] == "active"


def test_cancelling_frees_the_bed_that_was_kept(ward: Ward) -> None:
    visit = ward.visit("planned")
    bed = ward.make.bed(visit=visit, status="reserved")
    answer = ward.act("reception", f"/visits/{visit['id']}/cancel", WHY)
    assert (answer.status_code, answer.json()["status_reason"]) == (200, WHY["reason"])
    assert ward.row("beds", bed["id"])["status"] == "available"


def test_a_visit_is_cancelled_without_a_word(ward: Ward) -> None:
    answer = ward.act("reception", f"/visits/{ward.visit('planned')['id']}/cancel")
    assert (answer.status_code, answer.json()["status_reason"]) == (200, "No reason was given.")


@pytest.mark.parametrize(
    "table", ["vitals", "nurse_logs", "lab_tests", "prescriptions", "emr_local", "diagnoses"]
)
def test_a_visit_with_clinical_rows_is_not_cancelled(ward: Ward, table: str) -> None:
    visit = ward.visit("planned")
    ward.make.of(table, visit=visit)
    answer = ward.act("reception", f"/visits/{visit['id']}/cancel", WHY)
    assert (answer.status_code, answer.json()["code"]) == (409, "visit-has-records")


def test_manager_marks_a_visit_as_an_error_and_frees_its_bed(ward: Ward) -> None:
    visit = ward.visit()
    bed = ward.make.bed(visit=visit, status="occupied")
    vitals = ward.make.vitals(visit=visit)
    answer = ward.act("manager", f"/visits/{visit['id']}/enter-in-error", WHY)
    assert (answer.status_code, answer.json()["status"]) == (200, "entered_in_error")
    assert ward.row("beds", bed["id"])["status"] == "cleaning"
    assert ward.row("vitals", vitals["id"])["visit_id"] == visit["id"]


def test_a_plan_is_changed_by_whoever_read_it_last(ward: Ward) -> None:
    visit = ward.visit("planned")
    program = ward.login("reception").program
    at = f"/api/v1/visits/{visit['id']}"
    seen = program.get(at).headers["etag"]
    body = {"expected_departure": LATER}
    assert program.patch(at, json=body).status_code == 428
    assert program.patch(at, json=body, headers={"If-Match": seen}).status_code == 200
    assert program.patch(at, json=body, headers={"If-Match": seen}).status_code == 412


def test_visits_are_listed_by_state_and_patient(ward: Ward) -> None:
    file = ward.patient()
    ended = ward.visit("discharged", patient=file)
    current = ward.visit(patient=file)
    at = f"/visits?patient_id={file['id']}"
    assert [each["id"] for each in ward.read("nurse", at).json()["items"]] == [
        str(current["id"]),
        str(ended["id"]),
    ]
    listed = ward.read("nurse", f"{at}&status=discharged").json()["items"]
    assert [each["id"] for each in listed] == [str(ended["id"])]
    first = ward.read("nurse", f"{at}&limit=1").json()
    rest = ward.read("nurse", f"{at}&limit=1&cursor={first['next_cursor']}").json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [str(current["id"]), str(ended["id"])]


def test_a_list_of_visits_is_one_statement(ward: Ward, queries: Any) -> None:
    with queries(at_most=1):
        assert ward.read("nurse", "/visits?status=active").status_code == 200


def test_reading_a_visit_is_in_the_trail(ward: Ward) -> None:
    visit = ward.visit()
    ward.read("doctor", f"/visits/{visit['id']}")
    found = ward.make.connection.execute(
        "SELECT count(*) FROM audit_logs WHERE resource_id = %s AND action = 'R' AND user_id = %s",
        (visit["id"], ward.login("doctor").user["id"]),
    ).fetchone()
    assert found == (1,)


# Refused

ACTS = {
    "start": ("reception", "lab_tech", None), "admit": ("nurse", "reception", {"bed_id": None}),
    "transfer": ("doctor", "nurse", {"bed_id": None}), "leave": ("nurse", "reception", None),
    "return": ("nurse", "reception", None), "cancel": ("reception", "lab_tech", WHY),
    "enter-in-error": ("manager", "doctor", WHY),
}  # fmt: skip


def body_of(ward: Ward, act: str) -> Values | None:
    body = ACTS[act][2]
    return {"bed_id": str(ward.bed()["id"])} if body == {"bed_id": None} else body


@pytest.mark.parametrize("act", sorted(ACTS))
def test_act_needs_its_right(ward: Ward, act: str) -> None:
    answer = ward.act(ACTS[act][1], f"/visits/{ward.visit('planned')['id']}/{act}", body_of(ward, act))
    assert answer.status_code == 403


@pytest.mark.parametrize("act", sorted(ACTS))
def test_visit_of_another_hospital_is_not_there(ward: Ward, act: str) -> None:
    theirs = ward.visit(patient=ward.patient("b"))
    answer = ward.act(ACTS[act][0], f"/visits/{theirs['id']}/{act}", body_of(ward, act))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"visit_type": "holiday"}, {"expected_arrival": "infinity"}, {"expected_arrival": "2026-13-01T10:00:00Z"},
     {"expected_arrival": (NOW - HOUR).isoformat()}, {"expected_departure": (NOW - HOUR).isoformat()},
     {"status": "active"}, {"reason_for_visit": ""}, {"expected_arrival": "2026-12-01T10:00:00"}],
)  # fmt: skip
def test_nonsense_is_refused(ward: Ward, wrong: Values) -> None:
    assert ward.act("reception", "/visits", plan(ward.patient(), **wrong)).status_code == 422


def test_nobody_is_planned_in_at_another_hospital_s_file(ward: Ward) -> None:
    assert ward.act("reception", "/visits", plan(ward.patient("b"))).status_code == 404


@pytest.mark.parametrize(
    ("file", "code"),
    [({"is_deceased": True}, "patient-deceased"), ({"is_active": False}, "file-closed")],
)
def test_the_dead_and_closed_files_begin_no_visit(ward: Ward, file: Values, code: str) -> None:
    patient = ward.patient(**file)
    assert ward.act("reception", "/visits", plan(patient)).json()["code"] == code
    begun = ward.visit("planned", patient=patient)
    assert ward.act("reception", f"/visits/{begun['id']}/start").json()["code"] == code


def test_a_closed_hospital_admits_nobody(ward: Ward) -> None:
    file, visit = ward.patient(), ward.visit("planned")
    at = ward.hospital()["id"]
    # Past the trigger, which would first ask that everybody has left.
    with ward.make.connection.transaction():
        ward.make.connection.execute("ALTER TABLE hospitals DISABLE TRIGGER hospitals_open_visits")
        ward.make.change("hospitals", at, {"is_active": False})
    try:
        answers = [
            ward.act("reception", "/visits", plan(file)),
            ward.act("reception", f"/visits/{visit['id']}/start"),
        ]
    finally:
        with ward.make.connection.transaction():
            ward.make.change("hospitals", at, {"is_active": True})
            ward.make.connection.execute("ALTER TABLE hospitals ENABLE ALWAYS TRIGGER hospitals_open_visits")
    assert {answer.status_code for answer in answers} <= {401, 409}


def test_a_second_open_inpatient_visit_is_refused_in_a_sentence(ward: Ward) -> None:
    file = ward.patient()
    ward.visit(patient=file)
    answer = ward.act("reception", "/visits", plan(file, starts_now=True))
    assert (answer.status_code, answer.json()["code"]) == (409, "visits-one-open-inpatient-key")


def test_nobody_but_a_doctor_of_the_hospital_is_put_in_charge(ward: Ward) -> None:
    nurse = str(ward.login("nurse").user["id"])
    answer = ward.act("reception", "/visits", plan(ward.patient(), attending_doctor_id=nurse))
    assert (answer.status_code, answer.json()["code"]) == (422, "clinician-needed")


def test_what_was_expected_keeps_its_order(ward: Ward) -> None:
    early = (NOW - timedelta(days=3)).isoformat()
    answer = ward.act("nurse", f"/visits/{ward.visit()['id']}", {"expected_departure": early}, method="PATCH")
    assert (answer.status_code, answer.json()["code"]) == (422, "departure-before-arrival")
