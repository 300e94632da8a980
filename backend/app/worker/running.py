"""A worker at work: its connections, its queue, and going on whatever happens."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Literal

import psycopg
from procrastinate import App, PsycopgConnector
from psycopg.rows import dict_row

from app.core.cancelling import is_cancelled
from app.core.database import LOGIN_RIGHTS, check_rights, create_engine, explain, session_factory
from app.core.errors import HassError
from app.worker import tasks

ROLE: Literal["hass_worker"] = "hass_worker"
AGAIN_SECONDS = 1.0
# The one that listens for new jobs, one for the queue's own statements, and one for the heartbeat.
CONNECTIONS = 3
# For one of them; who is told to stop while the database is away waits so long for each last word.
WAIT_SECONDS = 3.0
# Sweeps are short; a long one does not hold up the seals.
AT_ONCE = 2
log = logging.getLogger("app.worker")


@contextlib.asynccontextmanager
async def working(url: str) -> AsyncIterator[None]:
    """A worker on the database at `url` for as long as the block lasts."""
    task = asyncio.create_task(run_worker(url), name="worker")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            # It says so itself; the server stops all the same.
            task.exception()


async def run_worker(url: str, *, once: bool = False) -> None:
    """Work until cancelled; a database that is away for a moment comes back. With `once` until nothing waits."""
    told: str | None = None
    while True:
        try:
            await _work(url, once)
            told = None
            if once:
                return
        except Exception as error:
            if once or is_cancelled():
                # Told to stop while the database was away, when even saying goodbye to it fails.
                raise
            known = error if isinstance(error, HassError) else explain(error.__cause__ or error)
            sentence = known.sentence if known else type(error).__name__
            # The loop outlives every failure, and says each of them once.
            if sentence != told:
                log.error("No job is being done: %s", sentence, exc_info=None if known else error)
            told = sentence
        await asyncio.sleep(AGAIN_SECONDS)


async def _work(url: str, once: bool) -> None:
    queue = make_queue(url)
    tasks.register(queue)
    engine = create_engine(url, ROLE, pool_size=AT_ONCE)
    try:
        async with queue.open_async():
            await queue.run_worker_async(
                wait=not once,
                concurrency=AT_ONCE,
                delete_jobs="successful",
                install_signal_handlers=False,
                shutdown_graceful_timeout=5,
                additional_context={"sessions": session_factory(engine)},
                stalled_worker_timeout=tasks.GONE_SECONDS,
            )
    finally:
        # A pool that is told to stop while it opens stays open, and its helpers outlive every cancelling.
        await queue.close_async()
        await engine.dispose()


def make_queue(url: str) -> App:
    """The queue of that database; its connections act as hass_worker in schema jobs."""
    connector = PsycopgConnector(
        conninfo=url,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=WAIT_SECONDS,
        kwargs={"application_name": "hass worker"},
        configure=_become_worker,
    )
    return App(connector=connector)


async def _become_worker(connection: psycopg.AsyncConnection[Any]) -> None:
    async with psycopg.AsyncRawCursor(connection, row_factory=dict_row) as cursor:
        await cursor.execute(LOGIN_RIGHTS, [ROLE])
        check_rights(await cursor.fetchone() or {}, ROLE, refuse_powerful=True)
    await connection.execute("SET ROLE hass_worker")
    await connection.execute("SET search_path = jobs, pg_temp")
    await connection.commit()
