"""The pages of notes, incidents, care, hand-over and fluids: forms, lists, empty and error states."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from factories import HOUR, NOW, Values
from notes_team import Team
from somebody import send
from starlette.testclient import TestClient

TOLD = {
    "illness_severity": "watcher",
    "patient_summary": "Pneumonia, day 2.",
    "actions": "Antibiotic at 22:00.",
    "situation_awareness": "Call when the saturation falls.",
}


@pytest.fixture
def nurse(team: Team) -> TestClient:
    return team.page("nurse")


def shown(page: TestClient, path: str, status: int = 200) -> str:
    answer = page.get(path)
    assert answer.status_code == status, answer.text
    return str(answer.text)


def at(visit: Values, what: str) -> str:
    return f"/visits/{visit['id']}/{what}"


@pytest.mark.parametrize("what", ["notes", "handovers", "fluids", "care"])
def test_page_of_a_visit_names_the_patient_twice_and_is_read_with_few_statements(
    team: Team, nurse: TestClient, what: str, queries: Any
) -> None:
    visit = team.visit(cared_by="nurse")
    for number in range(3):
        team.ward.make.nurse_log(visit=visit)
        team.ward.make.fluid_entry(visit=visit, measured_at=NOW - number * HOUR)
    with queries(at_most=6):
        page = shown(nurse, at(visit, what))
    file = team.ward.row("patients", visit["patient_id"])
    assert file["mrn"] in page
    assert file["last_name"].upper() in page


def test_note_is_written_amended_and_struck_out_on_its_page(team: Team, nurse: TestClient) -> None:
    visit = team.visit()
    path = at(visit, "notes")
    assert "No notes yet" in shown(nurse, path)
    refused = send(nurse, path, path, log_type="note", content="")
    assert refused.status_code == 422
    assert "What was seen or done is needed." in refused.text
    assert send(nurse, path, path, log_type="note", content="Slept well.").status_code == 303
    (note,) = team.ward.rows("SELECT id FROM nurse_logs WHERE visit_id = %s", visit["id"])
    refused = send(nurse, path, f"/notes/{note['id']}/amend", content="Slept badly, I think.", reason="")
    assert (refused.status_code, "Slept badly, I think." in refused.text) == (422, True)
    sent = send(nurse, path, f"/notes/{note['id']}/amend", content="Slept badly.", reason="Another night.")
    assert sent.headers["location"] == f"{path}?done=amended"
    page = shown(nurse, path)
    assert "<s><bdi>Slept well.</bdi></s>" in page
    assert "Another night." in page
    (newest,) = team.ward.rows("SELECT id FROM nurse_logs WHERE amends_id = %s", note["id"])
    sent = send(nurse, path, f"/notes/{newest['id']}/enter-in-error", reason="Wrong patient.")
    assert sent.status_code == 303
    assert "Entered in error" in shown(team.page("doctor"), path)


def test_doctor_reads_notes_and_finds_no_form(team: Team) -> None:
    visit = team.visit()
    team.ward.make.nurse_log(visit=visit)
    page = shown(team.page("doctor"), at(visit, "notes"))
    assert "Slept well." in page
    assert "Write a note" not in page
    assert "Something is wrong with it" not in page


def test_incident_is_on_the_managers_list_and_on_no_page_of_others(team: Team, nurse: TestClient) -> None:
    visit = team.visit()
    path = at(visit, "notes")
    send(nurse, path, path, log_type="incident", content="Fell out of bed at dawn.")
    assert "Fell out of bed at dawn." in shown(nurse, path)
    assert "Fell out of bed at dawn." not in shown(team.page("other_nurse"), path)
    manager = team.page("manager")
    assert "Fell out of bed at dawn." in shown(manager, "/incidents")
    (note,) = team.ward.rows("SELECT id FROM nurse_logs WHERE visit_id = %s", visit["id"])
    assert send(manager, "/incidents", f"/notes/{note['id']}/enter-in-error", reason="").status_code == 422
    sent = send(manager, "/incidents", f"/notes/{note['id']}/enter-in-error", reason="Another ward.")
    assert sent.headers["location"] == "/incidents?done=struck"


def test_manager_writes_a_late_entry_without_reading_the_notes(team: Team) -> None:
    ended = NOW - 10 * HOUR
    visit = team.visit(status="discharged", discharge_date=ended)
    manager, path = team.page("manager"), at(visit, "late-entry")
    assert shown(manager, at(visit, "notes"), 403)
    entry = {"log_type": "note", "content": "Left at noon.", "reason": "The system was down."}
    refused = send(manager, path, path, **entry, logged_at="")
    assert (refused.status_code, "Left at noon." in refused.text) == (422, True)
    local = (ended - HOUR).astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%dT%H:%M")
    sent = send(manager, path, path, **entry, logged_at=local)
    assert sent.headers["location"] == f"{path}?done=late"
    late = team.ward.rows("SELECT logged_at FROM nurse_logs WHERE visit_id = %s", visit["id"])
    assert late[0]["logged_at"] == (ended - HOUR).replace(second=0)
    assert "has not ended" in shown(manager, at(team.visit(), "late-entry"))


def test_manager_strikes_a_note_out_without_reading_it(team: Team, queries: Any) -> None:
    visit = team.visit()
    note = team.ward.make.nurse_log(visit=visit, content="Words for the ward.")
    manager, path = team.page("manager"), at(visit, "late-entry")
    with queries(at_most=6):
        page = shown(manager, path)
    assert "Words for the ward." not in page
    assert send(manager, path, f"/notes/{note['id']}/enter-in-error", reason="").status_code == 422
    sent = send(manager, path, f"/notes/{note['id']}/enter-in-error", reason="Wrong patient.")
    assert sent.headers["location"] == f"{path}?done=struck"
    assert "Wrong patient." in shown(manager, path)


def test_colleague_is_assigned_taken_over_and_released_on_the_page(team: Team, nurse: TestClient) -> None:
    visit = team.visit()
    path = at(visit, "care")
    assert "Nobody is assigned" in shown(nurse, path)
    assert send(nurse, path, path, role="nurse", user_id="").status_code == 422
    assert send(nurse, path, path, role="nurse", user_id=team.id("other_nurse")).status_code == 303
    (care,) = team.ward.rows("SELECT id FROM care_assignments WHERE visit_id = %s", visit["id"])
    assert send(nurse, path, f"/care/{care['id']}/take-over").headers["location"] == f"{path}?done=taken"
    assert team.caring(visit) == ["nurse"]
    assert send(nurse, path, f"/care/{care['id']}/release").status_code == 409
    (mine,) = team.ward.rows(
        "SELECT id FROM care_assignments WHERE visit_id = %s AND until_at IS NULL", visit["id"]
    )
    assert send(nurse, path, f"/care/{mine['id']}/release").status_code == 303
    assert "Assign</button>" not in shown(team.page("reception"), path)


def fields(visit: Values, **given: str) -> dict[str, str]:
    return {f"{name}-{visit['id']}-nurse": value for name, value in {**TOLD, **given}.items()}


def test_whole_ward_is_handed_over_at_once_and_what_lacks_something_stays(
    team: Team, nurse: TestClient
) -> None:
    first, second, third = (team.visit(cared_by="nurse") for _ in range(3))
    chosen = [f"{visit['id']}-nurse" for visit in (first, second)]
    sent: dict[str, Any] = {**fields(first), **fields(second, actions=""), **fields(third)}
    answer = send(nurse, "/handover", "/handover", **sent, chosen=chosen, to_user_id=team.id("other_nurse"))
    assert answer.status_code == 422, answer.text
    assert "1 patient handed over; what is missing below was not." in answer.text
    states = {
        row["visit_id"]: row["status"]
        for row in team.ward.rows(
            "SELECT visit_id, status FROM handovers WHERE visit_id = ANY(%s)",
            [v["id"] for v in (first, second, third)],
        )
    }
    assert states == {first["id"]: "given"}
    answer = send(
        nurse, "/handover", "/handover", **fields(third), chosen=[f"{third['id']}-nurse"], to_user_id=""
    )
    assert (answer.status_code, TOLD["actions"] in answer.text) == (422, True)


def test_hand_over_is_kept_as_a_draft_given_accepted_and_seen(team: Team, nurse: TestClient) -> None:
    visit = team.visit(cared_by="nurse")
    key, receiver = f"{visit['id']}-nurse", {"to_user_id": team.id("other_nurse")}
    kept = send(nurse, "/handover", "/handover/drafts", **fields(visit, actions=""), chosen=key)
    assert kept.headers["location"] == "/handover?saved=1"
    given = send(nurse, "/handover", "/handover", **fields(visit), **receiver, chosen=key)
    assert given.headers["location"] == "/handover?given=1"
    other = team.page("other_nurse")
    (handover,) = team.ward.rows("SELECT id FROM handovers WHERE visit_id = %s", visit["id"])
    path = f"/handovers/{handover['id']}"
    assert send(other, "/handover", f"{path}/accept", synthesis="").status_code == 422
    accepted = send(other, "/handover", f"{path}/accept", synthesis="Watch the saturation.")
    assert accepted.headers["location"] == "/handover?done=accepted"
    assert team.caring(visit) == ["other_nurse"]
    assert send(nurse, "/handover", f"{path}/withdraw").status_code == 409
    assert "Watch the saturation." in shown(nurse, at(visit, "handovers"))


def test_page_of_hand_overs_is_read_with_few_statements_and_says_when_it_is_empty(
    team: Team, nurse: TestClient, queries: Any
) -> None:
    team.visit(cared_by="nurse")
    with queries(at_most=5):
        shown(nurse, "/handover")
    page = shown(team.page("doctor"), "/handover")
    assert "You care for nobody now" in page
    assert "Nothing waits for you" in page
    assert shown(team.page("reception"), "/handover", 403)


def test_amount_is_recorded_confirmed_corrected_and_struck_out_on_its_page(
    team: Team, nurse: TestClient
) -> None:
    visit = team.visit()
    path = at(visit, "fluids")
    assert "Nothing entered on this day" in shown(nurse, path)
    asked = send(nurse, path, path, what="out-urine", volume_ml="4,500", notes="dark")
    assert (asked.status_code, "The amount is right" in asked.text, 'value="dark"' in asked.text) == (
        422,
        True,
        True,
    )
    confirmed = send(nurse, path, path, what="out-urine", volume_ml="4500", confirmed="volume_ml")
    assert confirmed.headers["location"] == f"{path}?done=recorded"
    (entry,) = team.ward.rows("SELECT id FROM fluid_entries WHERE visit_id = %s", visit["id"])
    amend = {"what": "out-urine", "volume_ml": "450"}
    assert send(nurse, path, f"/fluids/{entry['id']}/amend", **amend, reason="").status_code == 422
    assert (
        send(nurse, path, f"/fluids/{entry['id']}/amend", **amend, reason="A nought too many.").status_code
        == 303
    )
    page = shown(nurse, path)
    assert "<s>4,500 mL</s>" in page
    assert "−450 mL" in page
    (newest,) = team.ward.rows("SELECT id FROM fluid_entries WHERE amends_id = %s", entry["id"])
    strike = f"/fluids/{newest['id']}/enter-in-error"
    assert send(nurse, path, strike, reason="Wrong bed.").status_code == 303
    assert send(nurse, path, path, what="", volume_ml="lots").status_code == 422
    assert "Record an amount" not in shown(team.page("doctor"), at(team.visit(status="discharged"), "fluids"))


@pytest.mark.parametrize("what", ["notes", "handovers", "fluids", "care", "late-entry"])
def test_visit_of_another_hospital_is_not_there(team: Team, nurse: TestClient, what: str) -> None:
    other = "SELECT id FROM visits WHERE hospital_id <> %s ORDER BY id LIMIT 1"
    shown(nurse, at(team.ward.rows(other, team.ward.hospital["id"])[0], what), 404)
