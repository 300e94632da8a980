"""S34: region > hospital > patient, kept by row-level security for the role that the application connects as."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import tenancy_world
from factories import HOUR, MACHINES, MODELS, NOW, Make
from psycopg.rows import dict_row
from tenancy_world import CLINICAL, TENANT_TABLES, World

from app.core.ids import new_id

ORGANISATION = ("roles", "regions", "hospitals", "users")


@pytest.fixture(scope="module")
def world(warm_connection: psycopg.Connection[Any]) -> Iterator[World]:
    with warm_connection.transaction(force_rollback=True):
        yield tenancy_world.build(Make(warm_connection))


@pytest.mark.parametrize("role", ["hass_app", "hass_worker"])
@pytest.mark.parametrize("table", sorted(MODELS))
def test_without_context_no_row_is_visible(world: World, table: str, role: str) -> None:
    assert world.ids(table)
    with world.seen_as(None, role=role):
        assert world.ids(table) == set()


@pytest.mark.parametrize("scope", ["", "everything"])
def test_unknown_scope_sees_nothing_of_a_hospital(world: World, scope: str) -> None:
    with world.seen_as(scope, hospital_id=world.at["a"]["id"], region_id=world.at["a"]["region_id"]):
        assert {table for table in CLINICAL if world.ids(table)} == set()
        assert world.ids("users") == world.ids("hospitals") == set()


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_staff_see_all_rows_of_their_hospital_and_no_other(world: World, table: str) -> None:
    of_a = world.ids(table, "hospital_id = %(a)s", a=world.at["a"]["id"])
    assert of_a
    assert world.ids(table) - of_a
    with world.staff_of("a"):
        assert world.ids(table) == of_a


def test_staff_see_their_hospital_its_region_and_its_people(world: World) -> None:
    hospital = world.at["a"]
    colleagues = world.ids("users", "hospital_id = %(a)s", a=hospital["id"])
    with world.staff_of("a"):
        assert world.ids("hospitals") == {hospital["id"]}
        assert world.ids("regions") == {hospital["region_id"]}
        assert world.ids("users") == colleagues
        assert world.ids("roles")


def test_staff_see_messages_of_their_hospital_and_their_own_sign_ins(world: World) -> None:
    nurse = world.make.staff({"hospital_id": world.at["a"]["id"]}, "nurse")
    messages = world.ids("notifications", "hospital_id = %(a)s", a=world.at["a"]["id"])
    mine = world.make.session(user=nurse)["id"]
    with world.seen_as("hospital", hospital_id=world.at["a"]["id"], user_id=nurse["id"]):
        assert world.ids("notifications") == messages
        assert world.ids("sessions") == {mine}
        assert world.ids("idempotency_keys") == set()


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_staff_cannot_write_into_another_hospital(world: World, table: str) -> None:
    cursor = world.connection.cursor(row_factory=dict_row)
    condition, values = "hospital_id = %s", (world.at["b"]["id"],)
    row = cursor.execute(f"SELECT * FROM {table} WHERE {condition} LIMIT 1", values).fetchone()
    assert row is not None
    theirs = row["id"]
    copied = {key: value for key, value in row.items() if key not in {"bmi"}} | {"id": new_id()}
    if table in MACHINES:
        copied["status"] = MACHINES[table].first.value
    with world.staff_of("a"):
        by_grant = pytest.raises(psycopg.errors.InsufficientPrivilege)
        refused = by_grant if table == "person_links" else world.refused()
        with refused, world.connection.transaction():
            world.make.write(table, copied)
        if table not in {"bed_cleanings", "import_sources", "merge_journal", "person_links"}:
            limited = {
                "vitals": "status",
                "lab_results": "status",
                "emr_local": "status",
                "access_grants": "ended_at",
                "patient_merges": "undone_at",
                "care_assignments": "until_at",
                "nurse_logs": "status",
                "fluid_entries": "entered_in_error_at",
            }
            column = limited.get(table, "updated_at")
            changed = world.connection.execute(
                f"UPDATE {table} SET {column} = {column} WHERE id = %s", (theirs,)
            )
            assert changed.rowcount == 0


@pytest.mark.parametrize("table", ["visits", "patients", "beds", "emr_local", "users", "notifications"])
def test_staff_cannot_hand_a_row_to_another_hospital(world: World, table: str) -> None:
    mine = next(iter(world.ids(table, "hospital_id = %(a)s", a=world.at["a"]["id"])))
    refusals = (psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)
    with world.staff_of("a"), pytest.raises(refusals), world.connection.transaction():
        world.make.change(table, mine, {"hospital_id": world.at["b"]["id"]})


def test_staff_write_in_their_own_hospital(world: World) -> None:
    with world.staff_of("a"):
        world.make.nurse_log(visit=world.visit["a"], nurse_id=world.make.staff(world.visit["a"])["id"])
        world.make.change("visits", world.visit["a"]["id"], {"reason_for_visit": "Chest pain"})


@pytest.mark.parametrize("scope", ["region", "network"])
@pytest.mark.parametrize("table", CLINICAL)
def test_administrators_see_no_clinical_row(world: World, table: str, scope: str) -> None:
    with world.seen_as(scope, region_id=world.region["north"]["id"], hospital_id=world.at["a"]["id"]):
        assert world.ids(table) == set()


def test_regional_administrator_sees_the_organisation_of_his_region(world: World) -> None:
    north = world.region["north"]["id"]
    people = world.ids("users", "region_id = %(north)s", north=north)
    with world.seen_as("region", region_id=north):
        assert world.ids("regions") == {north}
        assert world.ids("hospitals") == {world.at["a"]["id"], world.at["b"]["id"]}
        assert world.ids("users") == people
        with world.refused():
            world.make.hospital(region=world.region["south"])
        with world.refused():
            world.make.region()
        world.make.hospital(region=world.region["north"])


def test_network_administrator_sees_the_whole_organisation(world: World) -> None:
    everything = {table: world.ids(table) for table in ORGANISATION}
    with world.seen_as("network"):
        assert {table: world.ids(table) for table in ORGANISATION} == everything
        world.make.region()


def test_only_the_network_changes_roles(world: World) -> None:
    role = next(iter(world.ids("roles")))
    for scope in ("region", "hospital", "self"):
        with world.seen_as(scope, hospital_id=world.at["a"]["id"], region_id=world.region["north"]["id"]):
            changed = world.connection.execute(
                "UPDATE roles SET display_name = 'Chief' WHERE id = %s", (role,)
            )
            assert changed.rowcount == 0
    with world.seen_as("network"):
        world.make.change("roles", role, {"display_name": "Chief"})


# The patient: domain 5.2's list and nothing else

HIDDEN = {
    "nurse_logs", "ai_drafts", "audit_logs", "audit_seals", "beds", "bed_assignments", "mrn_counters", "inventory",
    "import_sources", "patient_alerts", "patient_merges", "merge_journal", "person_links",
    "care_assignments",
    "bed_cleanings",
    "escalations",
    "handovers", "fluid_entries",
}  # fmt: skip


def add_what_stays_hidden(world: World) -> None:
    make, mine, file = world.make, world.visit["shared_a"], world.file["shared_a"]
    make.nurse_log(visit=mine)
    make.escalation(vitals={**mine, "visit_id": mine["id"], "id": min(world.own["vitals"])})
    make.ai_draft(visit=mine)
    make.patient_alert(patient=file)
    make.merge_line(merge=make.patient_merge(patient=file, loser_id=world.file["a"]["id"]))
    make.person_link(patient=file)
    make.vitals(visit=mine, status="entered_in_error")
    for state in ("draft", "entered_in_error", "cancelled"):
        make.prescription(visit=mine, status=state, signed_at=None, signed_by_id=None)
    make.lab_test(visit=mine)
    unreleased = make.lab_test(visit=mine, status="completed")
    make.lab_result(lab_test=unreleased, status="final")
    released = {
        "id": next(iter(world.own["lab_tests"])),
        **{k: mine[k] for k in ("hospital_id", "patient_id")},
    }
    make.lab_result(lab_test=released, status="preliminary", rank=7)
    make.emr_local(visit=mine)
    make.emr_local(visit=mine, signed_at=NOW, signed_by_id=make.staff(mine)["id"])
    signed = {"signed_at": NOW, "signed_by_id": make.staff(mine)["id"], "released_at": NOW}
    make.emr_local(visit=mine, status="entered_in_error", **signed)
    make.bed_assignment(visit=mine)
    make.care_assignment(visit=mine)
    make.handover(visit=mine)
    make.fluid_entry(visit=mine)
    make.notification(user=make.staff(mine))
    assert file["person_id"] == world.person["shared"]["id"]


@pytest.mark.parametrize("table", sorted(MODELS))
def test_patient_sees_the_own_record_and_nothing_else(world: World, table: str) -> None:
    with world.connection.transaction(force_rollback=True):
        add_what_stays_hidden(world)
        identifiers = world.ids(
            "person_identifiers", "person_id = %(person)s", person=world.person["shared"]["id"]
        )
        wanted = {**world.own, "person_identifiers": identifiers, "roles": world.ids("roles")}
        assert not HIDDEN & set(wanted)
        with world.patient():
            assert world.ids(table) == wanted.get(table, set())


@pytest.mark.parametrize(
    "table", ["visits", "vitals", "allergies", "appointments", "emr_local", "patients", "users"]
)
def test_patient_changes_nothing_directly(world: World, table: str) -> None:
    with world.patient():
        for row_id in world.ids(table):
            column = "status" if table in {"vitals", "emr_local"} else "updated_at"
            changed = world.connection.execute(
                f"UPDATE {table} SET {column} = {column} WHERE id = %s", (row_id,)
            )
            assert changed.rowcount == 0


# Persons and the global record


def test_person_is_visible_only_where_there_is_a_file(world: World) -> None:
    wanted = {"a": ("of_a", "shared"), "b": ("of_b", "shared"), "c": ("of_c",)}
    for name, people in wanted.items():
        ids = {world.person[person]["id"] for person in people}
        numbers = world.ids("person_identifiers", "person_id = ANY(%(ids)s)", ids=list(ids))
        with world.staff_of(name):
            assert world.ids("persons") == ids
            assert world.ids("person_identifiers") == numbers


@pytest.mark.parametrize("table", ["persons", "person_identifiers", "sessions"])
def test_what_only_functions_write_cannot_be_written_directly(world: World, table: str) -> None:
    with (
        world.staff_of("a"),
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        world.connection.transaction(),
    ):
        world.make.of(table, **({"person": world.person["of_a"]} if table == "person_identifiers" else {}))
    with (
        world.staff_of("a"),
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        world.connection.transaction(),
    ):
        world.connection.execute(f"UPDATE {table} SET updated_at = now()")


@pytest.fixture
def published(world: World) -> Iterator[Any]:
    """A record of the shared person, published by hospital a while the test runs."""
    with world.connection.transaction(force_rollback=True):
        record = world.make.emr_local(visit=world.visit["shared_a"])
        yield world.make.emr_global(
            record=record, person=world.person["shared"], status="synced", synced_at=NOW
        )["id"]


def seen_at(world: World, name: str) -> set[Any]:
    with world.staff_of(name):
        return world.ids("emr_global", "person_id = %(shared)s", shared=world.person["shared"]["id"])


def test_source_hospital_and_the_patient_see_the_published_record(world: World, published: Any) -> None:
    assert seen_at(world, "a") == {published}
    with world.patient():
        assert world.ids("emr_global") == {published}


def test_hospital_that_does_not_treat_the_person_does_not_see_it(world: World, published: Any) -> None:
    """Hospital b has a file, with a visit that is over; hospital c has not even that."""
    assert seen_at(world, "b") == set()
    assert seen_at(world, "c") == set()


@pytest.mark.parametrize("status", ["active", "on_leave"])
def test_hospital_with_an_open_visit_of_the_person_sees_it(world: World, published: Any, status: str) -> None:
    world.make.visit(patient=world.file["shared_b"], status=status)
    assert seen_at(world, "b") == {published}
    assert seen_at(world, "c") == set()


@pytest.mark.parametrize("status", ["planned", "discharged", "cancelled", "entered_in_error"])
def test_visit_that_is_not_open_does_not_treat(world: World, published: Any, status: str) -> None:
    world.make.visit(patient=world.file["shared_b"], status=status)
    assert seen_at(world, "b") == set()


@pytest.mark.parametrize(
    ("hours", "sees"), [(-25, False), (-23, True), (24 * 29, True), (24 * 31, False)], ids=str
)
def test_appointment_treats_from_a_day_ago_to_thirty_days_ahead(
    world: World, published: Any, hours: int, sees: bool
) -> None:
    world.make.appointment(patient=world.file["shared_b"], scheduled_at=NOW + timedelta(hours=hours))
    assert seen_at(world, "b") == ({published} if sees else set())


def test_cancelled_appointment_does_not_treat(world: World, published: Any) -> None:
    world.make.appointment(patient=world.file["shared_b"], scheduled_at=NOW + HOUR, status="cancelled")
    assert seen_at(world, "b") == set()


@pytest.mark.parametrize(
    "changes", [{"confidentiality": "R"}, {"status": "withdrawn"}, {"status": "failed"}], ids=str
)
def test_sensitive_or_withdrawn_record_is_not_shown_elsewhere(
    world: World, published: Any, changes: Any
) -> None:
    world.make.visit(patient=world.file["shared_b"])
    world.make.change("emr_global", published, changes)
    assert seen_at(world, "b") == set()


def test_treating_hospital_reads_the_record_but_cannot_change_it(world: World, published: Any) -> None:
    world.make.visit(patient=world.file["shared_b"])
    with world.staff_of("b"):
        changed = world.connection.execute(
            "UPDATE emr_global SET status = 'withdrawn' WHERE id = %s", (published,)
        )
        assert changed.rowcount == 0
