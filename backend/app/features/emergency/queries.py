"""Who waits in the emergency department, the most urgent first."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.clinical.triage import LEVELS, due_at
from app.features.emergency import statements
from app.features.emergency.schemas import WaitingOut, WaitingRoomOut


@needs(Permission.WAITING_READ)
async def list_waiting(session: AsyncSession, actor: Actor, *, now: datetime) -> WaitingRoomOut:
    """Everybody whom no doctor has seen yet; one statement, which says nothing of why they came."""
    rows = (await session.execute(text(statements.WAITING), {"hospital_id": actor.hospital_id})).mappings()
    return WaitingRoomOut(items=[_waiting(dict(row), now) for row in rows])


def _waiting(row: dict[str, object], now: datetime) -> WaitingOut:
    arrived, level = row["arrived_at"], row["level"]
    assert isinstance(arrived, datetime)
    due = due_at(level, arrived) if isinstance(level, int) else None
    return WaitingOut.model_validate(
        {
            **row,
            "waited_minutes": max(0, int((now - arrived).total_seconds() // 60)),
            "level_name": LEVELS[level].name if isinstance(level, int) else None,
            "due_at": due,
            "is_late": due is not None and due < now,
        }
    )
