"""The jobs. Each may be done twice or by two at once, and may be killed in the middle: what it did then is rolled back,
and another worker takes it over. What concerns hospitals goes through them one at a time, in a transaction each, and
what fails at one is said and does not keep the others waiting."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from procrastinate import App, JobContext
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.context import set_context
from app.audit.sealing import seal_all
from app.core import clock
from app.features.beds.moves import expire_reservations as expire_in_hospital
from app.features.live.due import announce_due as announce_in_hospital
from app.features.nursing.call_actions import escalate as escalate_in_hospital
from app.models.role import Scope

Sessions = async_sessionmaker[AsyncSession]
Sweep = Callable[..., Awaitable[int]]
MONTHS_AHEAD = 13
# What open pages were told is of no use after a day; finished jobs tell for a week what happened.
DAYS_OF_JOBS = 7
# A worker that was not heard of for so long is gone (it says that it lives every 10 seconds).
GONE_SECONDS = 30
log = logging.getLogger("app.worker")

_PARTITIONS = text("SELECT audit_partitions_ahead(:months)")
_HOSPITALS = text("SELECT hospital_id, region_id FROM hospitals_at_work()")
_MINE = text("SELECT pg_try_advisory_xact_lock(hashtext(:act), hashtext(:hospital_id))")
_PRUNE = text("DELETE FROM jobs.live_events WHERE created_at < now() - interval '1 day'")


class SweepFailed(Exception):
    """At some hospitals; the log says which and why. The job counts as failed, its next turn tries again."""


async def sweep(sessions: Sessions, act: str, work: Sweep, hospital_id: str | None = None) -> int:
    """`work(session, now=...)` in each hospital, or in that one; the sum of what it did."""
    done = failed = 0
    for hospital, region in await _hospitals(sessions, hospital_id):
        try:
            done += await _in_hospital(sessions, act, work, hospital, region, clock.now())
        except Exception as error:
            # The next hospital must not wait for what is wrong at this one.
            failed += 1
            log.error("%s failed at hospital %s", act, hospital, exc_info=error)
    if failed:
        raise SweepFailed(f"{act} failed at {failed} hospitals")
    return done


async def _hospitals(sessions: Sessions, hospital_id: str | None) -> list[tuple[UUID, UUID]]:
    async with sessions.begin() as session:
        await set_context(session, scope=Scope.NETWORK, act="hospitals at work")
        found = (await session.execute(_HOSPITALS)).all()
    wanted = UUID(hospital_id) if hospital_id else None
    return [(row.hospital_id, row.region_id) for row in found if wanted in (None, row.hospital_id)]


async def _in_hospital(
    sessions: Sessions, act: str, work: Sweep, hospital: UUID, region: UUID, now: datetime
) -> int:
    async with sessions.begin() as session:
        await set_context(session, scope=Scope.HOSPITAL, act=act, hospital_id=hospital, region_id=region)
        # Whoever is there already does it; two would do the same and wait for each other.
        if not await session.scalar(_MINE, {"act": act, "hospital_id": str(hospital)}):
            return 0
        return await work(session, now=now)


async def expire_reservations(
    context: JobContext, timestamp: int = 0, hospital_id: str | None = None
) -> None:
    sessions: Sessions = context.additional_context["sessions"]
    await sweep(sessions, "expire_reservations", expire_in_hospital, hospital_id)


async def escalate(context: JobContext, timestamp: int = 0, hospital_id: str | None = None) -> None:
    """Calls for help that nobody acknowledged in time climb a step."""
    await sweep(context.additional_context["sessions"], "escalate", escalate_in_hospital, hospital_id)


async def announce_due(context: JobContext, timestamp: int = 0) -> None:
    """Open pages hear of patients whose next observation has become due."""
    await sweep(context.additional_context["sessions"], "announce_due", announce_in_hospital)


async def seal_trail(context: JobContext, timestamp: int = 0) -> None:
    await seal_all(context.additional_context["sessions"])


async def make_partitions(context: JobContext, timestamp: int = 0) -> None:
    """The months of the trail, ahead."""
    sessions: Sessions = context.additional_context["sessions"]
    async with sessions.begin() as session:
        await set_context(session, scope=Scope.NETWORK, act="audit partitions")
        await session.execute(_PARTITIONS, {"months": MONTHS_AHEAD})


async def forget_messages(context: JobContext, timestamp: int = 0) -> None:
    """What open pages were told, and jobs that ended long ago."""
    sessions: Sessions = context.additional_context["sessions"]
    async with sessions.begin() as session:
        await session.execute(_PRUNE)
    await context.app.job_manager.delete_old_jobs(
        nb_hours=DAYS_OF_JOBS * 24, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def take_over(context: JobContext, timestamp: int = 0) -> None:
    """Jobs of workers that are gone wait again, for whoever is here."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=GONE_SECONDS):
        try:
            await manager.retry_job(job)
        except ConnectorException:
            # Another worker was quicker, or the same turn of it waits already: nothing is lost with this one.
            log.info("job %s is taken over already", job.id)


# What is done when: minute, hour, day, month, weekday, and second where there is a sixth.
PERIODIC: dict[str, tuple[Callable[..., Awaitable[None]], str]] = {
    "announce_due": (announce_due, "* * * * *"),
    "escalate": (escalate, "* * * * * 15"),
    "expire_reservations": (expire_reservations, "* * * * *"),
    "forget_messages": (forget_messages, "17 * * * *"),
    "make_partitions": (make_partitions, "*/10 * * * *"),
    "seal_trail": (seal_trail, "* * * * * */30"),
    "take_over": (take_over, "* * * * * */20"),
}


def register(queue: App) -> None:
    """Every job of HASS. Of each only one waits at a time, however long a worker was away."""
    for name, (work, cron) in PERIODIC.items():
        task = queue.task(name=name, queueing_lock=name, pass_context=True)(work)
        queue.periodic(cron=cron)(task)
