"""A set of vital signs: bounds, rounding, score, times, and what is refused (domain 5.5)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from factories import NOW, Make
from nursing_ward import NORMAL, Ward
from starlette.testclient import TestClient

As = Callable[[str], TestClient]
Record = Callable[..., Any]
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def visit(ward: Ward) -> Any:
    return ward.visit(date_of_birth=date(1959, 3, 9))


def now() -> datetime:
    return datetime.now(UTC)


def test_a_normal_set_is_kept_with_its_score_and_is_next_due_in_twelve_hours(
    record: Record, visit: Any, ward: Ward
) -> None:
    answer = record(visit)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert kept["news2"] == {
        "total": 0, "risk": "low", "red": [], "complete": True, "scale": 1, "missing": [], "not_scored": None,
        "points": dict.fromkeys(kept["news2"]["points"], 0), "age_band": "adult",
        "response": "Continue routine monitoring",
    }  # fmt: skip
    at, due = (datetime.fromisoformat(kept[name]) for name in ("recorded_at", "next_due_at"))
    assert due - at == 12 * HOUR
    assert (kept["is_abnormal"], kept["status"], kept["escalation_id"]) == (False, "final", None)
    assert kept["recorded_by_id"] == str(ward.user("nurse@hass.example"))
    row = ward.rows("SELECT news2_total, news2_red, news2_state FROM vitals WHERE id = %s", kept["id"])[0]
    assert row == {"news2_total": 0, "news2_red": False, "news2_state": "complete"}
    trail = ward.rows(
        "SELECT act, action, patient_id FROM audit_logs WHERE resource_id = %s AND resource_type = 'vitals'",
        kept["id"],
    )
    assert trail == [{"act": "record_vitals", "action": "C", "patient_id": visit["patient_id"]}]


def test_recording_a_set_takes_two_statements_and_two_more_with_a_call(
    record: Record, ward: Ward, queries: Any
) -> None:
    visit = ward.visit()
    with queries(at_most=2):
        assert record(visit).status_code == 201
    with queries(at_most=4):
        assert record(visit, respiratory_rate=25).status_code == 201


# What is measured a second before and after each edge of a band, both scales: tests/clinical/test_news2.py.


@pytest.mark.parametrize(
    ("sign", "low", "high"),
    [
        ("temperature", 20.0, 45.0), ("heart_rate", 0, 350), ("respiratory_rate", 0, 100), ("spo2", 0, 100),
        ("weight", 0.2, 700), ("height", 20, 280), ("oxygen_flow_lpm", 0, 80), ("fio2_percent", 21, 100),
        ("pain", 0, 10),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_the_last_that_can_is_taken(
    record: Record, visit: Any, sign: str, low: float, high: float
) -> None:
    step = 0.1 if sign in ("temperature", "weight", "oxygen_flow_lpm") else 1
    given = {**NORMAL, "confirmed": [sign], "supplemental_oxygen": True}
    for value, status in ((low - step, 422), (low, 201), (high, 201), (high + step, 422)):
        answer = record(visit, signs=given, **{sign: value})
        assert answer.status_code == status, (value, answer.text)
        if status == 422:
            assert answer.json()["code"] == "value-impossible"
            assert [each["field"] for each in answer.json()["errors"]] == [sign]
        else:
            assert answer.json()[sign] == value


@pytest.mark.parametrize(
    ("upper", "lower", "field"),
    [(120, None, "blood_pressure_diastolic"), (None, 80, "blood_pressure_systolic"),
     (80, 80, "blood_pressure_diastolic"), (80, 90, "blood_pressure_diastolic"),
     (351, 90, "blood_pressure_systolic"), (300, 251, "blood_pressure_diastolic"),
     (120, -1, "blood_pressure_diastolic")],
)  # fmt: skip
def test_pressures_come_both_and_in_order(
    record: Record, visit: Any, upper: int | None, lower: int | None, field: str
) -> None:
    answer = record(visit, blood_pressure_systolic=upper, blood_pressure_diastolic=lower)
    assert answer.status_code == 422
    assert field in [each["field"] for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("sign", "inside", "outside"),
    [("temperature", 34.0, 33.9), ("temperature", 41.0, 41.1), ("heart_rate", 30, 29), ("heart_rate", 220, 221),
     ("respiratory_rate", 6, 5), ("respiratory_rate", 50, 51), ("spo2", 70, 69),
     ("weight", 30, 29.9), ("height", 220, 221)],
)  # fmt: skip
def test_what_is_unusual_is_asked_about_and_taken_when_confirmed(
    record: Record, visit: Any, sign: str, inside: float, outside: float
) -> None:
    assert record(visit, **{sign: inside}).status_code == 201
    asked = record(visit, **{sign: outside})
    assert (asked.status_code, asked.json()["code"]) == (422, "confirm-needed")
    assert [each["field"] for each in asked.json()["errors"]] == [sign]
    assert record(visit, **{sign: outside}, confirmed=[sign]).status_code == 201


def test_all_unusual_fields_are_named_at_once_and_each_is_confirmed(record: Record, visit: Any) -> None:
    given = {"heart_rate": 0, "blood_pressure_systolic": 59, "blood_pressure_diastolic": 29}
    asked = record(visit, **given, confirmed=["blood_pressure_systolic"])
    assert {each["field"] for each in asked.json()["errors"]} == {"heart_rate", "blood_pressure_diastolic"}
    kept = record(visit, **given, confirmed=list(given))
    assert (kept.status_code, kept.json()["heart_rate"]) == (201, 0)


@pytest.mark.parametrize(
    ("typed", "unit", "kept"),
    [
        (98.6, "[degF]", 37.0),
        (100.4, "[degF]", 38.0),
        (36.65, "Cel", 36.7),
        (36.649, "Cel", 36.6),
        (38.05, "Cel", 38.1),
    ],
)
def test_temperature_is_kept_in_celsius_to_a_tenth_rounded_half_up(
    record: Record, visit: Any, typed: float, unit: str, kept: float
) -> None:
    answer = record(visit, temperature=typed, temperature_unit=unit)
    assert answer.json()["temperature"] == kept


def test_fahrenheit_without_its_unit_is_refused_with_the_offer(record: Record, visit: Any) -> None:
    answer = record(visit, temperature=98.6)
    assert answer.status_code == 422
    assert "98.6 °F is 37 °C" in answer.json()["errors"][0]["sentence"]


def test_whole_numbers_are_rounded_half_up_before_they_are_scored(record: Record, visit: Any) -> None:
    kept = record(visit, spo2=95.5, heart_rate=90.4, respiratory_rate=20.5).json()
    assert (kept["spo2"], kept["heart_rate"], kept["respiratory_rate"]) == (96, 90, 21)
    points = kept["news2"]["points"]
    assert (points["spo2"], points["heart_rate"], points["respiratory_rate"]) == (0, 0, 2)


@pytest.mark.parametrize("wrong", ["97", "NaN", True, "ninety", [97], {"value": 97}, 1e308])
def test_a_measurement_is_a_number_and_nothing_that_looks_like_one(
    record: Record, visit: Any, wrong: Any
) -> None:
    assert record(visit, spo2=wrong).status_code == 422


@pytest.mark.parametrize(
    "extra", ["bmi", "is_abnormal", "recorded_by_id", "news2", "news2_total", "source", "status"]
)
def test_what_the_server_derives_cannot_be_sent(record: Record, visit: Any, extra: str) -> None:
    assert record(visit, **{extra: 1}).status_code == 422


def test_what_cannot_be_read_and_what_cannot_be_are_told_at_once(record: Record, visit: Any) -> None:
    wrong = record(visit, spo2="ninety", heart_rate=400, consciousness="X", oxygen_flow_lpm=2, bmi=20)
    assert wrong.status_code == 422
    told = {each["field"]: each["sentence"] for each in wrong.json()["errors"]}
    assert set(told) == {"spo2", "heart_rate", "consciousness", "oxygen_flow_lpm", "bmi"}
    assert told["spo2"] == "spo2 needs a number."
    assert told["heart_rate"] == "Pulse is 0 to 350 /min. Check the value."
    late = record(visit, recorded_at=(now() + timedelta(hours=1)).isoformat(), heart_rate=400)
    assert [each["field"] for each in late.json()["errors"]] == ["heart_rate", "recorded_at"]


def test_of_two_pressures_one_that_cannot_be_read_is_told_once(record: Record, visit: Any) -> None:
    told = record(visit, blood_pressure_systolic="high", temperature=50, temperature_unit="K").json()[
        "errors"
    ]
    assert sorted(each["field"] for each in told) == ["blood_pressure_systolic", "temperature_unit"]


def test_a_set_without_any_sign_is_refused(record: Record, visit: Any) -> None:
    answer = record(visit, signs={}, notes="Asleep.")
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing-measured")


@pytest.mark.parametrize(
    "missing",
    [
        "temperature",
        "heart_rate",
        "respiratory_rate",
        "spo2",
        "supplemental_oxygen",
        "consciousness",
        "blood_pressure_systolic",
    ],
)
def test_an_incomplete_set_has_no_total_and_is_due_within_the_hour(
    record: Record, visit: Any, missing: str
) -> None:
    without = {missing: None}
    if missing.startswith("blood"):
        without["blood_pressure_diastolic"] = None
    kept = record(visit, **without).json()
    assert (kept["news2"]["total"], kept["news2"]["risk"]) == (None, None)
    assert (kept["news2"]["missing"], kept["news2"]["not_scored"]) == ([missing], "incomplete")
    assert datetime.fromisoformat(kept["next_due_at"]) - datetime.fromisoformat(kept["recorded_at"]) == HOUR


def test_an_incomplete_set_still_says_its_single_three(record: Record, ward: Ward) -> None:
    kept = record(ward.visit(), temperature=None, consciousness="V").json()
    assert (kept["news2"]["total"], kept["news2"]["red"]) == (None, ["consciousness"])
    assert kept["escalation_id"] is not None


def born_days_ago(days: int) -> date:
    """Counted in the hospital's zone, where a day begins later than in UTC."""
    return now().astimezone(ZoneInfo("America/New_York")).date() - timedelta(days=days)


def test_under_sixteen_there_is_no_total_and_the_age_band_is_said(record: Record, ward: Ward) -> None:
    child = ward.visit(date_of_birth=born_days_ago(5843))
    kept = record(child, heart_rate=131, respiratory_rate=25).json()
    score = kept["news2"]
    assert (score["total"], score["not_scored"], score["age_band"]) == (None, "under_16", "adolescent")
    assert (score["red"], kept["escalation_id"], kept["is_abnormal"]) == ([], None, False)
    sixteen = ward.visit(date_of_birth=born_days_ago(5844))
    assert record(sixteen).json()["news2"]["total"] == 0


def test_a_childs_bounds_are_those_of_its_age(record: Record, ward: Ward) -> None:
    infant = ward.visit(date_of_birth=born_days_ago(100))
    small = {"heart_rate": 130, "respiratory_rate": 35, "temperature": 37.0, "spo2": 98}
    assert record(infant, signs=small).json()["is_abnormal"] is False
    asked = record(infant, signs=small, heart_rate=65)
    assert asked.json()["code"] == "confirm-needed"
    kept = record(infant, signs=small, heart_rate=65, confirmed=["heart_rate"])
    assert kept.json()["is_abnormal"] is True


def test_in_pregnancy_there_is_no_total(record: Record, ward: Ward) -> None:
    expecting = ward.visit(date_of_birth=date(1995, 1, 1))
    ward.alert(expecting, alert_type="pregnancy", since=now() - 24 * HOUR)
    score = record(expecting, heart_rate=131).json()["news2"]
    assert (score["total"], score["not_scored"], score["complete"]) == (None, "pregnant", True)
    # What was measured before she was pregnant is scored.
    before = record(expecting, recorded_at=(now() - 48 * HOUR).isoformat(), reason="Found on paper.").json()
    assert before["news2"]["total"] == 0


@pytest.mark.parametrize(
    ("given", "total", "risk", "minutes"),
    [
        ({"temperature": 38.5}, 1, "low", 360),
        ({"consciousness": "C"}, 3, "low-medium", 60),
        ({"temperature": 39.5, "heart_rate": 115, "blood_pressure_systolic": 105}, 5, "medium", 60),
        ({"temperature": 39.5, "heart_rate": 115, "respiratory_rate": 25}, 7, "high", 30),
    ],
)
def test_the_score_says_when_the_next_set_is_due(
    record: Record, ward: Ward, given: Any, total: int, risk: str, minutes: int
) -> None:
    kept = record(ward.visit(), **given).json()
    assert (kept["news2"]["total"], kept["news2"]["risk"]) == (total, risk)
    at, due = (datetime.fromisoformat(kept[name]) for name in ("recorded_at", "next_due_at"))
    assert due - at == timedelta(minutes=minutes)


def test_a_flow_of_oxygen_is_oxygen_and_air_has_none(record: Record, visit: Any) -> None:
    kept = record(visit, supplemental_oxygen=None, oxygen_flow_lpm=2).json()
    assert (kept["supplemental_oxygen"], kept["news2"]["points"]["supplemental_oxygen"]) == (True, 2)
    assert record(visit, oxygen_flow_lpm=2).status_code == 422
    assert record(visit, fio2_percent=28).status_code == 422


def test_mass_index_comes_from_the_set_and_only_where_it_makes_sense(record: Record, visit: Any) -> None:
    assert record(visit, weight=70, height=175).json()["bmi"] == 22.86
    absurd = record(visit, weight=70, height=25, confirmed=["height"])
    assert (absurd.status_code, absurd.json()["bmi"]) == (201, None)
    assert record(visit, weight=70).json()["bmi"] is None


# Times


def test_the_future_is_refused_beyond_five_minutes(record: Record, visit: Any) -> None:
    late = record(visit, recorded_at=(now() + timedelta(minutes=6)).isoformat())
    assert (late.status_code, late.json()["code"]) == (422, "time-in-future")
    assert record(visit, recorded_at=(now() + timedelta(minutes=4)).isoformat()).status_code == 201


def test_more_than_a_day_back_needs_a_reason(record: Record, visit: Any, ward: Ward) -> None:
    old = (now() - timedelta(hours=25)).isoformat()
    asked = record(visit, recorded_at=old)
    assert (asked.status_code, asked.json()["code"]) == (422, "late-reason-needed")
    assert asked.json()["errors"][0]["field"] == "reason"
    kept = record(visit, recorded_at=old, reason="The network was down.")
    assert kept.json()["late_reason"] == "The network was down."
    assert record(visit, recorded_at=(now() - timedelta(hours=23)).isoformat()).status_code == 201


def test_a_time_without_a_zone_is_refused(record: Record, visit: Any) -> None:
    assert record(visit, recorded_at="2026-11-24T10:00:00").status_code == 422


def test_a_time_beyond_a_lifetime_or_before_the_birth_is_refused(record: Record, ward: Ward) -> None:
    unknown, child = ward.visit(date_of_birth=None), ward.visit(date_of_birth=born_days_ago(100))
    for visit, at in (
        (unknown, "0001-01-01T00:00:00Z"),
        (unknown, "1800-01-01T00:00:00Z"),
        (child, (now() - timedelta(days=102)).isoformat()),
    ):
        answer = record(visit, recorded_at=at, reason="Found on paper.", confirmed=list(NORMAL)[:2])
        assert (answer.status_code, answer.json()["code"]) == (422, "time-impossible"), answer.text
        assert answer.json()["errors"][0]["field"] == "recorded_at"


# The SpO2 scale


def test_scale_two_is_set_by_a_doctor_and_scores_the_next_set(record: Record, ward: Ward, api_as: As) -> None:
    visit = ward.visit()
    first = record(visit, spo2=90).json()
    path = f"/api/v1/patients/{visit['patient_id']}/spo2-scale"
    refused = api_as("nurse").post(path, json={"scale": 2, "reason": "Known COPD."})
    assert refused.status_code == 403
    assert api_as("doctor").post(path, json={"scale": True, "reason": "Known COPD."}).status_code == 422
    done = api_as("doctor").post(path, json={"scale": 2, "reason": "Known COPD with CO2 retention."})
    assert (done.status_code, done.json()["spo2_scale"]) == (200, 2)
    row = ward.rows("SELECT * FROM patients WHERE id = %s", visit["patient_id"])[0]
    assert row["spo2_scale_set_by_id"] == ward.user("doctor@hass.example")
    assert row["spo2_scale_reason"] == "Known COPD with CO2 retention."
    second = record(visit, spo2=90).json()
    assert (first["news2"]["points"]["spo2"], second["news2"]["points"]["spo2"]) == (3, 0)
    listed = api_as("nurse").get(f"/api/v1/visits/{visit['id']}/vitals").json()["items"]
    assert [each["news2"]["scale"] for each in listed] == [2, 1]


def test_another_scale_than_the_patients_is_a_conflict(record: Record, visit: Any) -> None:
    assert record(visit, spo2_scale=1).status_code == 201
    answer = record(visit, spo2_scale=2)
    assert (answer.status_code, answer.json()["code"]) == (409, "scale-differs")


def test_a_scale_of_a_patient_elsewhere_is_not_there(api_as: As, hospitals: Any) -> None:
    answer = api_as("doctor").post(
        f"/api/v1/patients/{hospitals.nora}/spo2-scale", json={"scale": 2, "reason": "Known COPD."}
    )
    assert answer.status_code == 404


# Who, where, when not


@pytest.mark.parametrize("role", ["reception", "manager", "lab", "pharma", "patient", "admin", "radmin"])
def test_only_nurses_and_doctors_record(record: Record, visit: Any, role: str) -> None:
    assert record(visit, by=role).status_code == 403


def test_a_doctor_records_too(record: Record, visit: Any) -> None:
    assert record(visit, by="doctor").status_code == 201


def test_a_visit_of_another_hospital_is_not_there(record: Record, visit: Any, api_as: As) -> None:
    assert record(visit, by="doctor@lakeside.example").status_code == 404
    read = api_as("doctor@lakeside.example").get(f"/api/v1/visits/{visit['id']}/vitals")
    assert read.status_code == 404


@pytest.mark.parametrize(
    "status", ["planned", "discharged", "deceased", "cancelled", "transferred", "entered_in_error"]
)
def test_a_visit_that_is_not_open_takes_no_set(record: Record, ward: Ward, status: str) -> None:
    answer = record(ward.visit(status=status, admission_date=NOW))
    assert answer.status_code == 409
    assert answer.json()["code"] == ("visit-not-started" if status == "planned" else "visit-closed")


def test_a_patient_on_leave_is_measured(record: Record, ward: Ward) -> None:
    assert record(ward.visit(status="on_leave")).status_code == 201


def test_an_ended_visit_takes_what_was_measured_before_its_end_with_a_reason(
    record: Record, ward: Ward
) -> None:
    ended = ward.visit(status="discharged", admission_date=now() - 6 * HOUR, discharge_date=now() - 2 * HOUR)
    at = (now() - 3 * HOUR).isoformat()
    assert record(ended, recorded_at=at).status_code == 409
    assert record(ended, recorded_at=at, reason="Found on paper.").status_code == 201
    after = (now() - HOUR).isoformat()
    assert record(ended, recorded_at=after, reason="Found on paper.").status_code == 409
    long_ago = ward.visit(status="discharged", discharge_date=now() - 80 * HOUR)
    old = (now() - 81 * HOUR).isoformat()
    assert record(long_ago, recorded_at=old, reason="Found on paper.").status_code == 409


# Reading


def test_the_list_goes_on_by_cursor_and_reading_is_in_the_trail(
    record: Record, ward: Ward, api_as: As, queries: Any
) -> None:
    visit = ward.visit()
    made = [record(visit, heart_rate=60 + step).json()["id"] for step in range(5)]
    path = f"/api/v1/visits/{visit['id']}/vitals"
    with queries(at_most=2):
        first = api_as("doctor").get(f"{path}?limit=3").json()
    second = api_as("doctor").get(f"{path}?limit=3&cursor={first['next_cursor']}").json()
    assert [each["id"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    trail = ward.rows(
        "SELECT act, action FROM audit_logs WHERE resource_id = %s AND action = 'R' ORDER BY seq", visit["id"]
    )
    assert trail == [{"act": "list_vitals", "action": "R"}] * 2
    assert api_as("doctor").get(f"{path}?cursor=nonsense").status_code == 422


def test_imported_sets_without_a_kept_score_are_scored_when_they_are_read(ward: Ward, api_as: As) -> None:
    visit = ward.visit()
    with ward.database.owner() as connection:
        Make(connection).vitals(
            visit=visit, source="urn:test:elsewhere", recorded_by_id=None, supplemental_oxygen=False,
            consciousness="A", respiratory_rate=25,
        )  # fmt: skip
    item = api_as("nurse").get(f"/api/v1/visits/{visit['id']}/vitals").json()["items"][0]
    assert (item["news2"]["total"], item["news2"]["risk"]) == (3, "low-medium")
    assert item["next_due_at"] is not None


# A set is never edited


def test_an_amendment_is_a_row_of_its_own_and_the_old_one_says_why(
    record: Record, ward: Ward, api_as: As
) -> None:
    visit = ward.visit()
    old = record(visit, heart_rate=180).json()
    path = f"/api/v1/vitals/{old['id']}/amend"
    assert api_as("nurse").post(path, json={**NORMAL}).status_code == 422
    body = {**NORMAL, "heart_rate": 80, "reason": "Two digits swapped."}
    new = api_as("nurse").post(path, json=body)
    assert new.status_code == 201, new.text
    assert (new.json()["status"], new.json()["amends_id"]) == ("amended", old["id"])
    assert new.json()["recorded_at"] == old["recorded_at"]
    assert new.json()["late_reason"] is None
    items = api_as("nurse").get(f"/api/v1/visits/{visit['id']}/vitals").json()["items"]
    struck = next(each for each in items if each["id"] == old["id"])
    assert (struck["status"], struck["heart_rate"]) == ("entered_in_error", 180)
    assert struck["error_reason"] == "Two digits swapped."
    again = api_as("nurse").post(path, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "vitals-struck-out")


def test_an_amendment_that_was_made_from_an_old_view_is_refused(
    record: Record, ward: Ward, api_as: As
) -> None:
    answer = record(ward.visit())
    body = {**NORMAL, "reason": "Other patient."}
    path = f"/api/v1/vitals/{answer.json()['id']}/amend"
    assert api_as("nurse").post(path, json=body, headers={"If-Match": '"old"'}).status_code == 412
    seen = {"If-Match": answer.headers["etag"]}
    assert api_as("nurse").post(path, json=body, headers=seen).status_code == 201


def test_a_set_is_struck_out_with_a_reason_by_whoever_may_correct(
    record: Record, ward: Ward, api_as: As
) -> None:
    visit = ward.visit()
    kept = record(visit).json()
    path = f"/api/v1/vitals/{kept['id']}/enter-in-error"
    reason = {"reason": "It was the neighbour's."}
    assert api_as("nurse").post(path, json={}).status_code == 422
    assert api_as("reception").post(path, json=reason).status_code == 403
    assert api_as("doctor@lakeside.example").post(path, json=reason).status_code == 404
    assert api_as("manager").post(path, json=reason).status_code == 204
    assert api_as("nurse").post(path, json=reason).status_code == 409
    row = ward.rows("SELECT status, error_reason, error_by_id FROM vitals WHERE id = %s", kept["id"])[0]
    manager = ward.user("manager@hass.example")
    assert row == {"status": "entered_in_error", "error_reason": reason["reason"], "error_by_id": manager}


def test_nobody_edits_a_set(ward: Ward, record: Record) -> None:
    kept = record(ward.visit()).json()
    with (
        ward.database.app() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE vitals SET heart_rate = 60 WHERE id = %s", (kept["id"],))
