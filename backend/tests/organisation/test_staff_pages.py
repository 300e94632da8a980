"""The pages of people and roles: lists, invitation, one person, one role."""

import itertools
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from served import Hospitals, token_of
from somebody import Person
from starlette.testclient import TestClient

As = Callable[[str], TestClient]
_numbers = itertools.count(1)


def send(page: TestClient, path: str, **fields: Any) -> Any:
    """Post a form of ours, with the token of the page it would stand on."""
    token = token_of(page.get("/staff").text)
    return page.post(path, data={"csrf_token": token, **fields})


def hospital(api_as: As, code: str = "NGH") -> str:
    listed = api_as("admin").get("/api/v1/hospitals").json()["items"]
    return str(next(each["id"] for each in listed if each["code"] == code))


def invite(page_as: As, api_as: As, **given: str) -> str:
    """The address of a new nurse's page."""
    body = {"email": f"page{next(_numbers)}@test.example", "last_name": "Paget", "role": "nurse"}
    body |= {"hospital_id": hospital(api_as), **given}
    answer = send(page_as("radmin"), "/staff/new", **body)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].split("?")[0])


@pytest.mark.parametrize("who", ["admin", "radmin", "manager"])
def test_list_shows_people_within_reach(page_as: As, who: str) -> None:
    page = page_as(who).get("/staff?q=adeyemi")
    assert page.status_code == 200
    assert "ADEYEMI" in page.text
    assert ("VIK" in page_as(who).get("/staff?q=vik").text) == (who == "admin")
    assert ("Invite somebody" in page.text) == (who != "manager")


def test_list_says_when_nobody_is_found(page_as: As) -> None:
    assert "Nobody found" in page_as("manager").get("/staff?q=Zzzz").text


def test_list_is_narrowed_by_name_role_and_group(page_as: As) -> None:
    page = page_as("manager").get("/staff?q=okaf&role=nurse&state=current").text
    assert "OKAFOR" in page
    assert "ADEYEMI" not in page
    assert page_as("manager").get("/staff?state=anything").status_code == 422


def test_invitation_leads_to_the_new_persons_page(page_as: As, api_as: As) -> None:
    address = invite(page_as, api_as, first_name="Petra", title="Dr")
    page = page_as("radmin").get(f"{address}?done=invited").text
    assert "The invitation is on its way" in page
    # Where the mail is to be seen is said in the demo only.
    assert 'href="/outbox"' not in page
    assert "PAGET, Petra" in page
    sign_ins = page_as("radmin").get(address.replace("/staff/", "/users/") + "/sessions").text
    assert f'<a class="btn" href="{address}">Back to Petra Paget</a>' in sign_ins
    assert "Not signed in yet" in page


def test_refused_invitation_keeps_what_was_typed_and_says_what_is_needed(page_as: As) -> None:
    answer = send(page_as("radmin"), "/staff/new", email="no address", first_name="Kept", role="nurse")
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert "Family name is needed." in answer.text
    assert "E-mail needs an address such as name@hospital.example, without blanks." in answer.text
    assert 'value="Kept"' in answer.text
    taken = send(
        page_as("radmin"), "/staff/new", email="nurse@hass.example", last_name="Again", role="nurse",
        hospital_id=str(uuid4()),
    )  # fmt: skip
    assert "Choose the hospital that this person works in." in taken.text


def test_phone_that_is_none_is_told_at_its_field(page_as: As, api_as: As) -> None:
    body = {"last_name": "Again", "role": "nurse", "hospital_id": hospital(api_as)}
    answer = send(page_as("radmin"), "/staff/new", email="p@hass.example", phone="by the door", **body)
    assert answer.status_code == 422
    assert 'id="e-phone"' in answer.text
    assert "Phone needs digits, such as +1 555 010 0142." in answer.text
    assert 'value="by the door"' in answer.text


def test_taken_email_is_told_on_the_form(page_as: As, api_as: As) -> None:
    body = {"last_name": "Again", "role": "nurse", "hospital_id": hospital(api_as)}
    answer = send(page_as("radmin"), "/staff/new", email="doctor@lakeside.example", **body)
    assert answer.status_code == 409
    assert 'id="e-email"' in answer.text
    assert 'value="Again"' in answer.text
    assert "Vik" not in answer.text


def test_person_is_renamed_moved_disabled_enabled_and_removed(page_as: As, api_as: As) -> None:
    address = invite(page_as, api_as)
    radmin = page_as("radmin")
    version = re.search(r'name="version" value="([^"]+)"', radmin.get(address).text)
    assert version is not None
    renamed = send(radmin, address, last_name="Newname", version=version[1])
    assert renamed.headers["location"] == f"{address}?done=saved"
    stale = send(radmin, address, last_name="Lost", version=version[1])
    assert stale.status_code == 412
    assert "Somebody changed this after you opened it" in stale.text
    assert 'value="Lost"' in stale.text
    moved = send(radmin, f"{address}/assign", role="doctor", hospital_id=hospital(api_as))
    assert moved.headers["location"] == f"{address}?done=assigned"
    for act, words in {
        "disable": "Disabled",
        "enable": "Not signed in yet",
        "invite": "Not signed in yet",
    }.items():
        assert send(radmin, f"{address}/{act}").headers["location"] == f"{address}?done={act}"
        assert words in radmin.get(address).text
    send(radmin, f"{address}/remove")
    page = radmin.get(address).text
    assert "invite the same e-mail again" in page
    refused = send(radmin, f"{address}/enable")
    assert (refused.status_code, "This person was removed" in refused.text) == (409, True)
    assert send(radmin, f"{address}/dismiss").status_code == 404


def test_manager_reads_a_person_and_has_no_button(page_as: As, api_as: As) -> None:
    address = invite(page_as, api_as)
    page = page_as("manager").get(address)
    assert page.status_code == 200
    assert "<form" not in page.text.split('id="main"')[1]
    assert send(page_as("manager"), f"{address}/disable").status_code == 403


def test_person_of_another_region_is_not_there(page_as: As, api_as: As) -> None:
    found = api_as("admin").get("/api/v1/users", params={"q": "doctor@lakeside"}).json()["items"][0]
    assert page_as("radmin").get(f"/staff/{found['id']}").status_code == 404
    assert send(page_as("radmin"), f"/staff/{found['id']}/disable").status_code == 404


def test_own_page_offers_no_way_to_change_own_rights(page_as: As, api_as: As) -> None:
    me = api_as("admin").get("/api/v1/auth/me").json()["id"]
    page = page_as("admin").get(f"/staff/{me}").text
    assert "This is you." in page
    assert "Remove " not in page
    assert send(page_as("admin"), f"/staff/{me}/disable").status_code == 409


def test_roles_are_ticked_and_saved(page_as: As, api_as: As, hospitals: Hospitals) -> None:
    admin = page_as("admin")
    roles = api_as("admin").get("/api/v1/roles").json()["items"]
    role = next(each for each in roles if each["name"] == "lab_tech")
    path = f"/roles/{role['id']}"
    assert role["display_name"] in admin.get("/roles").text
    page = admin.get(path).text
    assert page.count(" checked>") == len(role["permissions"])
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert version is not None
    ticked = [*role["permissions"], "staff.read"]
    try:
        saved = send(admin, path, permissions=ticked, version=version[1])
        assert saved.headers["location"] == f"{path}?done=saved"
        stale = send(admin, path, permissions=role["permissions"], version=version[1])
        assert stale.status_code == 412
        unknown = send(admin, path, permissions=[*ticked, "sky.fly"])
        assert (unknown.status_code, "“sky.fly”" in unknown.text) == (422, True)
    finally:
        assert send(admin, path, permissions=role["permissions"]).status_code == 303
    assert send(page_as("radmin"), path, permissions=ticked).status_code == 403
    assert "<form" not in page_as("radmin").get(path).text.split('id="main"')[1]


def test_super_administrators_role_keeps_what_it_needs(page_as: As, api_as: As) -> None:
    role = api_as("admin").get("/api/v1/roles").json()["items"][0]
    answer = send(page_as("admin"), f"/roles/{role['id']}", permissions=["audit.read"])
    assert answer.status_code == 422
    assert "keeps the rights to manage roles and users" in answer.text


def test_person_who_signs_in_meanwhile_is_no_reason_to_refuse_a_form(
    page_as: As, somebody: Callable[[str], Person]
) -> None:
    wanda = somebody("nurse@hass.example")
    address = f"/staff/{wanda.id}"
    found = re.search(r'name="version" value="([^"]+)"', page_as("radmin").get(address).text)
    assert found is not None
    wanda.program()
    kept = send(page_as("radmin"), address, last_name="Probe", phone="+1 555 0100", version=found[1])
    assert kept.headers["location"] == f"{address}?done=saved"
    late = send(page_as("radmin"), address, last_name="Probe", version=found[1])
    assert late.status_code == 412
