"""Reception's home and the pages of registration."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from factories import HOUR, NOW, Make
from served import Hospitals, token_of
from starlette.testclient import TestClient
from strangers import at_lakeside, unlike

from app.core.ids import new_id

As = Callable[[str], TestClient]


def send(page: TestClient, path: str, **fields: Any) -> Any:
    token = token_of(page.get("/patients/new").text)
    return page.post(path, data={"csrf_token": token, **fields})


def file_of(page: TestClient, **fields: Any) -> str:
    """The address of a new patient's chart."""
    answer = send(page, "/patients/new", **{"last_name": unlike(), "gender": "female", **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_registering_leads_to_the_chart_which_says_so(page_as: As) -> None:
    desk = page_as("reception")
    address = file_of(desk, date_of_birth="9 3 1959", phone="+1 555 010 0142")
    page = desk.get(address).text
    assert "Registered." in page
    assert ">09-Mar-1959<" in page


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("9/3/1959", ">09-Mar-1959<"), ("mar 1959", ">Mar-1959<"), ("1959", ">1959<"), ("67y", "about <time")],
)
def test_a_date_of_birth_is_echoed_as_it_was_understood(typed: str, shown: str, page_as: As) -> None:
    assert shown in page_as("reception").get("/patients/new/birth", params={"date_of_birth": typed}).text


@pytest.mark.parametrize("typed", ["31 2 1959", "soon", "200y", "9 3 2159", "1850", "<b>1</b>"])
def test_what_is_no_date_of_birth_is_told_and_kept(typed: str, page_as: As) -> None:
    desk = page_as("reception")
    told = desk.get("/patients/new/birth", params={"date_of_birth": typed}).text
    assert "<time" not in told
    answer = send(desk, "/patients/new", last_name=unlike(), date_of_birth=typed)
    assert answer.status_code == 422
    assert 'href="#f-date_of_birth"' in answer.text
    assert f'value="{typed.replace("<", "&lt;").replace(">", "&gt;")}"' in answer.text


def test_everything_typed_survives_an_error(page_as: As) -> None:
    answer = send(page_as("reception"), "/patients/new", first_name="Ada", address="1 Mill Lane", phone="x")
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert "Family name is needed." in answer.text
    assert "Phone needs digits" in answer.text
    for kept in ('value="Ada"', "1 Mill Lane</textarea>", 'name="phone" type="tel" value="x"'):
        assert kept in answer.text


def test_somebody_alike_is_shown_before_the_file_is_made(page_as: As, hospitals: Hospitals) -> None:
    desk, name = page_as("reception"), unlike()
    person = at_lakeside(hospitals, name, "1961-05-04")
    fields = {"last_name": name, "first_name": "Vera", "gender": "female", "date_of_birth": "4 5 1961"}
    asked = send(desk, "/patients/new", **fields)
    assert asked.status_code == 200
    assert "Is it this person?" in asked.text
    assert "Lakeside Hospital" in asked.text
    # Her day of birth is the other hospital's to tell.
    assert "04-May-1961" not in asked.text
    linked = send(desk, "/patients/new", **fields, person_id=person)
    assert linked.status_code == 303
    assert "Open this file" in send(desk, "/patients/new", **fields).text


def test_declining_everybody_makes_a_new_person(page_as: As, hospitals: Hospitals) -> None:
    desk, name = page_as("reception"), unlike()
    person = at_lakeside(hospitals, name, "1961-05-04")
    answer = send(
        desk, "/patients/new", last_name=name, first_name="Vera", gender="female", not_these=[person]
    )
    assert answer.status_code == 303


def test_a_number_that_names_somebody_cannot_be_declined_on_the_page(
    page_as: As, hospitals: Hospitals
) -> None:
    desk = page_as("reception")
    person = at_lakeside(hospitals, unlike(), "1961-05-04", "PAGE-77-1")
    fields = {"last_name": unlike(), "gender": "male", "national_id": "page771", "not_these": [person]}
    answer = send(desk, "/patients/new", **fields)
    assert answer.status_code == 409
    assert "Same number on a document" in answer.text
    assert "register as a new person" not in answer.text


def test_somebody_unknown_is_named_when_it_is_known_who_it_is(page_as: As) -> None:
    desk = page_as("reception")
    made = send(desk, "/patients/new/unknown", gender="male", estimated_age="40", identity_note="North gate")
    address = made.headers["location"].split("?")[0]
    assert "Identity not known: <bdi>North gate</bdi>" in desk.get(address).text
    form = desk.get(f"{address}/edit").text
    assert "Who is it?" in form
    version = form.split('name="version" value="')[1].split('"')[0]
    named = send(desk, f"{address}/edit", last_name=unlike(), gender="male", version=version)
    assert named.status_code == 303
    assert "Identity not known" not in desk.get(address).text


def test_a_stale_correction_is_refused_and_kept(page_as: As) -> None:
    desk = page_as("reception")
    address = file_of(desk).split("?")[0]
    answer = send(desk, f"{address}/edit", last_name="Typed", version="20200101T000000.000000")
    assert answer.status_code == 412
    assert 'value="Typed"' in answer.text
    # Having been told, he may save what he typed.
    version = answer.text.split('name="version" value="')[1].split('"')[0]
    again = send(desk, f"{address}/edit", last_name="Zztyped", version=version)
    assert again.status_code == 303


@pytest.mark.parametrize("path", ["/desk", "/patients/new", "/patients/new/unknown", "/desk/house"])
def test_only_reception_has_the_desk(path: str, page_as: As) -> None:
    assert page_as("reception").get(path).status_code == 200
    for role in ("nurse", "doctor", "manager", "lab"):
        assert page_as(role).get(path).status_code == 403


def test_reception_starts_at_the_desk(page_as: As) -> None:
    assert page_as("reception").get("/").headers["location"] == "/desk"


@pytest.fixture
def make(hospitals: Hospitals) -> Iterator[Make]:
    with hospitals.database.owner() as owner:
        yield Make(owner)


def at_home(make: Make) -> dict[str, Any]:
    found = make.connection.execute("SELECT id, region_id FROM hospitals WHERE code = 'NGH'").fetchone()
    assert found is not None
    # Numbers of a series of their own: those of the hospital come from its counter.
    return {"id": found[0], "region_id": found[1], "code": "DESK"}


def test_planned_visits_and_appointments_of_today_are_expected(make: Make, page_as: As, api_as: As) -> None:
    hospital = at_home(make)
    name, other = unlike(), unlike()
    make.visit(patient=make.patient(hospital=hospital, last_name=name), status="planned")
    # Within ten minutes, so that it is on today's list however late the test runs.
    soon = NOW + timedelta(minutes=1)
    patient = make.patient(hospital=hospital, last_name=other)
    booked = make.appointment(
        patient=patient, scheduled_at=soon, ends_at=soon + HOUR / 2, duration_minutes=30
    )
    far = make.patient(hospital=hospital, last_name=unlike())
    make.appointment(patient=far, scheduled_at=NOW + 50 * HOUR, ends_at=NOW + 51 * HOUR, duration_minutes=60)
    page = page_as("reception").get("/desk").text
    assert name.upper() in page
    day = (
        api_as("reception").get("/api/v1/arrivals", params={"day": _day(make, booked["scheduled_at"])}).json()
    )
    listed = {each["last_name"]: (each["kind"], each["status"]) for each in day["items"]}
    assert (listed[name], listed[other]) == (("visit", "planned"), ("appointment", "scheduled"))
    assert far["last_name"] not in listed


def _day(make: Make, at: Any) -> str:
    row = make.connection.execute("SELECT (%s AT TIME ZONE 'America/New_York')::date::text", (at,)).fetchone()
    assert row is not None
    return str(row[0])


def test_appointments_are_kept_from_who_may_not_see_them(make: Make, api_as: As) -> None:
    patient = make.patient(hospital=at_home(make), last_name=unlike())
    at = NOW + 5 * HOUR
    make.appointment(patient=patient, scheduled_at=at, ends_at=at + HOUR / 2, duration_minutes=30)
    day = api_as("manager").get("/api/v1/arrivals", params={"day": _day(make, at)}).json()
    assert {each["kind"] for each in day["items"]} <= {"visit"}


def test_everybody_with_an_open_visit_is_in_the_house_and_nobody_else(make: Make, api_as: As) -> None:
    hospital = at_home(make)
    here, gone, elsewhere = unlike(), unlike(), unlike()
    make.visit(patient=make.patient(hospital=hospital, last_name=here), status="active")
    make.visit(patient=make.patient(hospital=hospital, last_name=gone), status="discharged")
    make.visit(patient=make.patient(last_name=elsewhere), status="active")
    desk, names, cursor = api_as("reception"), [], None
    while True:
        page = desk.get(
            "/api/v1/in-house", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        names += [each["last_name"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert here in names
    assert not {gone, elsewhere} & set(names)
    assert len(names) == len(set(names)) == sum(page["counts"].values())


def test_the_desk_takes_six_statements_at_most_however_many_there_are(
    make: Make, page_as: As, queries: Any
) -> None:
    hospital = at_home(make)
    for _ in range(30):
        make.visit(patient=make.patient(hospital=hospital, last_name=unlike()), status="active")
    for path in ("/desk", "/desk?q=smith", "/desk/house"):
        with queries(at_most=6):
            assert page_as("reception").get(path).status_code == 200


def test_the_desk_searches_in_place(page_as: As) -> None:
    answer = page_as("reception").get("/desk", params={"q": "smith"}, headers={"HX-Request": "true"})
    assert "SMITH" in answer.text.replace("<mark>", "").replace("</mark>", "")
    assert "<html" not in answer.text


def test_a_row_out_of_reach_is_no_page(page_as: As, hospitals: Hospitals) -> None:
    for patient in (hospitals.nora, new_id()):
        assert page_as("reception").get(f"/patients/{patient}/edit").status_code == 404


def test_before_a_temporary_identity_ends_those_who_may_be_meant_are_shown(page_as: As) -> None:
    desk, name = page_as("reception"), unlike()
    file_of(desk, last_name=name, first_name="Tom", date_of_birth="3 2 1980")
    made = send(desk, "/patients/new/unknown", gender="male")
    address = made.headers["location"].split("?")[0]
    version = desk.get(f"{address}/edit").text.split('name="version" value="')[1].split('"')[0]
    fields = {"last_name": name, "first_name": "Tom", "gender": "male", "version": version}
    asked = send(desk, f"{address}/edit", **fields)
    assert asked.status_code == 200
    assert "ask a manager to merge the files" in asked.text
    shown = re.findall(r'name="not_these" value="([^"]+)"', asked.text)
    saved = send(desk, f"{address}/edit", **fields, not_these=shown)
    assert saved.status_code == 303
