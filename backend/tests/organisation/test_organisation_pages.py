"""The pages of regions, hospitals, beds and wards."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from served import token_of
from starlette.testclient import TestClient

from app.features.organisation.ward_pages import bed_numbers

As = Callable[[str], TestClient]
_numbers = itertools.count(1)


def send(page: TestClient, path: str, **fields: Any) -> Any:
    token = token_of(page.get("/organisation").text)
    return page.post(path, data={"csrf_token": token, **fields})


def code() -> str:
    return f"P{next(_numbers):05}"


def version_on(page: TestClient, path: str) -> str:
    found = re.search(r'name="version" value="([^"]+)"', page.get(path).text)
    assert found is not None
    return found[1]


def region(page_as: As) -> str:
    answer = send(page_as("admin"), "/organisation/regions/new", name="Page Region", code=code().lower())
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].split("?")[0])


def hospital(page_as: As, address: str) -> str:
    body = {"region_id": address.rpartition("/")[2], "name": "Page Hospital", "code": code()}
    body |= {"bed_capacity": "12", "timezone": "Europe/Oslo"}
    answer = send(page_as("admin"), "/organisation/hospitals/new", **body)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].split("?")[0])


def test_first_page_shows_figures_and_what_can_be_opened(page_as: As) -> None:
    admin, manager = (page_as(who).get("/organisation").text for who in ("admin", "manager"))
    assert "Open visits" in admin
    assert "Open a region" in admin
    assert "Open visits" not in manager
    assert "Open a hospital" not in manager
    assert "Lakeside" not in manager


def test_region_is_opened_renamed_closed_and_opened_again(page_as: As) -> None:
    admin, address = page_as("admin"), region(page_as)
    assert "No hospitals in this region yet" in admin.get(address).text
    renamed = send(admin, address, name="Renamed Region", version=version_on(admin, address))
    assert renamed.headers["location"] == f"{address}?done=saved"
    assert "Saved." in admin.get(renamed.headers["location"]).text
    stale = send(admin, address, name="Typed", version="20200101T000000.000000")
    assert (stale.status_code, 'value="Typed"' in stale.text) == (412, True)
    assert send(admin, f"{address}/close").headers["location"] == f"{address}?done=closed"
    assert "Closed" in admin.get(address).text
    assert send(admin, f"{address}/open").status_code == 303


def test_refused_region_keeps_what_was_typed(page_as: As) -> None:
    admin = page_as("admin")
    taken = send(admin, "/organisation/regions/new", name="Typed Region", code="north")
    assert (taken.status_code, 'value="Typed Region"' in taken.text) == (409, True)
    # At its field, and in the summary as the way there.
    assert 'id="e-code"' in taken.text
    assert '<a class="link" href="#f-code">Another region has this code. Choose another.</a>' in taken.text
    empty = send(admin, "/organisation/regions/new", name=" ", code="1")
    assert empty.status_code == 422
    assert "Name is needed." in empty.text
    assert "<title>Error: " in empty.text


def test_refused_hospital_says_what_a_code_and_an_address_look_like(page_as: As) -> None:
    typed = {"code": "N-1", "name": "Typed", "timezone": "Europe/Berlin", "email": "front desk"}
    refused = send(page_as("admin"), "/organisation/hospitals/new", bed_capacity="4", **typed)
    assert refused.status_code == 422
    assert "Code needs 2 to 12 capital letters and digits, a letter first." in refused.text
    assert "E-mail needs an address such as name@hospital.example, without blanks." in refused.text
    assert all(f'value="{each}"' in refused.text for each in typed.values())


def test_hospital_is_opened_changed_closed_and_opened_again(page_as: As) -> None:
    admin = page_as("admin")
    of = region(page_as)
    address = hospital(page_as, of)
    assert 'value="12"' in admin.get(address).text
    body = {"name": "Page Hospital", "bed_capacity": "30", "timezone": "Europe/Oslo"}
    saved = send(
        admin, address, **body, results_need_second_person="true", version=version_on(admin, address)
    )
    assert saved.headers["location"] == f"{address}?done=saved"
    page = admin.get(address).text
    assert 'value="30"' in page
    assert " checked" in page
    wrong = send(admin, address, **{**body, "bed_capacity": "many", "timezone": "Mars"})
    assert wrong.status_code == 422
    assert "Licensed beds needs a number." in wrong.text
    zone = send(admin, address, **{**body, "timezone": "Mars"})
    assert "Choose a time zone from the IANA list" in zone.text
    assert send(admin, f"{of}/close").status_code == 409
    assert send(admin, f"{address}/close").status_code == 303
    assert send(admin, f"{of}/close").status_code == 303
    closed = send(admin, f"{address}/open")
    assert (closed.status_code, "Open the region first" in closed.text) == (409, True)


def test_hospital_with_somebody_in_it_says_why_it_stays_open(page_as: As, api_as: As) -> None:
    listed = api_as("manager").get("/api/v1/hospitals").json()["items"]
    answer = send(page_as("radmin"), f"/organisation/hospitals/{listed[0]['id']}/close")
    assert answer.status_code == 409
    assert "It can be closed when the last patient has left." in answer.text


def test_manager_reads_the_hospital_and_has_no_form(page_as: As, api_as: As) -> None:
    listed = api_as("manager").get("/api/v1/hospitals").json()["items"]
    path = f"/organisation/hospitals/{listed[0]['id']}"
    page = page_as("manager").get(path).text
    assert "America/New_York" in page
    assert "<form" not in page.split('id="main"')[1]
    assert send(page_as("manager"), path, name="Mine").status_code == 403


def test_what_is_beyond_the_region_is_not_there(page_as: As) -> None:
    of = region(page_as)
    address = hospital(page_as, of)
    for path in (of, f"{of}/theme", address):
        assert page_as("radmin").get(path).status_code == 404
    assert send(page_as("radmin"), f"{address}/close").status_code == 404


def test_theme_is_tried_on_the_page_and_saved(page_as: As, api_as: As) -> None:
    admin, address = page_as("admin"), region(page_as)
    path = f"{address}/theme"
    assert "No colour yet" in admin.get(path).text
    tried = send(admin, path, primary_color="#7a1fa2", secondary_color="", only_try="yes")
    assert tried.status_code == 200
    assert "/theme/7a1fa2.css" in tried.text
    assert "Nothing is saved yet" in tried.text
    assert (
        api_as("admin").get(f"/api/v1{address.removeprefix('/organisation')}").json()["primary_color"] is None
    )
    alarm = send(admin, path, primary_color="#d32f2f", only_try="yes")
    assert "Red, orange and yellow mean danger here" in alarm.text
    wrong = send(admin, path, primary_color="red", only_try="yes")
    assert (wrong.status_code, "Write the colour as six digits" in wrong.text) == (422, True)
    assert send(admin, path, primary_color="red").status_code == 422
    saved = send(admin, path, primary_color="#7a1fa2", version=version_on(admin, path))
    assert saved.headers["location"] == f"{address}?done=themed"
    assert "7a1fa2" in admin.get(path).text


# Beds and wards


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1-3", ["1", "2", "3"]),
        ("08-11", ["08", "09", "10", "11"]),
        ("W1–2, 7A", ["W1", "W2", "7A"]),
        ("A-01", ["A-01"]),
        (" , ", []),
    ],
)
def test_many_beds_are_written_shortly(typed: str, read: list[str]) -> None:
    assert bed_numbers(typed) == read


@pytest.mark.parametrize("slip", ["5-1", "1-", "-3", "1-100000", "7, A-", "1-150, 200-300", ","])
def test_a_slip_of_the_dash_makes_no_bed(page_as: As, slip: str) -> None:
    answer = send(page_as("manager"), "/wards/beds", ward="Slip", bed_numbers=slip, bed_type="general")
    assert answer.status_code == 422
    assert 'id="e-bed_numbers"' in answer.text
    assert f'value="{slip}"' in answer.text


def test_ward_is_set_up_and_renamed_and_a_bed_taken_out_of_use(page_as: As) -> None:
    # Letters only, so that a dash goes from number to number.
    ward = "Ward " + "abcdefghij"[next(_numbers) % 10] * next(_numbers)
    manager = page_as("manager")
    beds = {"ward": ward, "bed_numbers": f"{ward} 1-2", "bed_type": "icu", "floor": "", "bay": "Side rooms"}
    made = send(manager, "/wards/beds", **beds)
    assert made.headers["location"] == "/wards?done=made"
    page = manager.get("/wards?done=made").text
    assert f"{ward} 2" in page
    assert "Intensive care" in page
    assert "Side rooms" in page
    renamed = send(manager, "/wards/rename", ward=ward, new_name=f"{ward} East")
    assert renamed.headers["location"] == "/wards?done=renamed"
    address = re.search(rf'href="(/wards/beds/[^"]+)">{ward} 1<', manager.get("/wards").text)
    assert address is not None
    path, number = address[1], f"{ward} 9"
    body = {"bed_number": number, "ward": f"{ward} East", "bed_type": "day"}
    assert send(manager, path, **body).headers["location"] == f"{path}?done=saved"
    assert send(manager, f"{path}/switch-off").headers["location"] == f"{path}?done=off"
    assert "Out of use" in manager.get(path).text
    assert send(manager, f"{path}/switch-on").status_code == 303
    nameless = send(manager, path, **{**body, "bed_number": ""})
    assert (nameless.status_code, "Bed number is needed." in nameless.text) == (422, True)


def test_bed_that_is_taken_or_numbered_twice_is_told_on_the_form(page_as: As, api_as: As) -> None:
    manager = page_as("manager")
    occupied = api_as("manager").get("/api/v1/beds", params={"status": "occupied"}).json()["items"][0]
    refused = send(manager, f"/wards/beds/{occupied['id']}/switch-off")
    assert (refused.status_code, "Free it before it is switched off." in refused.text) == (409, True)
    twice = send(manager, "/wards/beds", ward="Twice", bed_numbers=occupied["bed_number"], bed_type="general")
    assert (twice.status_code, 'value="Twice"' in twice.text) == (409, True)
    many = send(manager, "/wards/beds", ward="Many", bed_numbers="1-150, 200-300", bed_type="general")
    assert (many.status_code, "At most 200 beds at once" in many.text) == (422, True)


def test_wards_are_set_up_by_the_manager_only(page_as: As) -> None:
    assert page_as("manager").get("/wards").status_code == 200
    for who in ("admin", "radmin", "nurse", "doctor", "patient"):
        assert page_as(who).get("/wards").status_code == 403
