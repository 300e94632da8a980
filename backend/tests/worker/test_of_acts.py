"""What acts of the ward leave to the worker, and what it tells open pages by itself."""

from datetime import timedelta
from typing import Any

from factories import HOUR, Values
from sqlalchemy import text
from ward_world import Ward, module_ward, ward

from app.access.reach import the_visit
from app.core import clock
from app.features.beds import moves
from app.features.live.due import announce_due
from app.features.nursing.call_actions import CLIMBS_AFTER, raise_call
from app.models.vitals import EscalationRisk

__all__ = ["module_ward", "ward"]
WAITING = "SELECT scheduled_at, args ->> 'hospital_id' AS hospital FROM jobs.procrastinate_jobs WHERE task_name = %s"
TOLD = "SELECT topic, visit_id FROM jobs.live_events WHERE hospital_id = %s AND id > %s ORDER BY id"


def jobs(ward: Ward, task: str) -> list[Any]:
    here = [row for row in ward.rows(WAITING, task) if row["hospital"] == str(ward.hospital["id"])]
    return [row["scheduled_at"] for row in here]


async def test_a_bed_that_is_kept_leaves_the_job_of_letting_it_go(ward: Ward) -> None:
    visit, bed, until = ward.visit(), ward.bed(), clock.now() + HOUR
    async with ward.session() as session:
        locked = await the_visit(session, visit["id"], lock=True)
        await moves.reserve_bed(session, ward.actor(), bed["id"], locked, until=until, now=clock.now())
    assert jobs(ward, "expire_reservations") == [until]


async def test_a_call_for_help_leaves_the_job_of_climbing(ward: Ward) -> None:
    visit = ward.visit(status="active")
    vitals: Values = ward.make.vitals(visit=visit)
    now = clock.now()
    async with ward.session() as session:
        raised = await raise_call(session, ward.actor(), vitals, risk=EscalationRisk.HIGH, score=9, now=now)
    assert raised is not None
    assert jobs(ward, "escalate") == [now + CLIMBS_AFTER[EscalationRisk.HIGH]]


async def test_open_pages_hear_whose_observation_has_become_due(ward: Ward) -> None:
    now = clock.now()
    due, later, long_ago = (ward.visit(status="active") for _ in range(3))
    for visit, at in ((due, now), (later, now + HOUR), (long_ago, now - HOUR)):
        ward.make.vitals(visit=visit, recorded_at=now - 4 * HOUR, next_due_at=at)
    # Measured since: what was due then is no longer.
    ward.make.vitals(visit=long_ago, recorded_at=now - 2 * HOUR, next_due_at=now + HOUR)
    newest = ward.rows("SELECT max(id) AS newest FROM jobs.live_events")[0]["newest"]
    async with ward.session() as session:
        await session.execute(text("SET LOCAL ROLE hass_worker"))
        assert await announce_due(session, now=now + timedelta(seconds=30)) == 1
    told = ward.rows(TOLD, ward.hospital["id"], newest)
    assert told == [{"topic": "vitals", "visit_id": due["id"]}]
