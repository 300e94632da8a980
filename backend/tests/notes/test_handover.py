"""Hand-over after I-PASS by the JSON routes: the machine, the parts, and whose the patient is afterwards (S62)."""

from typing import Any
from uuid import uuid4

import pytest
from factories import NOW, Values
from notes_team import Team, code

API = "/api/v1"
TOLD = {
    "illness_severity": "watcher",
    "patient_summary": "Pneumonia, day 2, on oxygen.",
    "actions": "Antibiotic at 22:00, blood at 06:00.",
    "situation_awareness": "Call the doctor when the saturation falls below 90 %.",
}
UNDERSTOOD = {"synthesis": "Watch the saturation, antibiotic at 22:00."}


def draft(team: Team, visit: Values, by: str = "nurse", to: str | None = "other_nurse", **given: Any) -> Any:
    body = {**TOLD, **({} if to is None else {"to_user_id": team.id(to)}), **given}
    return team.programs[by].post(f"{API}/visits/{visit['id']}/handovers", json=body)


def given(team: Team, visit: Values, **more: Any) -> str:
    made = draft(team, visit, **more)
    assert made.status_code == 201, made.text
    act(team, made.json()["id"], "give", more.get("by", "nurse"))
    return str(made.json()["id"])


def press(team: Team, handover: str, verb: str, by: str, body: Any = None) -> Any:
    body = body or (UNDERSTOOD if verb == "accept" else None)
    return team.programs[by].post(f"{API}/handovers/{handover}/{verb}", json=body)


def act(team: Team, handover: str, verb: str, by: str) -> dict[str, Any]:
    answer = press(team, handover, verb, by)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_care_moves_when_the_receiver_accepts_and_not_before(team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    handover = given(team, visit)
    assert team.caring(visit) == ["nurse"]
    waiting = team.other_nurse.get(f"{API}/handovers").json()["to_accept"]
    assert handover in [each["handover"]["id"] for each in waiting]
    accepted = act(team, handover, "accept", "other_nurse")
    assert (accepted["status"], accepted["synthesis"]) == ("accepted", UNDERSTOOD["synthesis"])
    assert team.caring(visit) == ["other_nurse"]
    mine = {each["visit_id"]: each for each in team.other_nurse.get(f"{API}/handovers").json()["mine"]}
    assert mine[str(visit["id"])]["last"]["patient_summary"] == TOLD["patient_summary"]
    listed = team.doctor.get(f"{API}/visits/{visit['id']}/handovers").json()["items"]
    assert [each["id"] for each in listed] == [handover]


def test_doctor_in_charge_hands_the_charge_over(team: Team) -> None:
    visit = team.visit(attending_doctor_id=team.people["doctor"]["id"])
    handover = given(team, visit, by="doctor", to="other_doctor")
    act(team, handover, "accept", "other_doctor")
    assert team.caring(visit, "attending") == ["other_doctor"]
    assert str(team.ward.row("visits", visit["id"])["attending_doctor_id"]) == team.id("other_doctor")


VERBS = {"give": "nurse", "accept": "other_nurse", "withdraw": "nurse"}
# The state > what each verb makes of it; what is not named is refused.
MOVES = {
    ("draft", "give"): "given", ("draft", "withdraw"): "withdrawn",
    ("given", "accept"): "accepted", ("given", "withdraw"): "withdrawn",
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", ["draft", "given", "accepted", "withdrawn"])
def test_verb_moves_a_hand_over_as_its_machine_says(team: Team, state: str, verb: str) -> None:
    visit = team.visit(cared_by="nurse")
    people = {"from_user_id": team.people["nurse"]["id"], "to_user_id": team.people["other_nurse"]["id"]}
    handover = team.ward.make.handover(visit=visit, status=state, **people)
    answer = press(team, str(handover["id"]), verb, VERBS[verb])
    goal = MOVES.get((state, verb))
    # A draft is nobody's but its author's.
    refused = 404 if (state, verb) == ("draft", "accept") else 409
    assert answer.status_code == (200 if goal else refused), answer.text
    assert team.ward.row("handovers", handover["id"])["status"] == (goal or state)


@pytest.mark.parametrize(
    ("verb", "by"), [("give", "other_nurse"), ("accept", "nurse"), ("withdraw", "other_nurse")]
)
def test_only_the_giver_gives_and_only_the_receiver_accepts(team: Team, verb: str, by: str) -> None:
    visit = team.visit(cared_by="nurse")
    handover = given(team, visit)
    assert code(press(team, handover, verb, by)) == (403, "not-your-entry")


def test_what_is_missing_is_named(team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    made = draft(team, visit, to=None, actions=None, illness_severity=None).json()
    answer = press(team, made["id"], "give", "nurse")
    assert code(answer) == (422, "handover-incomplete")
    assert {each["field"] for each in answer.json()["errors"]} == {
        "to_user_id",
        "actions",
        "illness_severity",
    }


def test_draft_is_changed_with_what_was_seen_and_not_after_it_was_given(team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    made = draft(team, visit)
    path, seen = f"{API}/handovers/{made.json()['id']}", {"If-Match": made.headers["etag"]}
    change = {"actions": "Blood at 07:00."}
    assert team.nurse.patch(path, json=change).status_code == 428
    changed = team.nurse.patch(path, json=change, headers=seen)
    assert (changed.status_code, changed.json()["actions"]) == (200, "Blood at 07:00.")
    assert team.nurse.patch(path, json=change, headers=seen).status_code == 412
    assert team.other_nurse.patch(path, json=change, headers=seen).status_code == 404
    act(team, made.json()["id"], "give", "nurse")
    assert code(team.nurse.patch(path, json=change, headers={"If-Match": "*"})) == (409, "handover-given")


@pytest.mark.parametrize(
    ("to", "refusal"),
    [
        ("nurse", (422, "to-oneself")),
        ("doctor", (422, "role-does-not-fit")),
        ("reception", (422, "role-does-not-fit")),
    ],
)
def test_receiver_is_a_colleague_of_the_same_trade(team: Team, to: str, refusal: tuple[int, str]) -> None:
    assert code(draft(team, team.visit(cared_by="nurse"), to=to)) == refusal


def test_who_does_not_care_hands_nobody_over(team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    assert code(draft(team, visit, by="other_nurse", to="nurse")) == (409, "not-your-patient")
    assert code(draft(team, visit, by="reception")) == (403, "permission-missing")


def test_second_hand_over_of_a_patient_waits_for_the_first(team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    handover = given(team, visit)
    assert draft(team, visit).status_code == 409
    act(team, handover, "withdraw", "nurse")
    assert draft(team, visit).status_code == 201


def test_visit_that_has_ended_is_not_accepted(team: Team) -> None:
    visit = team.visit(cared_by="nurse")
    handover = given(team, visit)
    team.ward.make.change("visits", visit["id"], {"status": "discharged", "discharge_date": NOW})
    assert code(press(team, handover, "accept", "other_nurse")) == (409, "visit-closed")
    assert act(team, handover, "withdraw", "nurse")["status"] == "withdrawn"


def test_acceptance_needs_a_synthesis(team: Team) -> None:
    handover = given(team, team.visit(cared_by="nurse"))
    assert press(team, handover, "accept", "other_nurse", {"synthesis": "  "}).status_code == 422


def test_my_patients_are_read_with_few_statements_whatever_their_number(team: Team, queries: Any) -> None:
    for _ in range(5):
        given(team, team.visit(cared_by="nurse"))
    with queries(at_most=3):
        mine = team.nurse.get(f"{API}/handovers").json()["mine"]
    assert sum(each["handover"] is not None for each in mine) >= 5
    assert team.nurse.get(f"{API}/handovers/{uuid4()}").status_code == 404
