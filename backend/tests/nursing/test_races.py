"""Two people press at once: real connections, one of them is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nursing_ward import ILL, NORMAL, Ward
from starlette.testclient import TestClient

As = Callable[[str], TestClient]


def at_once(program: TestClient, path: str, body: dict[str, Any], times: int = 6) -> list[int]:
    with ThreadPoolExecutor(times) as pool:
        return sorted(
            answer.status_code for answer in pool.map(lambda _: program.post(path, json=body), range(times))
        )


def test_one_of_many_amendments_of_a_set_is_made(ward: Ward, record: Any, api_as: As) -> None:
    visit = ward.visit()
    old = record(visit).json()["id"]
    body = {**NORMAL, "reason": "Other patient."}
    assert at_once(api_as("nurse"), f"/api/v1/vitals/{old}/amend", body) == [201, *[409] * 5]
    assert len(ward.rows("SELECT id FROM vitals WHERE amends_id = %s", old)) == 1


def test_one_of_many_answers_to_a_call_counts(ward: Ward, record: Any, api_as: As) -> None:
    call = record(ward.visit(), signs=ILL).json()["escalation_id"]
    assert at_once(api_as("doctor"), f"/api/v1/escalations/{call}/acknowledge", {}) == [204, *[409] * 5]


def test_sets_and_the_end_of_the_visit_take_turns(ward: Ward, record: Any) -> None:
    """A set is on the visit before it ends, or refused: none comes after."""
    visit = ward.visit()

    def end() -> int:
        ward.rows(
            "UPDATE visits SET status = 'discharged', discharge_date = now() WHERE id = %s", visit["id"]
        )
        return 0

    with ThreadPoolExecutor(6) as pool:
        first = [pool.submit(lambda: record(visit).status_code) for _ in range(4)]
        ended = pool.submit(end)
        later = [pool.submit(lambda: record(visit).status_code) for _ in range(4)]
    assert ended.result() == 0
    statuses = [done.result() for done in (*first, *later)]
    assert set(statuses) <= {201, 409}
    assert len(ward.rows("SELECT id FROM vitals WHERE visit_id = %s", visit["id"])) == statuses.count(201)
    assert record(visit).status_code == 409
