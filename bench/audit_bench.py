"""What the audit trail costs a write: the same statements with the triggers on and off, as hass_app, fsync on.

The two sides take turns on one connection, statement by statement, so that the machine's other work meets both alike.
A write is a transaction as a request makes it: its context, one statement, the commit. The unaudited side keeps all
else that a write pays: keys, rules, other triggers, row-level security. Rows of a bulk insert share one context, one
statement and one commit, so that each one's entry is most of what it costs: they have a line of their own, which
`ratio_worst` leaves out.

Alone: .venv/bin/python bench/audit_bench.py"""

import statistics
import time
from typing import Any

from scratch import hass, scratch_home, use

ROUNDS = 400
BULK_ROWS = 200
SIDES = ("audited", "unaudited")
# Kinds of table: many columns and indexes, few, a wide JSON document, an update of one field.
CONTEXT = """
SELECT set_config('hass.scope', 'hospital', true), set_config('hass.hospital_id', %(hospital)s, true),
       set_config('hass.region_id', %(region)s, true), set_config('hass.user_id', %(user)s, true),
       set_config('hass.role', 'nurse', true), set_config('hass.act', 'bench', true),
       set_config('hass.request_id', 'bench', true), set_config('hass.address', '192.0.2.1', true),
       set_config('hass.agent', 'bench', true)"""
WRITES = {
    "vitals_insert": """
INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_by_id, recorded_at, temperature, heart_rate,
                    blood_pressure_systolic, blood_pressure_diastolic, respiratory_rate, spo2)
VALUES (new_id(), %(hospital)s, %(patient)s, %(visit)s, %(user)s, now(), 37.1, 72, 121, 79, 14, 98)""",
    "nurse_log_insert": """
INSERT INTO nurse_logs (id, hospital_id, patient_id, visit_id, nurse_id, log_type, content, logged_at)
VALUES (new_id(), %(hospital)s, %(patient)s, %(visit)s, %(user)s, 'note', 'Slept well, ate half.', now())""",
    "record_insert": """
INSERT INTO emr_local (id, hospital_id, patient_id, visit_id, record_type, data, created_by_id, recorded_at)
VALUES (new_id(), %(hospital)s, %(patient)s, %(visit)s, 'Procedure',
        jsonb_build_object('text', repeat('An operation note. ', 40), 'parts', ARRAY[1, 2, 3]), %(user)s, now())""",
    "visit_update": "UPDATE visits SET reason_for_visit = %(words)s WHERE id = %(visit)s",
    "patient_update": "UPDATE patients SET address = %(words)s WHERE id = %(patient)s",
}
BULK = """
INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_by_id, recorded_at, temperature, heart_rate)
SELECT new_id(), %(hospital)s, %(patient)s, %(visit)s, %(user)s, now(), 37.1, 72 FROM generate_series(1, %(rows)s)"""


def run() -> dict[str, Any]:
    with scratch_home() as home:
        use(home)
        from app.core.database import open_database

        with open_database() as urls:
            hass(home, "migrate")
            hass(home, "seed")
            return measure(urls)


def measure(urls: Any) -> dict[str, Any]:
    import psycopg

    copy = _copy_without_triggers(urls)
    found: dict[str, Any] = {}
    with (
        psycopg.connect(urls.app_url, autocommit=False) as audited,
        psycopg.connect(_on(urls.app_url, copy), autocommit=False) as unaudited,
    ):
        sides = {"audited": audited, "unaudited": unaudited}
        values = {side: _values(connection) for side, connection in sides.items()}
        ratios = []
        for name, statement in WRITES.items():
            times = _take_turns(sides, values, statement, ROUNDS)
            ratio = times["audited"] / times["unaudited"]
            ratios.append(ratio)
            for side in SIDES:
                found[f"{name}_{side}_us"] = round(times[side] * 1e6)
            found[f"{name}_ratio"] = round(ratio, 2)
        times = _take_turns(sides, values, BULK, 20)
        found["bulk_row_audited_us"] = round(times["audited"] * 1e6 / BULK_ROWS)
        found["bulk_row_unaudited_us"] = round(times["unaudited"] * 1e6 / BULK_ROWS)
        found["bulk_ratio"] = round(times["audited"] / times["unaudited"], 2)
    found["ratio_worst"] = round(max(ratios), 2)
    return found


def _on(url: str, database: str) -> str:
    from psycopg import conninfo

    return conninfo.make_conninfo(url, dbname=database)


def _copy_without_triggers(urls: Any) -> str:
    """A copy of the hospital in which the owner has switched the audit triggers off."""
    import psycopg

    with psycopg.connect(urls.owner_url, autocommit=True) as owner:
        name = owner.info.dbname
        # A template must have no visitors.
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
    with psycopg.connect(_on(urls.owner_url, "postgres"), autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}_unaudited TEMPLATE {name}")
    with psycopg.connect(_on(urls.owner_url, f"{name}_unaudited"), autocommit=True) as owner:
        made = owner.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%\\_audit'"
            " OR tgname LIKE '%\\_audit\\_new'"
        ).fetchall()
        for table, trigger in made:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    return f"{name}_unaudited"


def _values(connection: Any) -> dict[str, Any]:
    connection.execute("SET ROLE hass_app")
    connection.commit()
    connection.execute("SELECT set_config('hass.scope', 'network', true)")
    hospital, region = connection.execute("SELECT id, region_id FROM hospitals").fetchone()
    user = connection.execute("SELECT id FROM users WHERE email = 'nurse@hass.example'").fetchone()[0]
    connection.execute(
        "SELECT set_config('hass.scope', 'hospital', true), set_config('hass.hospital_id', %s, true)",
        (str(hospital),),
    )
    visit, patient = connection.execute("SELECT id, patient_id FROM visits").fetchone()
    connection.commit()
    named = {"hospital": hospital, "region": region, "user": user, "visit": visit, "patient": patient}
    return {name: str(value) for name, value in named.items()} | {"rows": BULK_ROWS, "words": ""}


def _take_turns(
    sides: dict[str, Any], values: dict[str, dict[str, Any]], statement: str, rounds: int
) -> dict[str, float]:
    """Median seconds of a transaction on each side."""
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for turn in range(rounds + 20):
        for side in SIDES if turn % 2 else reversed(SIDES):
            connection, given = sides[side], values[side] | {"words": f"Words {turn}"}
            begin = time.perf_counter()
            connection.execute(CONTEXT, given)
            connection.execute(statement, given)
            connection.commit()
            if turn >= 20:
                times[side].append(time.perf_counter() - begin)
    return {side: statistics.median(taken) for side, taken in times.items()}


if __name__ == "__main__":
    for figure, value in run().items():
        print(f"{figure:<36} {value}")
