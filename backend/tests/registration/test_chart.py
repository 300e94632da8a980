"""The chart: who sees what of it, how it pages, and that it stays quick."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from busy import PRESCRIPTIONS, RECORDS, REPORTS, VISITS
from served import Hospitals
from starlette.testclient import TestClient

from app.features.registration.queries import flagged
from app.features.registration.schemas import AllergiesOut, AllergyOut

As = Callable[[str], TestClient]
SECTIONS = ("visits", "vitals", "lab_tests", "prescriptions", "records")
SEES = {
    "doctor": {"allergies", *SECTIONS},
    "nurse": {"allergies", *SECTIONS},
    "lab": {"lab_tests"},
    "pharma": {"allergies", "prescriptions"},
    "reception": {"visits"},
    "manager": {"visits"},
}


def chart_of(program: TestClient, patient: UUID, **parameters: Any) -> Any:
    answer = program.get(f"/api/v1/patients/{patient}/chart", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_nurse_reads_the_whole_chart(api_as: As, hospitals: Hospitals) -> None:
    chart = chart_of(api_as("nurse"), hospitals.john)
    assert chart["patient"]["last_name"] == "Smith"
    assert chart["allergies"]["state"] == "known"
    assert [len(chart[name]) for name in ("visits", "vitals", "lab_tests", "prescriptions")] == [1, 6, 1, 1]
    assert chart["withheld"] == []
    assert chart["totals"]["vitals"] == 6


@pytest.mark.parametrize("role", SEES)
def test_a_role_sees_its_sections_and_no_other(role: str, api_as: As, hospitals: Hospitals) -> None:
    chart = chart_of(api_as(role), hospitals.john)
    shown = {name for name in ("allergies", *SECTIONS) if chart[name] is not None}
    assert shown == SEES[role]
    assert set(chart["withheld"]) == set(SECTIONS) - SEES[role]
    assert (chart["weight"] is not None) == (role in ("doctor", "nurse", "pharma"))


@pytest.mark.parametrize("role", ["reception", "manager"])
def test_visits_without_clinical_content_for_who_may_not_read_it(
    role: str, api_as: As, hospitals: Hospitals
) -> None:
    visit = chart_of(api_as(role), hospitals.john)["visits"][0]
    assert (visit["reason_for_visit"], visit["diagnosis"], visit["diagnoses"]) == (None, None, None)


@pytest.mark.parametrize("role", ["admin", "radmin"])
def test_administrators_have_no_standing_access_to_a_chart(
    role: str, api_as: As, hospitals: Hospitals
) -> None:
    answer = api_as(role).get(f"/api/v1/patients/{hospitals.john}/chart")
    assert answer.status_code == 403
    assert answer.json()["permission"] == "patient.read"


def test_a_missing_permission_is_403_whatever_the_id(api_as: As) -> None:
    for patient in (uuid4(), "not-an-id"):
        assert api_as("admin").get(f"/api/v1/patients/{patient}/chart").status_code == 403


def test_a_section_that_the_role_lacks_is_refused_by_name(api_as: As, hospitals: Hospitals) -> None:
    answer = api_as("lab").get(f"/api/v1/patients/{hospitals.john}/chart", params={"section": "vitals"})
    assert answer.status_code == 403
    assert answer.json()["permission"] == "vitals.read"


@pytest.mark.parametrize("role", ["doctor", "nurse", "lab", "pharma", "reception", "manager"])
def test_a_patient_of_another_hospital_is_not_there(
    role: str, api_as: As, page_as: As, hospitals: Hospitals
) -> None:
    known, unknown = (
        api_as(role).get(f"/api/v1/patients/{each}/chart") for each in (hospitals.nora, uuid4())
    )
    assert known.status_code == unknown.status_code == 404
    without_number = [{**each.json(), "request_id": None} for each in (known, unknown)]
    assert without_number[0] == without_number[1]
    assert page_as(role).get(f"/patients/{hospitals.nora}").status_code == 404


def test_a_doctor_of_the_other_hospital_sees_hers_and_not_ours(api_as: As, hospitals: Hospitals) -> None:
    program = api_as("doctor@lakeside.example")
    assert chart_of(program, hospitals.nora)["patient"]["mrn"].startswith("LSH")
    assert program.get(f"/api/v1/patients/{hospitals.john}/chart").status_code == 404


def test_a_patient_reads_his_own_chart_only(api_as: As, hospitals: Hospitals) -> None:
    chart = chart_of(api_as("patient"), hospitals.john)
    assert chart["patient"]["last_name"] == "Smith"
    # The only test is not completed and released, so that it is not his to read yet.
    assert chart["lab_tests"] == []
    assert api_as("patient").get(f"/api/v1/patients/{hospitals.nora}/chart").status_code == 404


def test_nobody_reads_a_chart_unsigned(client: TestClient, hospitals: Hospitals) -> None:
    answer = client.get(f"/api/v1/patients/{hospitals.john}/chart")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    page = client.get(f"/patients/{hospitals.john}")
    assert page.status_code == 303
    assert page.headers["location"] == f"/login?next=%2Fpatients%2F{hospitals.john}"


def test_a_wrong_id_or_cursor_is_said_without_repeating_it(api_as: As, hospitals: Hospitals) -> None:
    program = api_as("nurse")
    answer = program.get("/api/v1/patients/zzz-secret/chart")
    assert answer.status_code == 422
    assert "zzz-secret" not in answer.text
    assert answer.json()["errors"][0]["field"] == "patient_id"
    for cursor in ("???", "WzFd", "WyJ4IiwgIngiLCAieCJd"):
        parameters = {"section": "vitals", "cursor": cursor}
        answer = program.get(f"/api/v1/patients/{hospitals.john}/chart", params=parameters)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-invalid")


def test_a_cursor_without_its_section_is_refused(api_as: As, busy: UUID) -> None:
    program = api_as("doctor")
    cursor = chart_of(program, busy)["older"]["visits"]
    answer = program.get(f"/api/v1/patients/{busy}/chart", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "section")


def test_the_banner_names_an_allergy_once_though_two_sources_sent_it() -> None:
    def allergy(substance: str, reaction: str | None = None, clinical: str = "active") -> AllergyOut:
        return AllergyOut(
            id=uuid4(), substance=substance, category=None, criticality=None, clinical_status=clinical,
            verification_status="confirmed", reaction=reaction, reaction_severity=None,
        )  # fmt: skip

    items = [allergy("Nut"), allergy("nut"), allergy("Nut", "hives"), allergy("Fish", clinical="resolved")]
    named = AllergiesOut(state="known", items=items).named
    assert [(each.substance, each.reaction) for each in named] == [("Nut", None), ("Nut", "hives")]


def events(hospitals: Hospitals) -> list[tuple[Any, ...]]:
    with hospitals.database.owner() as connection:
        return connection.execute(
            "SELECT action, event_type, patient_id, act, user_id FROM audit_logs WHERE event_type = '110110'"
            " ORDER BY seq"
        ).fetchall()


def test_opening_a_chart_is_in_the_trail_and_a_miss_is_a_refusal(
    api_as: As, page_as: As, hospitals: Hospitals
) -> None:
    before = len(events(hospitals))
    chart_of(api_as("nurse"), hospitals.john)
    page_as("doctor").get(f"/patients/{hospitals.john}")
    api_as("nurse").get(f"/api/v1/patients/{uuid4()}/chart")
    new = events(hospitals)[before:]
    assert [(row[0], row[2], row[3]) for row in new] == [
        ("R", hospitals.john, "read_chart"),
        ("R", hospitals.john, "show_chart"),
        ("E", None, "read_chart"),
    ]
    assert all(row[4] is not None for row in new)


def test_a_search_is_in_the_trail_without_what_was_typed(api_as: As, hospitals: Hospitals) -> None:
    api_as("nurse").get("/api/v1/patients", params={"q": "smi"})
    with hospitals.database.owner() as connection:
        query = connection.execute(
            "SELECT query FROM audit_logs WHERE event_type = '110112' ORDER BY created_at DESC LIMIT 1"
        ).fetchone()
    assert query is not None
    assert query[0] == {"by": "names", "found": 1}


def test_a_chart_of_a_long_life_takes_six_statements_and_says_how_much_there_is(
    api_as: As, busy: UUID, queries: Any
) -> None:
    program = api_as("doctor")
    with queries(at_most=6):
        chart = chart_of(program, busy)
    assert chart["totals"] == {
        "visits": VISITS,
        "vitals": 10 * VISITS,
        "lab_tests": REPORTS,
        "prescriptions": PRESCRIPTIONS,
        "records": RECORDS,
    }
    assert {name: len(chart[name]) for name in SECTIONS} == {
        "visits": 50,
        "vitals": 400,
        "lab_tests": 50,
        "prescriptions": 50,
        "records": 50,
    }
    assert {each["record_type"]: each["count"] for each in chart["record_types"]} == {
        "CarePlan": 67,
        "Condition": 66,
        "Procedure": 67,
    }


def test_the_page_of_a_long_life_takes_six_statements_and_stays_light(
    page_as: As, busy: UUID, queries: Any
) -> None:
    page = page_as("doctor")
    with queries(at_most=6):
        answer = page.get(f"/patients/{busy}")
    assert answer.status_code == 200
    begun = time.perf_counter()
    page.get(f"/patients/{busy}")
    print(f"chart page of 1,000 visits: {(time.perf_counter() - begun) * 1000:.0f} ms")


@pytest.mark.parametrize("section", SECTIONS)
def test_show_older_reaches_every_row_once(section: str, api_as: As, busy: UUID) -> None:
    program = api_as("doctor")
    chart = chart_of(program, busy)
    seen = [row["id"] for row in chart[section]]
    total = chart["totals"][section]
    while section in chart["older"]:
        chart = chart_of(program, busy, section=section, cursor=chart["older"][section])
        seen += [row["id"] for row in chart[section]]
    assert len(seen) == len(set(seen)) == total


def test_current_medicines_stand_first(api_as: As, busy: UUID) -> None:
    statuses = [row["status"] for row in chart_of(api_as("doctor"), busy)["prescriptions"]]
    assert statuses[:10] == ["active"] * 10
    assert set(statuses[10:]) == {"completed"}


def test_a_result_carries_the_value_before_it(api_as: As, busy: UUID) -> None:
    tests = chart_of(api_as("doctor"), busy)["lab_tests"]
    newest, before = tests[0]["results"][0], tests[1]["results"][0]
    assert newest["name"] == before["name"]
    assert newest["previous_value"] == before["value_numeric"]


def test_records_can_be_asked_for_by_kind(api_as: As, busy: UUID) -> None:
    chart = chart_of(api_as("doctor"), busy, section="records", record_type="Condition")
    assert {row["record_type"] for row in chart["records"]} == {"Condition"}
    assert chart["totals"]["records"] == 66


def test_a_result_without_a_reference_gets_our_flag_and_says_so() -> None:
    patient = {"date_of_birth": date(1951, 2, 3), "gender": "female"}
    result = {
        "interpretation": None,
        "reference_low": None,
        "reference_high": None,
        "comparator": None,
        "value_numeric": 9.1,
        "code": "718-7",
        "unit": "g/dL",
        "observed_at": "2020-05-01T08:00:00+00:00",
    }
    asked_at = datetime(2020, 5, 1, tzinfo=UTC)
    shown = flagged(patient, result, asked_at)
    assert (shown["flag"], shown["flag_by"], str(shown["usual_low"])) == ("L", "hass", "12.0")
    # The laboratory's word stands, and a bound such as "<5" is no number to judge.
    theirs = flagged(patient, {**result, "interpretation": "HH"}, asked_at)
    assert (theirs["flag"], theirs["flag_by"], theirs["usual_low"]) == ("HH", "laboratory", None)
    assert flagged(patient, {**result, "comparator": "<"}, asked_at)["flag"] is None
    assert flagged(patient, {**result, "reference_low": 8}, asked_at)["flag"] is None
    assert flagged({**patient, "date_of_birth": None}, result, asked_at)["flag"] is None
