"""One connection of a server process hears of every change and tells the readers who may know (design 7, live).

Readers wait in memory: two hundred of them hold no connection of the database. A reader who does not keep up is let
go with word to load his page anew, so that nobody is made to wait and nothing grows without end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID
from weakref import WeakSet

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.access.live import RIGHTS, TOPICS
from app.access.permissions import Permission
from app.core.cancelling import is_cancelled
from app.core.database import create_engine, explain
from app.core.errors import HassError, TooMany
from app.features.live.positions import Position
from app.features.live.schemas import ChangeOut
from app.models.role import Scope

TICK_SECONDS = 15.0
# A database that went away is asked for again; what was committed meanwhile is told then.
AGAIN_SECONDS = 1.0
MOST_WAITING = 200
# More than so many missed events: the page loads itself anew, which costs less.
MOST_MISSED = 200
MOST_OF_A_SIGN_IN = 12
MOST_READERS = 2_000
CHANNEL = "hass_live"
log = logging.getLogger("app.live")

_POSITION = text("SELECT pg_current_snapshot()::text, now()")
_COLUMNS = "e.hospital_id, e.topic, e.resource_id, e.patient_id, e.visit_id"
# The snapshot of the statement and its rows belong together: what it does not show, the next one will.
_SINCE = text(
    f"SELECT pg_current_snapshot()::text, now(), {_COLUMNS}"  # noqa: S608 - names of columns, fixed above.
    " FROM (SELECT CAST(CAST(:seen AS text) AS pg_snapshot) AS snapshot) AS seen LEFT JOIN jobs.live_events e"
    " ON e.transaction_id >= pg_snapshot_xmin(seen.snapshot)"
    " AND NOT pg_visible_in_snapshot(e.transaction_id, seen.snapshot) ORDER BY e.id"
)
_MISSED = text(
    f"SELECT {_COLUMNS} FROM jobs.live_events e"  # noqa: S608 - names of columns, fixed above.
    " WHERE e.transaction_id >= pg_snapshot_xmin(CAST(CAST(:seen AS text) AS pg_snapshot))"
    " AND NOT pg_visible_in_snapshot(e.transaction_id, CAST(CAST(:seen AS text) AS pg_snapshot))"
    " AND pg_visible_in_snapshot(e.transaction_id, CAST(CAST(:upto AS text) AS pg_snapshot))"
    " AND e.hospital_id = :hospital_id ORDER BY e.id LIMIT :most"
)
_LISTENING = text("SELECT * FROM sessions_listening(:sessions, CAST(:idle AS interval))")


@dataclass(frozen=True)
class Change:
    """One event of the table, before anybody is told."""

    hospital_id: UUID | None
    topic: str
    resource_id: UUID | None
    patient_id: UUID | None
    visit_id: UUID | None

    def as_out(self) -> ChangeOut:
        return ChangeOut(
            topic=self.topic, id=self.resource_id, patient_id=self.patient_id, visit_id=self.visit_id
        )


@dataclass(frozen=True)
class Message:
    """What a reader is told: a change, a tick, to load anew, or that his sign-in has ended."""

    event: str
    position: Position | None = None
    change: ChangeOut | None = None


@dataclass(eq=False)
class Reader:
    """Somebody who listens, with the reach and the rights that were last seen of him."""

    session_id: UUID
    scope: str
    hospital_id: UUID | None
    permissions: frozenset[str]
    since: Position | None = None
    queue: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    is_over: bool = False

    def may_hear(self, change: Change) -> bool:
        """Staff hear of their own hospital, each of what his role may see; nobody else hears of a clinical row."""
        wanted: Permission | None = TOPICS.get(change.topic)
        return (
            wanted is not None
            and self.scope == Scope.HOSPITAL
            and self.hospital_id is not None
            and change.hospital_id == self.hospital_id
            and wanted.value in self.permissions
        )

    def tell(self, message: Message) -> None:
        if self.is_over:
            return
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.end(Message("reload"))

    def end(self, message: Message) -> None:
        """The last word; what still waits is not worth telling any more."""
        if self.is_over:
            return
        self.is_over = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(message)


class Hub:
    """Everything of one server process that listens; it connects with its first reader."""

    def __init__(
        self, url: str, *, idle: timedelta, stream_seconds: float, tick_seconds: float = TICK_SECONDS
    ) -> None:
        self.url = url
        # After so long without use a page is locked, and hears no more.
        self.idle = idle
        self.stream_seconds = stream_seconds
        self.tick_seconds = tick_seconds
        # As far as this process has heard; a page notes it before it reads, and listens from there.
        self.position: Position | None = None
        self.readers: set[Reader] = set()
        # Who was let to open a stream, heard or not; weakly, since an answer may fail before it is begun.
        self.admitted: WeakSet[Reader] = WeakSet()
        self.joining: list[tuple[Reader, asyncio.Future[None]]] = []
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def admit(self, reader: Reader) -> None:
        """Count the reader from here on; raises TooMany where his sign-in, or everybody together, listens enough."""
        of_sign_in = sum(each.session_id == reader.session_id for each in self.admitted)
        if of_sign_in >= MOST_OF_A_SIGN_IN or len(self.admitted) >= MOST_READERS:
            raise TooMany("too-many-streams", "Too many pages listen at once. Close some of them.", 10)
        self.admitted.add(reader)

    def leave(self, reader: Reader) -> None:
        self.admitted.discard(reader)

    @contextlib.asynccontextmanager
    async def listening(self, reader: Reader) -> AsyncIterator[Reader]:
        """The reader hears from here on, and first what he missed."""
        if self.task is None:
            self.task = asyncio.create_task(self._run(), name="live")
        joined = asyncio.get_running_loop().create_future()
        self.joining.append((reader, joined))
        self.wake.set()
        try:
            await joined
            yield reader
        finally:
            self.readers.discard(reader)
            self.joining = [each for each in self.joining if each[0] is not reader]

    async def close(self) -> None:
        """The server stops: readers come back to the next one."""
        for reader in self.readers:
            reader.end(Message("again"))
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task

    async def _run(self) -> None:
        engine = create_engine(self.url, "hass_worker", pool_size=1)
        told: str | None = None
        try:
            while True:
                try:
                    await self._listen(engine)
                except Exception as error:
                    if is_cancelled():
                        raise
                    known = error if isinstance(error, HassError) else explain(error)
                    sentence = known.sentence if known else type(error).__name__
                    if sentence != told:
                        log.error(
                            "Open pages hear of nothing: %s", sentence, exc_info=None if known else error
                        )
                    told = sentence
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await engine.dispose()

    async def _listen(self, engine: AsyncEngine) -> None:
        def woken(*_: object) -> None:
            self.wake.set()

        loop = asyncio.get_running_loop()
        async with engine.connect() as opened:
            connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            listener = (await connection.get_raw_connection()).driver_connection
            assert isinstance(listener, asyncpg.Connection)
            listener.add_termination_listener(woken)
            await listener.add_listener(CHANNEL, woken)
            ticks_at = loop.time() + self.tick_seconds
            while not listener.is_closed():
                await self._hear(connection)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(ticks_at):
                        await self.wake.wait()
                if loop.time() >= ticks_at:
                    ticks_at = loop.time() + self.tick_seconds
                    await self._look_at_sign_ins(connection)
                    for reader in self.readers:
                        reader.tell(Message("tick", self.position))

    async def _hear(self, connection: AsyncConnection) -> None:
        """Tell what was committed since the last time, then let in who waits."""
        self.wake.clear()
        joining, self.joining = self.joining, []
        try:
            changes = await self._news(connection)
            for reader in self.readers if changes else ():
                self._pass_on(reader, changes)
            if any(change.topic in RIGHTS for change in changes):
                await self._look_at_sign_ins(connection)
            while joining:
                await self._let_in(connection, joining[0][0])
                _, joined = joining.pop(0)
                if not joined.done():
                    joined.set_result(None)
        finally:
            self.joining = joining + self.joining

    async def _news(self, connection: AsyncConnection) -> list[Change]:
        if self.position is None:
            snapshot, at = (await connection.execute(_POSITION)).one()
            self.position = Position(snapshot, at)
            return []
        rows = (await connection.execute(_SINCE, {"seen": self.position.snapshot})).all()
        self.position = Position(rows[0][0], rows[0][1])
        return [Change(*row[2:]) for row in rows if row.topic is not None]

    def _pass_on(self, reader: Reader, changes: Sequence[Change]) -> None:
        """The last of a batch says how far it reaches: who was cut off before it gets all of the batch again."""
        heard = [change for change in changes if reader.may_hear(change)]
        for number, change in enumerate(heard, 1):
            reader.tell(Message("change", self.position if number == len(heard) else None, change.as_out()))

    async def _let_in(self, connection: AsyncConnection, reader: Reader) -> None:
        """First what the reader missed up to where everybody is, in one loop, so that nothing falls between."""
        assert self.position is not None
        since = reader.since
        missed: Sequence[Any] = ()
        if since is not None and since.is_followed_by(self.position) and since != self.position:
            asked = {
                "seen": since.snapshot,
                "upto": self.position.snapshot,
                "hospital_id": reader.hospital_id,
                "most": MOST_MISSED + 1,
            }
            missed = (await connection.execute(_MISSED, asked)).all()
        is_lost = since is not None and not since.is_followed_by(self.position)
        if is_lost or len(missed) > MOST_MISSED:
            reader.tell(Message("reload", self.position))
        else:
            self._pass_on(reader, [Change(*row) for row in missed])
            # A page that says nothing of when it was made may be older than what was told last.
            reader.tell(Message("tick" if since else "hello", self.position))
        self.readers.add(reader)

    async def _look_at_sign_ins(self, connection: AsyncConnection) -> None:
        """Who signed out, was disabled or locked his page hears no more; rights are those of now."""
        sessions: list[UUID] = sorted({reader.session_id for reader in self.readers})
        if not sessions:
            return
        found = (await connection.execute(_LISTENING, {"sessions": sessions, "idle": self.idle})).mappings()
        alive: dict[UUID, dict[str, Any]] = {row["session_id"]: dict(row) for row in found}
        for reader in list(self.readers):
            row = alive.get(reader.session_id)
            if row is None:
                reader.end(Message("ended"))
                continue
            reader.scope, reader.hospital_id = row["scope"], row["hospital_id"]
            reader.permissions = frozenset(row["permissions"])
