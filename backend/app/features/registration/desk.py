"""What stands before reception: who is expected today, and who is in the house (ui.md 3)."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.cursors import read_cursor, read_key, write_cursor
from app.features.registration import statements
from app.features.registration.register_schemas import ArrivalOut, ArrivalsOut, InHouseOut, InHousePageOut

MOST_ARRIVALS = 200


def day_of(day: date, timezone: str | None) -> tuple[datetime, datetime]:
    """From midnight to midnight in the hospital's zone: 23, 24 or 25 hours."""
    zone = ZoneInfo(timezone or "UTC")
    begins = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    return begins, datetime(after.year, after.month, after.day, tzinfo=zone)


@needs(Permission.VISIT_READ)
async def expected_arrivals(session: AsyncSession, actor: Actor, day: date) -> ArrivalsOut:
    """Planned visits and, for whoever may see them, appointments of one day of the hospital, by time."""
    begins, ends = day_of(day, actor.timezone)
    values = {
        "hospital_id": actor.hospital_id,
        "from_at": begins,
        "until_at": ends,
        "with_appointments": actor.can(Permission.APPOINTMENT_READ),
        "limit": MOST_ARRIVALS,
    }
    rows = (await session.execute(text(statements.ARRIVALS), values)).mappings().all()
    return ArrivalsOut(day=day, items=[ArrivalOut.model_validate(dict(row)) for row in rows])


@needs(Permission.VISIT_READ)
async def people_in_house(
    session: AsyncSession, actor: Actor, *, limit: int = 20, cursor: str | None = None
) -> InHousePageOut:
    """Everybody with an open visit, by family name, and how many of each kind."""
    limit = min(limit, 100)
    after_name, after_id = read_cursor(cursor, 2)
    values = {
        "hospital_id": actor.hospital_id,
        "after_name": after_name,
        "after_id": read_key(after_id),
        "limit": limit + 1,
    }
    rows = (await session.execute(text(statements.IN_HOUSE), values)).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    counts: dict[str, Any] = dict(rows[0]["counts"] or {}) if rows else {}
    return InHousePageOut(
        items=[InHouseOut.model_validate(dict(row)) for row in rows],
        counts=counts,
        next_cursor=write_cursor(rows[-1]["sort_key"], rows[-1]["visit_id"]) if more else None,
    )
