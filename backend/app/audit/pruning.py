"""Retention: whole months of the trail go by policy, by the owner's hand, and never without a seal that says so."""

from datetime import datetime

from psycopg import sql
from psycopg.errors import LockNotAvailable
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.context import set_context
from app.audit.keys import ChainHead, audit_key, remember_head
from app.audit.sealing import ONE_AT_A_TIME, Link, append, newest_seal
from app.core.database import connect
from app.core.errors import Conflict
from app.models.audit_log import AuditSeal, SealKind
from app.models.role import Scope

_PARTITIONS = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'audit_logs'::regclass AND c.relname ~ '^audit_logs_[0-9]{6}$' ORDER BY 1"
)
_NOW = text("SELECT now()")
PREFIX = "audit_logs_"
# Who writes an event meanwhile waits behind this.
LOCK_TIMEOUT = "10s"


async def due_months(session: AsyncSession, *, now: datetime, keep: int) -> list[str]:
    """The months, YYYY-MM, whose last day lies more than `keep` whole months back; oldest first."""
    first = now.year * 12 + now.month - 1 - keep
    limit = f"{first // 12:04d}-{first % 12 + 1:02d}"
    names = await session.scalars(_PARTITIONS)
    months = [name.removeprefix(PREFIX) for name in names]
    return [month for month in (f"{each[:4]}-{each[4:]}" for each in months) if month < limit]


async def mark_pruned(sessions: async_sessionmaker[AsyncSession], month: str) -> None:
    """Add the seal that says this month was dropped by policy; it is there once, however often it is asked for."""
    async with sessions.begin() as session:
        await set_context(session, scope=Scope.NETWORK, act="audit prune")
        await session.execute(ONE_AT_A_TIME)
        marked = select(AuditSeal.id).where(AuditSeal.kind == SealKind.PRUNED, AuditSeal.month == month)
        if await session.scalar(marked) is not None:
            return
        last = await newest_seal(session)
        if last is None:
            raise Conflict("audit-unsealed", "Nothing is sealed yet, so nothing can be dropped.")
        at = (await session.execute(_NOW)).scalar_one()
        link = Link(
            last.number + 1, SealKind.PRUNED, month, last.upper_transaction, last.upper_transaction, last.after_seq,
            last.last_seq, 0, None, None, at, b"",
        )  # fmt: skip
        row = await append(session, audit_key(make=False), link, last.seal)
        head = ChainHead(row.number, row.seal)
    remember_head(head)


def drop(owner_url: str, month: str) -> None:
    """Drop the month's partition, as its owner; who writes meanwhile waits for a moment. Raises Conflict where
    somebody reads the trail for longer than that."""
    with connect(owner_url, role="hass_owner") as connection:
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
        name = sql.Identifier(PREFIX + month.replace("-", ""))
        try:
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
        except LockNotAvailable as error:
            raise Conflict(
                "audit-in-use",
                f"The audit trail is in use, so {month} was not dropped. Try again when nobody verifies or dumps it.",
            ) from error
        connection.commit()
