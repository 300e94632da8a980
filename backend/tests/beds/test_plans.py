"""The board and the census are led by indexes, under row-level security, in a hospital with a long history.

The tables are filled and analysed; a plan that scans one of the long ones had no index to take."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cluster import Database
from factories import Make
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.context import set_context
from app.core.database import create_engine, session_factory
from app.features.beds import statements
from app.models.role import Scope

LONG = ("visits", "patients", "vitals", "bed_assignments", "patient_alerts")
# 4,000 people who were here once for two days, one after the other in 200 beds of which 150 are taken now.
FILL = """
ALTER TABLE persons DISABLE TRIGGER USER;
ALTER TABLE patients DISABLE TRIGGER USER;
ALTER TABLE visits DISABLE TRIGGER USER;
ALTER TABLE beds DISABLE TRIGGER USER;
ALTER TABLE bed_assignments DISABLE TRIGGER USER;
ALTER TABLE vitals DISABLE TRIGGER USER;
ALTER TABLE patient_alerts DISABLE TRIGGER USER;
INSERT INTO persons (id, first_name, last_name, gender)
SELECT gen_random_uuid(), 'Given' || n, 'Family' || n, 'unknown' FROM generate_series(1, 4000) n;
INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given, search_given_family,
                      gender, source)
SELECT gen_random_uuid(), :h, p.id, 'PLN-' || lpad(row_number() OVER ()::text, 8, '0'), p.first_name, p.last_name,
       lower(p.last_name), lower(p.first_name), 'unknown', 'urn:test'
  FROM persons p WHERE p.last_name LIKE 'Family%';
INSERT INTO visits (id, hospital_id, patient_id, visit_type, status, admission_date, discharge_date, source)
SELECT gen_random_uuid(), p.hospital_id, p.id, 'inpatient',
       CASE WHEN n > 3850 THEN 'active' ELSE 'discharged' END, t,
       CASE WHEN n > 3850 THEN NULL ELSE t + interval '2 days' END, 'urn:test'
  FROM (SELECT p.*, row_number() OVER (ORDER BY mrn) AS n FROM patients p WHERE p.source = 'urn:test') p,
       LATERAL (SELECT timestamptz '2010-01-01' + n * interval '1 day' AS t) d;
INSERT INTO beds (id, hospital_id, bed_number, ward, bed_type, status)
SELECT gen_random_uuid(), :h, 'P' || n, 'Plan ' || n / 20, 'general', 'available' FROM generate_series(1, 200) n;
INSERT INTO bed_assignments (id, hospital_id, bed_id, patient_id, visit_id, assigned_at, released_at, source)
SELECT gen_random_uuid(), v.hospital_id, b.id, v.patient_id, v.id, v.admission_date, v.discharge_date, 'urn:test'
  FROM (SELECT v.*, row_number() OVER (ORDER BY admission_date) AS n FROM visits v WHERE v.source = 'urn:test') v
  JOIN (SELECT b.*, row_number() OVER (ORDER BY bed_number) AS n FROM beds b WHERE b.hospital_id = :h) b
    ON b.n = v.n % 200 + 1;
UPDATE beds b SET status = 'occupied', assigned_patient_id = s.patient_id, assigned_visit_id = s.visit_id,
       assigned_at = s.assigned_at FROM bed_assignments s WHERE s.bed_id = b.id AND s.released_at IS NULL;
INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_at, heart_rate, source)
SELECT gen_random_uuid(), hospital_id, patient_id, id, admission_date + n * interval '4 hours', 70, 'urn:test'
  FROM visits, generate_series(1, 8) n WHERE source = 'urn:test';
INSERT INTO patient_alerts (id, hospital_id, patient_id, alert_type, since, source)
SELECT gen_random_uuid(), hospital_id, id, 'falls', timestamptz '2010-01-01', 'urn:test'
  FROM patients WHERE source = 'urn:test';
"""


@pytest.fixture(scope="module")
def long_house(module_database: Database) -> Any:
    with module_database.owner(autocommit=False) as connection:
        hospital = Make(connection).hospital()
        connection.execute(FILL.replace(":h", f"'{hospital['id']}'"))  # type: ignore[arg-type]  # ours.
        connection.execute("ANALYZE")
        connection.commit()
    return module_database, hospital


@pytest.fixture
async def in_house(long_house: Any) -> AsyncIterator[AsyncSession]:
    database, hospital = long_house
    engine = create_engine(database.app_url, pool_size=1)
    async with session_factory(engine)() as session:
        await set_context(
            session,
            scope=Scope.HOSPITAL,
            act="test",
            hospital_id=hospital["id"],
            region_id=hospital["region_id"],
        )
        yield session
    await engine.dispose()


async def plan_of(session: AsyncSession, sql: str, values: dict[str, Any]) -> str:
    return "\n".join(await session.scalars(text(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}"), values))


def scans(plan: str) -> list[str]:
    return [line for line in plan.splitlines() if "Seq Scan on" in line and any(t in line for t in LONG)]


NOW = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (statements.BOARD, {"now": NOW, "bed_id": None, "shows_vitals": True, "shows_alerts": True}),
        (statements.WAITING, {"before": NOW, "limit": 100}),
        (statements.CENSUS, {"starts_at": datetime(2020, 12, 1, tzinfo=UTC), "until": NOW}),
    ],
    ids=["board", "waiting", "census"],
)
async def test_no_long_table_is_scanned(in_house: AsyncSession, sql: str, values: dict[str, Any]) -> None:
    plan = await plan_of(in_house, sql, values)
    assert scans(plan) == [], plan
