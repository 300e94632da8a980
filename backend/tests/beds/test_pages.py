"""Pages of beds: the board, the move, one bed with its acts, the census; in words, without scripts."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import Values
from served import token_of
from starlette.testclient import TestClient
from ward_world import Ward

As = Callable[[str], TestClient]


def send(page: TestClient, path: str, **form: Any) -> Any:
    token = token_of(page.get("/beds").text)
    return page.post(path, data={**form, "csrf_token": token})


@pytest.fixture
def nurse(module_ward: Ward, page_as: As) -> TestClient:
    return page_as(module_ward.email("nurse"))


def occupied(ward: Ward, **given: Any) -> tuple[Values, Values]:
    visit = ward.visit(patient=ward.patient(**given))
    return visit, ward.bed("occupied", visit)


def test_the_board_shows_each_bed_by_its_state_and_who_lies_in_it(
    module_ward: Ward, nurse: TestClient
) -> None:
    _, bed = occupied(module_ward, last_name="Halvorsen")
    free, shut = module_ward.bed(), module_ward.bed("closed", out_of_use_reason=None)
    page = nurse.get("/beds").text
    assert "HALVORSEN" in page
    for each, state in ((free, "Free"), (shut, "Closed")):
        tile = re.search(rf'id="bed-{each["id"]}".*?</a>', page, re.S)
        assert tile is not None
        assert state in tile[0]
    assert f'id="bed-{bed["id"]}"' in page
    assert 'data-live="beds' in page


def test_a_bed_that_is_switched_off_is_on_no_board(module_ward: Ward, nurse: TestClient) -> None:
    bed = module_ward.bed(is_active=False)
    assert str(bed["id"]) not in nurse.get("/beds").text


def test_a_patient_is_moved_from_the_board(module_ward: Ward, nurse: TestClient) -> None:
    visit, first = occupied(module_ward)
    second = module_ward.bed()
    chosen = nurse.get("/beds", params={"move": str(visit["id"])}).text
    assert module_ward.row("patients", visit["patient_id"])["mrn"] in chosen
    assert f'action="/beds/{second["id"]}/take"' in chosen
    answer = send(nurse, f"/beds/{second['id']}/take", visit_id=visit["id"])
    assert (answer.status_code, answer.headers["location"]) == (303, f"/beds?done=taken#bed-{second['id']}")
    assert (module_ward.state(first), module_ward.state(second)) == ("cleaning", "occupied")


def test_a_bed_that_was_taken_meanwhile_is_said_and_the_move_goes_on(
    module_ward: Ward, nurse: TestClient
) -> None:
    visit, _ = occupied(module_ward)
    _, theirs = occupied(module_ward)
    answer = send(nurse, f"/beds/{theirs['id']}/take", visit_id=visit["id"])
    assert answer.status_code == 409
    assert "was taken a moment ago" in answer.text
    assert 'id="moving"' in answer.text


def test_where_a_bed_does_not_fit_the_page_asks_why_and_takes_the_reason(
    module_ward: Ward, nurse: TestClient
) -> None:
    visit, bed = module_ward.visit(), module_ward.bed(bed_type="icu")
    asked = send(nurse, f"/beds/{bed['id']}/take", visit_id=visit["id"])
    assert asked.status_code == 422
    assert "is an intensive care bed" in asked.text
    assert 'name="reason"' in asked.text
    again = send(nurse, f"/beds/{bed['id']}/take", visit_id=visit["id"], reason="x")
    assert again.status_code == 422
    assert 'value="x"' in again.text
    done = send(nurse, f"/beds/{bed['id']}/take", visit_id=visit["id"], reason="Needs a ventilator.")
    assert done.status_code == 303
    assert module_ward.state(bed) == "occupied"


def test_a_bed_is_kept_and_given_up(module_ward: Ward, nurse: TestClient) -> None:
    visit, bed = module_ward.visit(), module_ward.bed()
    path = f"/beds/{bed['id']}"
    assert str(visit["id"]) in nurse.get(path).text
    later = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT10:30")
    wrong = send(nurse, f"{path}/reserve", visit_id=visit["id"], until="soon")
    assert wrong.status_code == 422
    assert 'value="soon"' in wrong.text
    assert send(nurse, f"{path}/reserve", visit_id=visit["id"], until=later).status_code == 303
    # The field's time is the hospital's: 10:30 in New York.
    assert module_ward.row("beds", bed["id"])["reserved_until"].astimezone(UTC).hour in (14, 15)
    assert "Give up the reservation" in nurse.get(path).text
    assert send(nurse, f"{path}/release").status_code == 303
    assert module_ward.state(bed) == "available"


def test_a_bed_is_cleaned_repaired_and_closed(module_ward: Ward, nurse: TestClient) -> None:
    bed = module_ward.bed()
    path = f"/beds/{bed['id']}"
    assert send(nurse, f"{path}/close", reason="").status_code == 422
    assert send(nurse, f"{path}/close", reason="Nobody to staff it.").status_code == 303
    assert "Nobody to staff it." in nurse.get(path).text
    assert send(nurse, f"{path}/open").status_code == 303
    assert "is clean" in nurse.get(path).text
    assert send(nurse, f"{path}/clean", cleaner="R. Castellano").status_code == 303
    assert send(nurse, f"{path}/maintain", reason="The brake is loose.").status_code == 303
    assert module_ward.state(bed) == "maintenance"
    assert send(nurse, f"{path}/clean").status_code == 409


def test_after_isolation_the_page_shows_the_checklist_and_keeps_what_was_ticked(
    module_ward: Ward, nurse: TestClient
) -> None:
    patient = module_ward.patient()
    module_ward.make.patient_alert(
        patient=patient, alert_type="isolation", value="contact", since=datetime.now(UTC) - timedelta(days=1)
    )
    bed = module_ward.bed("occupied", module_ward.visit(patient=patient))
    left = dict.fromkeys(("assigned_patient_id", "assigned_visit_id", "assigned_at"))
    module_ward.make.change("beds", bed["id"], {"status": "cleaning", **left})
    path = f"/beds/{bed['id']}"
    assert nurse.get(path).text.count('name="steps"') == 7
    half = send(nurse, f"{path}/clean", steps=["linen_removed"])
    assert half.status_code == 422
    assert 'value="linen_removed" checked' in half.text
    steps = re.findall(r'name="steps" value="(\w+)"', half.text)
    assert send(nurse, f"{path}/clean", steps=steps).status_code == 303


def test_whoever_only_reads_the_board_finds_no_button(module_ward: Ward, page_as: As) -> None:
    doctor = page_as(module_ward.email("doctor"))
    visit, bed = occupied(module_ward)
    board = doctor.get("/beds", params={"move": str(visit["id"])}).text
    assert "/take" not in board
    assert "Place" not in board
    assert "<form" not in re.sub(r"(?s).*<main", "", doctor.get(f"/beds/{bed['id']}").text)


def test_the_manager_sees_no_score_on_the_board(module_ward: Ward, page_as: As) -> None:
    visit, bed = occupied(module_ward)
    module_ward.make.vitals(visit=visit, recorded_at=datetime.now(UTC))
    tile = re.compile(rf'id="bed-{bed["id"]}".*?</a>', re.S)
    nurse, manager = (page_as(module_ward.email(role)).get("/beds").text for role in ("nurse", "manager"))
    assert "NEWS2" in (tile.search(nurse) or [""])[0]
    assert "NEWS2" not in (tile.search(manager) or [""])[0]


def test_the_manager_comes_home_to_the_board(module_ward: Ward, page_as: As) -> None:
    assert page_as(module_ward.email("manager")).get("/").headers["location"] == "/beds"


def test_who_waits_without_a_bed_is_listed_and_placed(module_ward: Ward, nurse: TestClient) -> None:
    visit = module_ward.visit(patient=module_ward.patient(last_name="Waitingperson"))
    page = nurse.get("/beds").text
    assert "WAITINGPERSON" in page
    assert f"/beds?move={visit['id']}" in page


def test_a_bed_of_another_hospital_has_no_page(module_ward: Ward, page_as: As) -> None:
    bed = module_ward.bed()
    assert page_as("nurse").get(f"/beds/{bed['id']}").status_code == 404
    assert page_as("nurse").get("/beds", params={"move": str(module_ward.visit()["id"])}).status_code == 404


@pytest.mark.parametrize("path", ["/beds", "/census"])
def test_whoever_may_not_see_is_refused(page_as: As, path: str) -> None:
    assert page_as("reception").get(path).status_code == 403


def test_a_board_of_many_beds_takes_as_few_statements(
    module_ward: Ward, nurse: TestClient, queries: Any
) -> None:
    for _ in range(10):
        occupied(module_ward)
    with queries(at_most=2):
        assert nurse.get("/beds").status_code == 200


def test_the_census_is_shown_by_day_and_nonsense_is_named(module_ward: Ward, page_as: As) -> None:
    manager = page_as(module_ward.email("manager"))
    assert "23 hours long" in manager.get("/census", params={"day": "2025-03-09"}).text
    assert "Nobody was in the house" in manager.get("/census", params={"day": "2024-01-01"}).text
    for day in ("tomorrow", "2999-01-01"):
        wrong = manager.get("/census", params={"day": day})
        assert wrong.status_code == 422
        assert f'value="{day}"' in wrong.text


def test_the_census_is_one_statement(module_ward: Ward, page_as: As, queries: Any) -> None:
    manager = page_as(module_ward.email("manager"))
    with queries(at_most=1):
        manager.get("/census")


def test_the_heading_of_the_board_follows_the_beds(nurse: TestClient) -> None:
    told = re.search(
        r'<p id="board-facts" data-live="beds" data-live-from="/beds\?ward=">(.*?)</p>',
        nurse.get("/beds").text,
    )
    assert told is not None
    assert "beds taken" in told[1]


def test_a_tile_of_somebody_without_age_and_sex_ends_at_its_number(
    module_ward: Ward, nurse: TestClient
) -> None:
    _, bed = occupied(module_ward, date_of_birth=None, gender="unknown")
    assert f'<span class="no">{bed["bed_number"]}</span>' in nurse.get("/beds").text


def test_a_bed_is_kept_on_its_page_without_a_time(module_ward: Ward, nurse: TestClient) -> None:
    bed, visit = module_ward.bed(), module_ward.visit()
    answer = send(nurse, f"/beds/{bed['id']}/reserve", visit_id=visit["id"], until="")
    assert (answer.status_code, module_ward.state(bed)) == (303, "reserved")
