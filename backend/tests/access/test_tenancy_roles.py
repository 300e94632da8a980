"""Design 4, S53: what the database roles may do at all, and what stands behind the definer functions."""

from collections.abc import Callable
from typing import Any

import catalogue
import psycopg
import pytest
from cluster import Database
from factories import MODELS, NOW, Make
from psycopg.rows import dict_row

from app.core.ids import new_id

CALLERS = ("hass_app", "hass_worker")
# The functions of triggers are nobody's to call; a table's owner must be allowed them to make the triggers.
OPEN_TO_THE_OWNER = (
    "announce_rights()", "announce_rows()",
    "ask_for_a_doctor()",
    "audit_new_rows()", "audit_row_change()", "end_sign_ins()", "keep_a_super_admin()", "keep_care()",
    "keep_new_files()",
    "refuse_closing_with_hospitals()", "refuse_closing_with_visits()",
)  # fmt: skip
# Sealing is background work of the whole network.
OPEN_TO_THE_WORKER = (
    "audit_batch_end(bigint,bigint,integer)",
    "audit_digests(bigint,bigint,bigint,bigint)",
    "audit_waiting(bigint,bigint)",
    "hospitals_at_work()",
    "sessions_listening(uuid[],interval)",
)
# Only the owner of a table makes its partitions; background work may ask for them.
PARTITIONS = "audit_partitions_ahead(integer)"


def denied(make: Make, role: str, act: str | Callable[[], Any]) -> bool:
    """Whether `role` lacks the right for the statement or the act."""
    try:
        with make.connection.transaction(force_rollback=True):
            make.connection.execute(f"SET LOCAL ROLE {role}")
            make.connection.execute(act) if isinstance(act, str) else act()
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


@pytest.mark.parametrize("role", ["hass_owner", "hass_app", "hass_worker", "hass_definer"])
def test_role_is_plain(make: Make, role: str) -> None:
    found = make.connection.execute(
        "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles"
        " WHERE rolname = %s",
        (role,),
    ).fetchone()
    assert found == (False,) * 6


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("power", ["hass_owner", "hass_definer"])
def test_caller_cannot_become_what_sees_more(make: Make, caller: str, power: str) -> None:
    found = make.connection.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", (caller, power)).fetchone()
    assert found == (False,)


def test_application_login_is_no_member_of_the_owner(database: Database) -> None:
    with database.app() as connection:
        for power in ("hass_owner", "hass_definer"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SET ROLE {power}")


def test_callers_read_add_and_change_but_never_delete(make: Make) -> None:
    granted = catalogue.rows(make.connection, catalogue.TABLE_GRANTS)
    assert {right for _, role, right in granted if role in CALLERS} == {"SELECT", "INSERT", "UPDATE"}
    assert {role for _, role, _ in granted} == {*CALLERS, "hass_definer"}


@pytest.mark.parametrize("table", sorted(MODELS))
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_caller_cannot_delete(make: Make, table: str, statement: str) -> None:
    for role in CALLERS:
        assert denied(make, role, statement.format(table))


@pytest.mark.parametrize("sign", ["temperature", "spo2", "recorded_at", "visit_id", "notes"])
def test_set_of_vital_signs_is_amended_never_edited(make: Make, sign: str) -> None:
    assert denied(make, "hass_app", f"UPDATE vitals SET {sign} = NULL")


@pytest.mark.parametrize("column", ["value_numeric", "value_text", "unit", "interpretation", "lab_test_id"])
def test_result_is_corrected_by_a_new_row(make: Make, column: str) -> None:
    assert denied(make, "hass_app", f"UPDATE lab_results SET {column} = NULL")


@pytest.mark.parametrize("column", ["data", "version", "record_type", "visit_id", "created_by_id"])
def test_record_is_amended_by_a_new_version(make: Make, column: str) -> None:
    assert denied(make, "hass_app", f"UPDATE emr_local SET {column} = NULL")


# The trail


@pytest.mark.parametrize("role", [*CALLERS, "hass_definer"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_logs SET act = 'x'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "DROP TABLE audit_logs",
    ],
)
def test_nobody_changes_the_trail(make: Make, role: str, statement: str) -> None:
    make.audit_log()
    assert denied(make, role, statement)


@pytest.mark.parametrize("role", CALLERS)
def test_callers_add_to_the_trail_through_its_function_only(make: Make, role: str) -> None:
    assert denied(make, role, make.audit_log)
    with make.connection.transaction(force_rollback=True):
        make.connection.execute(f"SET LOCAL ROLE {role}")
        made = make.connection.execute(
            "SELECT audit_event('R', 'rest', 'patients', %s)", (new_id(),)
        ).fetchone()
        assert made is not None


def test_partitions_of_the_trail_are_closed_to_everybody_and_made_ahead(make: Make) -> None:
    """A partition read directly would escape the policies of its parent."""
    partitions = make.connection.execute(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl FROM pg_class c"
        " JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = 'audit_logs'::regclass AND c.relkind = 'r'"
    ).fetchall()
    names = {name for name, *_ in partitions}
    assert "audit_logs_default" in names
    assert len(names) >= 13
    for name, enabled, forced, _ in partitions:
        assert enabled
        assert forced
        for role in (*CALLERS, "hass_definer"):
            assert denied(make, role, f"SELECT count(*) FROM {name}")
    policies = make.connection.execute("SELECT count(*) FROM pg_policies WHERE tablename LIKE 'audit_logs_%'")
    assert policies.fetchone() == (0,)


def test_audit_row_falls_into_the_partition_of_its_month(make: Make) -> None:
    row = make.audit_log(created_at=NOW, updated_at=NOW)
    where = make.connection.execute(
        "SELECT tableoid::regclass::text FROM audit_logs WHERE id = %s", (row["id"],)
    )
    assert where.fetchone() == (f"audit_logs_{NOW:%Y%m}",)


def test_administrators_read_the_trail_of_the_organisation_only(make: Make) -> None:
    """The states of a clinical row would show it (domain 5.2: no clinical row)."""
    hospital = make.hospital()
    make.vitals(hospital=hospital)
    region = str(hospital["region_id"])
    for scope in ("region", "network"):
        with make.connection.transaction(force_rollback=True):
            make.connection.execute("SET LOCAL ROLE hass_app")
            make.connection.execute(
                "SELECT set_config('hass.scope', %s, true), set_config('hass.region_id', %s, true)",
                (scope, region),
            )
            seen = make.connection.execute("SELECT DISTINCT resource_type FROM audit_logs").fetchall()
        kinds = {kind for (kind,) in seen}
        assert "hospitals" in kinds
        assert kinds <= {"roles", "regions", "hospitals", "users", "sessions"}


# Functions


def test_definer_functions_have_their_owner_a_fixed_path_and_two_callers(make: Make) -> None:
    definers = [row for row in catalogue.rows(make.connection, catalogue.FUNCTIONS) if row[2]]
    assert len(definers) >= 10
    for signature, owner, _, settings, callers in definers:
        assert owner == ("hass_owner" if signature == PARTITIONS else "hass_definer"), signature
        assert settings == ["search_path=pg_catalog, public, pg_temp"], signature
        wanted = {"hass_owner"} if signature in OPEN_TO_THE_OWNER else set(CALLERS)
        if signature in (*OPEN_TO_THE_WORKER, PARTITIONS):
            wanted = {"hass_worker"}
        assert set(callers) == wanted, signature


def test_every_function_of_the_definer_is_a_definer(make: Make) -> None:
    found = catalogue.rows(make.connection, catalogue.FUNCTIONS)
    assert {signature for signature, owner, definer, *_ in found if definer != (owner == "hass_definer")} == {
        PARTITIONS
    }


def test_stranger_may_call_none_of_them(make: Make) -> None:
    make.connection.execute("CREATE ROLE hass_stranger")
    found = make.connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND p.prosecdef AND has_function_privilege('hass_stranger', p.oid, 'EXECUTE')"
    ).fetchall()
    assert found == []


def test_definer_makes_nothing_in_the_schema_once_migrated(make: Make) -> None:
    found = make.connection.execute(
        "SELECT has_schema_privilege('hass_definer', 'public', 'CREATE'),"
        " has_schema_privilege('hass_app', 'public', 'CREATE')"
    ).fetchone()
    assert found == (False, False)


def test_definer_sees_only_the_tables_it_needs(make: Make) -> None:
    granted = {
        table
        for table, role, _ in catalogue.rows(make.connection, catalogue.TABLE_GRANTS)
        if role == "hass_definer"
    }
    assert granted == {
        "roles", "regions", "hospitals", "users", "patients", "sessions", "password_links", "sign_in_delays",
        "form_drafts", "persons", "person_identifiers", "person_links", "audit_logs", "access_grants",
        "care_assignments",
        # Counted, never shown (definer_organisation.sql).
        "visits", "beds", "import_sources",
    }  # fmt: skip


def as_registration(make: Make, hospital: Any) -> None:
    make.connection.execute("SET LOCAL ROLE hass_app")
    make.connection.execute(
        "SELECT set_config('hass.scope', 'hospital', true), set_config('hass.hospital_id', %s, true)",
        (str(hospital["id"]),),
    )


def test_person_candidates_are_five_at_most_best_first_and_audited(make: Make) -> None:
    here, there = make.hospital(), make.hospital()
    for number in range(7):
        named = {"last_name": f"Examplename{number}", "first_name": "Zoe"}
        make.patient(hospital=there, person=make.person(**named, date_of_birth=NOW.date()))
    as_registration(make, here)
    cursor = make.connection.cursor(row_factory=dict_row)
    found = cursor.execute(
        "SELECT * FROM person_candidates('examplename3 zoe', %s, 'female', NULL, NULL)", (NOW.date(),)
    ).fetchall()
    assert len(found) == 5
    assert found[0]["name"] == "Zoe Examplename3"
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)
    assert set(found[0]) == {"person_id", "name", "birth_year", "gender", "hospital_name", "score"}
    make.connection.execute("RESET ROLE")
    searches = make.connection.execute(
        "SELECT count(*) FROM audit_logs WHERE event_type = '110112'"
    ).fetchone()
    assert searches == (1,)


def test_national_identifier_finds_the_person_whatever_the_name(make: Make) -> None:
    person = make.person(last_name="Examplename")
    number = make.person_identifier(person=person)["value"]
    make.patient(person=person)
    as_registration(make, make.hospital())
    found = make.connection.execute(
        "SELECT person_id, score FROM person_candidates('somebody else', NULL, NULL, NULL, %s)", (number,)
    ).fetchall()
    assert [row[0] for row in found] == [person["id"]]
    assert found[0][1] == 1


def test_person_create_makes_a_person_that_its_file_then_shows(make: Make) -> None:
    hospital, person = make.hospital(), new_id()
    as_registration(make, hospital)
    make.connection.execute(
        "SELECT person_create(%s, 'Zoe', 'Example', %s, 'female', %s)",
        (person, NOW.date(), '[{"type": "NI", "system": "urn:test:national", "value": "Z1"}]'),
    )
    assert make.connection.execute("SELECT count(*) FROM persons").fetchone() == (0,)
    make.patient(hospital=hospital, person={"id": person, "first_name": "Zoe", "last_name": "Example"})
    assert make.connection.execute("SELECT id FROM persons").fetchall() == [(person,)]
    assert make.connection.execute("SELECT value FROM person_identifiers").fetchall() == [("Z1",)]
