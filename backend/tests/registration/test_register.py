"""A file for somebody: candidates first, the MRN from its counter, nobody twice (S28, S60, domain 5.3)."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from served import Hospitals
from somebody import Person
from starlette.testclient import TestClient
from strangers import at_lakeside, unlike

from app.access.actor import Actor
from app.access.context import set_context
from app.access.permissions import GRANTS
from app.clinical.mrn import is_valid_mrn
from app.core import clock
from app.core.database import create_engine, session_factory
from app.core.ids import new_id
from app.features.registration.actions import register_patient
from app.features.registration.register_schemas import PatientIn
from app.models.role import RoleName, Scope

As = Callable[[str], TestClient]
PATIENTS, CANDIDATES = "/api/v1/patients", "/api/v1/patients/candidates"
_numbers = itertools.count(1)


def registered(desk: TestClient, **given: Any) -> dict[str, Any]:
    answer = desk.post(PATIENTS, json={"first_name": "Ada", "last_name": unlike(), **given})
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def events(hospitals: Hospitals, kind: str) -> list[Any]:
    with hospitals.database.owner() as owner:
        return owner.execute(
            "SELECT outcome, query FROM audit_logs WHERE event_type = %s ORDER BY created_at, id", (kind,)
        ).fetchall()


def test_a_new_patient_gets_the_next_mrn_with_its_check_digit(api_as: As) -> None:
    desk = api_as("reception")
    one, two = registered(desk), registered(desk)
    assert all(is_valid_mrn(each["mrn"]) for each in (one, two))
    assert int(two["mrn"][4:-1]) == int(one["mrn"][4:-1]) + 1
    assert (one["gender"], one["is_unknown"], one["identifiers"]) == ("unknown", False, [])


def test_a_blood_group_is_taken_and_corrected(api_as: As) -> None:
    desk = api_as("reception")
    made = registered(desk, blood_group="AB-")
    assert made["blood_group"] == "AB-"
    changed = desk.patch(
        f"{PATIENTS}/{made['id']}", json={"blood_group": None}, headers={"If-Match": made["etag"]}
    )
    assert (changed.status_code, changed.json()["blood_group"]) == (200, None)
    assert desk.post(PATIENTS, json={"last_name": unlike(), "blood_group": "C"}).status_code == 422


@pytest.mark.parametrize("role", ["doctor", "nurse", "manager", "lab", "patient"])
def test_only_reception_registers(role: str, api_as: As) -> None:
    answer = api_as(role).post(PATIENTS, json={"last_name": "Somebody"})
    assert (answer.status_code, answer.json()["permission"]) == (403, "patient.register")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"last_name": " "}, "last_name"),
        ({"last_name": "Two\nlines"}, "last_name"),
        ({"phone": "call me"}, "phone"),
        ({"email": "nowhere"}, "email"),
        ({"date_of_birth": "2127-01-01"}, "date_of_birth"),
        ({"date_of_birth": "1880-01-01"}, "date_of_birth"),
        ({"date_of_birth": "tomorrow"}, "date_of_birth"),
        ({"national_id": "!"}, "national_id"),
        ({"mrn": "NGH-00000018"}, "mrn"),
    ],
)
def test_nonsense_is_refused_by_its_field(given: dict[str, Any], field: str, api_as: As) -> None:
    answer = api_as("reception").post(PATIENTS, json={"last_name": unlike(), **given})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_a_date_of_birth_is_kept_as_far_as_it_is_known(api_as: As) -> None:
    made = registered(api_as("reception"), date_of_birth="1959-03-09", date_of_birth_precision="month")
    assert (made["date_of_birth"], made["date_of_birth_precision"]) == ("1959-03-01", "month")
    made = registered(api_as("reception"), date_of_birth="1959-03-09", date_of_birth_precision="estimated")
    assert (made["date_of_birth"], made["date_of_birth_precision"]) == ("1959-01-01", "estimated")


def test_somebody_alike_must_be_looked_at_before_a_file_is_made(api_as: As, hospitals: Hospitals) -> None:
    desk, name = api_as("reception"), unlike()
    person = at_lakeside(hospitals, name, "1961-05-04")
    wanted = {"first_name": "Vera", "last_name": name, "date_of_birth": "1961-05-04"}
    assert code_of(desk.post(PATIENTS, json=wanted)) == (409, "candidates-found")
    assert events(hospitals, "110112")[-1] == (4, {"search": "person_candidates", "found": 1})
    found = desk.post(CANDIDATES, json=wanted).json()["items"]
    assert [each["person_id"] for each in found] == [person]
    made = registered(desk, **wanted, not_these=[person])
    assert made["person_id"] != person


def test_candidates_tell_of_another_hospital_no_more_than_the_network_may(
    api_as: As, hospitals: Hospitals
) -> None:
    desk, name = api_as("reception"), unlike()
    at_lakeside(hospitals, name, "1961-05-04", "LK 77-8899")
    answer = desk.post(CANDIDATES, json={"first_name": "Vera", "last_name": name})
    (found,) = answer.json()["items"]
    assert (found["name"], found["birth_year"], found["hospital_name"]) == (
        f"Vera {name}",
        1961,
        "Lakeside Hospital",
    )
    assert [key for key in ("patient_id", "mrn", "date_of_birth", "phone") if found[key] is not None] == []
    for secret in ("1961-05", "LSH-", "22 33", "Fjordveien", "8899"):
        assert secret not in answer.text


def test_every_look_is_in_the_trail_with_its_count_and_without_names(
    api_as: As, hospitals: Hospitals
) -> None:
    name = unlike()
    api_as("reception").post(CANDIDATES, json={"last_name": name, "national_id": "none-77"})
    outcome, query = events(hospitals, "110112")[-1]
    assert (outcome, query["found"], query["names_given"], query["national_id_given"]) == (0, 0, True, True)
    assert name.lower() not in str(query).lower()


def test_choosing_somebody_links_the_new_file_to_that_person(api_as: As, hospitals: Hospitals) -> None:
    desk, name = api_as("reception"), unlike()
    person = at_lakeside(hospitals, name, "1961-05-04")
    wanted = {"first_name": "Vera", "last_name": name}
    made = registered(desk, **wanted, person_id=person)
    assert (made["person_id"], made["mrn"][:4]) == (person, "NGH-")
    (found,) = desk.post(CANDIDATES, json=wanted).json()["items"]
    assert (found["patient_id"], found["mrn"]) == (made["id"], made["mrn"])
    again = desk.post(PATIENTS, json={**wanted, "person_id": person})
    assert code_of(again) == (409, "file-exists")


@pytest.mark.parametrize(
    ("first", "born", "sex", "status"),
    [
        ("1931-03-17", "1985-05-06", "male", 201),
        ("1932-04-18", "1961-12-09", "female", 201),
        # The year mistyped, day and month exchanged, told to the year only, not told at all.
        ("1933-05-19", "1903-05-19", "male", 409),
        ("1934-11-06", "1934-06-11", "male", 409),
        ("1935-07-21", "1938-01-01", "male", 409),
        ("1936-08-22", None, "male", 409),
    ],
)
def test_a_namesake_born_on_another_day_of_another_year_is_nobody_to_look_at(
    api_as: As, first: str, born: str | None, sex: str, status: int
) -> None:
    desk, who = api_as("reception"), {"first_name": "Ada", "last_name": unlike()}
    assert desk.post(PATIENTS, json={**who, "date_of_birth": first, "gender": "male"}).status_code == 201
    again = desk.post(PATIENTS, json={**who, "date_of_birth": born, "gender": sex})
    assert again.status_code == status, again.text


def test_a_person_who_is_no_candidate_cannot_be_chosen(api_as: As, hospitals: Hospitals) -> None:
    other = at_lakeside(hospitals, unlike(), "1961-05-04")
    for person in (other, str(uuid4())):
        answer = api_as("reception").post(PATIENTS, json={"last_name": unlike(), "person_id": person})
        assert code_of(answer) == (404, "person-not-found")


def test_the_same_number_on_a_document_is_the_same_person_however_it_is_written(
    api_as: As, hospitals: Hospitals
) -> None:
    desk = api_as("reception")
    person = at_lakeside(hospitals, unlike(), "1961-05-04", "LK 12-3456")
    wanted = {"last_name": unlike(), "national_id": "lk123456"}
    assert code_of(desk.post(PATIENTS, json=wanted)) == (409, "number-taken")
    # It cannot be declined.
    assert code_of(desk.post(PATIENTS, json={**wanted, "not_these": [person]})) == (409, "number-taken")
    (found,) = desk.post(CANDIDATES, json=wanted).json()["items"]
    assert (found["has_same_number"], found["person_id"]) == (True, person)
    assert registered(desk, **wanted, person_id=person)["person_id"] == person


def test_a_social_security_number_is_kept_as_other_systems_send_it(api_as: As) -> None:
    number = f"9{next(_numbers):08d}"
    made = registered(api_as("reception"), national_id=number, national_id_type="SS")
    assert made["identifiers"] == [{"type": "SS", "value": f"{number[:3]}-{number[3:5]}-{number[5:]}"}]


def test_numbers_are_shown_to_those_who_register_only(api_as: As) -> None:
    made = registered(api_as("reception"), national_id=f"NUM{next(_numbers):05d}")
    assert api_as("nurse").get(f"{PATIENTS}/{made['id']}").json()["identifiers"] is None


def test_an_unknown_patient_gets_a_name_of_his_own(api_as: As) -> None:
    desk = api_as("reception")
    seen = {"gender": "male", "estimated_age": 40, "identity_note": "Found at the north gate, blue jacket"}
    one, two = (desk.post(f"{PATIENTS}/unknown", json=seen).json() for _ in range(2))
    assert (one["last_name"], one["is_unknown"], one["date_of_birth_precision"]) == (
        "Unknown",
        True,
        "estimated",
    )
    assert one["first_name"] != two["first_name"]
    assert one["mrn"][4:-1].lstrip("0") in one["first_name"]


def test_a_family_name_ends_the_temporary_identity_and_the_person_follows(
    api_as: As, hospitals: Hospitals
) -> None:
    desk, name = api_as("reception"), unlike()
    made = desk.post(f"{PATIENTS}/unknown", json={"identity_note": "No papers"})
    changes = {"last_name": name, "first_name": "Tom", "date_of_birth": "1980-02-03"}
    path, seen = f"{PATIENTS}/{made.json()['id']}", {"If-Match": made.headers["etag"]}
    known = desk.patch(path, json=changes, headers=seen).json()
    assert (known["is_unknown"], known["identity_note"], known["last_name"]) == (False, None, name)
    with hospitals.database.owner() as owner:
        person = owner.execute(
            "SELECT first_name, last_name, date_of_birth::text FROM persons WHERE id = %s",
            (known["person_id"],),
        ).fetchone()
    assert person == ("Tom", name, "1980-02-03")


def test_a_person_whom_another_hospital_knows_too_stays_as_the_network_knows_her(
    api_as: As, hospitals: Hospitals
) -> None:
    desk, name = api_as("reception"), unlike()
    person = at_lakeside(hospitals, name, "1961-05-04")
    made = registered(desk, first_name="Vera", last_name=name, person_id=person)
    answer = desk.patch(
        f"{PATIENTS}/{made['id']}", json={"last_name": "Changed"}, headers={"If-Match": made["etag"]}
    )
    assert answer.json()["last_name"] == "Changed"
    with hospitals.database.owner() as owner:
        kept = owner.execute("SELECT last_name FROM persons WHERE id = %s", (person,)).fetchone()
    assert kept == (name,)


def test_corrections_need_the_version_that_was_seen(api_as: As) -> None:
    desk = api_as("reception")
    made = registered(desk, phone="+1 555 010 0199")
    path = f"{PATIENTS}/{made['id']}"
    assert desk.patch(path, json={"phone": None}).status_code == 428
    changed = desk.patch(path, json={"phone": None}, headers={"If-Match": made["etag"]})
    assert (changed.json()["phone"], changed.json()["first_name"]) == (None, "Ada")
    late = desk.patch(path, json={"first_name": "Eve"}, headers={"If-Match": made["etag"]})
    assert code_of(late) == (412, "changed-meanwhile")


def test_a_number_of_another_person_cannot_be_added(api_as: As) -> None:
    desk = api_as("reception")
    number = f"ID{next(_numbers):06d}"
    registered(desk, national_id=number)
    other = registered(desk)
    path, seen = f"{PATIENTS}/{other['id']}", {"If-Match": other["etag"]}
    answer = desk.patch(path, json={"national_id": number.lower()}, headers=seen)
    assert code_of(answer) == (409, "person-identifiers-system-value-type-key")
    own = desk.patch(path, json={"national_id": f"{number}9"}, headers=seen)
    assert [each["value"] for each in own.json()["identifiers"]] == [f"{number}9"]


def test_a_closed_file_is_not_corrected(api_as: As, hospitals: Hospitals) -> None:
    desk = api_as("reception")
    made = registered(desk)
    with hospitals.database.owner() as owner:
        owner.execute("UPDATE patients SET is_active = false WHERE id = %s", (made["id"],))
    answer = desk.patch(f"{PATIENTS}/{made['id']}", json={"phone": None}, headers={"If-Match": "*"})
    assert code_of(answer) == (409, "file-closed")


def test_a_closed_hospital_registers_nobody(somebody: Callable[[str], Person], hospitals: Hospitals) -> None:
    desk = somebody("reception@hass.example")
    desk.sql(
        "WITH shut AS (INSERT INTO hospitals (id, region_id, name, code, timezone, is_active)"
        " SELECT gen_random_uuid(), id, 'Shut Hospital', 'SHUT', 'Europe/Oslo', false FROM regions WHERE code = 'LAKE'"
        " RETURNING id, region_id)"
        " UPDATE users SET hospital_id = shut.id, region_id = shut.region_id FROM shut WHERE users.id = %s",
        desk.id,
    )
    program = desk.program()
    answers = [
        program.post(PATIENTS, json={"last_name": unlike()}),
        program.post(f"{PATIENTS}/unknown", json={}),
    ]
    assert [code_of(each) for each in answers] == [(409, "hospital-closed")] * 2


def test_a_patient_of_another_hospital_is_not_there(api_as: As, hospitals: Hospitals) -> None:
    desk = api_as("reception")
    for patient in (hospitals.nora, uuid4()):
        path = f"{PATIENTS}/{patient}"
        assert code_of(desk.get(path)) == (404, "patient-not-found")
        assert code_of(desk.patch(path, json={}, headers={"If-Match": "*"})) == (404, "patient-not-found")


def at_once(posts: list[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(posts)) as desks:
        return [each.result() for each in [desks.submit(post) for post in posts]]


async def test_forty_connections_at_once_get_forty_numbers_in_a_row(hospitals: Hospitals) -> None:
    with hospitals.database.owner() as owner:
        found = owner.execute(
            "SELECT u.id, h.id, h.region_id FROM users u JOIN hospitals h ON h.id = u.hospital_id"
            " WHERE u.email = 'reception@hass.example'"
        ).fetchone()
    assert found is not None
    user, hospital, region = found
    desk = Actor(
        user, new_id(), "reception@hass.example", None, "Desk", None, "reception", "Receptionist", "hospital", region,
        hospital, None, None, None, None, "NGH", "UTC", permissions=frozenset(GRANTS[RoleName.RECEPTION]),
    )  # fmt: skip
    engine = create_engine(hospitals.database.app_url, pool_size=40)
    sessions, start = session_factory(engine), asyncio.Barrier(40)

    async def register(name: str) -> str:
        async with sessions.begin() as session:
            await set_context(
                session, scope=Scope.HOSPITAL, act="register", hospital_id=hospital, region_id=region
            )
            # All forty hold a connection and a transaction before the first asks for a number.
            await start.wait()
            made = await register_patient(session, desk, PatientIn(last_name=name), now=clock.now())
            return made.mrn

    made = await asyncio.gather(*(register(unlike()) for _ in range(40)))
    await engine.dispose()
    numbers = sorted(int(mrn[4:-1]) for mrn in made)
    assert numbers == list(range(numbers[0], numbers[0] + 40))


@pytest.mark.parametrize("number", ["TWIN-0001", None])
def test_two_desks_that_register_one_person_at_once_make_one_file(number: str | None, api_as: As) -> None:
    desk = api_as("reception")
    body = {"first_name": "Iris", "last_name": unlike(), "date_of_birth": "1970-07-07", "national_id": number}
    answers = at_once([lambda: desk.post(PATIENTS, json=body)] * 8)
    assert Counter(code_of(each) for each in answers) == {
        (201, ""): 1,
        (409, "number-taken" if number else "candidates-found"): 7,
    }
