"""Readers of a hub, without the wire, beside people who change rows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from served import Hospitals

from app.access.permissions import GRANTS, Permission
from app.features.live.hub import Hub, Message, Reader
from app.features.live.positions import Position
from app.models.role import RoleName

PATIENCE = 10.0


@dataclass
class Listening:
    """A hub on the demo hospital; `joins` lets a reader in, `hears` waits for his next messages."""

    hub: Hub
    database: Any
    here: UUID
    there: UUID
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def joins(self, role: str = "nurse", since: Position | None = None, **other: Any) -> Reader:
        told: dict[str, Any] = {
            "session_id": UUID(int=0),
            "scope": "hospital",
            "hospital_id": self.here,
            "permissions": frozenset(each.value for each in GRANTS[RoleName(role)]),
        }
        reader = Reader(**{**told, **other}, since=since)
        async with asyncio.timeout(PATIENCE):
            return await self.opened.enter_async_context(self.hub.listening(reader))

    async def hears(self, reader: Reader, event: str = "change") -> Message:
        """The next message of that kind; others are passed over."""
        async with asyncio.timeout(PATIENCE):
            while (message := await reader.queue.get()).event != event:
                pass
        return message

    async def hears_nothing_more(self, reader: Reader) -> None:
        """Nothing waits, and a change that comes afterwards is the next thing heard."""
        self.touch("beds", self.here)
        message = await self.hears(reader)
        assert message.change is not None
        assert message.change.topic == "beds"

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with self.database.owner() as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def touch(self, table: str, hospital: UUID, connection: psycopg.Connection[Any] | None = None) -> UUID:
        """Change one row of that hospital without changing anything of it."""
        statement = (
            f"UPDATE {table} SET id = id WHERE id = (SELECT id FROM {table} WHERE hospital_id = %s"
            " ORDER BY id LIMIT 1) RETURNING id"
        )
        if connection is None:
            return self.sql(statement, hospital)[0][0]  # type: ignore[no-any-return]
        row = connection.execute(statement, (hospital,)).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row[0]  # type: ignore[no-any-return]


@pytest.fixture
async def listening_in(hospitals: Hospitals) -> AsyncIterator[Listening]:
    with hospitals.database.owner() as connection:
        places = dict(
            connection.execute("SELECT code, id FROM hospitals WHERE code IN ('NGH', 'LSH')").fetchall()
        )
    hub = Hub(hospitals.database.app_url, idle=timedelta(minutes=15), stream_seconds=900)
    made = Listening(hub, hospitals.database, places["NGH"], places["LSH"])
    yield made
    await made.opened.aclose()
    await hub.close()


@pytest.fixture
def permissions_without() -> Callable[[Permission], frozenset[str]]:
    """A nurse's rights without that one."""
    return lambda missing: frozenset(each.value for each in GRANTS[RoleName.NURSE] if each is not missing)
