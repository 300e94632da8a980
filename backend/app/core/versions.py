"""Which version of a row somebody saw: what he changes must still be what he read (design 3)."""

from datetime import UTC, datetime

from app.core.errors import HassError

ANY = "*"


def version_of(updated_at: datetime) -> str:
    """The row's version: the instant of its last change, to the microsecond.

    >>> version_of(datetime(2026, 3, 10, 14, 30, tzinfo=UTC))
    '20260310T143000.000000'
    """
    return updated_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")


def require_unchanged(updated_at: datetime, seen: str | None) -> None:
    """Raises HassError 412 when the row has changed since `seen`; call it with the row locked. None asks nothing."""
    if seen not in (None, ANY, version_of(updated_at)):
        raise HassError(
            "changed-meanwhile",
            "Somebody changed this after you opened it. Nothing of yours is lost: look at it again, then save.",
            412,
        )
