"""Domain 5.4: emergencies are triaged on five levels, and seen in that order."""

from typing import Any

import pytest
from admitting import Ward
from factories import HOUR, NOW, Values


def emergency(ward: Ward, **given: Any) -> Values:
    return ward.visit(visit_type="emergency", **given)


def waiting(ward: Ward, *visits: Values) -> list[Values]:
    mine = {str(visit["id"]) for visit in visits}
    listed = ward.read("nurse", "/waiting").json()["items"]
    return [each for each in listed if each["visit_id"] in mine]


def test_reception_lets_an_emergency_in_and_it_waits_for_triage(ward: Ward) -> None:
    body = {"patient_id": str(ward.patient()["id"]), "visit_type": "emergency", "starts_now": True}
    visit = ward.act("reception", "/visits", body).json()
    (seen,) = waiting(ward, visit)
    assert (seen["level"], seen["is_late"], seen["waited_minutes"]) == (None, False, 0)


def test_most_urgent_is_first_and_who_is_not_triaged_before_all(ward: Ward) -> None:
    green, red, new = (emergency(ward) for _ in range(3))
    for visit, level in ((green, 5), (red, 1)):
        answer = ward.act("nurse", f"/visits/{visit['id']}/triage", {"level": level})
        assert answer.json()["triage_level"] == level
    found = waiting(ward, green, red, new)
    assert [each["visit_id"] for each in found] == [str(each["id"]) for each in (new, red, green)]
    assert [each["is_late"] for each in found] == [False, True, False]


def test_who_came_first_is_first_among_equals(ward: Ward) -> None:
    later, earlier = emergency(ward), emergency(ward, admission_date=NOW - 2 * HOUR)
    for visit in (later, earlier):
        ward.act("nurse", f"/visits/{visit['id']}/triage", {"level": 3})
    assert [each["visit_id"] for each in waiting(ward, later, earlier)] == [
        str(earlier["id"]),
        str(later["id"]),
    ]


def test_doctor_takes_a_patient_once(ward: Ward) -> None:
    visit = emergency(ward)
    answer = ward.act("doctor", f"/visits/{visit['id']}/take")
    assert answer.json()["attending_doctor_id"] == str(ward.login("doctor").user["id"])
    assert waiting(ward, visit) == []
    again = ward.act("doctor", f"/visits/{visit['id']}/take")
    assert (again.status_code, again.json()["code"]) == (409, "patient-seen")
    assert ward.act("nurse", f"/visits/{visit['id']}/triage", {"level": 2}).status_code == 409


def test_an_admitted_emergency_waits_no_more(ward: Ward) -> None:
    visit = emergency(ward)
    ward.act("nurse", f"/visits/{visit['id']}/triage", {"level": 2})
    ward.act("nurse", f"/visits/{visit['id']}/admit", {"bed_id": str(ward.bed()["id"])})
    assert waiting(ward, visit) == []


@pytest.mark.parametrize("level", [0, 6, "urgent", None])
def test_there_are_five_levels(ward: Ward, level: Any) -> None:
    answer = ward.act("nurse", f"/visits/{emergency(ward)['id']}/triage", {"level": level})
    assert answer.status_code == 422


def test_only_open_emergencies_are_triaged(ward: Ward) -> None:
    for visit in (ward.visit(), ward.visit("discharged", visit_type="emergency")):
        assert ward.act("nurse", f"/visits/{visit['id']}/triage", {"level": 3}).status_code == 409


@pytest.mark.parametrize(("role", "act"), [("reception", "triage"), ("nurse", "take")])
def test_act_needs_its_right(ward: Ward, role: str, act: str) -> None:
    answer = ward.act(role, f"/visits/{emergency(ward)['id']}/{act}", {"level": 3})
    assert answer.status_code == 403


@pytest.mark.parametrize(("role", "act"), [("nurse", "triage"), ("doctor", "take")])
def test_visit_of_another_hospital_is_not_there(ward: Ward, role: str, act: str) -> None:
    theirs = emergency(ward, patient=ward.patient("b"))
    assert ward.act(role, f"/visits/{theirs['id']}/{act}", {"level": 3}).status_code == 404


def test_the_waiting_room_is_one_statement(ward: Ward, queries: Any) -> None:
    with queries(at_most=1):
        assert ward.read("reception", "/waiting").status_code == 200
