"""The jobs beside the server: they come by themselves, at each hospital, whoever is killed or away meanwhile."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cluster import BACKEND, Database
from factories import Make, Values
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from trail import private_key

from app.access.context import set_context
from app.access.jobs import defer
from app.core.database import create_engine, session_factory
from app.features.beds.moves import expire_reservations
from app.models.role import Scope
from app.worker import run_worker, running, working
from app.worker.tasks import SweepFailed, sweep

PATIENCE = 20.0
# How often the bed was freed, by which act, by how many users.
MOVED = (
    "SELECT count(*), max(act), count(user_id) FROM audit_logs WHERE resource_type = 'beds' AND resource_id = %s"
    " AND action = 'U' AND after_state ->> 'status' = 'available'"
)
DEFER = "SELECT defer_job(%s, '{}', %s, NULL)"


@pytest.fixture
def kept_key(tmp_path: Path) -> Iterator[None]:
    """Seals of these databases have a key of their own, as each installation has."""
    with private_key(tmp_path):
        yield


@pytest.fixture
def make(database: Database, kept_key: None) -> Iterator[Make]:
    with database.owner() as connection:
        yield Make(connection)


@pytest.fixture
async def sessions(database: Database) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = create_engine(database.app_url, "hass_worker", pool_size=2)
    yield session_factory(engine)
    await engine.dispose()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(condition):
            pass


def asks(database: Database, statement: str, *values: Any) -> Any:
    with database.owner() as connection:
        return connection.execute(statement, values).fetchone()  # type: ignore[arg-type]


def worker_process(database: Database, home: Path) -> subprocess.Popen[bytes]:
    """`hass worker`, as an operator runs it."""
    environment = {
        **os.environ,
        "HASS_DATABASE_URL": database.app_url,
        "HASS_OWNER_DATABASE_URL": database.owner_url,
        "HASS_HOME": str(home / "home"),
    }
    command = [sys.executable, "-m", "app.cli", "worker"]
    return subprocess.Popen(command, cwd=BACKEND, env=environment, stderr=subprocess.DEVNULL)


def lapsed_reservation(make: Make, hospital: Values) -> Values:
    """A bed that was kept for somebody who did not come."""
    visit = make.visit(patient=make.patient(hospital=hospital))
    bed = make.bed(hospital=hospital)
    make.connection.execute(
        "UPDATE beds SET status = 'reserved', reserved_for_visit_id = %s, reserved_until = now() - interval '1 minute'"
        " WHERE id = %s",
        (visit["id"], bed["id"]),
    )
    return bed


def is_free(database: Database, bed: Values) -> bool:
    return bool(asks(database, "SELECT status = 'available' FROM beds WHERE id = %s", bed["id"])[0])


async def test_reservations_lapse_and_rows_are_sealed_without_being_asked_for(
    make: Make, database: Database
) -> None:
    bed = lapsed_reservation(make, make.hospital())
    async with working(database.app_url), working(database.app_url):
        await until(lambda: is_free(database, bed))
        await until(lambda: asks(database, "SELECT count(*) FROM audit_seals")[0] > 0)
    moved = asks(database, MOVED, bed["id"])
    assert moved == (1, "expire_reservations", 0)


async def test_months_are_made_ahead(make: Make, database: Database) -> None:
    dropped = asks(database, "SELECT 'audit_logs_' || to_char(now() + interval '5 months', 'YYYYMM')")[0]
    make.connection.execute(f"DROP TABLE {dropped}")  # type: ignore[arg-type]
    async with working(database.app_url):
        await until(lambda: asks(database, "SELECT to_regclass(%s) IS NOT NULL", dropped)[0])


async def test_it_outlives_connections_that_break(make: Make, database: Database) -> None:
    first, second = (lapsed_reservation(make, make.hospital()) for _ in range(2))
    async with working(database.app_url):
        await until(lambda: is_free(database, first))
        await until(lambda: is_free(database, second))
        make.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'hass_login'"
        )
        third = lapsed_reservation(make, make.hospital())
        make.connection.execute(DEFER, ("expire_reservations", "once more"))
        await until(lambda: is_free(database, third))


async def test_it_ends_when_it_is_told_to_though_the_database_is_gone(
    make: Make, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "WAIT_SECONDS", 0.2)
    bed = lapsed_reservation(make, make.hospital())
    async with asyncio.timeout(PATIENCE), working(database.app_url):
        await until(lambda: is_free(database, bed))
        make.connection.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")  # type: ignore[arg-type]
        make.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'hass_login'"
        )


async def test_a_job_whose_worker_was_killed_halfway_is_done_once_by_another(
    make: Make, database: Database, tmp_path: Path
) -> None:
    bed = lapsed_reservation(make, make.hospital())
    halfway = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
        " AND EXISTS (SELECT FROM jobs.procrastinate_jobs WHERE task_name = 'expire_reservations' AND status = 'doing')"
    )
    with database.owner(autocommit=False) as blocker:
        blocker.execute("LOCK TABLE beds IN EXCLUSIVE MODE")
        with worker_process(database, tmp_path) as worker:
            try:
                await until(lambda: bool(asks(database, halfway)[0]))
            finally:
                worker.send_signal(signal.SIGKILL)
        blocker.rollback()
    assert not is_free(database, bed)
    # Half a minute passes, and nobody has heard of it.
    make.connection.execute(
        "UPDATE jobs.procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'"
    )
    async with working(database.app_url), working(database.app_url):
        await until(lambda: is_free(database, bed))
        left = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'expire_reservations'"
        await until(lambda: asks(database, left) == (0,))
    assert asks(database, MOVED, bed["id"]) == (1, "expire_reservations", 0)


def test_the_command_ends_when_it_is_told_to(database: Database, tmp_path: Path) -> None:
    with worker_process(database, tmp_path) as worker:
        while asks(database, "SELECT worker_seen_at()") == (None,):
            assert worker.poll() is None
        worker.terminate()
        assert worker.wait(PATIENCE) == 0
    assert asks(database, "SELECT worker_seen_at()") == (None,)


# One hospital after the other


async def test_what_fails_at_one_hospital_does_not_keep_the_others_waiting(
    make: Make, database: Database, sessions: async_sessionmaker[AsyncSession]
) -> None:
    beds = [lapsed_reservation(make, make.hospital()) for _ in range(3)]
    hospitals = sorted(bed["hospital_id"] for bed in beds)
    seen = []

    async def work(session: AsyncSession, *, now: datetime) -> int:
        freed = await expire_reservations(session, now=now)
        seen.append(freed)
        if len(seen) == 1:
            raise ValueError("something is wrong with the rows of this hospital")
        return freed

    with pytest.raises(SweepFailed):
        await sweep(sessions, "expire_reservations", work)
    free = {bed["hospital_id"] for bed in beds if is_free(database, bed)}
    assert free == set(hospitals[1:])
    assert seen == [1, 1, 1]


async def test_two_at_once_do_it_once(
    make: Make, database: Database, sessions: async_sessionmaker[AsyncSession]
) -> None:
    beds = [lapsed_reservation(make, make.hospital()) for _ in range(3)]
    freed = await asyncio.gather(
        *(sweep(sessions, "expire_reservations", expire_reservations) for _ in range(2))
    )
    assert sum(freed) == 3
    assert all(is_free(database, bed) for bed in beds)


async def test_a_sweep_reaches_the_rows_of_its_hospital_only(
    make: Make, sessions: async_sessionmaker[AsyncSession]
) -> None:
    first, second = make.hospital(), make.hospital()
    for hospital in (first, second):
        make.bed(hospital=hospital)
    seen: list[Any] = []

    async def work(session: AsyncSession, *, now: datetime) -> int:
        found = await session.scalars(text("SELECT DISTINCT hospital_id FROM beds"))
        seen.append(list(found))
        return 0

    await sweep(sessions, "look", work)
    assert sorted(seen) == sorted([[first["id"]], [second["id"]]])
    seen.clear()
    await sweep(sessions, "look", work, str(second["id"]))
    assert seen == [[second["id"]]]


# Jobs that an act leaves


async def test_a_job_comes_true_with_its_act_or_not_at_all(make: Make, database: Database) -> None:
    hospital = make.hospital()
    engine = create_engine(database.app_url, pool_size=1)
    waiting = "SELECT count(*), min(args ->> 'hospital_id') FROM jobs.procrastinate_jobs"

    async def act(session: AsyncSession, once: str | None = None) -> bool:
        await set_context(session, scope=Scope.HOSPITAL, act="test", hospital_id=hospital["id"])
        return await defer(session, "expire_reservations", once=once, hospital_id="another hospital's")

    async with session_factory(engine)() as session:
        await act(session)
        await session.rollback()
        assert asks(database, waiting) == (0, None)
        assert await act(session, "bed 1")
        assert not await act(session, "bed 1")
        await session.commit()
    await engine.dispose()
    assert asks(database, waiting) == (1, str(hospital["id"]))


async def test_a_job_for_later_waits_for_its_time(make: Make, database: Database) -> None:
    bed = lapsed_reservation(make, make.hospital())
    with database.app() as connection:
        connection.execute("SELECT set_config('hass.hospital_id', %s, false)", (str(bed["hospital_id"]),))
        later = datetime.fromisoformat("2100-01-01T00:00:00+00:00")
        connection.execute("SELECT defer_job('expire_reservations', '{}', 'later', %s)", (later,))
    await run_worker(database.app_url, once=True)
    left = asks(database, "SELECT count(*) FROM jobs.procrastinate_jobs WHERE scheduled_at > now()")
    assert left == (1,)


async def test_a_worker_told_to_stop_at_any_moment_of_its_start_leaves_nothing_behind(
    worker_database: Database,
) -> None:
    """Its library's helpers would keep the whole server from ending."""
    before = asyncio.all_tasks()
    for steps in (0, 1, 5, 20, 50, 100, 200, 400, 800):
        async with working(worker_database.app_url):
            for _ in range(steps):
                await asyncio.sleep(0)
        left = sorted(task.get_name() for task in asyncio.all_tasks() - before)
        assert left == [], f"after {steps} steps"
