"""Reads of transfers between hospitals; the policies show a hospital its own side of each."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.cursors import read_cursor, read_key, write_cursor
from app.core.errors import NotFound
from app.features.transfers import statements
from app.features.transfers.schemas import TargetOut, TargetsOut, TransferOut, TransfersOut

MOST_ROWS = 100


@needs(Permission.VISIT_TRANSFER)
async def list_transfers(
    session: AsyncSession,
    actor: Actor,
    *,
    is_open: bool | None = None,
    visit_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> TransfersOut:
    """Requests of and to the actor's hospital, the newest first; one statement."""
    limit = min(limit, MOST_ROWS)
    (after,) = read_cursor(cursor, 1)
    values = {
        "hospital_id": actor.hospital_id,
        "open": is_open,
        "visit_id": visit_id,
        "after_id": read_key(after),
        "limit": limit + 1,
    }
    rows = (await session.execute(text(statements.LIST), values)).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    return TransfersOut(
        items=[TransferOut.model_validate(dict(row)) for row in rows],
        next_cursor=write_cursor(rows[-1]["id"]) if more else None,
    )


@needs(Permission.VISIT_TRANSFER)
async def read_transfer(session: AsyncSession, actor: Actor, transfer_id: UUID) -> TransferOut:
    values = {"hospital_id": actor.hospital_id, "transfer_id": transfer_id}
    row = (await session.execute(text(statements.ONE), values)).mappings().one_or_none()
    if row is None:
        raise no_such_transfer()
    return TransferOut.model_validate(dict(row))


@needs(Permission.VISIT_TRANSFER)
async def list_targets(session: AsyncSession, actor: Actor) -> TargetsOut:
    """The other open hospitals of the network, by region and name."""
    rows = (await session.execute(text(statements.TARGETS))).mappings().all()
    return TargetsOut(items=[TargetOut.model_validate(dict(row)) for row in rows])


async def target_of(session: AsyncSession, code: str) -> UUID | None:
    """The key of the open hospital of that code, which no reply shows; None for one's own and for none."""
    found: UUID | None = await session.scalar(text(statements.TARGET), {"code": code})
    return found


def no_such_transfer() -> NotFound:
    return NotFound("transfer-not-found", "There is no such request for a transfer here.")
