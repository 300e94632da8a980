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


def test_merge_of_two_files_takes_notes_care_hand_overs_and_fluids_along(make: Make) -> None:
    visit = make.visit()
    kept = [
        ("nurse_logs", note := make.nurse_log(visit=visit)),
        (
            "nurse_logs",
            make.nurse_log(visit=visit, status="amended", amends_id=note["id"], amend_reason="Wrong."),
        ),
        ("fluid_entries", amount := make.fluid_entry(visit=visit)),
        ("fluid_entries", make.fluid_entry(visit=visit, amends_id=amount["id"], amend_reason="Misread.")),
        ("handovers", make.handover(visit=visit, status="given")),
        ("care_assignments", make.care_assignment(visit=visit)),
    ]
    survivor = make.patient(hospital={"id": visit["hospital_id"], "code": "HX"})
    make.connection.execute("SELECT set_config('hass.act', 'merge_files', true)")
    make.change("visits", visit["id"], {"patient_id": survivor["id"]})
    for table, row in kept:
        moved = make.connection.execute(
            f"SELECT patient_id FROM {table} WHERE id = %s", (row["id"],)
        ).fetchone()
        assert moved == (survivor["id"],), table
