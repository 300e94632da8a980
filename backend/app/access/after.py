"""Work that must happen once a transaction has ended, however it ended: a refusal rolls back, its trace must not."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

AfterEnd = Callable[[AsyncSession], Awaitable[None]]
_KEY = "after_end"


def run_after_end(session: AsyncSession, work: AfterEnd) -> None:
    """`work` gets a session of its own, in a transaction of its own, when the request's has ended."""
    session.info.setdefault(_KEY, []).append(work)


def take_work(session: AsyncSession) -> list[AfterEnd]:
    work: list[AfterEnd] = session.info.pop(_KEY, [])
    return work
