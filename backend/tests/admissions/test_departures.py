"""Domain 5.4, 5.14 (9): a visit ends, by JSON: the gate with each element missing, and what an end does in one go."""

from datetime import timedelta
from typing import Any

import pytest
from admitting import ELEMENTS, Ward, ready, summary
from factories import HOUR, NOW, Values

WHY = {"reason": "the ambulance did not come"}


def missing(answer: Any) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (409, "discharge-incomplete"), answer.text
    return [each["field"] for each in answer.json()["errors"]]


def depart(ward: Ward, visit: Values, **body: Any) -> Any:
    return ward.act("nurse", f"/visits/{visit['id']}/discharge", body)


def test_departure_frees_the_bed_locks_the_record_and_waits_to_be_published(ward: Ward) -> None:
    visit, bed = ready(ward)
    record = ward.make.emr_local(visit=visit)
    answer = depart(ward, visit)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["disposition"], told["sync_status"]) == ("discharged", "home", "pending")
    assert ward.row("beds", bed["id"])["status"] == "cleaning"
    assert ward.row("emr_local", record["id"])["locked_at"] is not None
    kept = ward.make.connection.execute(
        "SELECT data ->> 'follow_up', signed_at, released_at IS NOT NULL, locked_at IS NOT NULL FROM emr_local"
        " WHERE visit_id = %s AND record_type = 'DischargeSummary'",
        (visit["id"],),
    ).fetchall()
    assert kept == [("follow_up, in words", NOW, True, True)]


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ("discharge_order", ["discharge_order"]),
        ("final_diagnosis", ["final_diagnosis"]),
        ("summary", ["summary"]),
        ("summary.signature", ["summary.signature"]),
        *(
            (f"summary.{name}", [f"summary.{name}", "summary.signature"])
            for name in (*ELEMENTS, "disposition")
        ),
    ],
)
def test_departure_names_the_element_that_is_missing(ward: Ward, without: str, named: list[str]) -> None:
    visit, bed = ready(ward, without=without)
    assert missing(depart(ward, visit)) == named
    assert ward.row("beds", bed["id"])["status"] == "occupied"
    assert ward.row("visits", visit["id"])["status"] == "active"


def test_departure_names_everything_that_is_missing_at_once(ward: Ward) -> None:
    visit = ward.visit()
    ward.make.prescription(visit=visit, status="active")
    ward.make.lab_test(visit=visit)
    ward.make.lab_result(lab_test=ward.make.lab_test(visit=visit, status="completed"), interpretation="HH")
    ward.make.transfer_request(visit=visit, to=ward.hospital("b"))
    assert missing(depart(ward, visit)) == [
        "discharge_order", "final_diagnosis", "summary", "medications", "critical_results", "pending_results",
        "transfer",
    ]  # fmt: skip


def test_an_order_is_stopped_or_continued_before_the_departure(ward: Ward) -> None:
    visit, _ = ready(ward)
    stopped, kept = (ward.make.prescription(visit=visit, status="active") for _ in range(2))
    draft = ward.make.prescription(visit=visit)
    assert missing(depart(ward, visit)) == ["medications"]
    decisions = [
        {"prescription_id": str(stopped["id"]), "decision": "stop"},
        {"prescription_id": str(kept["id"]), "decision": "continue"},
    ]
    answer = ward.act("doctor", f"/visits/{visit['id']}/order-discharge", {"medications": decisions})
    assert answer.status_code == 200, answer.text
    assert depart(ward, visit).status_code == 200
    states = [ward.row("prescriptions", each["id"])["status"] for each in (stopped, kept, draft)]
    assert states == ["discontinued", "active", "cancelled"]


def test_a_pending_result_is_followed_by_somebody_named(ward: Ward) -> None:
    visit, _ = ready(ward)
    test, owner = ward.make.lab_test(visit=visit), ward.login("doctor").user["id"]
    assert missing(depart(ward, visit)) == ["pending_results"]
    named = [{"lab_test_id": str(test["id"]), "owner_id": str(owner)}]
    ward.act("doctor", f"/visits/{visit['id']}/order-discharge", {"pending_results": named})
    assert depart(ward, visit).status_code == 200
    assert ward.row("lab_tests", test["id"])["result_owner_id"] == owner


def test_a_critical_result_is_taken_note_of_once(ward: Ward) -> None:
    visit, _ = ready(ward)
    result = ward.make.lab_result(
        lab_test=ward.make.lab_test(visit=visit, status="completed"), interpretation="LL"
    )
    assert missing(depart(ward, visit)) == ["critical_results"]
    at = f"/visits/{visit['id']}/results/{result['id']}/acknowledge"
    assert ward.act("nurse", at).status_code == 200
    assert ward.act("doctor", at).json()["code"] == "result-acknowledged"
    assert depart(ward, visit).status_code == 200


def test_against_advice_the_signed_refusal_stands_for_the_information(ward: Ward) -> None:
    visit, _ = ready(ward, without="summary")
    at = f"/visits/{visit['id']}/summary"
    left = summary(disposition="aadvice", information_given=None)
    ward.act("doctor", at, left)
    refused = ward.act("doctor", f"{at}/sign")
    assert [each["field"] for each in refused.json()["errors"]] == ["summary.information_given"]
    ward.act("doctor", at, {**left, "refusal_signed_at": NOW.isoformat()})
    assert ward.act("doctor", f"{at}/sign").status_code == 200
    assert depart(ward, visit).json()["disposition"] == "aadvice"


def test_a_ward_discharges_from_order_to_departure(ward: Ward) -> None:
    visit = ward.visit()
    at = f"/visits/{visit['id']}"
    ward.make.bed(visit=visit, status="occupied")
    recorded = ward.act("doctor", f"{at}/diagnoses", {"code": "i10", "role": "final"})
    assert [each["text"] for each in recorded.json()["diagnoses"]] == ["Essential (primary) hypertension"]
    ward.act("doctor", f"{at}/summary", summary())
    ward.act("doctor", f"{at}/summary/sign")
    assert ward.read("nurse", f"{at}/departure").json()["missing"] == [
        {"element": "discharge_order", "sentence": "A doctor has to order the discharge."}
    ]
    ordered = ward.act("doctor", f"{at}/order-discharge")
    assert (ordered.json()["status"], ordered.json()["bed"]) == ("active", ward.bed_of(visit)["bed_number"])  # type: ignore[index]
    assert depart(ward, visit).json()["status"] == "discharged"


def test_a_withdrawn_order_keeps_the_patient(ward: Ward) -> None:
    visit, _ = ready(ward)
    at = f"/visits/{visit['id']}/withdraw-discharge"
    assert ward.act("doctor", at).json()["discharge_ordered_at"] is None
    assert ward.act("doctor", at).json()["code"] == "discharge-not-ordered"
    assert missing(depart(ward, visit)) == ["discharge_order"]


def test_the_gate_is_one_statement(ward: Ward, queries: Any) -> None:
    visit, _ = ready(ward)
    with queries(at_most=2):
        assert ward.read("nurse", f"/visits/{visit['id']}/departure").json()["missing"] == []


# Diagnoses and summaries


def test_codes_are_found_by_their_beginning_and_by_words(ward: Ward) -> None:
    found = ward.read("doctor", "/diagnosis-codes?q=primary hypertension").json()["items"]
    assert [each["code"] for each in found] == ["I10"]
    assert {each["code"][:3] for each in ward.read("doctor", "/diagnosis-codes?q=j18").json()["items"]} == {
        "J18"
    }


@pytest.mark.parametrize(
    ("code", "text", "refused"),
    [("hello", None, "code-unknown"), ("Z99.89", None, "text-needed")],
)
def test_what_is_no_code_is_refused(ward: Ward, code: str, text: str | None, refused: str) -> None:
    body = {"code": code, "text": text, "role": "final"}
    answer = ward.act("doctor", f"/visits/{ward.visit()['id']}/diagnoses", body)
    assert (answer.status_code, answer.json()["code"]) == (422, refused)


def test_a_struck_out_diagnosis_counts_no_more(ward: Ward) -> None:
    visit, _ = ready(ward, without="final_diagnosis")
    at = f"/visits/{visit['id']}/diagnoses"
    made = ward.act("doctor", at, {"code": "I10", "role": "final"}).json()["diagnoses"][0]
    assert ward.act("doctor", f"{at}/{made['id']}/enter-in-error").json()["diagnoses"] == []
    assert missing(depart(ward, visit)) == ["final_diagnosis"]


def test_a_signed_summary_is_amended_by_a_new_version_after_the_departure_too(ward: Ward) -> None:
    visit, _ = ready(ward)
    depart(ward, visit)
    at = f"/visits/{visit['id']}/summary"
    drafted = ward.act("doctor", at, summary(follow_up="Clinic in two weeks."))
    assert drafted.json()["summary"]["version"] == 2
    assert ward.act("doctor", f"{at}/sign").json()["summary"]["signed_at"] is not None
    kept = ward.make.connection.execute(
        "SELECT version, status FROM emr_local WHERE visit_id = %s ORDER BY version", (visit["id"],)
    ).fetchall()
    assert kept == [(1, "final"), (2, "amended")]


# Taken back, and death


def test_a_discharge_is_taken_back_into_a_bed(ward: Ward) -> None:
    visit, _ = ready(ward)
    depart(ward, visit)
    at, bed = f"/visits/{visit['id']}/cancel-discharge", ward.bed()
    assert ward.act("nurse", at, WHY).json()["code"] == "bed-needed"
    told = ward.act("nurse", at, {**WHY, "bed_id": str(bed["id"])}).json()
    assert (told["status"], told["discharge_date"], told["bed_id"]) == ("active", None, str(bed["id"]))
    assert told["discharge_ordered_at"] is None
    assert ward.row("visits", visit["id"])["status_reason"] == WHY["reason"]


def test_after_24_hours_a_discharge_stands(ward: Ward) -> None:
    ended = {"admission_date": NOW - timedelta(days=3), "discharge_date": NOW - timedelta(hours=25)}
    visit = ward.visit("discharged", **ended)
    answer = ward.act(
        "nurse", f"/visits/{visit['id']}/cancel-discharge", {**WHY, "bed_id": str(ward.bed()["id"])}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "discharge-final")


def test_death_stops_orders_plans_and_reminders(ward: Ward) -> None:
    portal = ward.make.user("patient")
    file = ward.patient(user_id=portal["id"])
    visit = ward.visit(patient=file)
    bed = ward.make.bed(visit=visit, status="occupied")
    order, test = ward.make.prescription(visit=visit, status="active"), ward.make.lab_test(visit=visit)
    plan = ward.visit("planned", patient=file, visit_type="outpatient")
    appointment = ward.make.appointment(patient=file)
    reminder = ward.make.notification(user=portal)
    died = {"died_at": (NOW - HOUR / 2).isoformat()}
    answer = ward.act("doctor", f"/visits/{visit['id']}/decease", died)
    assert (answer.status_code, answer.json()["disposition"]) == (200, "exp"), answer.text
    states = {
        "beds": bed, "prescriptions": order, "lab_tests": test, "visits": plan, "appointments": appointment,
        "notifications": reminder,
    }  # fmt: skip
    found = {table: ward.row(table, row["id"])["status"] for table, row in states.items()}
    assert found == {
        "beds": "cleaning", "prescriptions": "discontinued", "lab_tests": "cancelled", "visits": "cancelled",
        "appointments": "cancelled", "notifications": "cancelled",
    }  # fmt: skip
    dead = ward.row("patients", file["id"])
    assert (dead["is_deceased"], dead["deceased_at"]) == (True, NOW - HOUR / 2)
    assert ward.row("visits", visit["id"])["death_certified_by_id"] == ward.login("doctor").user["id"]


@pytest.mark.parametrize(
    ("died_at", "code"), [(NOW + HOUR, "instant-to-come"), (NOW - 48 * HOUR, "before-admission")]
)
def test_a_death_lies_between_admission_and_now(ward: Ward, died_at: Any, code: str) -> None:
    answer = ward.act("doctor", f"/visits/{ward.visit()['id']}/decease", {"died_at": died_at.isoformat()})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_death_is_certified_by_a_doctor_of_the_hospital(ward: Ward) -> None:
    for who in (ward.login("nurse").user, ward.login("doctor", "b").user):
        body = {"died_at": NOW.isoformat(), "certified_by_id": str(who["id"])}
        answer = ward.act("doctor", f"/visits/{ward.visit()['id']}/decease", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "clinician-needed")


def test_reminders_of_the_living_stay(ward: Ward) -> None:
    portal = ward.make.user("patient")
    file = ward.patient(user_id=portal["id"])
    reminder = ward.make.notification(user=portal)
    with ward.network.world.staff_of("a"):
        done = ward.network.world.connection.execute("SELECT cancel_reminders(%s)", (file["id"],)).fetchone()
    assert done == (0,)
    assert ward.row("notifications", reminder["id"])["status"] == "pending"


# Refused

ACTS = {
    "diagnoses": ("doctor", "nurse", {"code": "I10", "role": "final"}), "summary": ("doctor", "nurse", {}),
    "summary/sign": ("doctor", "nurse", {}), "order-discharge": ("doctor", "nurse", {}),
    "withdraw-discharge": ("doctor", "nurse", {}), "discharge": ("nurse", "doctor", {}),
    "cancel-discharge": ("nurse", "reception", WHY), "decease": ("doctor", "nurse", {"died_at": NOW.isoformat()}),
}  # fmt: skip


@pytest.mark.parametrize("act", sorted(ACTS))
def test_act_needs_its_right(ward: Ward, act: str) -> None:
    assert ward.act(ACTS[act][1], f"/visits/{ward.visit()['id']}/{act}", ACTS[act][2]).status_code == 403


@pytest.mark.parametrize("act", sorted(ACTS))
def test_visit_of_another_hospital_is_not_there(ward: Ward, act: str) -> None:
    theirs = ward.visit(patient=ward.patient("b"))
    assert ward.act(ACTS[act][0], f"/visits/{theirs['id']}/{act}", ACTS[act][2]).status_code == 404


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"cancel-discharge"}))
@pytest.mark.parametrize("status", ["planned", "discharged", "deceased", "cancelled"])
def test_act_needs_an_open_visit(ward: Ward, act: str, status: str) -> None:
    answer = ward.act(ACTS[act][0], f"/visits/{ward.visit(status)['id']}/{act}", ACTS[act][2])
    assert answer.status_code == 409, answer.text
