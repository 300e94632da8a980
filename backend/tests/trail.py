"""A trail to tamper with: a hospital's database with rows, seals of a key of its own, and what verify says of it."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from cluster import Database
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.audit.sealing import seal_all
from app.audit.verifying import Report, verify
from app.core.database import create_engine, session_factory
from app.core.settings import get_settings

T = TypeVar("T")


@dataclass
class Trail:
    database: Database

    def run(self, work: Callable[[async_sessionmaker[AsyncSession]], Awaitable[T]]) -> T:
        """As the background work does it: as hass_worker, on a connection of its own."""

        async def on_engine() -> T:
            engine = create_engine(self.database.app_url, "hass_worker", pool_size=1)
            try:
                return await work(session_factory(engine))
            finally:
                await engine.dispose()

        # In a thread of its own: a loop may be at work in this one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, on_engine()).result()  # type: ignore[arg-type]  # a coroutine it is.

    def seal(self) -> int:
        return self.run(seal_all)

    def verify(self) -> Report:
        async def verified(sessions: async_sessionmaker[AsyncSession]) -> Report:
            async with sessions() as session:
                return await verify(session)

        return self.run(verified)

    def found(self) -> list[tuple[str, UUID | None]]:
        return [(finding.kind, finding.row_id) for finding in self.verify().findings]

    def behind_its_back(self, statement: str, *values: Any) -> None:
        """What only the database's superuser can do: past triggers, policies and the rule of equal instants."""
        with self.database.owner(autocommit=False) as connection:
            for table in ("audit_logs", "audit_seals"):
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_append_only_check")
            connection.execute("ALTER TABLE audit_logs ALTER seq DROP IDENTITY IF EXISTS")
            changed = connection.execute(statement, values)
            assert changed.rowcount > 0
            connection.commit()

    def rows(self) -> list[dict[str, Any]]:
        with self.database.owner() as connection:
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
            return cursor.execute("SELECT * FROM audit_logs ORDER BY transaction_id, seq").fetchall()


def canonical(value: Any) -> str:
    """Of a JSON value, in Python: the same form as the database's audit_canonical()."""
    match value:
        case None:
            return "z"
        case bool():
            return "t" if value else "f"
        case str():
            return "s" + part(value)
        case dict():
            listed = sorted(value.items(), key=lambda item: item[0].encode())
            return "{" + "".join(part(key) + canonical(each) for key, each in listed) + "}"
        case list():
            return "[" + "".join(canonical(each) for each in value) + "]"
    return f"n{value};"


def part(value: object) -> str:
    return "~" if value is None else f"{len(str(value))}:{value}"


def microseconds(instant: datetime) -> int:
    since = instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


COLUMNS = (
    "id", "created_at", "updated_at", "seq", "transaction_id", "user_id", "user_role", "user_hospital_id", "action",
    "act", "event_type", "subtype", "purpose", "outcome", "outcome_desc", "resource_type", "resource_id", "patient_id",
    "hospital_id", "region_id", "before_state", "after_state", "query", "request_id", "ip_address", "user_agent",
)  # fmt: skip


def digest(row: dict[str, Any]) -> bytes:
    """SHA-256 of a row of audit_logs, computed without the database."""
    text = "hass-audit-1"
    for column in COLUMNS:
        value = row[column]
        if isinstance(value, datetime):
            text += part(microseconds(value))
        elif column in {"before_state", "after_state", "query"}:
            text += "~" if value is None else canonical(value)
        elif column == "ip_address" and value is not None:
            text += part(f"{value}" if "/" in str(value) else f"{value}/{value.max_prefixlen}")
        else:
            text += part(value)
    return hashlib.sha256(text.encode()).digest()


@contextlib.contextmanager
def private_key(home: Path) -> Iterator[None]:
    """The audit key of one test lies in a folder of its own."""
    before = os.environ["HASS_HOME"]
    os.environ["HASS_HOME"] = str(home)
    get_settings.cache_clear()
    yield
    os.environ["HASS_HOME"] = before
    get_settings.cache_clear()
