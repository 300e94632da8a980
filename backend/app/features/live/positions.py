"""How far a reader has heard: a snapshot of the database, not a number.

Numbers are given before the commit, so that a lower one may become visible after a higher one; a reader who goes on
from a number would miss it. What a snapshot did not show is told exactly once, in whatever order it was committed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Older events may be gone (jobs.prune_live_events keeps a day).
REMEMBERED = timedelta(hours=1)
_FORM = re.compile(r"(\d{1,11})-(\d{1,19}):(\d{1,19}):((?:\d{1,19},)*\d{1,19})?", re.ASCII)
_MOST_TRANSACTION = 2**63


@dataclass(frozen=True)
class Position:
    """A snapshot as PostgreSQL writes it (xmin:xmax:running), and when it was taken."""

    snapshot: str
    at: datetime

    @property
    def text(self) -> str:
        """What `id:` and Last-Event-ID hold."""
        return f"{int(self.at.timestamp())}-{self.snapshot}"

    @property
    def upper(self) -> int:
        """The first transaction that had not begun."""
        return int(self.snapshot.split(":")[1])

    def is_followed_by(self, newest: "Position") -> bool:
        """Whether everything after it is still known, and it is of this database at all."""
        return newest.at - self.at < REMEMBERED and self.at <= newest.at and self.upper <= newest.upper


# Followed by nothing: whoever was there loads his page anew.
NOWHERE = Position("1:1:", datetime.fromtimestamp(0, UTC))


def read_position(text: str) -> Position:
    """The position that a reader says he has heard up to; NOWHERE for what is none of ours."""
    match = _FORM.fullmatch(text)
    if match is None:
        return NOWHERE
    lower, upper = int(match[2]), int(match[3])
    running = [int(each) for each in match[4].split(",")] if match[4] else []
    # PostgreSQL refuses a snapshot that is not in this order.
    in_order = 0 < lower <= upper < _MOST_TRANSACTION and running == sorted(set(running))
    if not in_order or (running and not lower <= running[0] <= running[-1] < upper):
        return NOWHERE
    return Position(f"{lower}:{upper}:{match[4] or ''}", datetime.fromtimestamp(int(match[1]), UTC))
