"""Who cares for whom, by the JSON routes (domain 5.4)."""

from uuid import uuid4

import pytest
from notes_team import Team, code
from served import Hospitals


@pytest.mark.parametrize(
    ("role", "who"), [("nurse", "other_nurse"), ("doctor", "doctor"), ("attending", "doctor")]
)
def test_colleague_is_assigned_in_a_role_that_fits(team: Team, role: str, who: str) -> None:
    visit = team.visit()
    path = f"/api/v1/visits/{visit['id']}/care-assignments"
    answer = team.nurse.post(path, json={"user_id": team.id(who), "role": role})
    assert answer.status_code == 201, answer.text
    assert team.caring(visit, role) == [who]
    (listed,) = team.doctor.get(path).json()["items"]
    assert (listed["role"], listed["user_id"], listed["until_at"]) == (role, team.id(who), None)
    again = team.nurse.post(path, json={"user_id": team.id(who), "role": role})
    assert again.status_code == 409, again.text


def test_doctor_in_charge_is_followed_by_another(team: Team) -> None:
    visit = team.visit()
    path = f"/api/v1/visits/{visit['id']}/care-assignments"
    for who in ("doctor", "other_doctor"):
        assert team.doctor.post(path, json={"user_id": team.id(who), "role": "attending"}).status_code == 201
    assert team.caring(visit, "attending") == ["other_doctor"]
    assert str(team.ward.row("visits", visit["id"])["attending_doctor_id"]) == team.id("other_doctor")
    first = team.doctor.get(path).json()["items"][-1]
    assert (first["user_id"], first["until_at"] is None) == (team.id("doctor"), False)


def test_patient_is_taken_over_in_somebodys_place_once(team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    (care,) = team.nurse.get(f"/api/v1/visits/{visit['id']}/care-assignments").json()["items"]
    path = f"/api/v1/care-assignments/{care['id']}/take-over"
    assert code(team.nurse.post(path)) == (409, "yours-already")
    assert team.other_nurse.post(path).status_code == 201
    assert team.caring(visit) == ["other_nurse"]
    assert code(team.other_nurse.post(path)) == (409, "care-ended")
    assert code(team.doctor.post(path)) == (422, "role-does-not-fit")


def test_care_is_released_once_and_a_doctor_in_charge_only_by_a_successor(team: Team) -> None:
    visit = team.visit(cared_by="nurse", attending_doctor_id=team.people["doctor"]["id"])
    charge, nurse = team.nurse.get(f"/api/v1/visits/{visit['id']}/care-assignments").json()["items"]
    path = "/api/v1/care-assignments/{}/release"
    assert team.nurse.post(path.format(nurse["id"])).status_code == 204
    assert code(team.nurse.post(path.format(nurse["id"]))) == (409, "care-ended")
    assert code(team.doctor.post(path.format(charge["id"]))) == (409, "doctor-in-charge")
    assert team.caring(visit, "attending") == ["doctor"]


def test_visit_that_has_ended_takes_no_carer(team: Team) -> None:
    visit = team.visit(status="discharged")
    body = {"user_id": team.id("nurse"), "role": "nurse"}
    answer = team.nurse.post(f"/api/v1/visits/{visit['id']}/care-assignments", json=body)
    assert code(answer) == (409, "visit-closed")


@pytest.mark.parametrize(
    ("user", "role", "refusal"),
    [
        ("doctor", "nurse", "role-does-not-fit"),
        ("nurse", "attending", "role-does-not-fit"),
        (None, "nurse", "no-such-colleague"),
    ],
)
def test_who_does_not_fit_is_refused(team: Team, user: str | None, role: str, refusal: str) -> None:
    body = {"user_id": team.id(user) if user else str(uuid4()), "role": role}
    answer = team.nurse.post(f"/api/v1/visits/{team.visit()['id']}/care-assignments", json=body)
    assert code(answer) == (422, refusal)


def test_reception_sees_who_cares_and_assigns_nobody(team: Team) -> None:
    path = f"/api/v1/visits/{team.visit()['id']}/care-assignments"
    assert team.reception.get(path).status_code == 200
    body = {"user_id": team.id("nurse"), "role": "nurse"}
    assert code(team.reception.post(path, json=body)) == (403, "permission-missing")


def test_another_hospital_finds_no_visit_and_no_care(team: Team, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as connection:
        (theirs,) = connection.execute(
            "SELECT id FROM visits WHERE hospital_id <> %s LIMIT 1", (team.ward.hospital["id"],)
        ).fetchone()  # type: ignore[misc]
    path = f"/api/v1/visits/{theirs}/care-assignments"
    body = {"user_id": team.id("nurse"), "role": "nurse"}
    assert team.nurse.get(path).status_code == team.nurse.post(path, json=body).status_code == 404
    for act in ("take-over", "release"):
        assert team.nurse.post(f"/api/v1/care-assignments/{uuid4()}/{act}").status_code == 404
