"""Sealing the trail (design 5): batches of finished rows, chained by an HMAC whose key the database never sees.

A batch holds the rows of a range of transactions, all of them ended: what commits late is in no batch yet, and what
appears in a batch afterwards was put there behind its back. Rows stay in the database, only their digests come out."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.context import set_context
from app.audit.keys import AuditKey, ChainHead, audit_key, head_path, known_head, remember_head
from app.core.errors import Conflict
from app.models.audit_log import AuditSeal, SealKind
from app.models.role import Scope

ACT = "audit seal"
NO_SEAL = "0" * 64
# Before every transaction there can be.
BEGINNING = -(2**63)
# After every transaction, and after every seq, there can be.
END = 2**63 - 1
DIGEST_BYTES = 32
ENTRY_BYTES = 16 + DIGEST_BYTES
# Whole transactions, so that a batch may be larger than this by its last one.
BATCH_ROWS = 20_000
# Any number, the same for all: of several processes one seals.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(4022)")

_BATCH_END = text("SELECT audit_batch_end(:lower, :after_seq, :most)")
DIGESTS = text("SELECT seq, month, id, digest FROM audit_digests(:lower, :upper, :after_seq, :upto_seq)")
_NOW = text("SELECT now()")
_COUNTER_BEHIND = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint < :lower")


@dataclass(frozen=True)
class Link:
    """What a seal vouches for, beside the seal before it."""

    number: int
    kind: SealKind
    month: str
    lower_transaction: int
    upper_transaction: int
    after_seq: int
    last_seq: int
    row_count: int
    first_id: UUID | None
    last_id: UUID | None
    created_at: datetime
    entries: bytes

    def sealed_with(self, key: AuditKey, previous_seal: str) -> str:
        """HMAC-SHA-256, hex, over plain lines that no version, locale or time zone changes."""
        lines = (
            "hass-audit-seal-1",
            previous_seal,
            str(self.number),
            self.kind.value,
            self.month,
            str(self.lower_transaction),
            str(self.upper_transaction),
            str(self.after_seq),
            str(self.last_seq),
            str(self.row_count),
            str(self.first_id or ""),
            str(self.last_id or ""),
            self.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
            hashlib.sha256(self.entries).hexdigest(),
        )
        return hmac.new(key.secret, "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def link_of(row: AuditSeal) -> Link:
    return Link(
        row.number, row.kind, row.month, row.lower_transaction, row.upper_transaction, row.after_seq,
        row.last_seq, row.row_count, row.first_id,
        row.last_id, row.created_at, row.entries,
    )  # fmt: skip


async def newest_seal(session: AsyncSession) -> AuditSeal | None:
    """The link that the next one follows; raises Conflict where it is not the one that this machine knows of.

    A chain whose end was cut off is not gone on with: the next seals would cover the gap."""
    found: AuditSeal | None = await session.scalar(
        select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)
    )
    number, head = found.number if found else 0, known_head()
    if head is not None and (
        head.number > number or (found and head.number == number and head.seal != found.seal)
    ):
        raise Conflict(
            "audit-chain-cut",
            f"Seal {head.number} of the audit trail was made and is gone, so nothing more is sealed. Run: hass audit"
            f" verify. After an older backup was restored, restore its {head_path()} too; of a database made anew,"
            " remove that file.",
        )
    return found


async def append(session: AsyncSession, key: AuditKey, link: Link, previous_seal: str) -> AuditSeal:
    row = AuditSeal(
        number=link.number,
        kind=link.kind,
        month=link.month,
        lower_transaction=link.lower_transaction,
        upper_transaction=link.upper_transaction,
        after_seq=link.after_seq,
        last_seq=link.last_seq,
        row_count=link.row_count,
        first_id=link.first_id,
        last_id=link.last_id,
        entries=link.entries,
        previous_seal=previous_seal,
        seal=link.sealed_with(key, previous_seal),
        key_id=key.id,
        created_at=link.created_at,
        updated_at=link.created_at,
    )
    session.add(row)
    await session.flush()
    return row


@dataclass(frozen=True)
class Batch:
    """How many rows were sealed, and the seal that stands over them."""

    rows: int
    head: ChainHead


async def seal_batch(session: AsyncSession, *, most: int = BATCH_ROWS) -> Batch | None:
    """Seal the next batch in the running transaction; None when everything that has ended is sealed.

    A batch has one seal for each month its rows fall in, so that a month can go by policy and the rest stays whole."""
    await set_context(session, scope=Scope.NETWORK, act=ACT)
    await session.execute(ONE_AT_A_TIME)
    last = await newest_seal(session)
    # A chain that goes on needs the key it was begun with: a new one would pass for it.
    key = audit_key(make=last is None and known_head() is None)
    if last is not None and await session.scalar(_COUNTER_BEHIND, {"lower": last.upper_transaction}):
        if last.upper_transaction < END:
            # A dump was restored here: what the server before left unsealed is closed first.
            return await _seal(session, key, last, last.upper_transaction, END, last.after_seq)
        lower, after_seq = BEGINNING, last.last_seq
    else:
        lower, after_seq = (last.upper_transaction, last.after_seq) if last else (BEGINNING, 0)
    upper = await session.scalar(_BATCH_END, {"lower": lower, "after_seq": after_seq, "most": most})
    if upper is None or upper <= lower:
        return None
    return await _seal(session, key, last, lower, upper, after_seq)


async def _seal(
    session: AsyncSession, key: AuditKey, last: AuditSeal | None, lower: int, upper: int, after_seq: int
) -> Batch:
    batch = {"lower": lower, "upper": upper, "after_seq": after_seq, "upto_seq": END}
    rows = (await session.execute(DIGESTS, batch)).all()
    number, seal = (last.number, last.seal) if last else (0, NO_SEAL)
    last_seq = max([last.last_seq if last else 0, *(row.seq for row in rows)])
    at = await _now(session)
    months = groupby(sorted(rows, key=lambda row: str(row.month)), key=lambda row: str(row.month))
    by_month = {month: [(row.id, row.digest) for row in of_month] for month, of_month in months}
    # What closes the work of a server that is gone has its seal even where nothing was left.
    for month, entries in (by_month or {f"{at:%Y-%m}": []}).items():
        number += 1
        first_id, last_id = (entries[0][0], entries[-1][0]) if entries else (None, None)
        link = Link(
            number, SealKind.ROWS, month, lower, upper, after_seq, last_seq, len(entries), first_id, last_id, at,
            pack(entries),
        )  # fmt: skip
        seal = (await append(session, key, link, seal)).seal
    return Batch(len(rows), ChainHead(number, seal))


async def _now(session: AsyncSession) -> datetime:
    found: datetime = (await session.execute(_NOW)).scalar_one()
    return found


def pack(entries: Sequence[tuple[UUID, bytes]]) -> bytes:
    return b"".join(row_id.bytes + digest for row_id, digest in entries)


def unpack(entries: bytes) -> list[tuple[UUID, bytes]]:
    return [
        (UUID(bytes=entries[at : at + 16]), entries[at + 16 : at + ENTRY_BYTES])
        for at in range(0, len(entries), ENTRY_BYTES)
    ]


async def seal_all(sessions: async_sessionmaker[AsyncSession]) -> int:
    """Seal batch by batch, each in a transaction of its own, until nothing that has ended is left; the rows sealed."""
    rows = 0
    while True:
        async with sessions.begin() as session:
            batch = await seal_batch(session)
        if batch is None:
            return rows
        rows += batch.rows
        # After the commit: a head that is ahead of the chain would look like a chain that was cut.
        remember_head(batch.head)
