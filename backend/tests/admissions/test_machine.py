"""Domain 5.14 (2): every pair of states of a visit by JSON: allowed moves pass, all others get 409 and a sentence."""

from typing import Any

import pytest
from admitting import Ward, ready
from factories import HOUR, NOW, Values

WHY = {"reason": "a mistake at the desk"}
STATES = (
    "planned", "active", "on_leave", "discharged", "transferred", "deceased", "cancelled", "entered_in_error",
)  # fmt: skip
# State > (where a visit goes from there, which acts lead there and who does it); read off domain 5.4.
LEADS = {
    "active": ("start", "admit", "return", "cancel-discharge"), "on_leave": ("leave",), "discharged": ("discharge",),
    "deceased": ("decease",), "cancelled": ("cancel",), "entered_in_error": ("enter-in-error",),
}  # fmt: skip
ALLOWED = {
    ("planned", "start"), ("planned", "admit"), ("planned", "cancel"), ("active", "leave"), ("active", "discharge"),
    ("active", "decease"), ("on_leave", "return"), ("discharged", "cancel-discharge"),
    *((state, "enter-in-error") for state in STATES if state != "entered_in_error"),
}  # fmt: skip
WHO = {"start": "reception", "cancel": "reception", "decease": "doctor", "enter-in-error": "manager"}
PAIRS = [(state, act) for state in STATES for acts in LEADS.values() for act in acts]


def body_of(ward: Ward, act: str) -> Values:
    if act in ("admit", "cancel-discharge"):
        bed = {"bed_id": str(ward.bed()["id"])}
        return bed if act == "admit" else {**bed, **WHY}
    return {"decease": {"died_at": (NOW - HOUR / 2).isoformat()}, "cancel": WHY, "enter-in-error": WHY}.get(
        act, {}
    )


@pytest.mark.parametrize(("state", "act"), PAIRS)
def test_visit_moves_as_the_domain_says_and_no_other_way(ward: Ward, state: str, act: str) -> None:
    visit = ready(ward)[0] if (state, act) == ("active", "discharge") else ward.visit(state)
    answer: Any = ward.act(WHO.get(act, "nurse"), f"/visits/{visit['id']}/{act}", body_of(ward, act))
    if (state, act) in ALLOWED:
        assert answer.status_code == 200, answer.text
        goal = next(goal for goal, acts in LEADS.items() if act in acts)
        assert answer.json()["status"] == goal
        return
    if (state, act) == ("active", "admit"):
        # An inpatient has been admitted; the state is none of its own.
        assert answer.json()["code"] == "visit-admitted"
    assert answer.status_code == 409, answer.text
    assert len(answer.json()["detail"].split()) > 4
    assert ward.row("visits", visit["id"])["status"] == state


@pytest.mark.parametrize("state", [state for state in STATES if state != "active"])
def test_only_an_active_visit_is_transferred(ward: Ward, state: str) -> None:
    """active > transferred is in test_transfers.py: it takes two hospitals."""
    visit = ward.visit(state)
    made = ward.make.transfer_request(visit=visit, to=ward.hospital("b"), status="accepted")
    answer = ward.act("doctor", f"/transfers/{made['id']}/send")
    assert answer.status_code == 409, answer.text
    assert ward.row("visits", visit["id"])["status"] == state
