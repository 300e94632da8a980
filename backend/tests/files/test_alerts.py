"""Alerts over HTTP: set, ended, struck out; a code status takes the place of the one before (domain 5.4)."""

from datetime import timedelta
from typing import Any

import pytest
from factories import HOUR, NOW
from network import Login, Network


@pytest.fixture
def doctor(network: Network) -> Login:
    return network.logins["doctor@a"]


@pytest.fixture
def file(network: Network) -> str:
    return str(network.world.make.patient(hospital=network.world.at["a"])["id"])


def send(login: Login, file: str, alert_type: str, **given: Any) -> Any:
    return login.program.post(f"/api/v1/patients/{file}/alerts", json={"alert_type": alert_type, **given})


def record(login: Login, file: str, alert_type: str, **given: Any) -> Any:
    answer = send(login, file, alert_type, **given)
    assert answer.status_code == 201, answer.text
    return answer.json()


def values(login: Login, file: str, which: str = "active") -> list[tuple[str, str | None]]:
    answer = login.program.get(f"/api/v1/patients/{file}/alerts", params={"which": which})
    assert answer.status_code == 200, answer.text
    return [(item["alert_type"], item["value"]) for item in answer.json()["items"]]


def test_an_alert_holds_until_somebody_ends_it(doctor: Login, file: str) -> None:
    made = record(doctor, file, "isolation", value="contact", note="MRSA in 2024")
    assert (made["is_active"], made["note"]) == (True, "MRSA in 2024")
    assert values(doctor, file) == [("isolation", "contact")]
    ended = doctor.program.post(f"/api/v1/alerts/{made['id']}/end")
    assert (ended.status_code, ended.json()["end_reason"], ended.json()["is_active"]) == (200, "over", False)
    assert ended.json()["ended_by"].endswith(str(doctor.user["last_name"]))
    assert values(doctor, file) == []
    assert values(doctor, file, "all") == [("isolation", "contact")]
    again = doctor.program.post(f"/api/v1/alerts/{made['id']}/end")
    assert (again.status_code, again.json()["code"]) == (409, "alert-ended")


def test_a_new_code_status_takes_the_place_of_the_one_before(doctor: Login, file: str) -> None:
    record(doctor, file, "code_status", value="full")
    record(doctor, file, "code_status", value="dnr")
    assert values(doctor, file) == [("code_status", "dnr")]
    assert values(doctor, file, "all") == [("code_status", "dnr"), ("code_status", "full")]
    again = send(doctor, file, "code_status", value="dnr")
    assert (again.status_code, again.json()["code"]) == (409, "alert-known")


def test_an_alert_ends_by_itself_at_its_foreseen_end(network: Network, doctor: Login, file: str) -> None:
    soon = (NOW + timedelta(days=90)).isoformat()
    assert record(doctor, file, "pregnancy", until=soon)["until"] is not None
    past = {"patient": {"id": file, "hospital_id": doctor.user["hospital_id"]}, "until": NOW - HOUR / 4}
    network.world.make.patient_alert(**past)
    assert values(doctor, file) == [("pregnancy", None)]


def test_an_alert_is_struck_out_even_after_its_end(doctor: Login, file: str) -> None:
    made = record(doctor, file, "falls")
    doctor.program.post(f"/api/v1/alerts/{made['id']}/end")
    struck = doctor.program.post(f"/api/v1/alerts/{made['id']}/enter-in-error")
    assert (struck.status_code, struck.json()["end_reason"]) == (200, "entered_in_error")
    again = doctor.program.post(f"/api/v1/alerts/{made['id']}/enter-in-error")
    assert (again.status_code, again.json()["code"]) == (409, "alert-struck-out")


@pytest.mark.parametrize(
    "given",
    [
        {"alert_type": "code_status"}, {"alert_type": "code_status", "value": "maybe"},
        {"alert_type": "isolation", "value": "dnr"}, {"alert_type": "other"}, {"alert_type": "falls", "value": "x"},
        {"alert_type": "nonsense"}, {"alert_type": "falls", "recorded_by_id": "me"},
        {"alert_type": "falls", "until": "2020-01-01T00:00:00Z"},
        {"alert_type": "falls", "since": "2120-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_nonsense_is_refused(doctor: Login, file: str, given: dict[str, Any]) -> None:
    assert doctor.program.post(f"/api/v1/patients/{file}/alerts", json=given).status_code == 422


@pytest.mark.parametrize("role", ["reception", "manager", "lab_tech", "pharmacist"])
def test_others_set_no_alert(network: Network, file: str, role: str) -> None:
    answer = send(network.logins[f"{role}@a"], file, "falls")
    assert (answer.status_code, answer.json()["permission"]) == (403, "alert.record")


@pytest.mark.parametrize("name", ["reception@a", "manager@a", "patient"])
def test_alerts_are_the_clinical_staffs(network: Network, file: str, name: str) -> None:
    answer = network.logins[name].program.get(f"/api/v1/patients/{file}/alerts")
    assert (answer.status_code, answer.json()["permission"]) == (403, "alert.read")


def test_another_hospital_finds_neither_file_nor_alert(network: Network, doctor: Login, file: str) -> None:
    made = record(doctor, file, "falls")
    other = network.logins["doctor@b"]
    assert other.program.get(f"/api/v1/patients/{file}/alerts").status_code == 404
    assert other.program.post(f"/api/v1/alerts/{made['id']}/end").status_code == 404
    assert send(other, file, "falls").status_code == 404
