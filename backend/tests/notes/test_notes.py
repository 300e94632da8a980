"""Nursing notes by the JSON routes: five types, versions, entries in error, late entries, incidents apart (S18)."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cluster import BACKEND
from factories import HOUR, NOW, Values
from notes_team import Team, code

from app.models.nurse_log import NurseLogType

REASON = {"reason": "Written for the wrong patient."}


def logs(visit: Values) -> str:
    return f"/api/v1/visits/{visit['id']}/nurse-logs"


def write(team: Team, visit: Values, by: str = "nurse", **given: Any) -> str:
    answer = team.programs[by].post(logs(visit), json={"log_type": "note", "content": "Slept well.", **given})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("log_type", list(NurseLogType))
def test_nurse_writes_and_finds_a_note_of_each_type(team: Team, log_type: str) -> None:
    visit = team.visit()
    note = write(team, visit, log_type=log_type, logged_at=(NOW - HOUR).isoformat())
    (found,) = team.nurse.get(logs(visit), params={"log_type": log_type}).json()["items"]
    assert (found["id"], found["log_type"], found["status"]) == (note, log_type, "final")
    assert found["nurse_id"] == team.id("nurse")


def test_the_reply_is_the_note_as_it_was_kept(team: Team) -> None:
    visit = team.visit()
    kept = team.nurse.post(logs(visit), json={"log_type": "care_activity", "content": " Washed. "}).json()
    assert (kept["log_type"], kept["content"], kept["status"]) == ("care_activity", "Washed.", "final")
    assert (kept["visit_id"], kept["patient_id"]) == (str(visit["id"]), str(visit["patient_id"]))
    assert (kept["nurse_id"], kept["amends_id"]) == (team.id("nurse"), None)
    change = {"content": "Washed and dressed.", "reason": "I forgot a word."}
    amended = team.nurse.post(f"/api/v1/nurse-logs/{kept['id']}/amend", json=change).json()
    assert (amended["content"], amended["amends_id"]) == ("Washed and dressed.", kept["id"])


def test_amended_note_keeps_the_old_version_with_who_and_why(team: Team) -> None:
    visit = team.visit()
    note = write(team, visit)
    change = {"content": "Slept badly.", "reason": "I mixed up two nights."}
    answer = team.nurse.post(f"/api/v1/nurse-logs/{note}/amend", json=change)
    assert answer.status_code == 201, answer.text
    new, old = team.doctor.get(logs(visit)).json()["items"]
    assert (new["content"], new["status"], new["amends_id"]) == ("Slept badly.", "amended", note)
    assert (old["content"], old["replaced_by_id"], old["replaced_reason"]) == (
        "Slept well.",
        new["id"],
        change["reason"],
    )
    assert code(team.nurse.post(f"/api/v1/nurse-logs/{note}/amend", json=change)) == (409, "note-amended")
    assert code(team.nurse.post(f"/api/v1/nurse-logs/{note}/enter-in-error", json=REASON)) == (
        409,
        "note-amended",
    )


def test_only_the_author_amends(team: Team) -> None:
    note = write(team, team.visit())
    change = {"content": "Slept badly.", "reason": "I know better."}
    assert code(team.other_nurse.post(f"/api/v1/nurse-logs/{note}/amend", json=change)) == (
        403,
        "not-your-entry",
    )
    assert code(team.doctor.post(f"/api/v1/nurse-logs/{note}/amend", json=change)) == (
        403,
        "permission-missing",
    )


@pytest.mark.parametrize(
    ("by", "status"), [("nurse", 200), ("manager", 200), ("other_nurse", 403), ("doctor", 403)]
)
def test_author_or_manager_strikes_a_note_out(team: Team, by: str, status: int) -> None:
    visit = team.visit()
    note = write(team, visit)
    path = f"/api/v1/nurse-logs/{note}/enter-in-error"
    assert team.programs[by].post(path, json=REASON).status_code == status
    (found,) = team.doctor.get(logs(visit)).json()["items"]
    assert found["content"] == "Slept well."
    struck = status == 200
    assert (found["status"] == "entered_in_error", found["entered_in_error_reason"] is not None) == (
        struck,
        struck,
    )
    if struck:
        assert code(team.nurse.post(path, json=REASON)) == (409, "note-struck-out")


def test_incident_is_for_its_author_and_managers_alone(team: Team) -> None:
    visit = team.visit()
    incident = write(team, visit, log_type="incident", content="Fell out of bed.")
    assert [each["id"] for each in team.nurse.get(logs(visit)).json()["items"]] == [incident]
    for other in ("other_nurse", "doctor"):
        assert team.programs[other].get(logs(visit)).json()["items"] == []
        assert (
            team.programs[other]
            .post(f"/api/v1/nurse-logs/{incident}/enter-in-error", json=REASON)
            .status_code
            == 404
        )
        assert team.programs[other].get("/api/v1/incidents").status_code == 403
    page = team.manager.get("/api/v1/incidents", params={"limit": 1}).json()
    assert (page["items"][0]["id"], page["items"][0]["patient_id"]) == (incident, str(visit["patient_id"]))
    # The record of the patient is not the manager's.
    assert team.manager.get(logs(visit)).status_code == 403


def ended(team: Team, hours_ago: float, **given: Any) -> Values:
    since = NOW - timedelta(hours=hours_ago)
    return team.visit(status="discharged", admission_date=since - 48 * HOUR, discharge_date=since, **given)


def late(team: Team, visit: Values, by: str, **given: Any) -> Any:
    body = {
        "log_type": "note",
        "content": "Left with his daughter.",
        "reason": "The system was down.",
        **given,
    }
    body.setdefault("logged_at", (visit["discharge_date"] - HOUR).isoformat())
    return team.programs[by].post(f"/api/v1/visits/{visit['id']}/late-entries", json=body)


@pytest.mark.parametrize(
    ("by", "status"), [("nurse", 201), ("manager", 201), ("other_nurse", 403), ("reception", 403)]
)
def test_late_entry_is_written_by_who_cared_or_a_manager(team: Team, by: str, status: int) -> None:
    visit = ended(team, 71)
    team.ward.make.care_assignment(visit=visit, user=team.people["nurse"], until_at=NOW)
    assert late(team, visit, by).status_code == status
    found = team.doctor.get(logs(visit)).json()["items"]
    assert [each["late_reason"] for each in found] == (["The system was down."] if status == 201 else [])


def test_late_entry_comes_within_72_hours_with_its_reason_and_about_the_visit(team: Team) -> None:
    visit = ended(team, 73)
    assert code(late(team, visit, "manager")) == (409, "too-late")
    visit = ended(team, 10)
    assert late(team, visit, "manager", reason=" ").status_code == 422
    assert code(late(team, visit, "manager", logged_at=NOW.isoformat())) == (422, "outside-visit")
    assert code(late(team, {**team.visit(), "discharge_date": NOW}, "manager")) == (409, "visit-open")


def test_visit_that_has_ended_takes_no_ordinary_note_and_still_an_amendment(team: Team) -> None:
    visit = team.visit()
    note = write(team, visit)
    team.ward.make.change("visits", visit["id"], {"status": "discharged", "discharge_date": NOW})
    answer = team.nurse.post(logs(visit), json={"log_type": "note", "content": "Slept."})
    assert code(answer) == (409, "visit-closed")
    change = {"content": "Slept badly.", "reason": "I mixed up two nights."}
    assert team.nurse.post(f"/api/v1/nurse-logs/{note}/amend", json=change).status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"log_type": "gossip"}, {"content": " "}, {"content": "x" * 10_001}, {"colour": "red"},
        {"logged_at": (NOW + HOUR).isoformat()}, {"logged_at": (NOW - 100 * HOUR).isoformat()},
    ],
)  # fmt: skip
def test_nonsense_is_refused(team: Team, wrong: dict[str, Any]) -> None:
    body = {"log_type": "note", "content": "Slept well.", **wrong}
    assert team.nurse.post(logs(team.visit()), json=body).status_code == 422


def test_notes_are_listed_in_pages_with_few_statements_and_each_reading_is_in_the_trail(
    team: Team, queries: Any
) -> None:
    visit = team.visit()
    for number in range(5):
        team.ward.make.nurse_log(visit=visit, logged_at=NOW - number * HOUR)
    with queries(at_most=3):
        first = team.doctor.get(logs(visit), params={"limit": 3}).json()
    rest = team.doctor.get(logs(visit), params={"limit": 3, "cursor": first["next_cursor"]}).json()
    times = [each["logged_at"] for each in (*first["items"], *rest["items"])]
    assert (len(times), times) == (5, sorted(times, reverse=True))
    assert rest["next_cursor"] is None
    reads = team.ward.rows(
        "SELECT query FROM audit_logs WHERE patient_id = %s AND resource_type = 'nurse_logs' AND action = 'R'"
        " ORDER BY seq",
        visit["patient_id"],
    )
    assert [read["query"]["found"] for read in reads] == [3, 2]


def test_unknown_visit_and_note_are_not_there(team: Team) -> None:
    assert team.nurse.get(f"/api/v1/visits/{uuid4()}/nurse-logs").status_code == 404
    assert team.nurse.post(f"/api/v1/nurse-logs/{uuid4()}/enter-in-error", json=REASON).status_code == 404


def test_no_other_feature_reads_what_nurses_wrote() -> None:
    """So that no incident ends in a discharge summary or on a chart: others ask at most whether any was written."""
    others = [path for path in (BACKEND / "app/features").rglob("*.py") if path.parent.name != "notes"]
    reading = {
        f"{path.parent.name}/{path.name}"
        for path in others
        if re.search(r"NurseLog|(FROM|JOIN) nurse_logs(?! WHERE visit_id)", path.read_text(encoding="utf-8"))
    }
    assert reading == set()
