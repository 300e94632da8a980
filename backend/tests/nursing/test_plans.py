"""The statements of nursing are led by an index, also under row-level security, on a stay of 500 sets.

Sequential scans are made unattractive and not forbidden: a plan that still has one had no index to take."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from nursing_ward import Ward
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.context import set_context
from app.core.database import create_engine, session_factory
from app.features.nursing import board_sql, call_actions, statements
from app.models.role import Scope

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STATEMENTS = {
    "visit to record on": statements.VISIT,
    "visit to read": statements.READ_VISIT,
    "sets of a visit": statements.SETS.replace("{after}", ""),
    "older sets of a visit": statements.SETS.replace("{after}", statements.AFTER),
    "raise a call": statements.RAISE,
    "let calls climb": statements.CLIMB.replace("{steps}", call_actions.STEPS),
    "close calls": statements.CLOSE,
    "calls that wait": statements.CALLS.replace("{after}", ""),
    "a ward": board_sql.OF_WARD,
    "one's own patients": board_sql.OF_CARER,
    "wards": board_sql.WARDS,
}
FILL = """
INSERT INTO vitals (id, hospital_id, patient_id, visit_id, recorded_by_id, recorded_at, heart_rate)
SELECT gen_random_uuid(), v.hospital_id, v.patient_id, v.id, u.id, now() - n * INTERVAL '1 hour', 80
  FROM visits v, users u, generate_series(1, 500) n
 WHERE v.id = %s AND u.email = 'nurse@hass.example'"""


@pytest.fixture(scope="module")
def long_stay(ward: Ward) -> Any:
    visit = ward.visit()
    ward.rows(FILL, visit["id"])
    ward.rows("ANALYZE vitals, visits, patients, escalations, beds, care_assignments, patient_alerts")
    return visit


@pytest.fixture
async def in_hospital(ward: Ward, long_stay: Any) -> AsyncIterator[AsyncSession]:
    engine = create_engine(ward.database.app_url, pool_size=1)
    async with session_factory(engine)() as session:
        reach = {"hospital_id": ward.hospital["id"], "region_id": ward.hospital["region_id"]}
        await set_context(session, scope=Scope.HOSPITAL, act="test", **reach)
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        yield session
    await engine.dispose()


@pytest.mark.parametrize("name", STATEMENTS)
async def test_no_statement_of_nursing_scans_a_tenant(
    name: str, in_hospital: AsyncSession, ward: Ward, long_stay: Any
) -> None:
    values: dict[str, Any] = {
        "visit_id": long_stay["id"], "patient_id": long_stay["patient_id"], "hospital_id": ward.hospital["id"],
        "user_id": uuid4(), "actor_id": uuid4(), "vitals_id": uuid4(), "id": uuid4(), "after_id": uuid4(),
        "after_at": NOW, "at": NOW, "now": NOW, "recorded_at": NOW, "climbs_at": NOW, "limit": 51, "band": 3,
        "points": 7, "score": 7, "risk": "high", "level": "doctor", "levels": ["nurse", "doctor"], "ward": "Alder",
        "status": "raised",
    }  # fmt: skip
    sql = STATEMENTS[name]
    bound = {key: value for key, value in values.items() if f":{key}" in sql}
    plan = "\n".join(await in_hospital.scalars(text(f"EXPLAIN {sql}"), bound))
    assert "Seq Scan" not in plan, plan
