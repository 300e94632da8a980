"""Design 6, domain 5.4 to 5.13: every pair of states of every machine, by SQL directly."""

from functools import partial

import factories
import psycopg
import pytest
from factories import HOUR, MACHINES, NOW, Make, Values, facts
from refusals import refused_by

ERROR = "entered_in_error"
# Read off the domain page by hand, so that a slip in a model is found here.
DOMAIN: dict[str, dict[str, set[str]]] = {
    "visits": {
        "planned": {"active", "cancelled", ERROR},
        "active": {"on_leave", "discharged", "transferred", "deceased", ERROR},
        "on_leave": {"active", ERROR},
        "discharged": {"active", ERROR},
        "transferred": {ERROR},
        "deceased": {ERROR},
        "cancelled": {ERROR},
        ERROR: set(),
    },
    "beds": {
        "available": {"reserved", "occupied", "maintenance", "closed"},
        "reserved": {"occupied", "available"},
        "occupied": {"cleaning"},
        "cleaning": {"available", "maintenance"},
        "maintenance": {"cleaning"},
        "closed": {"cleaning"},
    },
    "handovers": {
        "draft": {"given", "withdrawn"},
        "given": {"accepted", "withdrawn"},
        "accepted": set(),
        "withdrawn": set(),
    },
    "lab_tests": {
        "pending": {"accepted", "cancelled", ERROR},
        "accepted": {"in_progress", "cancelled", ERROR},
        "in_progress": {"completed", "cancelled", ERROR},
        "completed": {ERROR},
        "cancelled": {ERROR},
        ERROR: set(),
    },
    "prescriptions": {
        "draft": {"active", "cancelled", ERROR},
        "active": {"on_hold", "completed", "discontinued", "cancelled", ERROR},
        # An order on hold is stopped too when its patient leaves or dies (5.4).
        "on_hold": {"active", "discontinued", ERROR},
        "completed": {ERROR},
        "discontinued": {ERROR},
        "cancelled": {ERROR},
        ERROR: set(),
    },
    "appointments": {
        "scheduled": {"checked_in", "cancelled", "no_show", ERROR},
        "checked_in": {"in_progress", "cancelled", ERROR},
        "in_progress": {"completed", ERROR},
        "completed": {ERROR},
        "cancelled": {ERROR},
        "no_show": {ERROR},
        ERROR: set(),
    },
    "notifications": {
        "pending": {"sending", "cancelled", "expired"},
        "sending": {"sent", "pending", "failed"},
        # A message may still bounce after it was handed over.
        "sent": {"delivered", "failed"},
        "delivered": set(),
        "failed": {"pending"},
        "cancelled": set(),
        "expired": set(),
    },
    "transfer_requests": {
        "requested": {"accepted", "declined", "withdrawn"},
        # Until the patient leaves the sender may change his mind.
        "accepted": {"completed", "withdrawn"},
        "declined": set(),
        "withdrawn": set(),
        "completed": set(),
    },
    "escalations": {
        "raised": {"acknowledged", "superseded", "closed"},
        "acknowledged": set(),
        "superseded": set(),
        "closed": set(),
    },
    "ai_drafts": {
        "pending": {"in_review", "superseded", "expired"},
        "in_review": {"approved", "approved_with_edits", "rejected", "superseded", "expired"},
        "approved": set(),
        "approved_with_edits": set(),
        "rejected": set(),
        "superseded": set(),
        "expired": set(),
    },
}
FIRST = {
    "visits": "planned", "beds": "available", "lab_tests": "pending", "prescriptions": "draft",
    "appointments": "scheduled", "notifications": "pending", "ai_drafts": "pending",
    "transfer_requests": "requested",
    "escalations": "raised",
    "handovers": "draft",
}  # fmt: skip
PAIRED = [(table, state) for table, states in DOMAIN.items() for state in states]


def facts_of(table: str, state: str, row: Values) -> Values:
    """What an act would write with the move; a bed needs somebody to lie in it."""
    return {key: value for key, value in facts(table, state, row).items() if not key.startswith("_")}


def test_models_know_the_moves_of_the_domain() -> None:
    known = {
        table: {state: set(moves) for state, moves in machine.as_json().items()}
        for table, machine in MACHINES.items()
    }
    assert known == DOMAIN
    assert {table: machine.first for table, machine in MACHINES.items()} == FIRST


@pytest.mark.parametrize(("table", "old"), PAIRED)
def test_allowed_moves_pass_and_all_others_are_refused(make: Make, table: str, old: str) -> None:
    given: Values = {"visit": make.visit()} if table == "beds" else {}
    row = make.of(table, status=old, **given)
    said: dict[str, str | None] = {}
    for new in set(DOMAIN[table]) - {old}:
        try:
            with make.connection.transaction(force_rollback=True):
                make.change(table, row["id"], {**facts_of(table, new, row), "status": new})
                said[new] = "passed"
        except psycopg.errors.CheckViolation as refused:
            said[new] = refused.diag.constraint_name
    wanted = {new: "passed" if new in DOMAIN[table][old] else f"{table}_machine" for new in said}
    assert said == wanted


@pytest.mark.parametrize("table", sorted(DOMAIN))
def test_a_new_row_starts_in_the_first_state_unless_it_was_imported(make: Make, table: str) -> None:
    given: Values = {"visit": make.visit()} if table == "beds" else {}
    row = make.of(table, **given)
    if table == "visits":
        # Made once, and not inside what is rolled back.
        make.staff(row)
    imported = "source" in factories.MODELS[table].__table__.columns

    def insert_as(state: str, **more: str) -> None:
        # A stay or a slot of its own, so that only the state can be refused.
        copy = {**make.of(table, **given), **facts_of(table, state, row), "status": state, **more}
        make.connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        make.connection.execute(f"DELETE FROM {table} WHERE id = %s", (copy["id"],))
        make.connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_machine")
        make.write(table, copy)

    for state in DOMAIN[table]:
        if state == FIRST[table]:
            continue
        assert refused_by(make, partial(insert_as, state)) == f"{table}_machine", state
        if imported:
            with make.connection.transaction(force_rollback=True):
                insert_as(state, source="urn:test:source")


def test_move_to_and_the_trigger_say_the_same_of_an_unknown_move(make: Make) -> None:
    visit = make.visit(status="discharged")
    assert (
        refused_by(make, lambda: make.change("visits", visit["id"], {"status": "planned"}))
        == "visits_machine"
    )
    assert not MACHINES["visits"].allows(*map(type(MACHINES["visits"].first), ("discharged", "planned")))


# Bed stays: what the machine alone cannot say (domain 5.5)


def occupy(make: Make, bed: Values, visit: Values) -> None:
    taken = {"assigned_patient_id": visit["patient_id"], "assigned_visit_id": visit["id"], "assigned_at": NOW}
    make.change(
        "beds",
        bed["id"],
        {"status": "occupied", "reserved_for_visit_id": None, "reserved_until": None, **taken},
    )


def open_stays(make: Make, bed: Values) -> list[tuple[object, ...]]:
    return make.connection.execute(
        "SELECT visit_id, assigned_by_id FROM bed_assignments WHERE bed_id = %s AND released_at IS NULL",
        (bed["id"],),
    ).fetchall()


def test_occupied_bed_does_not_change_its_patient(make: Make) -> None:
    bed = make.bed(status="occupied")
    other = make.visit(patient=make.patient(hospital={"id": bed["hospital_id"], "code": "HX"}))
    assert refused_by(make, lambda: occupy(make, bed, other)) == "beds_stay"
    earlier = {"assigned_at": NOW - HOUR}
    assert refused_by(make, lambda: make.change("beds", bed["id"], earlier)) == "beds_stay"


def test_reserved_bed_takes_only_the_visit_it_was_reserved_for(make: Make) -> None:
    visit = make.visit()
    bed = make.bed(status="reserved", visit=visit)
    other = make.visit(patient=make.patient(hospital={"id": bed["hospital_id"], "code": "HX"}))
    assert refused_by(make, lambda: occupy(make, bed, other)) == "beds_stay"
    handed_on = {"reserved_for_visit_id": other["id"]}
    assert refused_by(make, lambda: make.change("beds", bed["id"], handed_on)) == "beds_stay"
    occupy(make, bed, visit)
    assert [visit_id for visit_id, _ in open_stays(make, bed)] == [visit["id"]]


def test_bed_keeps_the_history_of_its_stays(make: Make) -> None:
    visit = make.visit()
    nurse = make.staff(visit, "nurse")
    make.connection.execute("SELECT set_config('hass.user_id', %s, true)", (str(nurse["id"]),))
    bed = make.bed(status="occupied", visit=visit)
    assert open_stays(make, bed) == [(visit["id"], nurse["id"])]
    left = dict.fromkeys(("assigned_patient_id", "assigned_visit_id", "assigned_at"))
    make.change("beds", bed["id"], {"status": "cleaning", **left})
    assert open_stays(make, bed) == []
    stays = make.connection.execute("SELECT count(*) FROM bed_assignments WHERE bed_id = %s", (bed["id"],))
    assert stays.fetchone() == (1,)


def test_history_of_stays_is_not_diverted_into_a_temporary_table(make: Make) -> None:
    visit = make.visit()
    make.connection.execute(
        "CREATE TEMPORARY TABLE bed_assignments (LIKE public.bed_assignments INCLUDING ALL)"
    )
    bed = make.bed(status="occupied", visit=visit)
    kept = make.connection.execute(
        "SELECT visit_id FROM public.bed_assignments WHERE bed_id = %s", (bed["id"],)
    )
    assert kept.fetchall() == [(visit["id"],)]


def test_patient_lies_in_one_bed_only(make: Make) -> None:
    visit = make.visit()
    make.bed(status="occupied", visit=visit)
    assert refused_by(make, lambda: make.bed(status="occupied", visit=visit)) == "beds_assigned_visit_id_key"
