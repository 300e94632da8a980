"""Allergies over HTTP: recorded, confirmed, refuted, struck out; "no known allergies" as a fact (domain 5.3)."""

from typing import Any

import pytest
from network import Login, Network

REASON = {"reason": "Belongs to another patient."}


@pytest.fixture
def nurse(network: Network) -> Login:
    return network.logins["nurse@a"]


@pytest.fixture
def file(network: Network) -> str:
    return str(network.world.make.patient(hospital=network.world.at["a"])["id"])


def record(login: Login, file: str, substance: str = "Penicillin", **given: Any) -> Any:
    answer = login.program.post(f"/api/v1/patients/{file}/allergies", json={"substance": substance, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


def act(login: Login, allergy: str, verb: str, **sent: Any) -> Any:
    return login.program.post(f"/api/v1/allergies/{allergy}/{verb}", **sent)


def listed(login: Login, file: str) -> Any:
    answer = login.program.get(f"/api/v1/patients/{file}/allergies")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_allergy_is_recorded_with_its_author_and_how_sure_it_is(nurse: Login, file: str) -> None:
    assert listed(nurse, file)["state"] == "not_recorded"
    made = record(nurse, file, category="medication", criticality="high", reaction="Hives")
    assert (made["verification_status"], made["clinical_status"]) == ("unconfirmed", "active")
    assert made["recorded_by"].endswith(str(nurse.user["last_name"]))
    assert listed(nurse, file)["state"] == "known"
    sure = record(nurse, file, "Latex", verification_status="confirmed")
    assert (sure["verification_status"], sure["verified_by"]) == ("confirmed", made["recorded_by"])


def test_a_resolved_allergy_leaves_no_known_allergies_as_it_is(nurse: Login, file: str) -> None:
    assert nurse.program.post(f"/api/v1/patients/{file}/no-known-allergies").status_code == 200
    record(nurse, file, "Eggs", clinical_status="resolved")
    assert listed(nurse, file)["state"] == "none_known"


def test_the_same_substance_is_not_recorded_twice(nurse: Login, file: str) -> None:
    record(nurse, file)
    again = nurse.program.post(f"/api/v1/patients/{file}/allergies", json={"substance": "penicillin "})
    assert (again.status_code, again.json()["code"]) == (409, "allergy-known")


def test_an_allergy_is_confirmed_then_refuted_with_a_reason(nurse: Login, file: str) -> None:
    made = record(nurse, file)
    confirmed = act(nurse, made["id"], "confirm")
    assert (confirmed.status_code, confirmed.json()["verification_status"]) == (200, "confirmed")
    assert act(nurse, made["id"], "refute", json={}).status_code == 422
    refuted = act(nurse, made["id"], "refute", json={"reason": "Tolerated twice since."}).json()
    assert (refuted["verification_status"], refuted["verification_reason"]) == (
        "refuted",
        "Tolerated twice since.",
    )
    assert listed(nurse, file)["state"] == "not_recorded"
    assert act(nurse, made["id"], "confirm").json()["verification_reason"] is None


def test_nothing_leads_back_from_entered_in_error(nurse: Login, file: str) -> None:
    made = record(nurse, file)
    struck = act(nurse, made["id"], "enter-in-error", json=REASON)
    assert (struck.status_code, struck.json()["verification_status"]) == (200, "entered-in-error")
    for verb, sent in (("confirm", None), ("refute", REASON), ("resolve", None), ("enter-in-error", REASON)):
        again = act(nurse, made["id"], verb, json=sent)
        assert (again.status_code, again.json()["code"]) == (409, "allergy-state"), verb
    # What was struck out may be recorded anew.
    record(nurse, file)


def test_a_resolved_allergy_leaves_the_banner(nurse: Login, file: str) -> None:
    made = record(nurse, file, verification_status="confirmed")
    assert act(nurse, made["id"], "resolve").json()["clinical_status"] == "resolved"
    assert listed(nurse, file)["state"] == "not_recorded"


def test_no_known_allergies_is_a_fact_with_its_author_and_is_withdrawn_by_an_allergy(
    nurse: Login, file: str
) -> None:
    path = f"/api/v1/patients/{file}/no-known-allergies"
    said = nurse.program.post(path)
    assert (said.status_code, said.json()["state"]) == (200, "none_known")
    assert said.json()["no_known_allergies_by"].endswith(str(nurse.user["last_name"]))
    made = record(nurse, file)
    shown = listed(nurse, file)
    assert (shown["state"], shown["no_known_allergies_at"]) == ("known", None)
    refused = nurse.program.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "allergy-known")
    act(nurse, made["id"], "refute", json={"reason": "Never happened."})
    assert nurse.program.post(path).json()["state"] == "none_known"
    # What counts again contradicts it.
    act(nurse, made["id"], "confirm")
    assert listed(nurse, file)["no_known_allergies_at"] is None


def test_no_known_allergies_is_withdrawn_once(nurse: Login, file: str) -> None:
    path = f"/api/v1/patients/{file}/no-known-allergies"
    nurse.program.post(path)
    assert nurse.program.post(f"{path}/withdraw").json()["state"] == "not_recorded"
    again = nurse.program.post(f"{path}/withdraw")
    assert (again.status_code, again.json()["code"]) == (409, "no-known-allergies-missing")


@pytest.mark.parametrize("role", ["reception", "manager", "lab_tech", "pharmacist"])
def test_others_record_no_allergy(network: Network, file: str, role: str) -> None:
    answer = network.logins[f"{role}@a"].program.post(
        f"/api/v1/patients/{file}/allergies", json={"substance": "Penicillin"}
    )
    assert (answer.status_code, answer.json()["permission"]) == (403, "allergy.record")


def test_another_hospital_finds_neither_file_nor_allergy(network: Network, nurse: Login, file: str) -> None:
    made = record(nurse, file)
    other = network.logins["nurse@b"]
    assert other.program.get(f"/api/v1/patients/{file}/allergies").status_code == 404
    assert act(other, made["id"], "confirm").status_code == 404
    sent = other.program.post(f"/api/v1/patients/{file}/allergies", json={"substance": "Penicillin"})
    assert sent.status_code == 404


@pytest.mark.parametrize(
    "given",
    [{}, {"substance": " "}, {"substance": "x", "code": "7980"}, {"substance": "x", "category": "air"},
     {"substance": "x", "recorded_by_id": "me"}],
)  # fmt: skip
def test_nonsense_is_refused(nurse: Login, file: str, given: dict[str, Any]) -> None:
    answer = nurse.program.post(f"/api/v1/patients/{file}/allergies", json=given)
    assert answer.status_code == 422, answer.text


def test_a_stale_version_changes_nothing(nurse: Login, file: str) -> None:
    made = record(nurse, file)
    stale = act(nurse, made["id"], "confirm", headers={"If-Match": '"20200101T000000.000000"'})
    assert stale.status_code == 412
    assert listed(nurse, file)["items"][0]["verification_status"] == "unconfirmed"


def test_the_patient_reads_the_own_allergies_and_records_none(network: Network) -> None:
    own = str(network.world.file["shared_a"]["id"])
    patient = network.logins["patient"]
    assert listed(patient, own)["state"] == "known"
    sent = patient.program.post(f"/api/v1/patients/{own}/allergies", json={"substance": "Latex"})
    assert sent.status_code == 403
