"""Rows of a plan into the tables: one statement for each table (or each few megabytes), in the order of references.

COPY is refused under row-level security, so the rows travel as one JSON text (design 4)."""

from collections.abc import Iterator
from functools import lru_cache
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import TextClause

from app.audit.events import record_import
from app.core.ids import new_id
from app.fhir.bundle_reader import canonical_json
from app.fhir.plan import Placed, Plan
from app.fhir.values import Json
from app.models import Base
from app.models.emr import KeptReason

IN_ORDER = (
    "users", "patients", "patient_identifiers", "visits", "vitals", "lab_tests", "lab_results", "prescriptions",
    "allergies",
)  # fmt: skip
CHUNK_BYTES = 4 * 1024 * 1024


async def write(session: AsyncSession, plan: Plan, bundle_hash: str) -> None:
    for table in IN_ORDER:
        # A second resource of a person brings numbers that the file may hold already.
        await _insert(session, table, plan.rows[table], skip_known=table == "patient_identifiers")
    await _insert_appointments(session, plan)
    await _insert(session, "emr_local", plan.rows["emr_local"])
    await _insert(session, "import_sources", [_source(plan, placed, bundle_hash) for placed in plan.placed])
    if plan.placed:
        await record_import(session, "import_sources", count=len(plan.placed), source=plan.to.system)


async def _insert_appointments(session: AsyncSession, plan: Plan) -> None:
    """The database alone knows whether an appointment clashes; one that does is kept whole instead."""
    rows = plan.rows["appointments"]
    taken = await _insert(session, "appointments", rows, skip_known=True)
    owners = {row["id"]: row["patient_id"] for row in rows if row["id"] not in taken}
    if not owners:
        return
    clashing = [placed for placed in plan.placed if placed.target_id in owners]
    plan.placed = [placed for placed in plan.placed if placed.target_id not in owners]
    files = {file.id: file for file in plan.files.values()}
    for placed in clashing:
        plan.keep(placed.entry, KeptReason.CLASH, files[owners[placed.target_id]])


def _source(plan: Plan, placed: Placed, bundle_hash: str) -> Json:
    return {
        "id": new_id(),
        "hospital_id": plan.to.hospital_id,
        "system": plan.to.system,
        "resource_type": placed.entry.resource_type,
        "resource_id": placed.entry.resource_id,
        "content_hash": placed.entry.content_hash,
        "bundle_hash": bundle_hash,
        "target_table": placed.table,
        "target_id": placed.target_id,
    }


async def _insert(
    session: AsyncSession, table: str, rows: list[Json], *, skip_known: bool = False
) -> set[UUID]:
    """The ids of the rows that went in; with `skip_known` a row that breaks a unique or exclusion rule does not."""
    taken: set[UUID] = set()
    if not rows:
        return taken
    statement = _statement(table, tuple(rows[0]), skip_known)
    for chunk in _chunks(rows):
        result = await session.execute(statement, {"rows": chunk})
        if skip_known:
            taken.update(result.scalars())
    return taken


@lru_cache
def _statement(table: str, columns: tuple[str, ...], skip_known: bool) -> TextClause:
    """Names come from the models alone, never from a bundle."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are untyped.
    known = Base.metadata.tables[table].columns
    typed = ", ".join(f"{name} {known[name].type.compile(dialect)}" for name in columns)
    names = ", ".join(columns)
    end = " ON CONFLICT DO NOTHING RETURNING id" if skip_known else ""
    return text(
        f"INSERT INTO {table} ({names}) SELECT {names}"  # noqa: S608 - see above.
        f" FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS made ({typed}){end}"
    )


def _chunks(rows: list[Json]) -> Iterator[str]:
    """JSON arrays of a few megabytes; PostgreSQL takes 255 MB in one."""
    waiting: list[bytes] = []
    size = 0
    for row in rows:
        encoded = canonical_json(row)
        if waiting and size + len(encoded) > CHUNK_BYTES:
            yield _array(waiting)
            waiting, size = [], 0
        waiting.append(encoded)
        size += len(encoded)
    yield _array(waiting)


def _array(encoded: list[bytes]) -> str:
    return orjson.dumps([orjson.Fragment(row) for row in encoded]).decode()
