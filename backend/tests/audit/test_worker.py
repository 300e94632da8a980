"""The work beside the server: seals come by themselves, through restarts of the database, and it stops at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from trail import Trail

from app.core.ids import new_id
from app.worker import working

EVENT = "SELECT audit_event('R', '110110', 'patients', %s)"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(condition):
            pass


def run(trail: Trail, work: Callable[[], Awaitable[None]]) -> None:
    @contextlib.asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        async with working(trail.database.app_url, every=0.02), working(trail.database.app_url, every=0.02):
            yield

    async def main() -> None:
        async with beside():
            await work()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, main()).result()


def add_row(trail: Trail) -> None:
    with trail.database.owner() as connection:
        connection.execute(EVENT, (new_id(),))


def seals(trail: Trail) -> int:
    with trail.database.owner() as connection:
        found = connection.execute("SELECT count(*) FROM audit_seals").fetchone()
    assert found is not None
    return int(found[0])


def test_rows_are_sealed_without_being_asked_for(trail: Trail) -> None:
    async def work() -> None:
        for expected in (4, 5):
            add_row(trail)
            await until(lambda expected=expected: seals(trail) == expected)  # type: ignore[misc]  # bound early.

    run(trail, work)
    report = trail.verify()
    assert report.is_whole
    assert report.unsealed == 0


def test_it_outlives_connections_that_break(trail: Trail) -> None:
    async def work() -> None:
        add_row(trail)
        await until(lambda: seals(trail) == 4)
        with trail.database.owner() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'hass_login'"
            )
        add_row(trail)
        await until(lambda: seals(trail) == 5)

    run(trail, work)
    assert trail.verify().is_whole


def test_months_are_made_ahead(trail: Trail) -> None:
    with trail.database.owner() as connection:
        dropped = connection.execute(
            "SELECT 'audit_logs_' || to_char(now() + interval '5 months', 'YYYYMM')"
        ).fetchone()
        assert dropped is not None
        connection.execute(f"DROP TABLE {dropped[0]}")

    def is_back() -> bool:
        with trail.database.owner() as connection:
            found = connection.execute(
                "SELECT relforcerowsecurity FROM pg_class WHERE relname = %s", dropped
            ).fetchone()
        return found == (True,)

    async def work() -> None:
        await until(is_back)

    run(trail, work)
