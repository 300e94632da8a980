"""The one door to the present: acts take `now` from here, tests set it and never sleep."""

from contextvars import ContextVar
from datetime import UTC, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_now", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)


def fix(instant: datetime | None) -> None:
    """Hold the clock at `instant` in this context; None lets it run again."""
    if instant is not None and instant.tzinfo is None:
        raise ValueError("The clock takes aware instants only.")
    _fixed.set(instant)
