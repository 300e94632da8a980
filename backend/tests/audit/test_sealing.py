"""Sealing while others write: no late commit is taken for a forgery, and no row is left out for good."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
from cluster import BACKEND, TestCluster
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from trail import Trail, private_key

from app.access.context import set_context
from app.audit.keys import audit_key
from app.audit.sealing import BEGINNING, _seal, seal_all, seal_batch
from app.core.database import create_engine, session_factory
from app.core.ids import new_id
from app.models.role import Scope

EVENT = "SELECT audit_event('R', '110110', 'patients', %s)"


@contextlib.contextmanager
def writing(trail: Trail) -> Iterator[psycopg.Connection[Any]]:
    with trail.database.app(autocommit=False) as connection:
        yield connection
        connection.rollback()


def test_a_row_of_a_transaction_at_work_waits_and_so_does_what_came_after(trail: Trail) -> None:
    with writing(trail) as slow, writing(trail) as quick:
        slow.execute(EVENT, (new_id(),))
        quick.execute(EVENT, (new_id(),))
        quick.commit()
        # The quick one is done, but a batch that held it would end above the slow one.
        assert trail.seal() == 0
        assert trail.verify().unsealed == 1
        slow.commit()
        assert trail.seal() == 2
    assert trail.verify().is_whole


def test_a_transaction_that_began_early_and_wrote_late_is_no_forgery(trail: Trail) -> None:
    with writing(trail) as early:
        # Its now(), and so created_at, lies before everything that follows.
        early.execute("SELECT now()")
        with writing(trail) as other:
            other.execute(EVENT, (new_id(),))
            other.commit()
        assert trail.seal() == 1
        early.execute(EVENT, (new_id(),))
        early.commit()
    assert trail.verify().is_whole
    assert trail.seal() == 1
    assert trail.verify().is_whole


def test_a_rolled_back_transaction_leaves_nothing_to_miss(trail: Trail) -> None:
    with writing(trail) as connection:
        connection.execute(EVENT, (new_id(),))
        connection.rollback()
        with connection.transaction(force_rollback=True):
            connection.execute(EVENT, (new_id(),))
        connection.execute(EVENT, (new_id(),))
        connection.commit()
    assert trail.seal() == 1
    assert trail.verify().is_whole


def test_commits_that_race_with_sealing_stay_green(trail: Trail) -> None:
    """Eight writers, some of whose transactions last over many others', two processes' worth of sealing, and a reader
    who verifies all the time."""
    before, done, reports = len(trail.rows()), threading.Event(), []

    def write(seed: int) -> int:
        dice, written = random.Random(seed), 0
        with trail.database.app(autocommit=False) as connection:
            for _ in range(25):
                rows = dice.randint(1, 4)
                for _ in range(rows):
                    connection.execute(EVENT, (new_id(),))
                    # As a busy ward does: a transaction stays open while others come and go.
                    connection.execute("SELECT pg_sleep(%s)", (dice.choice((0, 0, 0.002, 0.02)),))
                if dice.random() < 0.2:
                    connection.rollback()
                else:
                    connection.commit()
                    written += rows
        return written

    def repeat(work: Any) -> None:
        while not done.is_set():
            reports.append(work())

    with ThreadPoolExecutor(11) as pool:
        others = [pool.submit(repeat, work) for work in (trail.seal, trail.seal, trail.verify)]
        written = sum(pool.map(write, range(8)))
        done.set()
        for each in others:
            each.result()
    found = [each for each in reports if not isinstance(each, int)]
    assert len(found) > 2
    assert [report.findings for report in found if not report.is_whole] == []
    trail.seal()
    last = trail.verify()
    assert last.is_whole
    assert (last.rows, last.unsealed) == (before + written, 0)
    assert last.seals > 5


def test_two_seal_at_once_and_every_row_is_sealed_once(trail: Trail) -> None:
    with trail.database.owner() as connection:
        for _ in range(30):
            connection.execute(EVENT, (new_id(),))

    async def both() -> list[int]:
        engines = [create_engine(trail.database.app_url, "hass_worker", pool_size=1) for _ in range(2)]
        try:
            return await asyncio.gather(*(seal_all(session_factory(engine)) for engine in engines))
        finally:
            for engine in engines:
                await engine.dispose()

    with ThreadPoolExecutor(1) as pool:
        sealed = pool.submit(asyncio.run, both()).result()
    assert sum(sealed) == 30
    report = trail.verify()
    assert report.is_whole
    assert report.unsealed == 0


def add(trail: Trail, *, counted: int | None = None) -> None:
    """A row; `counted` is the transaction's number in another server, from which a dump brought the row here."""
    with trail.database.owner() as connection:
        made = connection.execute(EVENT, (new_id(),)).fetchone()
    assert made is not None
    if counted is not None:
        trail.behind_its_back("UPDATE audit_logs SET transaction_id = %s WHERE id = %s", counted, made[0])


async def seal_elsewhere(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Seal as that other server did, whose counter stood far above ours."""
    async with sessions.begin() as session:
        await set_context(session, scope=Scope.NETWORK, act="test")
        await _seal(session, audit_key(make=True), None, BEGINNING, 10**12 + 4, 0)


def test_a_chain_goes_on_in_a_server_that_counts_from_lower_on(
    quiet_cluster: TestCluster, tmp_path: Path
) -> None:
    """A dump keeps the rows, their seq and their transactions; the new server's counter knows nothing of them."""
    with private_key(tmp_path):
        trail = Trail(quiet_cluster.create("restored"))
        for number in range(3):
            add(trail, counted=10**12 + number)
        trail.run(seal_elsewhere)
        add(trail, counted=10**12 + 9)
        # Here the trail is restored. Two rows are written by the new server.
        add(trail)
        add(trail)
        assert trail.seal() == 3
        report = trail.verify()
        assert report.is_whole, report.findings
        assert (report.rows, report.unsealed) == (6, 0)
        add(trail)
        assert trail.verify().unsealed == 1
        assert trail.seal() == 1
        assert trail.verify().is_whole
        rows = trail.rows()
        for row in rows:
            trail.behind_its_back("UPDATE audit_logs SET act = 'other' WHERE id = %s", row["id"])
        found = trail.found()
        assert {kind for kind, _ in found} == {"changed"}
        assert {row_id for _, row_id in found} == {row["id"] for row in rows}


def test_a_large_backlog_is_sealed_in_batches_of_whole_transactions(trail: Trail) -> None:
    with trail.database.owner() as connection:
        for rows in (3, 1, 5, 1):
            connection.execute(
                "SELECT audit_event('R', 'x', 'patients', NULL) FROM generate_series(1, %s)", (rows,)
            )

    async def small(sessions: Any) -> list[int]:
        sealed = []
        while True:
            async with sessions.begin() as session:
                batch = await seal_batch(session, most=2)
            if batch is None:
                return sealed
            sealed.append(batch.rows)

    assert trail.run(small) == [3, 6, 1]
    assert trail.verify().is_whole


KILLED = """
import asyncio, sys
from app.core.database import create_engine, session_factory
from app.audit.sealing import seal_batch

async def half():
    sessions = session_factory(create_engine(sys.argv[1], "hass_worker", pool_size=1))
    async with sessions.begin() as session:
        batch = await seal_batch(session)
        print("sealed", batch.rows, flush=True)
        await asyncio.sleep(600)

asyncio.run(half())
"""


def test_sealing_that_is_killed_halfway_is_taken_up_by_the_next(trail: Trail) -> None:
    with trail.database.owner() as connection:
        connection.execute(EVENT, (new_id(),))
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, trail.database.app_url], cwd=BACKEND, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "sealed 1\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    # The server drops the dead connection's lock on its own.
    assert trail.seal() == 1
    report = trail.verify()
    assert report.is_whole
    assert report.seals == 4
