"""Migration 2026112501 made the functions anew that write the trail: its entries and its seals hold as before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cluster import Database, TestCluster, migrate
from psycopg.rows import dict_row
from trail import CONTEXT, Trail, private_key

from app.core.ids import new_id

BEFORE, AFTER = "2026112201", "2026112501"
NAMES = {name: str(new_id()) for name in ("region", "hospital", "role", "user", "person", "delay", "bed")}
NAMES |= {"hash": "$2b$04$" + "a" * 53, "other_hash": "$2b$04$" + "b" * 53}
# One of each: rows of the network and of a hospital, kinds of their own, secrets, many rows at once, a change that
# changes nothing, and the end of a row.
CHANGES = """
INSERT INTO regions (id, name, code, theme_settings) VALUES (%(region)s, 'R', 'RX', '{"x": [1.50, null]}');
INSERT INTO hospitals (id, region_id, name, code, timezone, bed_capacity)
VALUES (%(hospital)s, %(region)s, 'H', 'HX', 'UTC', 5);
SELECT set_config('hass.hospital_id', %(hospital)s, true), set_config('hass.region_id', %(region)s, true);
INSERT INTO roles (id, name, display_name, scope, permissions) VALUES (%(role)s, 'nurse', 'Nurse', 'hospital', '[]');
INSERT INTO users (id, email, password_hash, first_name, last_name, role_id, scope, region_id, hospital_id)
VALUES (%(user)s, 'n@hass.example', %(hash)s, 'N', 'N', %(role)s, 'hospital', %(region)s, %(hospital)s);
SELECT set_config('hass.user_id', %(user)s, true);
UPDATE users SET password_hash = %(other_hash)s, phone = '+49' WHERE id = %(user)s;
UPDATE users SET last_login = now() WHERE id = %(user)s;
UPDATE roles SET permissions = '["audit.read"]' WHERE id = %(role)s;
INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
VALUES (%(person)s, 'P', 'P', '1990-01-01', 'female');
INSERT INTO sign_in_delays (id, kind, key_hash, failures, last_failed_at, next_attempt_at)
VALUES (%(delay)s, 'address', repeat('c', 64), 1, '2026-01-01', '2026-01-01');
INSERT INTO beds (id, hospital_id, ward, bed_number, bed_type)
SELECT overlay(%(bed)s PLACING lpad(to_hex(n), 4, '0') FROM 33)::uuid, %(hospital)s, 'A', n::text, 'general'
  FROM generate_series(1, 3) n;
UPDATE beds SET ward = 'B' WHERE hospital_id = %(hospital)s;
UPDATE beds SET ward = ward WHERE hospital_id = %(hospital)s;
DELETE FROM beds WHERE hospital_id = %(hospital)s AND bed_number = '2';
UPDATE hospitals SET name = 'Renamed' WHERE id = %(hospital)s"""
ENTRIES = (
    "SELECT user_id, user_role, user_hospital_id, action, act, event_type, subtype, purpose, outcome, resource_type,"
    " resource_id, patient_id, hospital_id, region_id, before_state, after_state, request_id, ip_address, user_agent"
    " FROM audit_logs ORDER BY seq"
)


def write(connection: psycopg.Connection[Any]) -> None:
    connection.execute(CONTEXT)
    for statement in CHANGES.split(";\n"):
        connection.execute(statement, NAMES)


def entries(database: Database) -> list[dict[str, Any]]:
    """What the changes leave in the trail, without the instants of their transaction; the changes are taken back."""
    with database.owner(autocommit=False) as connection:
        write(connection)
        found = connection.cursor(row_factory=dict_row).execute(ENTRIES).fetchall()
        connection.rollback()
    for entry in found:
        for state in filter(None, (entry["before_state"], entry["after_state"])):
            for name in {"created_at", "updated_at", "last_login", "network_number"} & set(state):
                state[name] = "some"
    return found


@pytest.fixture(scope="module")
def foundation(quiet_cluster: TestCluster, worker_id: str) -> Iterator[Database]:
    made = quiet_cluster.create(f"foundation_{worker_id}", template=None)
    migrate(made, "upgrade", BEFORE)
    yield made
    quiet_cluster.drop(made.name)


def test_the_same_changes_leave_the_same_entries(foundation: Database) -> None:
    before = entries(foundation)
    assert len(before) > 15
    migrate(foundation, "upgrade", AFTER)
    assert entries(foundation) == before
    migrate(foundation, "downgrade", BEFORE)
    assert entries(foundation) == before


def test_what_was_sealed_before_still_verifies(foundation: Database, tmp_path: Path) -> None:
    trail = Trail(foundation)
    with private_key(tmp_path):
        with foundation.owner(autocommit=False) as connection:
            write(connection)
            connection.commit()
        sealed = trail.seal()
        migrate(foundation, "upgrade", AFTER)
        report = trail.verify()
        assert report.is_whole
        assert (report.rows, report.unsealed) == (sealed, 0)
        with foundation.owner() as connection:
            connection.execute("UPDATE beds SET ward = 'C'")
        assert trail.seal() == 2
        assert trail.verify().is_whole
        assert {row["id"].version for row in trail.rows()} == {7}
