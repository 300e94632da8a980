"""`hass audit`: seal, verify and prune by hand. Plain lines, whole ids, so that a script can read them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.audit.pruning import drop, due_months, mark_pruned
from app.audit.sealing import seal_all
from app.audit.verifying import Report, verify
from app.core.database import Urls, create_engine, session_factory
from app.core.errors import Conflict
from app.core.settings import get_settings

T = TypeVar("T")
Sessions = async_sessionmaker[AsyncSession]


def _run(urls: Urls, work: Callable[[Sessions], Awaitable[T]]) -> T:
    async def run() -> T:
        engine = create_engine(urls.app_url, "hass_worker", refuse_powerful=False, pool_size=1)
        try:
            return await work(session_factory(engine))
        finally:
            await engine.dispose()

    return asyncio.run(run())


async def _verified(sessions: Sessions) -> Report:
    async with sessions() as session:
        return await verify(session)


def run_seal(urls: Urls) -> None:
    rows = _run(urls, seal_all)
    print(f"{rows} rows sealed." if rows else "Nothing to seal: every finished row is sealed already.")


def run_verify(urls: Urls) -> int:
    """0 when the trail is whole, 1 when it is not; what is wrong stands first, one a line."""
    report = _run(urls, _verified)
    for finding in report.findings:
        print(finding.sentence)
    if report.more_findings:
        print(f"and {report.more_findings} more")
    print(summary(report))
    return 0 if report.is_whole else 1


def summary(report: Report) -> str:
    lines = [
        f"{report.rows} rows under {report.seals} seals are as they were written."
        if report.is_whole
        else "The audit trail was tampered with: what is named first is the oldest trace."
    ]
    if report.pruned_months:
        months = ", ".join(report.pruned_months)
        lines.append(f"{report.pruned_rows} rows were dropped by policy, with their seals kept: {months}.")
    if report.unsealed and report.unsealed_since:
        since = report.unsealed_since.astimezone(UTC).isoformat(timespec="seconds")
        lines.append(f"{report.unsealed} rows since {since} are unsealed: nothing can be said of them yet.")
    return "\n".join(lines)


def run_prune(urls: Urls, *, now: datetime, months: int | None, sure: bool) -> None:
    """Drop the months older than the policy, oldest first; their seals stay, and one more says they were dropped."""
    keep = get_settings().audit_keep_months if months is None else months

    async def prepare(sessions: Sessions) -> list[str]:
        await seal_all(sessions)
        report = await _verified(sessions)
        if not report.is_whole:
            raise Conflict(
                "audit-not-whole",
                "The audit trail was tampered with, so nothing of it is dropped. Look at it with: hass audit verify",
            )
        async with sessions.begin() as session:
            return await due_months(session, now=now, keep=keep)

    due = _run(urls, prepare)
    if not due:
        print(f"Nothing is older than {keep} months.")
        return
    if not sure:
        print(f"Older than {keep} months: {', '.join(due)}. To drop them: hass audit prune --yes")
        return
    for month in due:
        # Marked first: a month that is gone without its mark would be an alarm, and marking twice does no harm.
        _run(urls, lambda sessions, month=month: mark_pruned(sessions, month))  # type: ignore[misc]  # bound early.
        drop(urls.owner_url, month)
        print(f"{month} was dropped; its seals are kept.")
