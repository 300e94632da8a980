"""The bed board: who lies where, how ill, what happens next; and how few statements it takes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient
from ward_world import Ward

As = Callable[[str], TestClient]
API = "/api/v1/beds"


def board(program: TestClient, **parameters: Any) -> dict[str, Any]:
    answer = program.get(API, params=parameters)
    assert answer.status_code == 200, answer.text
    return {bed["id"]: bed for bed in answer.json()["items"]}


@pytest.fixture
def nurse(module_ward: Ward, api_as: As) -> TestClient:
    return api_as(module_ward.email("nurse"))


def test_an_occupied_bed_shows_who_lies_in_it_with_two_identifiers(
    module_ward: Ward, nurse: TestClient
) -> None:
    patient = module_ward.patient(last_name="Halvorsen", gender="female")
    visit = module_ward.visit(patient=patient)
    bed = module_ward.bed("occupied", visit)
    shown = board(nurse)[str(bed["id"])]
    assert shown["occupant"]["last_name"] == "Halvorsen"
    assert shown["occupant"]["mrn"] == patient["mrn"]
    assert shown["occupant"]["visit_id"] == str(visit["id"])
    assert shown["reserved_until"] is None


def test_a_reserved_bed_shows_for_whom_and_until_when(module_ward: Ward, nurse: TestClient) -> None:
    visit = module_ward.visit(status="planned")
    bed = module_ward.bed("reserved", visit)
    shown = board(nurse)[str(bed["id"])]
    assert (shown["occupant"]["visit_id"], shown["occupant"]["visit_status"]) == (str(visit["id"]), "planned")
    assert shown["reserved_until"]


def test_the_score_is_of_the_last_set_and_shown_to_those_who_see_vital_signs(
    module_ward: Ward, nurse: TestClient, api_as: As
) -> None:
    visit = module_ward.visit()
    bed = module_ward.bed("occupied", visit)
    signs = {"respiratory_rate": 25, "supplemental_oxygen": True, "consciousness": "A"}
    module_ward.make.vitals(visit=visit, **signs, recorded_at=datetime.now(UTC) - timedelta(hours=1))
    module_ward.make.vitals(
        visit=visit, **{**signs, "respiratory_rate": 14, "temperature": Decimal("37.0")},
        recorded_at=datetime.now(UTC) - timedelta(hours=2),
    )  # fmt: skip
    scored = board(nurse)[str(bed["id"])]["occupant"]["news2"]
    assert (scored["total"], scored["risk"]) == (5, "medium")
    manager = api_as(module_ward.email("manager"))
    assert board(manager)[str(bed["id"])]["occupant"]["news2"] is None


def test_isolation_is_shown_to_those_who_see_alerts(module_ward: Ward, nurse: TestClient, api_as: As) -> None:
    patient = module_ward.patient()
    bed = module_ward.bed("occupied", module_ward.visit(patient=patient))
    module_ward.make.patient_alert(
        patient=patient, alert_type="isolation", value="contact", since=datetime.now(UTC) - timedelta(hours=1)
    )
    assert board(nurse)[str(bed["id"])]["occupant"]["is_isolated"] is True
    manager = api_as(module_ward.email("manager"))
    assert board(manager)[str(bed["id"])]["occupant"]["is_isolated"] is None


def test_beds_are_filtered_by_ward_and_state_and_stand_in_the_order_of_the_ward(
    module_ward: Ward, nurse: TestClient
) -> None:
    for number in ("Z-10", "Z-9", "Z-1"):
        module_ward.bed(ward="Order", bay="Bay 1" if number == "Z-10" else None, bed_number=number)
    module_ward.bed("closed", ward="Order", bed_number="Z-2")
    shown = board(nurse, ward="Order")
    assert [bed["bed_number"] for bed in shown.values()] == ["Z-10", "Z-1", "Z-2", "Z-9"]
    assert [bed["bed_number"] for bed in board(nurse, ward="Order", status="closed").values()] == ["Z-2"]
    assert nurse.get(API, params={"status": "broken"}).status_code == 422


def test_board_of_another_hospital_is_not_shown(module_ward: Ward, api_as: As) -> None:
    bed = module_ward.bed()
    assert str(bed["id"]) not in board(api_as("nurse"))
    assert api_as("nurse").get(f"{API}/{bed['id']}").status_code == 404


@pytest.mark.parametrize("who", ["reception", "lab", "patient", "admin"])
def test_whoever_may_not_see_beds_is_refused(api_as: As, who: str) -> None:
    assert api_as(who).get(API).status_code == 403


def test_the_board_is_one_statement_however_many_beds_there_are(
    module_ward: Ward, nurse: TestClient, queries: Any
) -> None:
    for _ in range(30):
        module_ward.bed("occupied", module_ward.visit())
    with queries(at_most=1):
        board(nurse)
