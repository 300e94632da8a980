"""Domain 5.4: a patient goes to another hospital that accepts; the two see the request and nothing else."""

from typing import Any

import pytest
from admitting import Ward
from factories import NOW, Values

WHY = {"reason": "Needs a catheter laboratory.", "handover": "Chest pain since noon, troponin rising."}


def asked(ward: Ward, **given: Any) -> tuple[Values, Any]:
    """A visit at hospital a, and its request to hospital b."""
    visit = ward.visit(**given)
    body = {**WHY, "to_hospital": ward.hospital("b")["code"]}
    return visit, ward.act("doctor", f"/visits/{visit['id']}/transfer-requests", body)


def accepted(ward: Ward) -> tuple[Values, Values, str]:
    visit, request = asked(ward)
    bed, at = ward.bed("b"), f"/transfers/{request.json()['id']}"
    answer = ward.act("doctor", f"{at}/accept", {"bed_id": str(bed["id"])}, place="b")
    assert answer.status_code == 200, answer.text
    return visit, bed, at


def test_receiver_sees_what_the_sender_wrote_and_no_more(ward: Ward) -> None:
    visit, request = asked(ward)
    assert request.status_code == 201, request.text
    seen = ward.read("doctor", f"/transfers/{request.json()['id']}", place="b").json()
    assert (seen["handover"], seen["is_outgoing"], seen["visit_id"]) == (WHY["handover"], False, None)
    assert seen["from_hospital"] == ward.hospital()["name"]
    assert ward.read("doctor", f"/visits/{visit['id']}", place="b").status_code == 404


def test_acceptance_keeps_a_bed_and_plans_a_visit_for_the_same_person(ward: Ward) -> None:
    visit, bed, at = accepted(ward)
    seen = ward.read("doctor", at, place="b").json()
    theirs = ward.row("visits", seen["visit_id"])
    assert (theirs["status"], theirs["hospital_id"]) == ("planned", ward.hospital("b")["id"])
    assert ward.row("beds", bed["id"])["reserved_for_visit_id"] == theirs["id"]
    persons = {ward.row("patients", each["patient_id"])["person_id"] for each in (visit, theirs)}
    assert len(persons) == 1
    assert ward.row("visits", visit["id"])["status"] == "active"


def test_a_person_known_there_keeps_the_file(ward: Ward) -> None:
    person = ward.make.person()
    known = ward.patient("b", person=person)
    _, request = asked(ward, patient=ward.patient(person=person))
    bed = {"bed_id": str(ward.bed("b")["id"])}
    seen = ward.act("doctor", f"/transfers/{request.json()['id']}/accept", bed, place="b").json()
    assert seen["mrn"] == known["mrn"]


def test_the_sender_s_visit_is_transferred_when_the_patient_leaves(ward: Ward) -> None:
    visit, _, at = accepted(ward)
    left = ward.make.bed(visit=visit, status="occupied")
    order = ward.make.prescription(visit=visit, status="active")
    assert ward.act("doctor", f"{at}/send").json()["status"] == "completed"
    sent = ward.row("visits", visit["id"])
    assert (sent["status"], sent["disposition"], sent["sync_status"]) == (
        "transferred",
        "other-hcf",
        "pending",
    )
    assert ward.row("beds", left["id"])["status"] == "cleaning"
    assert ward.row("prescriptions", order["id"])["status"] == "discontinued"


def test_nobody_is_sent_before_the_acceptance(ward: Ward) -> None:
    visit, request = asked(ward)
    answer = ward.act("doctor", f"/transfers/{request.json()['id']}/send")
    assert (answer.status_code, answer.json()["code"]) == (409, "transfer-not-accepted")
    assert ward.row("visits", visit["id"])["status"] == "active"


def test_receiver_declines_with_a_reason(ward: Ward) -> None:
    _, request = asked(ward)
    at = f"/transfers/{request.json()['id']}"
    assert ward.act("doctor", f"{at}/decline", {}, place="b").status_code == 422
    told = ward.act("doctor", f"{at}/decline", {"reason": "No free bed."}, place="b").json()
    assert (told["status"], told["answer_note"]) == ("declined", "No free bed.")
    again = ward.act("doctor", f"{at}/accept", {"bed_id": str(ward.bed("b")["id"])}, place="b")
    assert (again.status_code, again.json()["code"]) == (409, "transfer-answered")


def test_sender_withdraws_an_accepted_request(ward: Ward) -> None:
    _, _, at = accepted(ward)
    assert ward.act("doctor", f"{at}/withdraw").json()["status"] == "withdrawn"
    assert ward.act("doctor", f"{at}/send").json()["code"] == "transfer-not-accepted"


@pytest.mark.parametrize(
    ("act", "place"), [("accept", "a"), ("decline", "a"), ("withdraw", "b"), ("send", "b")]
)
def test_each_side_has_its_own_acts(ward: Ward, act: str, place: str) -> None:
    _, request = asked(ward)
    body = {"accept": {"bed_id": str(ward.bed(place)["id"])}, "decline": {"reason": "No bed."}}.get(act)
    answer = ward.act("doctor", f"/transfers/{request.json()['id']}/{act}", body, place=place)
    assert answer.status_code == 404


@pytest.mark.parametrize("status", ["accepted", "declined"])
def test_database_lets_the_sender_answer_nothing(ward: Ward, status: str) -> None:
    _, request = asked(ward)
    with ward.network.world.staff_of("a"), ward.network.world.refused():
        ward.network.world.connection.execute(
            "UPDATE transfer_requests SET status = %s, answered_at = now(), answered_by_id = %s,"
            " answered_by_name = 'x', answer_note = 'x', receiving_visit_id = NULL WHERE id = %s",
            (status, ward.login("doctor").user["id"], request.json()["id"]),
        )


def test_a_second_request_waits_for_the_first(ward: Ward) -> None:
    visit, _ = asked(ward)
    body = {**WHY, "to_hospital": ward.hospital("c")["code"]}
    answer = ward.act("doctor", f"/visits/{visit['id']}/transfer-requests", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "transfer-requests-one-open-key")


def test_the_own_hospital_is_no_target(ward: Ward) -> None:
    listed = {each["code"] for each in ward.read("doctor", "/transfers/hospitals").json()["items"]}
    assert ward.hospital()["code"] not in listed
    assert {ward.hospital(place)["code"] for place in ("b", "c")} <= listed
    body = {**WHY, "to_hospital": ward.hospital()["code"]}
    answer = ward.act("doctor", f"/visits/{ward.visit()['id']}/transfer-requests", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "hospital-needed")


def test_requests_of_others_are_not_listed(ward: Ward, queries: Any) -> None:
    _, request = asked(ward)
    with queries(at_most=1):
        mine = ward.read("doctor", "/transfers?is_open=true").json()["items"]
    assert request.json()["id"] in {each["id"] for each in mine}
    between_others = ward.make.transfer_request(
        visit=ward.visit(patient=ward.patient("b")), to=ward.hospital("c")
    )
    assert str(between_others["id"]) not in {
        each["id"] for each in ward.read("doctor", "/transfers").json()["items"]
    }
    assert ward.read("doctor", f"/transfers/{between_others['id']}").status_code == 404


@pytest.mark.parametrize("role", ["nurse", "reception", "manager"])
def test_a_transfer_is_a_doctor_s(ward: Ward, role: str) -> None:
    assert ward.read(role, "/transfers").status_code == 403


@pytest.mark.parametrize("status", ["planned", "on_leave", "discharged"])
def test_only_an_active_visit_is_handed_on(ward: Ward, status: str) -> None:
    _, answer = asked(ward, status=status)
    assert answer.status_code == 409


def test_a_reservation_in_the_past_is_refused_and_nothing_is_planned(ward: Ward) -> None:
    _, request = asked(ward)
    body = {"bed_id": str(ward.bed("b")["id"]), "keep_until": NOW.isoformat()}
    answer = ward.act("doctor", f"/transfers/{request.json()['id']}/accept", body, place="b")
    assert answer.status_code == 422
    assert ward.read("doctor", f"/transfers/{request.json()['id']}").json()["status"] == "requested"


def test_policies_show_a_request_to_its_two_hospitals_only(ward: Ward) -> None:
    world = ward.network.world
    everything = {
        (row[0], row[1], row[2])
        for row in ward.make.connection.execute(
            "SELECT id, from_hospital_id, to_hospital_id FROM transfer_requests"
        ).fetchall()
    }
    for place in ("a", "b", "c"):
        at = ward.hospital(place)["id"]
        with world.staff_of(place):
            assert world.ids("transfer_requests") == {row[0] for row in everything if at in row[1:]}
