"""Background work beside the web server: the trail is sealed twice a minute, and its months are made ahead."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.context import set_context
from app.audit.sealing import seal_all
from app.core.database import create_engine, explain, session_factory
from app.core.errors import HassError
from app.models.role import Scope

SEAL_SECONDS = 30.0
PARTITION_SECONDS = 3600.0
MONTHS_AHEAD = 13
log = logging.getLogger("app.worker")
_PARTITIONS = text("SELECT audit_partitions_ahead(:months)")


@contextlib.asynccontextmanager
async def working(url: str, *, every: float = SEAL_SECONDS) -> AsyncIterator[None]:
    """Work as hass_worker on the database at `url` for as long as the block lasts.

    Several processes may do so at once: sealing takes a lock of the database, and who comes second finds it done."""
    engine = create_engine(url, "hass_worker", pool_size=1)
    task = asyncio.create_task(_work(session_factory(engine), every), name="background work")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await engine.dispose()


async def _work(sessions: async_sessionmaker[AsyncSession], every: float) -> None:
    """Go on whatever happens: a database that is away for a moment comes back."""
    partitions_due = 0.0
    told: str | None = None
    while True:
        try:
            if time.monotonic() >= partitions_due:
                await make_partitions(sessions)
                partitions_due = time.monotonic() + PARTITION_SECONDS
            await seal_all(sessions)
            told = None
        except Exception as error:
            known = error if isinstance(error, HassError) else explain(error)
            sentence = known.sentence if known else type(error).__name__
            # The loop outlives every failure, and says each of them once.
            if sentence != told:
                log.error(
                    "The audit trail is not being sealed: %s", sentence, exc_info=None if known else error
                )
            told = sentence
        await asyncio.sleep(every)


async def make_partitions(sessions: async_sessionmaker[AsyncSession]) -> None:
    async with sessions.begin() as session:
        await set_context(session, scope=Scope.NETWORK, act="audit partitions")
        await session.execute(_PARTITIONS, {"months": MONTHS_AHEAD})
