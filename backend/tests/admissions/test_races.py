"""S32, domain 5.14 (3): people press at once, each request on a connection of its own; one wins, nothing is torn."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from admitting import Ward, ready

TRIES = 40
WHY = {"reason": "booked twice"}
Press = Callable[[], Any]


def at_once(*presses: Press) -> list[Any]:
    """The answers, in the order of the presses; all begin at the same instant."""
    start = Barrier(len(presses), timeout=60)

    def one(press: Press) -> Any:
        start.wait()
        return press()

    with ThreadPoolExecutor(len(presses)) as people:
        return list(people.map(one, presses))


def test_one_of_forty_departures_is_confirmed(ward: Ward) -> None:
    visit, bed = ready(ward)
    answers = at_once(*[lambda: ward.act("nurse", f"/visits/{visit['id']}/discharge")] * TRIES)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: TRIES - 1}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"visit-closed"}
    kept = "SELECT count(*) FROM emr_local WHERE visit_id = %s AND record_type = 'DischargeSummary'"
    assert ward.make.connection.execute(kept, (visit["id"],)).fetchone() == (1,)
    assert ward.row("beds", bed["id"])["status"] == "cleaning"


def test_one_patient_is_admitted_once(ward: Ward) -> None:
    file = ward.patient()
    plans = [(ward.visit("planned", patient=file), ward.bed()) for _ in range(8)]
    answers = at_once(
        *(
            lambda visit=visit, bed=bed: ward.act(
                "nurse", f"/visits/{visit['id']}/admit", {"bed_id": str(bed["id"])}
            )
            for visit, bed in plans
        )
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: len(plans) - 1}
    told = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert told == {"visits-one-open-inpatient-key"}
    states = Counter(ward.row("beds", bed["id"])["status"] for _, bed in plans)
    assert states == {"occupied": 1, "available": len(plans) - 1}


@pytest.mark.parametrize("number", range(3))
def test_who_is_admitted_is_not_cancelled_as_well(ward: Ward, number: int) -> None:
    visit, bed = ward.visit("planned"), ward.bed()
    admitted, cancelled = at_once(
        lambda: ward.act("nurse", f"/visits/{visit['id']}/admit", {"bed_id": str(bed["id"])}),
        lambda: ward.act("reception", f"/visits/{visit['id']}/cancel", WHY),
    )
    assert {admitted.status_code, cancelled.status_code} == {200, 409}
    state = ward.row("visits", visit["id"])["status"]
    assert state == ("active" if admitted.status_code == 200 else "cancelled")
    assert ward.row("beds", bed["id"])["status"] == ("occupied" if state == "active" else "available")


@pytest.mark.parametrize("number", range(3))
def test_nothing_is_recorded_behind_a_departure(ward: Ward, number: int) -> None:
    visit, _ = ready(ward)
    coded = {"code": "J18.9", "role": "comorbid"}
    left, recorded = at_once(
        lambda: ward.act("nurse", f"/visits/{visit['id']}/discharge"),
        lambda: ward.act("doctor", f"/visits/{visit['id']}/diagnoses", coded),
    )
    assert left.status_code == 200, left.text
    assert recorded.status_code in (201, 409), recorded.text
    kept = "SELECT count(*) FROM diagnoses WHERE visit_id = %s AND role = 'comorbid'"
    found = ward.make.connection.execute(kept, (visit["id"],)).fetchone()
    assert found == (int(recorded.status_code == 201),)


@pytest.mark.parametrize("number", range(3))
def test_a_withdrawn_transfer_is_accepted_before_or_never(ward: Ward, number: int) -> None:
    visit, bed = ward.visit(), ward.bed("b")
    at = f"/transfers/{ward.make.transfer_request(visit=visit, to=ward.hospital('b'))['id']}"
    accepted, withdrawn = at_once(
        lambda: ward.act("doctor", f"{at}/accept", {"bed_id": str(bed["id"])}, place="b"),
        lambda: ward.act("doctor", f"{at}/withdraw"),
    )
    assert withdrawn.status_code == 200, withdrawn.text
    assert accepted.status_code in (200, 409), accepted.text
    request = ward.row("transfer_requests", at.rsplit("/", 1)[-1])
    assert (request["status"], request["receiving_visit_id"] is not None) == (
        "withdrawn", accepted.status_code == 200,
    )  # fmt: skip
    kept = ward.row("beds", bed["id"])["status"]
    assert kept == ("reserved" if accepted.status_code == 200 else "available")


def test_one_of_two_departures_to_another_hospital_is_sent(ward: Ward) -> None:
    visit = ward.visit()
    request = ward.make.transfer_request(visit=visit, to=ward.hospital("b"), status="accepted")
    answers = at_once(*[lambda: ward.act("doctor", f"/transfers/{request['id']}/send")] * 2)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert ward.row("visits", visit["id"])["status"] == "transferred"
