"""Leaving a job to the worker in the act's own transaction: both come true with its commit, or neither."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_DEFER = text("SELECT defer_job(:task, CAST(:args AS jsonb), :once, :at)")


async def defer(
    session: AsyncSession, task: str, *, at: datetime | None = None, once: str | None = None, **args: Any
) -> bool:
    """The job `task` of the caller's hospital, at once or not before `at`; names stand in worker/tasks.py.

    Of jobs with one `once` only one waits; False where it did already."""
    told = {"task": task, "args": orjson.dumps(args).decode(), "once": once, "at": at}
    return await session.scalar(_DEFER, told) is not None
