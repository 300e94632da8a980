"""Notes, hand-overs and fluids, as the database keeps them: struck out once, told once, accepted by the receiver."""

from typing import Any

import psycopg
import pytest
from factories import HOUR, NOW, Make, Values
from refusals import refused_by

STRIKE = {"entered_in_error_at": NOW, "entered_in_error_reason": "Wrong patient."}


@pytest.fixture
def make(owner: psycopg.Connection[Any]) -> Make:
    return Make(owner)


@pytest.mark.parametrize(
    ("table", "beside"), [("nurse_logs", {"status": "entered_in_error"}), ("fluid_entries", {})]
)
def test_entry_is_struck_out_once(make: Make, table: str, beside: Values) -> None:
    row = make.of(table)
    by = {"entered_in_error_by_id": make.staff(row, "nurse")["id"]}
    make.change(table, row["id"], {**STRIKE, **by, **beside})
    changed = {"entered_in_error_reason": "Another reason."}
    assert refused_by(make, lambda: make.change(table, row["id"], changed)) == f"{table}_fixed"


@pytest.mark.parametrize("state", ["given", "accepted", "withdrawn"])
def test_what_was_handed_over_stays_as_it_was_told(make: Make, state: str) -> None:
    handover = make.handover(status=state)
    for column in ("patient_summary", "actions", "situation_awareness"):
        change = {column: "Told otherwise."}
        assert refused_by(make, lambda: make.change("handovers", handover["id"], change)) == "handovers_fixed"  # noqa: B023 - called at once.


def test_draft_of_a_hand_over_changes_freely(make: Make) -> None:
    handover = make.handover()
    make.change("handovers", handover["id"], {"actions": "Blood at 06:00.", "to_user_id": None})


@pytest.mark.parametrize("receives", [True, False])
def test_policy_lets_the_receiver_alone_accept(make: Make, receives: bool) -> None:
    handover = make.handover(status="given")
    user = handover["to_user_id" if receives else "from_user_id"]
    settings = {"scope": "hospital", "hospital_id": handover["hospital_id"], "user_id": user}
    for name, value in settings.items():
        make.connection.execute("SELECT set_config(%s, %s, true)", (f"hass.{name}", str(value)))
    make.connection.execute("SET LOCAL ROLE hass_app")
    accept = {"status": "accepted", "accepted_at": NOW + HOUR, "synthesis": "Understood."}
    if receives:
        make.change("handovers", handover["id"], accept)
        return
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        make.change("handovers", handover["id"], accept)
