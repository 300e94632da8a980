"""Verifying the trail: walk the seals, compare every row with its digest, and name what was tampered with."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.context import set_context
from app.audit.keys import AuditKey, audit_key, known_head
from app.audit.sealing import BEGINNING, DIGESTS, END, NO_SEAL, link_of, unpack
from app.models.audit_log import AuditSeal, SealKind
from app.models.role import Scope

ACT = "audit verify"
MOST_FINDINGS = 100
# Seals read at a time; each may hold the digests of a whole batch.
PIECE = 10

_WAITING = text("SELECT waiting, oldest, in_default, months_ahead FROM audit_waiting(:lower, :after_seq)")
_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
WORDS = {
    "changed": "row was changed",
    "removed": "row was removed",
    "inserted": "row was inserted behind the trail's back",
    "seal-changed": "seal was changed, or made with another key",
    "seal-missing": "seal is missing",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a row by its id, or a seal by its number."""

    kind: str
    seal: int
    row_id: UUID | None = None

    @property
    def sentence(self) -> str:
        if self.row_id is None:
            return f"{WORDS[self.kind]}: seal {self.seal}"
        return f"{WORDS[self.kind]}: {self.row_id} (seal {self.seal})"


@dataclass
class Report:
    """What a verification found; the first finding is the oldest one."""

    seals: int = 0
    rows: int = 0
    pruned_rows: int = 0
    pruned_months: list[str] = field(default_factory=list)
    unsealed: int = 0
    unsealed_since: datetime | None = None
    sealed_at: datetime | None = None
    findings: list[Finding] = field(default_factory=list)
    more_findings: int = 0

    @property
    def is_whole(self) -> bool:
        return not self.findings

    def add(self, finding: Finding) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.more_findings += 1


async def verify(session: AsyncSession) -> Report:
    """Check the whole chain in one snapshot, as hass_worker; the transaction must be new."""
    await session.execute(_SNAPSHOT)
    await set_context(session, scope=Scope.NETWORK, act=ACT)
    report = Report()
    head = known_head()
    numbers = list(await session.scalars(select(AuditSeal.number).order_by(AuditSeal.number)))
    # Nothing was ever sealed, so no key is needed to say so.
    key = audit_key(make=False) if numbers or head else None
    report.pruned_months = list(
        await session.scalars(
            select(AuditSeal.month).where(AuditSeal.kind == SealKind.PRUNED).order_by(AuditSeal.number)
        )
    )
    starts = sorted(await session.scalars(select(AuditSeal.after_seq).distinct()))
    # A server's rows end where those of the next one begin.
    upto_seq = dict(zip(starts, [*starts[1:], END], strict=False))
    last: AuditSeal | None = None
    if key is not None:
        async for batch in _batches(session):
            for seal in batch:
                _check_link(report, key, last, seal)
                if head is not None and head.number == seal.number and head.seal != seal.seal:
                    report.add(Finding("seal-changed", seal.number))
                last = seal
            if batch[0].kind is SealKind.ROWS:
                await _check_rows(session, report, batch, upto_seq[batch[0].after_seq])
    _check_head(report, last, head.number if head else 0)
    waiting = (await session.execute(_WAITING, unsealed_from(last))).one()
    report.unsealed, report.unsealed_since = waiting.waiting, waiting.oldest
    report.sealed_at = last.created_at if last else None
    return report


def unsealed_from(last: AuditSeal | None) -> dict[str, int]:
    """Where what no seal covers begins."""
    if last is None:
        return {"lower": BEGINNING, "after_seq": 0}
    if last.upper_transaction == END:
        return {"lower": BEGINNING, "after_seq": last.last_seq}
    return {"lower": last.upper_transaction, "after_seq": last.after_seq}


async def _batches(session: AsyncSession) -> AsyncIterator[list[AuditSeal]]:
    """Seals in the order of the chain, those of one batch together: it has one for each month."""
    after = 0
    while True:
        seals = list(
            await session.scalars(
                select(AuditSeal).where(AuditSeal.number > after).order_by(AuditSeal.number).limit(PIECE)
            )
        )
        if not seals:
            return
        batches = [
            list(group)
            for _, group in groupby(
                seals, key=lambda seal: (seal.kind, seal.after_seq, seal.upper_transaction)
            )
        ]
        if len(seals) == PIECE and len(batches) > 1:
            # The last one may go on in the next piece.
            batches.pop()
        for batch in batches:
            yield batch
            after = batch[-1].number
        session.expunge_all()


def _check_link(report: Report, key: AuditKey, last: AuditSeal | None, seal: AuditSeal) -> None:
    report.seals += 1
    expected = last.number + 1 if last else 1
    for missing in range(expected, min(seal.number, expected + MOST_FINDINGS)):
        report.add(Finding("seal-missing", missing))
    is_next = seal.number == expected
    previous = (last.seal if last else NO_SEAL) if is_next else seal.previous_seal
    if seal.previous_seal != previous or link_of(seal).sealed_with(key, previous) != seal.seal:
        report.add(Finding("seal-changed", seal.number))


def _check_head(report: Report, last: AuditSeal | None, number: int) -> None:
    """What this machine remembers of the newest seal: without it, a chain whose end was cut off would look whole."""
    found = last.number if last else 0
    for missing in range(found + 1, min(number, found + MOST_FINDINGS) + 1):
        report.add(Finding("seal-missing", missing))


async def _check_rows(
    session: AsyncSession, report: Report, batch: Sequence[AuditSeal], upto_seq: int
) -> None:
    """Compare the rows of one batch with what its seals say of them, in the order they were written."""
    rows = (
        await session.execute(
            DIGESTS,
            {
                "lower": batch[0].lower_transaction,
                "upper": batch[0].upper_transaction,
                "after_seq": batch[0].after_seq,
                "upto_seq": upto_seq,
            },
        )
    ).all()
    present = {row.month for row in rows}
    # The key of the table is id and instant, so that a forged row may bear the id of a real one.
    found: dict[UUID, list[bytes]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row.digest)
    for seal in batch:
        entries = unpack(seal.entries)
        if seal.month in report.pruned_months and seal.month not in present:
            report.pruned_rows += len(entries)
            continue
        for row_id, digest in entries:
            held = found.get(row_id)
            if not held:
                report.add(Finding("removed", seal.number, row_id))
            elif digest in held:
                held.remove(digest)
                report.rows += 1
            else:
                held.pop()
                report.add(Finding("changed", seal.number, row_id))
    for row_id, held in found.items():
        for _ in held:
            report.add(Finding("inserted", batch[-1].number, row_id))
