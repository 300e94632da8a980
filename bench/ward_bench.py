"""Bed board, ward screen and search where a hospital has 10,000 patients, and where it has a million.

Two hospitals with the same wards, beds and staff lie on one server and are asked in turn, so that the machine's other
work meets both alike. A time is that of the whole request in the application: sign-in, statements, page.

Alone: .venv/bin/python bench/ward_bench.py [patients of the larger one]"""

import asyncio
import statistics
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from scratch import hass, scratch_home, use

FEW, MANY, RUNS = 10_000, 1_000_000, 25
WARDS, BEDS_OF_A_WARD, TAKEN = 8, 25, 160
# What the filler writes keeps every rule, so that looking after each row would only cost time.
TABLES = ("persons", "patients", "visits", "vitals", "beds", "bed_assignments")
# Names of which a hospital of any size has a share: 400 family names, 100 given ones.
NAMES = """
  'Exa' || chr(97 + n / 20 %% 20) || chr(97 + n %% 20) || 'berg' AS family,
  'Gi' || chr(97 + n / 400 %% 10) || chr(97 + n / 4000 %% 10) || 'na' AS given"""
PEOPLE = f"""
CREATE TEMP TABLE people ON COMMIT DROP AS
SELECT n, gen_random_uuid() AS person_id, gen_random_uuid() AS patient_id, {NAMES},
       date '1930-01-01' + (n %% 30000) AS born, CASE WHEN n %% 2 = 0 THEN 'female' ELSE 'male' END AS sex
  FROM generate_series(%(first)s::integer, %(last)s::integer) AS n;
INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
SELECT person_id, given, family, born, sex FROM people;
INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given, search_given_family,
                      date_of_birth, gender, phone, phone_digits)
SELECT patient_id, h.id, person_id, 'NGH-' || (500000000 + n)::text, given, family, lower(family || ' ' || given),
       lower(given || ' ' || family), born, sex, '555 ' || lpad(n::text, 7, '0'), '555' || lpad(n::text, 7, '0')
  FROM people, hospitals h WHERE h.code = 'NGH';
INSERT INTO visits (id, hospital_id, patient_id, visit_type, status, admission_date, discharge_date, source)
SELECT gen_random_uuid(), h.id, patient_id, 'inpatient', 'discharged', now() - make_interval(days => 30 + n %% 2000),
       now() - make_interval(days => 27 + n %% 2000), 'urn:bench'
  FROM people, hospitals h WHERE h.code = 'NGH';
INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_at, temperature, heart_rate, source)
SELECT gen_random_uuid(), v.hospital_id, v.patient_id, v.id, v.admission_date + interval '1 hour', 37.0, 70,
       'urn:bench'
  FROM people p JOIN visits v ON v.patient_id = p.patient_id"""
HOUSE = f"""
CREATE TEMP TABLE house ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY p.mrn)::integer AS n, p.id AS patient_id, p.hospital_id,
       gen_random_uuid() AS visit_id
  FROM patients p WHERE p.mrn LIKE 'NGH-5%' ORDER BY p.mrn LIMIT {TAKEN};
INSERT INTO visits (id, hospital_id, patient_id, visit_type, status, admission_date, reason_for_visit)
SELECT visit_id, hospital_id, patient_id, 'inpatient', 'active', now() - make_interval(days => 1 + n % 9), 'Bench'
  FROM house;
INSERT INTO beds (id, hospital_id, bed_number, ward, bay, status)
SELECT gen_random_uuid(), h.id, 'W' || n, 'Ward ' || (n - 1) / {BEDS_OF_A_WARD} + 1, 'Bay ' || n % 4, 'available'
  FROM generate_series(1, {WARDS * BEDS_OF_A_WARD}) n, hospitals h WHERE h.code = 'NGH';
UPDATE beds b SET status = 'occupied', assigned_visit_id = o.visit_id, assigned_patient_id = o.patient_id,
                  assigned_at = now() - interval '1 day' FROM house o WHERE b.bed_number = 'W' || o.n;
INSERT INTO bed_assignments (id, hospital_id, bed_id, patient_id, visit_id, assigned_at)
SELECT gen_random_uuid(), b.hospital_id, b.id, b.assigned_patient_id, b.assigned_visit_id, b.assigned_at
  FROM beds b WHERE b.status = 'occupied' AND b.bed_number LIKE 'W%';
INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_by_id, recorded_at, temperature, heart_rate,
                    respiratory_rate, spo2, blood_pressure_systolic, blood_pressure_diastolic, consciousness,
                    supplemental_oxygen, spo2_scale, news2_total, news2_red, news2_state, next_due_at)
SELECT gen_random_uuid(), o.hospital_id, patient_id, visit_id, u.id, now() - make_interval(hours => k, mins => n), 37.2, 80,
       18, 96, 125, 78, 'A', false, 1, 0, false, 'complete', now() - make_interval(hours => k - 12, mins => n)
  FROM house o, generate_series(1, 12) AS k, users u WHERE u.email = 'nurse@hass.example'"""
ASKED = {
    "bed board": ("nurse", "/beds?ward=Ward+1"),
    "ward screen": ("nurse", "/ward?ward=Ward+1"),
    "search family name": ("nurse", "/patients?q=exabcberg"),
    "search both names": ("nurse", "/patients?q=exabcberg+giaana"),
    "search MRN": ("nurse", "/patients?q=NGH-500000042"),
    "search phone": ("nurse", "/patients?q=5550000042"),
    "search date of birth": ("nurse", "/patients?q=12-Feb-1930"),
}


@dataclass
class Hospital:
    """An application on one of the two databases, with a reader in front of it."""

    client: Any
    sent: list[str]


def run(many: int = MANY) -> dict[str, Any]:
    with scratch_home() as home:
        use(home)
        from app.core.database import open_database

        with open_database() as urls:
            hass(home, "migrate")
            hass(home, "seed")
            larger = make_hospitals(urls.owner_url, many)
            found: dict[str, Any] = {"patients": f"{FEW} and {many}"}
            return found | asyncio.run(measure(urls.app_url, on(urls.app_url, larger)))


def on(url: str, database: str) -> str:
    from psycopg import conninfo

    return str(conninfo.make_conninfo(url, dbname=database))


def make_hospitals(owner_url: str, many: int) -> str:
    """Fills the hospital with few patients, then a copy of it with many; the copy's name."""
    import psycopg

    with psycopg.connect(owner_url, autocommit=True) as owner:
        name = owner.info.dbname
        fill(owner, 1, FEW)
        with owner.transaction():
            owner.execute(HOUSE)  # type: ignore[arg-type]
        settle(owner)
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
    with psycopg.connect(on(owner_url, "postgres"), autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}_many TEMPLATE {name}")
    with psycopg.connect(on(owner_url, f"{name}_many"), autocommit=True) as owner:
        for first in range(FEW + 1, many + 1, 100_000):
            fill(owner, first, min(first + 99_999, many))
        settle(owner)
    return f"{name}_many"


def fill(owner: Any, first: int, last: int) -> None:
    for table in TABLES:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    with owner.transaction():
        for statement in PEOPLE.split(";"):
            owner.execute(statement, {"first": first, "last": last})


def settle(owner: Any) -> None:
    # Statistics and visibility as autovacuum leaves them once the import is an hour old.
    owner.execute("VACUUM ANALYZE")


async def measure(few_url: str, many_url: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        few, many = [await opened(stack, url) for url in (few_url, many_url)]
        for name, (_, path) in ASKED.items():
            times: dict[int, list[float]] = {0: [], 1: []}
            for turn in range(RUNS + 5):
                for side, hospital in enumerate((few, many)) if turn % 2 else reversed(list(enumerate((few, many)))):
                    hospital.sent.clear()
                    begin = time.perf_counter()
                    answer = await hospital.client.get(path)
                    taken = time.perf_counter() - begin
                    assert answer.status_code == 200, f"{path}: {answer.status_code}"
                    if turn >= 5:
                        times[side].append(taken)
            small, large = statistics.median(times[0]), statistics.median(times[1])
            found[f"{name} ms"] = f"{small * 1000:.1f} and {large * 1000:.1f}"
            found[f"{name} ratio"] = round(large / small, 2)
            found[f"{name} statements"] = sum("session_open" not in statement for statement in many.sent)
    found["ratio worst"] = max(value for name, value in found.items() if name.endswith(" ratio"))
    return found


async def opened(stack: AsyncExitStack, url: str) -> Hospital:
    import re

    import httpx
    from sqlalchemy import event

    from app.core.settings import Settings
    from app.main import create_app

    app = create_app(url, demo=True, settings=Settings(requests_per_minute=0, sign_ins_per_minute=0))
    await stack.enter_async_context(app.router.lifespan_context(app))
    sent: list[str] = []
    event.listen(
        app.state.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: sent.append(statement),
    )
    client = await stack.enter_async_context(
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bench")
    )
    page = (await client.get("/login")).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"email": "nurse@hass.example", "password": "nurse123", "csrf_token": token[1], "next": "/"}
    assert (await client.post("/login", data=form)).status_code == 303
    return Hospital(client, sent)


if __name__ == "__main__":
    for figure, value in run(int(sys.argv[1]) if len(sys.argv) > 1 else MANY).items():
        print(f"{figure:<36} {value}")
