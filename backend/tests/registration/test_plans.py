"""The statements of search and chart are led by an index, also under row-level security.

Sequential scans are made unattractive and not forbidden: a plan that still has one had no index to take."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from served import Hospitals
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.context import set_context
from app.core.database import create_engine, session_factory
from app.features.registration import queries, statements
from app.features.registration.rules import PatientSearch
from app.models.role import Scope

CHART = {name: sql.replace("{after}", statements.after(column, alias, first))
         for name, (sql, alias, column, first) in queries.SORTED_BY.items()}  # fmt: skip


# The last row of a page before: what "show older" goes on from.
LAST: dict[str, Any] = {name: datetime(2020, 1, 1, tzinfo=UTC) for name in CHART} | {
    "prescriptions": date(2020, 1, 1)
}

FILL = """
WITH people AS (
  INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
  SELECT gen_random_uuid(), 'Given' || n, chr(97 + n % 26) || chr(97 + n / 26 % 26) || 'family' || n,
         date '1940-01-01' + n * 5, 'unknown' FROM generate_series(1, 5000) n
  RETURNING id, first_name, last_name, date_of_birth)
INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given, search_given_family,
                      date_of_birth, gender, phone, phone_digits, source)
SELECT gen_random_uuid(), h.id, p.id, 'LSH-' || lpad((1000000 + row_number() OVER ())::text, 8, '0'), p.first_name,
       p.last_name, p.last_name || ' ' || lower(p.first_name), lower(p.first_name) || ' ' || p.last_name,
       p.date_of_birth, 'unknown', '555', lpad((row_number() OVER () * 199999)::text, 10, '0'), 'urn:test'
  FROM people p, hospitals h WHERE h.code = 'LSH'
"""


@pytest.fixture(scope="module")
def filled(hospitals: Hospitals) -> Any:
    """Lakeside with 5,000 patients; its id and its region's."""
    with hospitals.database.owner() as owner:
        owner.execute(FILL)
        owner.execute("ANALYZE patients, persons")
        return owner.execute("SELECT id, region_id FROM hospitals WHERE code = 'LSH'").fetchone()


@pytest.fixture
async def in_hospital(hospitals: Hospitals, filled: Any) -> AsyncIterator[AsyncSession]:
    """hass_app in the context of the filled hospital."""
    engine = create_engine(hospitals.database.app_url, pool_size=1)
    async with session_factory(engine)() as session:
        await set_context(
            session, scope=Scope.HOSPITAL, act="test", hospital_id=filled[0], region_id=filled[1]
        )
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        yield session
    await engine.dispose()


async def plan_of(session: AsyncSession, sql: str, values: dict[str, Any]) -> str:
    return "\n".join(executed(await session.scalars(text(f"EXPLAIN {sql}"), values)))


def executed(plan: Iterable[str]) -> Iterator[str]:
    """Without what hangs below a filter that is false once for all: PostgreSQL 15 shows it, nothing runs it."""
    skipped_from: int | None = None
    for line in plan:
        depth = len(line) - len(line.lstrip())
        if skipped_from is not None and depth >= skipped_from:
            continue
        skipped_from = depth if "One-Time Filter: false" in line else None
        yield line


@pytest.mark.parametrize("first_page", [True, False])
@pytest.mark.parametrize("name", CHART)
async def test_a_section_of_the_chart_starts_from_the_patients_index(
    name: str, first_page: bool, in_hospital: AsyncSession, hospitals: Hospitals
) -> None:
    values: dict[str, Any] = {
        "patient_id": hospitals.john,
        "limit": 51,
        "after_first": False,
        "after_none": first_page,
        "after_at": None if first_page else LAST[name],
        "after_id": None if first_page else uuid4(),
    }
    values |= {"record_type": None} if name == "records" else {"counted": first_page}
    plan = await plan_of(in_hospital, CHART[name], values)
    assert "Seq Scan" not in plan, plan
    table = {"records": "emr_local"}.get(name, name)
    assert re.search(rf"Index .*(?:using|on) {table}_\w*patient_id", plan), plan
    assert re.search(r"Index Cond: \(+patient_id = ", plan), plan


async def test_the_banner_is_found_by_key(in_hospital: AsyncSession, hospitals: Hospitals) -> None:
    values = dict.fromkeys(("shows_weight", "shows_vitals", "shows_doctor", "shows_numbers"), True)
    values["patient_id"] = hospitals.john
    plan = await plan_of(in_hospital, statements.PATIENT, values)
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize(
    ("search", "condition"),
    [
        (PatientSearch(names=("gifamily", "giv")), r"search_family_given >= 'gifamily giv'"),
        (PatientSearch(names=("gifamily", "giv")), r"search_family_given >= 'gifamily'"),
        (PatientSearch(names=("given12", "a")), r"search_given_family >= 'given12 a'"),
        (PatientSearch(names=("given12", "a")), r"search_given_family >= 'given12'"),
        (PatientSearch(mrn="LSH-010012"), r"mrn >= 'LSH-010012'"),
        (PatientSearch(digits="005550"), r"phone_digits >= '005550'"),
        (
            PatientSearch(mrn="LSH-010012"),
            r"merged_into_id IS NOT NULL|patients_hospital_id_mrn_idx on patients m",
        ),
        (PatientSearch(bed="A-07"), r"id = ANY"),
        (PatientSearch(code="LK123456"), r"person_id = ANY"),
        (PatientSearch(code="LK123456"), r"plain_value = 'LK123456'"),
        (PatientSearch(born=(date(1968, 4, 17),)), r"date_of_birth = ANY|date_of_birth = '1968-04-17'"),
        (PatientSearch(year=1968), r"date_of_birth >= '1968-01-01'"),
    ],
)
async def test_a_search_is_led_by_its_index(
    search: PatientSearch, condition: str, in_hospital: AsyncSession, filled: Any
) -> None:
    values = queries.search_values(search, filled[0], "LSH", limit=20, with_documents=bool(search.code))
    sql = statements.search_sql(search, with_documents=bool(search.code))
    plan = await plan_of(in_hospital, sql, values)
    assert "Seq Scan" not in plan, plan
    assert re.search(rf"Index Cond: .*({condition})", plan), plan


async def test_those_opened_last_are_read_from_the_own_part_of_the_trail(in_hospital: AsyncSession) -> None:
    plan = await plan_of(in_hospital, statements.LAST_OPENED, {"user_id": uuid4()})
    assert "Seq Scan" not in plan, plan
    assert re.search(r"Index Cond: .*user_id = ", plan), plan


@pytest.mark.parametrize("name", ["ARRIVALS", "IN_HOUSE"])
async def test_the_desk_reads_the_hospitals_part_of_an_index(
    name: str, in_hospital: AsyncSession, filled: Any
) -> None:
    values: dict[str, Any] = {
        "hospital_id": filled[0], "from_at": datetime(2026, 1, 1, tzinfo=UTC), "with_appointments": True,
        "until_at": datetime(2026, 1, 2, tzinfo=UTC), "limit": 21, "after_id": None, "after_name": None,
    }  # fmt: skip
    sql = getattr(statements, name)
    plan = await plan_of(in_hospital, sql, {key: value for key, value in values.items() if f":{key}" in sql})
    assert "Seq Scan" not in plan, plan


async def test_the_list_without_a_search_stays_in_the_hospitals_part_of_an_index(
    in_hospital: AsyncSession, filled: Any
) -> None:
    values = queries.search_values(PatientSearch(), filled[0], "LSH", limit=20)
    plan = await plan_of(in_hospital, statements.search_sql(PatientSearch()), values)
    assert "Seq Scan" not in plan, plan
