"""The record of the network and emergency access, over HTTP (domain 5.2, 5.10, 5.12)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from factories import HOUR, NOW
from network import Login, Network
from psycopg.rows import dict_row

REASON = {"reason": "Unconscious after a fall, no history known."}
Case = tuple[Login, UUID]


@pytest.fixture
def unknown(network: Network) -> UUID:
    """A file at a of a person whom a does not treat, and of whom b has published a plain and a confidential record."""
    make, at = network.world.make, network.world.at
    person = make.person()
    file = make.patient(hospital=at["a"], person=person)
    visit = make.visit(patient=make.patient(hospital=at["b"], person=person), status="discharged")
    for degree in ("N", "V"):
        published = {"status": "synced", "synced_at": NOW, "confidentiality": degree}
        make.emr_global(record=make.emr_local(visit=visit), person=person, **published)
    return UUID(str(file["id"]))


@pytest.fixture
def doctor(network: Network) -> Login:
    return network.logins["doctor@a"]


@pytest.fixture
def manager(network: Network) -> Login:
    return network.logins["manager@a"]


def path(file: UUID, what: str) -> str:
    return f"/api/v1/patients/{file}/{what}"


def trail(network: Network, file: UUID, kind: str) -> list[dict[str, Any]]:
    cursor = network.world.connection.cursor(row_factory=dict_row)
    return cursor.execute(
        "SELECT action, event_type, subtype, purpose, outcome, act, user_id, hospital_id, query, resource_type"
        "  FROM audit_logs WHERE patient_id = %s AND event_type = %s ORDER BY seq",
        (file, kind),
    ).fetchall()


def opened(doctor: Login, file: UUID) -> Any:
    answer = doctor.program.post(path(file, "break-glass"), json=REASON)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_without_treatment_the_record_is_refused_and_the_attempt_is_in_the_trail(
    network: Network, doctor: Login, unknown: UUID
) -> None:
    answer = doctor.program.get(path(unknown, "global-records"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not-in-treatment")
    refused = [row for row in trail(network, unknown, "110110") if row["resource_type"] == "emr_global"]
    assert [(row["action"], row["outcome"], row["user_id"], row["hospital_id"]) for row in refused] == [
        ("R", 4, doctor.user["id"], doctor.user["hospital_id"])
    ]


def test_treatment_opens_plain_records_and_every_read_is_in_the_trail(
    network: Network, doctor: Login, unknown: UUID
) -> None:
    network.world.make.visit(patient={"id": unknown, "hospital_id": doctor.user["hospital_id"]})
    answer = doctor.program.get(path(unknown, "global-records"))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["access"], body["emergency_access"]) == ("treatment", None)
    assert [item["confidentiality"] for item in body["items"]] == ["N"]
    assert body["items"][0]["source_hospital"] == network.world.at["b"]["name"]
    read = trail(network, unknown, "110110")[-1]
    assert (read["action"], read["purpose"], read["outcome"]) == ("R", "TREAT", 0)
    assert read["query"] == {"found": 1}


def test_emergency_access_opens_confidential_records_and_marks_the_reading(
    network: Network, doctor: Login, unknown: UUID
) -> None:
    grant = opened(doctor, unknown)
    body = doctor.program.get(path(unknown, "global-records")).json()
    assert (body["access"], body["emergency_access"]["id"]) == ("emergency", grant["id"])
    assert sorted(item["confidentiality"] for item in body["items"]) == ["N", "V"]
    read = trail(network, unknown, "110110")[-1]
    assert (read["purpose"], read["query"]) == ("ETREAT", {"found": 2, "access_grant": grant["id"]})


def test_records_come_page_by_page(doctor: Login, unknown: UUID) -> None:
    opened(doctor, unknown)
    first = doctor.program.get(path(unknown, "global-records"), params={"limit": 1}).json()
    rest = doctor.program.get(
        path(unknown, "global-records"), params={"limit": 1, "cursor": first["next_cursor"]}
    ).json()
    assert rest["next_cursor"] is None
    assert {first["items"][0]["confidentiality"], rest["items"][0]["confidentiality"]} == {"N", "V"}
    wrong = doctor.program.get(path(unknown, "global-records"), params={"cursor": "nonsense"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "cursor-invalid")


def test_start_and_stop_are_security_alerts_in_the_trail(
    network: Network, doctor: Login, unknown: UUID
) -> None:
    opened(doctor, unknown)
    assert doctor.program.post(path(unknown, "break-glass/end")).status_code == 200
    alerts = trail(network, unknown, "110113")
    assert [(row["action"], row["subtype"], row["purpose"]) for row in alerts] == [
        ("E", "110127", "ETREAT"),
        ("E", "110138", "ETREAT"),
    ]
    assert doctor.program.get(path(unknown, "global-records")).status_code == 403


def test_access_ends_after_an_hour(network: Network, doctor: Login, unknown: UUID) -> None:
    network.world.make.access_grant(
        patient=file_of(network, unknown), user=doctor.user, granted_at=NOW - 2 * HOUR
    )
    assert doctor.program.get(path(unknown, "global-records")).status_code == 403
    ended = doctor.program.post(path(unknown, "break-glass/end"))
    assert (ended.status_code, ended.json()["code"]) == (409, "no-emergency-access")


def file_of(network: Network, patient: UUID) -> dict[str, Any]:
    cursor = network.world.connection.cursor(row_factory=dict_row)
    found = cursor.execute("SELECT id, hospital_id, person_id FROM patients WHERE id = %s", (patient,))
    row = found.fetchone()
    assert row is not None
    return row


def test_a_second_access_while_the_first_lives_is_refused(doctor: Login, unknown: UUID) -> None:
    opened(doctor, unknown)
    again = doctor.program.post(path(unknown, "break-glass"), json=REASON)
    assert again.status_code == 409
    assert again.json()["detail"] == "You have emergency access to this person already. Open the record."


def test_every_active_manager_of_the_hospital_is_alerted_without_a_name(
    network: Network, doctor: Login, manager: Login, unknown: UUID
) -> None:
    gone = network.world.make.user("manager", hospital=network.world.at["a"], is_active=False)
    grant = opened(doctor, unknown)
    alerts = network.world.connection.execute(
        "SELECT n.recipient_user_id, n.hospital_id, n.channel, n.message FROM notifications n WHERE subject_id = %s",
        (grant["id"],),
    ).fetchall()
    told = {row[0] for row in alerts}
    assert manager.user["id"] in told
    assert gone["id"] not in told
    assert network.logins["manager@b"].user["id"] not in told
    assert {row[1:] for row in alerts} == {
        (
            doctor.user["hospital_id"],
            "in_app",
            "Emergency access to a patient's records was used. Review it once it has ended.",
        )
    }


@pytest.mark.parametrize("reason", [None, "", "urgent", " " * 20, "x" * 501, 7])
def test_a_reason_is_asked_for(doctor: Login, unknown: UUID, reason: object) -> None:
    given = {} if reason is None else {"reason": reason}
    answer = doctor.program.post(path(unknown, "break-glass"), json=given)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reason")


@pytest.mark.parametrize("role", ["manager", "reception", "pharmacist", "lab_tech"])
def test_only_doctors_and_nurses_break_the_glass(network: Network, unknown: UUID, role: str) -> None:
    answer = network.logins[f"{role}@a"].program.post(path(unknown, "break-glass"), json=REASON)
    assert (answer.status_code, answer.json()["permission"]) == (403, "break_glass.use")


def test_a_nurse_breaks_it_too(network: Network, unknown: UUID) -> None:
    opened(network.logins["nurse@a"], unknown)


def test_nobody_breaks_the_glass_of_a_file_elsewhere(network: Network, unknown: UUID) -> None:
    answer = network.logins["doctor@b"].program.post(path(unknown, "break-glass"), json=REASON)
    assert (answer.status_code, answer.json()["code"]) == (404, "patient-not-found")


# The review


@pytest.fixture
def waiting(network: Network, doctor: Login, unknown: UUID) -> str:
    """An emergency access of the doctor that has ended and waits for its review."""
    grant = opened(doctor, unknown)
    doctor.program.get(path(unknown, "global-records"))
    doctor.program.post(path(unknown, "break-glass/end"))
    return str(grant["id"])


def queue(manager: Login, state: str = "waiting") -> list[dict[str, Any]]:
    answer = manager.program.get("/api/v1/break-glass", params={"state": state, "limit": 100})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_queue_tells_who_opened_whose_record_why_and_how_often(
    manager: Login, doctor: Login, unknown: UUID, waiting: str
) -> None:
    item = next(each for each in queue(manager) if each["id"] == waiting)
    assert (item["patient_id"], item["used_by_id"]) == (str(unknown), str(doctor.user["id"]))
    assert (item["reason"], item["opened"], item["overdue"]) == (REASON["reason"], 1, False)
    assert item["id"] not in {each["id"] for each in queue(manager, "reviewed")}


def test_queue_stands_oldest_first_and_marks_what_is_overdue(
    network: Network, manager: Login, doctor: Login, unknown: UUID, waiting: str
) -> None:
    old = network.world.make.access_grant(
        patient=file_of(network, unknown), user=doctor.user, granted_at=NOW - 100 * HOUR
    )
    items = queue(manager)
    assert [each["granted_at"] for each in items] == sorted(each["granted_at"] for each in items)
    overdue = {each["id"]: each["overdue"] for each in items}
    assert overdue[str(old["id"])]
    assert not overdue[waiting]


def review(manager: Login, grant: object, **given: Any) -> Any:
    return manager.program.post(f"/api/v1/break-glass/{grant}/review", json=given)


def test_review_settles_the_alert_and_is_kept(network: Network, manager: Login, waiting: str) -> None:
    assert review(manager, waiting, outcome="justified", comment="Ward confirms.").status_code == 204
    item = next(each for each in queue(manager, "reviewed") if each["id"] == waiting)
    assert (item["outcome"], item["comment"], item["reviewed_by"] is not None) == (
        "justified", "Ward confirms.", True,
    )  # fmt: skip
    unread = network.world.connection.execute(
        "SELECT count(*) FROM notifications WHERE subject_id = %s AND read_at IS NULL", (waiting,)
    )
    assert unread.fetchone() == (0,)
    again = review(manager, waiting, outcome="justified")
    assert (again.status_code, again.json()["code"]) == (409, "emergency-access-reviewed")


def test_not_justified_says_why(manager: Login, waiting: str) -> None:
    answer = review(manager, waiting, outcome="not_justified")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "Say why the emergency access was not justified."
    assert review(manager, waiting, outcome="not_justified", comment="No emergency.").status_code == 204


@pytest.mark.parametrize("given", [{}, {"outcome": "fine"}, {"outcome": "justified", "reviewed_by": "x"}])
def test_nonsense_is_no_review(manager: Login, waiting: str, given: dict[str, Any]) -> None:
    assert review(manager, waiting, **given).status_code == 422


def test_what_is_still_open_is_not_reviewed(manager: Login, doctor: Login, unknown: UUID) -> None:
    grant = opened(doctor, unknown)
    assert grant["id"] in {each["id"] for each in queue(manager, "open")}
    answer = review(manager, grant["id"], outcome="justified")
    assert (answer.status_code, answer.json()["code"]) == (409, "emergency-access-open")


def test_nobody_reviews_his_own(network: Network, manager: Login, unknown: UUID) -> None:
    """A manager may have been a doctor yesterday, with the same account."""
    own = network.world.make.access_grant(
        patient=file_of(network, unknown), user=manager.user, granted_at=NOW - 3 * HOUR
    )
    answer = review(manager, own["id"], outcome="justified")
    assert (answer.status_code, answer.json()["code"]) == (409, "own-emergency-access")


def test_manager_of_another_hospital_neither_sees_nor_reviews_it(network: Network, waiting: str) -> None:
    other = network.logins["manager@b"]
    assert waiting not in {each["id"] for each in queue(other, "all")}
    known, unknown_id = (
        review(other, waiting, outcome="justified"),
        review(other, uuid4(), outcome="justified"),
    )
    assert known.status_code == unknown_id.status_code == 404


def test_doctor_reads_no_queue(doctor: Login, waiting: str) -> None:
    assert doctor.program.get("/api/v1/break-glass").status_code == 403
    assert review(doctor, waiting, outcome="justified").status_code == 403


# The patient


def test_patient_reads_who_opened_his_record_when_and_why(network: Network) -> None:
    patient, file = network.logins["patient"], network.world.file["shared_a"]
    grant = network.world.make.access_grant(
        patient=file, user=network.logins["nurse@a"].user, granted_at=NOW - 30 * HOUR
    )
    items = patient.program.get(path(file["id"], "break-glass")).json()["items"]
    told = next(each for each in items if each["id"] == str(grant["id"]))
    nurse = network.logins["nurse@a"].user
    assert told["used_by"] == f"Ada {nurse['last_name']}"
    assert (told["role"], told["hospital"]) == ("Nurse", network.world.at["a"]["name"])
    assert told["reason"] == "Unconscious, no history known."


def test_patient_reads_the_own_records_of_other_hospitals(network: Network) -> None:
    answer = network.logins["patient"].program.get(
        path(network.world.file["shared_a"]["id"], "global-records")
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["access"] == "own"
    assert {item["source_hospital"] for item in body["items"]} == {network.world.at["b"]["name"]}


def test_local_records_are_those_of_the_chart(network: Network, doctor: Login) -> None:
    answer = doctor.program.get(path(network.world.file["a"]["id"], "records"))
    assert answer.status_code == 200
    assert [item["record_type"] for item in answer.json()["items"]] == ["Procedure"]


def test_reading_takes_three_statements(doctor: Login, unknown: UUID, queries: Callable[..., Any]) -> None:
    opened(doctor, unknown)
    with queries(at_most=3):
        doctor.program.get(path(unknown, "global-records"))
