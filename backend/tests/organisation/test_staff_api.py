"""People and roles by JSON: invited, moved, switched off, removed, brought back (domain 5.2)."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from served import PASSWORDS, Hospitals
from starlette.testclient import TestClient

from app.access.permissions import GRANTS, Permission
from app.models.role import RoleName

As = Callable[[str], TestClient]
_numbers = itertools.count(1)
USERS, ROLES, LOGIN = "/api/v1/users", "/api/v1/roles", "/api/v1/auth/login"


def mail() -> str:
    return f"person{next(_numbers)}@test.example"


def hospital(api_as: As, code: str) -> dict[str, Any]:
    listed = api_as("admin").get("/api/v1/hospitals").json()["items"]
    return next(each for each in listed if each["code"] == code)


def invited(api_as: As, by: str = "radmin", **given: Any) -> dict[str, Any]:
    place = {"role": "nurse", "hospital_id": hospital(api_as, "NGH")["id"]}
    body = {"email": mail(), "last_name": "Tester", "first_name": "Toni", **place, **given}
    answer = api_as(by).post(USERS, json=body)
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


def may_sign_in(hospitals: Hospitals, client: TestClient, email: str) -> bool:
    """With the nurse's password, as if the person had chosen it by the link."""
    with hospitals.database.owner() as connection:
        connection.execute(
            "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE email = 'nurse@hass.example')"
            " WHERE email = %s",
            (email,),
        )
    body = {"email": email, "password": PASSWORDS["nurse@hass.example"]}
    return client.post(LOGIN, json=body).status_code == 200


def test_invited_person_has_a_place_and_a_link_but_no_password(api_as: As, hospitals: Hospitals) -> None:
    made = invited(api_as)
    assert (made["state"], made["role"], made["hospital_name"]) == (
        "invited",
        "nurse",
        "North General Hospital",
    )
    assert made["region_id"] == hospital(api_as, "NGH")["region_id"]
    assert "password" not in str(made)
    with hospitals.database.owner() as connection:
        row = connection.execute(
            "SELECT count(*) FROM password_links WHERE user_id = %s AND closed_at IS NULL", (made["id"],)
        ).fetchone()
    assert row == (1,)


def test_taken_email_is_a_conflict_whatever_its_case(api_as: As) -> None:
    body = {"email": "NURSE@hass.example", "last_name": "Again", "role": "nurse"}
    answer = api_as("radmin").post(USERS, json={**body, "hospital_id": hospital(api_as, "NGH")["id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "email-taken")
    # A person of another region is not visible; the e-mail is taken all the same.
    body["email"] = "doctor@lakeside.example"
    answer = api_as("radmin").post(USERS, json={**body, "hospital_id": hospital(api_as, "NGH")["id"]})
    assert answer.status_code == 409
    assert "Vik" not in answer.text


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"email": "no address"}, 422, "email"),
        ({"email": "<nurse@hass.example>"}, 422, "email"),
        ({"last_name": " "}, 422, "last_name"),
        ({"role": "emperor"}, 422, "role"),
        ({"role": "patient"}, 422, "role"),
        ({"role": "super_admin"}, 403, "role"),
        ({"hospital_id": None}, 422, "hospital_id"),
        ({"is_active": True}, 422, "is_active"),
        ({"password_hash": "x"}, 422, "password_hash"),
    ],
)
def test_invitation_that_cannot_be_meant_is_refused(
    api_as: As, change: dict[str, Any], status: int, field: str
) -> None:
    body = {"email": mail(), "last_name": "Tester", "role": "nurse"}
    body["hospital_id"] = hospital(api_as, "NGH")["id"]
    answer = api_as("radmin").post(USERS, json={**body, **change})
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_regional_administrator_places_people_in_his_region_only(api_as: As) -> None:
    there = hospital(api_as, "LSH")
    body = {"email": mail(), "last_name": "Tester", "role": "nurse", "hospital_id": there["id"]}
    assert api_as("radmin").post(USERS, json=body).json()["code"] == "hospital-needed"
    second = {"email": mail(), "last_name": "Tester", "role": "regional_admin"}
    elsewhere = api_as("radmin").post(USERS, json={**second, "region_id": there["region_id"]})
    assert elsewhere.json()["code"] == "region-needed"
    own = api_as("radmin").post(USERS, json=second)
    assert (own.status_code, own.json()["hospital_id"]) == (201, None)
    theirs = api_as("admin").get(USERS, params={"q": "doctor@lakeside"}).json()["items"][0]["id"]
    for path in (f"{USERS}/{theirs}/disable", f"{USERS}/{theirs}/remove"):
        assert api_as("radmin").post(path).status_code == 404
    assert api_as("radmin").get(f"{USERS}/{theirs}").status_code == 404


def test_manager_sees_the_hospitals_staff_and_changes_nobody(api_as: As) -> None:
    found = api_as("manager").get(USERS, params={"limit": 100}).json()["items"]
    assert {"Adeyemi", "Okafor", "Keller"} <= {each["last_name"] for each in found}
    assert {each["hospital_name"] for each in found} == {"North General Hospital"}
    refused = api_as("manager").post(f"{USERS}/{found[0]['id']}/disable")
    assert (refused.status_code, refused.json()["permission"]) == (403, "user.manage")
    assert api_as("nurse").get(USERS).status_code == 403


def test_disabled_person_is_out_at_once_and_back_when_enabled(
    api_as: As, hospitals: Hospitals, client: TestClient
) -> None:
    made = invited(api_as)
    assert may_sign_in(hospitals, client, made["email"])
    body = {"email": made["email"], "password": PASSWORDS["nurse@hass.example"]}
    token = client.post(LOGIN, json=body).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 200
    assert api_as("radmin").post(f"{USERS}/{made['id']}/disable").json()["state"] == "disabled"
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 401
    assert not may_sign_in(hospitals, client, made["email"])
    again = api_as("radmin").post(f"{USERS}/{made['id']}/invite")
    assert (again.status_code, again.json()["code"]) == (409, "no-login")
    assert api_as("radmin").post(f"{USERS}/{made['id']}/enable").status_code == 200
    assert may_sign_in(hospitals, client, made["email"])


def test_removed_person_keeps_the_row_and_comes_back_under_the_same_email(api_as: As) -> None:
    made = invited(api_as)
    path = f"{USERS}/{made['id']}"
    assert api_as("radmin").post(f"{path}/remove").json()["state"] == "removed"
    listed = api_as("radmin").get(USERS, params={"q": made["email"]}).json()["items"]
    assert listed == []
    assert api_as("radmin").post(f"{path}/enable").json()["code"] == "user-removed"
    again = invited(api_as, email=made["email"].upper(), last_name="Returned", role="doctor")
    assert (again["id"], again["last_name"], again["state"]) == (made["id"], "Returned", "invited")
    assert again["role"] == "doctor"


def test_change_of_a_name_needs_the_version_that_was_seen(api_as: As) -> None:
    made = invited(api_as)
    path, radmin = f"{USERS}/{made['id']}", api_as("radmin")
    assert radmin.patch(path, json={"title": "Dr"}).status_code == 428
    changed = radmin.patch(path, json={"title": "Dr"}, headers={"If-Match": made["etag"]})
    assert (changed.json()["title"], changed.json()["first_name"]) == ("Dr", "Toni")
    stale = radmin.patch(path, json={"title": "Prof"}, headers={"If-Match": made["etag"]})
    assert stale.status_code == 412
    acted = radmin.post(f"{path}/disable", headers={"If-Match": made["etag"]})
    assert acted.status_code == 412


def test_person_moves_to_another_role_and_hospital(api_as: As) -> None:
    made = invited(api_as, by="admin")
    path = f"{USERS}/{made['id']}/assign"
    there = hospital(api_as, "LSH")
    moved = api_as("admin").post(path, json={"role": "doctor", "hospital_id": there["id"]}).json()
    assert (moved["role"], moved["hospital_id"], moved["region_id"]) == (
        "doctor",
        there["id"],
        there["region_id"],
    )
    promoted = api_as("admin").post(path, json={"role": "regional_admin", "region_id": there["region_id"]})
    assert (promoted.json()["scope"], promoted.json()["hospital_id"]) == ("region", None)


def test_nobody_changes_his_own_role_or_switches_himself_off(api_as: As) -> None:
    for name in ("admin", "radmin"):
        me = api_as(name).get("/api/v1/auth/me").json()["id"]
        for act in ("disable", "remove", "enable"):
            answer = api_as(name).post(f"{USERS}/{me}/{act}")
            assert (answer.status_code, answer.json()["code"]) == (409, "not-oneself"), act
        answer = api_as(name).post(f"{USERS}/{me}/assign", json={"role": "regional_admin"})
        assert answer.json()["code"] == "not-oneself"


def test_list_goes_on_from_its_cursor_and_knows_its_filters(api_as: As, queries: Any) -> None:
    family = f"Pager{next(_numbers)}"
    names = {invited(api_as, last_name=family, first_name=f"A{place}")["id"] for place in range(3)}
    with queries(at_most=1):
        first = api_as("radmin").get(USERS, params={"q": family, "limit": 2}).json()
    rest = (
        api_as("radmin").get(USERS, params={"q": family, "limit": 2, "cursor": first["next_cursor"]}).json()
    )
    assert {each["id"] for each in first["items"] + rest["items"]} == names
    assert rest["next_cursor"] is None
    nurses = api_as("radmin").get(USERS, params={"role": "nurse", "state": "invited", "q": family}).json()
    assert len(nurses["items"]) == 3
    assert api_as("radmin").get(USERS, params={"cursor": "nonsense"}).status_code == 422


# Roles


@pytest.fixture
def pharmacist(api_as: As) -> Iterator[dict[str, Any]]:
    """The role, as it is; afterwards it is as before."""
    listed = api_as("admin").get(ROLES).json()["items"]
    role = next(each for each in listed if each["name"] == "pharmacist")
    yield role
    body = {"permissions": role["permissions"], "display_name": role["display_name"]}
    answer = api_as("admin").patch(f"{ROLES}/{role['id']}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


def test_roles_are_listed_with_the_permissions_there_are(api_as: As) -> None:
    found = api_as("radmin").get(ROLES).json()
    assert [each["name"] for each in found["items"]] == [name.value for name in RoleName]
    assert {each["key"] for each in found["known_permissions"]} == {each.value for each in Permission}
    assert all(each["label"] and each["description"] for each in found["known_permissions"])


def test_grant_takes_effect_with_the_next_request(api_as: As, pharmacist: dict[str, Any]) -> None:
    path = f"{ROLES}/{pharmacist['id']}"
    assert api_as("pharma").get(USERS).status_code == 403
    body = {"permissions": [*pharmacist["permissions"], "staff.read"]}
    etag = api_as("admin").get(path).headers["etag"]
    changed = api_as("admin").patch(path, json=body, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert api_as("pharma").get(USERS).status_code == 200
    assert api_as("admin").patch(path, json=body, headers={"If-Match": etag}).status_code == 412
    assert api_as("admin").patch(path, json=body).status_code == 428


def test_of_two_administrators_who_change_a_role_at_once_one_is_told(
    api_as: As, hospitals: Hospitals, pharmacist: dict[str, Any]
) -> None:
    """Both wait for the row, held meanwhile, so that neither has read it before the other is done."""
    path, admin = f"{ROLES}/{pharmacist['id']}", api_as("admin")
    etag = admin.get(path).headers["etag"]
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def rename(name: str) -> int:
        return admin.patch(path, json={"display_name": name}, headers={"If-Match": etag}).status_code

    with hospitals.database.owner(autocommit=False) as holder, ThreadPoolExecutor(2) as pool:
        holder.execute("SELECT FROM roles WHERE id = %s FOR UPDATE", (pharmacist["id"],))
        answers = [pool.submit(rename, name) for name in ("Chemist", "Apothecary")]
        with hospitals.database.owner() as watch:
            for _ in range(500):
                if watch.execute(waiting).fetchone() == (2,):
                    break
                time.sleep(0.01)
        holder.rollback()
        assert sorted(answer.result() for answer in answers) == [200, 412]


def test_unknown_keys_are_refused_by_name(api_as: As, pharmacist: dict[str, Any]) -> None:
    body = {"permissions": [*pharmacist["permissions"], "everything", "patient.fly"]}
    answer = api_as("admin").patch(f"{ROLES}/{pharmacist['id']}", json=body, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "permission-unknown")
    assert "“everything”, “patient.fly”" in answer.json()["detail"]
    assert answer.json()["errors"][0]["field"] == "permissions"


@pytest.mark.parametrize("lost", ["role.manage", "user.manage"])
def test_super_administrator_keeps_the_rights_to_manage(api_as: As, lost: str) -> None:
    role = api_as("admin").get(ROLES).json()["items"][0]
    assert role["name"] == "super_admin"
    body = {"permissions": [key for key in role["permissions"] if key != lost]}
    answer = api_as("admin").patch(f"{ROLES}/{role['id']}", json=body, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "roles-super-admin-keeps-check")


@pytest.mark.parametrize("body", [{"name": "boss"}, {"scope": "network"}, {"display_name": " "}])
def test_name_and_reach_of_a_role_stay(api_as: As, pharmacist: dict[str, Any], body: Any) -> None:
    answer = api_as("admin").patch(f"{ROLES}/{pharmacist['id']}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422


def test_only_the_network_changes_roles(api_as: As, pharmacist: dict[str, Any]) -> None:
    body = {"permissions": sorted(each.value for each in GRANTS[RoleName.PHARMACIST])}
    for name in ("radmin", "manager", "doctor"):
        answer = api_as(name).patch(f"{ROLES}/{pharmacist['id']}", json=body, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["permission"]) == (403, "role.manage")
