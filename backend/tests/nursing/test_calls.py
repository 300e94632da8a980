"""Calls for help: a score raises one, a worse one raises anew, it climbs until somebody acknowledges it (5.5, 5.11)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import Make, Values
from nursing_ward import ILL, Ward
from starlette.testclient import TestClient

from app.access.context import set_context
from app.core.database import create_engine, session_factory
from app.features.nursing.call_actions import escalate
from app.models.role import Scope

As = Callable[[str], TestClient]
Record = Callable[..., Any]
MEDIUM = {"temperature": 39.5, "heart_rate": 115, "blood_pressure_systolic": 105}  # five points, no single 3
SINGLE_3 = {"consciousness": "C"}


def calls(ward: Ward, visit: Values) -> list[tuple[Any, ...]]:
    rows = ward.rows(
        "SELECT risk, score, status, level FROM escalations WHERE visit_id = %s ORDER BY raised_at, id",
        visit["id"],
    )
    return [tuple(row.values()) for row in rows]


def told(ward: Ward, escalation_id: Any) -> set[str]:
    rows = ward.rows(
        "SELECT r.name FROM notifications n JOIN users u ON u.id = n.recipient_user_id JOIN roles r ON r.id = u.role_id"
        " WHERE n.subject_id = %s AND n.read_at IS NULL",
        escalation_id,
    )
    return {row["name"] for row in rows}


async def climb(ward: Ward, after: timedelta) -> int:
    """What the worker does for this hospital, at a later instant."""
    engine = create_engine(ward.database.app_url, pool_size=1)
    async with session_factory(engine).begin() as session:
        await set_context(
            session, act="worker", scope=Scope.HOSPITAL, hospital_id=ward.hospital["id"],
            region_id=ward.hospital["region_id"],
        )  # fmt: skip
        climbed = await escalate(session, now=datetime.now(UTC) + after)
    await engine.dispose()
    return climbed


def climbing(ward: Ward, minutes: int) -> int:
    # In a thread of its own: the served application has a loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, climb(ward, timedelta(minutes=minutes))).result()


@pytest.mark.parametrize(
    ("given", "risk", "score", "level"),
    [(SINGLE_3, "low-medium", 3, "nurse"), (MEDIUM, "medium", 5, "nurse"), (ILL, "high", 9, "doctor")],
    ids=["single 3", "five", "nine"],
)
def test_a_score_calls_for_whom_it_asks(
    record: Record, ward: Ward, given: Any, risk: str, score: int, level: str
) -> None:
    visit = ward.visit()
    kept = record(visit, **given).json()
    assert calls(ward, visit) == [(risk, score, "raised", level)]
    # The nurse who recorded it knows; a doctor is told of a high score at once.
    assert "doctor" in told(ward, kept["escalation_id"]) or level == "nurse"
    assert "manager" not in told(ward, kept["escalation_id"])


def test_a_low_score_calls_nobody(record: Record, ward: Ward) -> None:
    visit = ward.visit()
    assert record(visit, temperature=38.5, heart_rate=95).json()["escalation_id"] is None
    assert calls(ward, visit) == []


def test_a_worse_score_raises_anew_in_place_of_the_call_that_waits(record: Record, ward: Ward) -> None:
    visit = ward.visit()
    record(visit, **MEDIUM)
    record(visit, signs=ILL)
    assert calls(ward, visit) == [("medium", 5, "superseded", "nurse"), ("high", 9, "raised", "doctor")]


def test_a_better_score_closes_nothing_and_raises_nothing(record: Record, ward: Ward) -> None:
    visit = ward.visit()
    record(visit, signs=ILL)
    for better in (MEDIUM, {}):
        assert record(visit, **better).json()["escalation_id"] is None
    assert calls(ward, visit) == [("high", 9, "raised", "doctor")]


def test_after_an_answer_only_a_worse_score_calls_again(record: Record, ward: Ward, api_as: As) -> None:
    visit = ward.visit()
    first = record(visit, **MEDIUM).json()["escalation_id"]
    done = api_as("nurse").post(f"/api/v1/escalations/{first}/acknowledge", json={"answer": "Fluids given."})
    assert done.status_code == 204
    assert record(visit, **MEDIUM).json()["escalation_id"] is None
    assert record(visit).json()["escalation_id"] is None
    # Well in between: the same score again is worse than the set before it.
    assert record(visit, **MEDIUM).json()["escalation_id"] is not None


def test_a_set_from_before_the_newest_one_calls_nobody(record: Record, ward: Ward) -> None:
    visit = ward.visit()
    record(visit)
    earlier = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    assert record(visit, signs=ILL, recorded_at=earlier).json()["escalation_id"] is None


def test_an_amended_set_calls_by_its_right_values(record: Record, ward: Ward, api_as: As) -> None:
    visit = ward.visit()
    old = record(visit).json()
    new = api_as("nurse").post(f"/api/v1/vitals/{old['id']}/amend", json={**ILL, "reason": "Misread."})
    assert new.json()["escalation_id"] is not None
    assert calls(ward, visit) == [("high", 9, "raised", "doctor")]


def test_it_climbs_from_nurse_to_doctor_to_manager_and_no_further(record: Record, ward: Ward) -> None:
    visit = ward.visit()
    call = record(visit, **MEDIUM).json()["escalation_id"]
    climbing(ward, 14)
    assert calls(ward, visit) == [("medium", 5, "raised", "nurse")]
    climbing(ward, 16)
    assert calls(ward, visit) == [("medium", 5, "raised", "doctor")]
    assert "doctor" in told(ward, call)
    climbing(ward, 17)
    assert calls(ward, visit) == [("medium", 5, "raised", "doctor")]
    climbing(ward, 32)
    climbing(ward, 600)
    assert calls(ward, visit) == [("medium", 5, "raised", "manager")]
    assert {"doctor", "manager"} <= told(ward, call)


def test_two_workers_at_once_let_each_call_climb_once(record: Record, ward: Ward) -> None:
    climbing(ward, 1000)
    visit = ward.visit()
    record(visit, **MEDIUM)

    async def both() -> list[int]:
        return await asyncio.gather(*(climb(ward, timedelta(minutes=16)) for _ in range(4)))

    with ThreadPoolExecutor(1) as pool:
        climbed = pool.submit(asyncio.run, both()).result()
    assert sum(climbed) == 1
    assert calls(ward, visit) == [("medium", 5, "raised", "doctor")]


def test_an_answer_stops_the_climb_and_settles_it_for_everybody(
    record: Record, ward: Ward, api_as: As
) -> None:
    visit = ward.visit()
    call = record(visit, signs=ILL).json()["escalation_id"]
    assert api_as("doctor").post(f"/api/v1/escalations/{call}/acknowledge", json={}).status_code == 204
    climbing(ward, 60)
    assert calls(ward, visit) == [("high", 9, "acknowledged", "doctor")]
    assert told(ward, call) == set()
    row = ward.rows("SELECT acknowledged_by_id FROM escalations WHERE id = %s", call)[0]
    assert row["acknowledged_by_id"] == ward.user("doctor@hass.example")
    again = api_as("nurse").post(f"/api/v1/escalations/{call}/acknowledge", json={})
    assert (again.status_code, again.json()["code"]) == (409, "escalation-answered")


def test_whoever_cares_for_the_visit_is_told_and_not_the_whole_hospital(record: Record, ward: Ward) -> None:
    visit = ward.visit()
    with ward.database.owner() as connection:
        make = Make(connection)
        carer = make.user("nurse", hospital=ward.hospital)
        make.user("nurse", hospital=ward.hospital)
        make.care_assignment(visit=visit, user=carer, role="nurse")
    call = record(visit, **MEDIUM).json()["escalation_id"]
    found = ward.rows("SELECT recipient_user_id FROM notifications WHERE subject_id = %s", call)
    assert [row["recipient_user_id"] for row in found] == [carer["id"]]


def test_a_visit_that_has_ended_calls_nobody_any_more(record: Record, ward: Ward) -> None:
    visit = ward.visit()
    record(visit, signs=ILL)
    ward.rows("UPDATE visits SET status = 'discharged', discharge_date = now() WHERE id = %s", visit["id"])
    climbing(ward, 60)
    assert calls(ward, visit) == [("high", 9, "closed", "doctor")]


def test_twenty_sets_at_once_leave_one_call_that_waits(record: Record, ward: Ward) -> None:
    """Real connections: each set is kept, and no two calls of one patient wait."""
    visit = ward.visit()

    def one(step: int) -> int:
        return int(record(visit, signs=ILL, temperature=39.5 if step % 2 else 37.0).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(20))) == {201}
    waiting = [call for call in calls(ward, visit) if call[2] == "raised"]
    assert waiting == [("high", 11, "raised", "doctor")]


# The list


def test_the_calls_that_wait_are_listed_with_two_identifiers(
    record: Record, ward: Ward, api_as: As, queries: Any
) -> None:
    visit = ward.visit()
    call = record(visit, signs=ILL).json()["escalation_id"]
    for role in ("nurse", "doctor", "manager"):
        program = api_as(role)
        with queries(at_most=1):
            items = program.get("/api/v1/escalations?limit=100").json()["items"]
        found = next(each for each in items if each["id"] == call)
        assert (found["score"], found["risk"], found["level"]) == (9, "high", "doctor")
        assert found["mrn"]
        assert found["date_of_birth"]
    page = api_as("nurse").get("/api/v1/escalations?limit=1").json()
    assert api_as("nurse").get(f"/api/v1/escalations?limit=1&cursor={page['next_cursor']}").status_code == 200


@pytest.mark.parametrize("role", ["reception", "lab", "pharma", "patient", "admin", "radmin"])
def test_others_neither_see_nor_answer_calls(record: Record, ward: Ward, api_as: As, role: str) -> None:
    assert api_as(role).get("/api/v1/escalations").status_code == 403
    call = record(ward.visit(), signs=ILL).json()["escalation_id"]
    assert api_as(role).post(f"/api/v1/escalations/{call}/acknowledge", json={}).status_code == 403


def test_a_call_of_another_hospital_is_not_there(record: Record, ward: Ward, api_as: As) -> None:
    call = record(ward.visit(), signs=ILL).json()["escalation_id"]
    answer = api_as("doctor@lakeside.example").post(f"/api/v1/escalations/{call}/acknowledge", json={})
    assert answer.status_code == 404
    assert api_as("doctor@lakeside.example").get("/api/v1/escalations").json()["items"] == []
