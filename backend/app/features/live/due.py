"""Time passes without anybody changing a row: open pages are told when an observation becomes due."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.features.live.hub import CHANNEL

# The job comes every minute; one that comes late looks further back, and telling twice does no harm.
LOOKS_BACK = timedelta(minutes=2)
# The newest set of each open visit says when the next is due.
_DUE = text(
    """
    INSERT INTO jobs.live_events (hospital_id, topic, resource_id, patient_id, visit_id)
    SELECT v.hospital_id, 'vitals', s.id, v.patient_id, v.id
      FROM visits v CROSS JOIN LATERAL (
        SELECT s.id, s.next_due_at FROM vitals s
         WHERE s.visit_id = v.id AND s.status <> 'entered_in_error'
         ORDER BY s.recorded_at DESC, s.id DESC LIMIT 1) s
     WHERE v.status IN ('active', 'on_leave') AND s.next_due_at > :after AND s.next_due_at <= :now
    RETURNING 1"""
)
_NOTIFY = text("SELECT pg_notify(:channel, '')")


async def announce_due(session: AsyncSession, *, now: datetime) -> int:
    """How many visits of this hospital have become due; for the worker, in the context of one hospital."""
    told = len((await session.execute(_DUE, {"after": now - LOOKS_BACK, "now": now})).all())
    if told:
        await session.execute(_NOTIFY, {"channel": CHANNEL})
    return told
