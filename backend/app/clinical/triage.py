"""The Australasian Triage Scale: how urgent an emergency is, on five levels, and how soon each is to be seen.

Source: Australasian College for Emergency Medicine, P06 Policy on the Australasian Triage Scale, and G24 Guidelines on
its implementation (from knowledge of the policy; its text was not at hand)."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Level:
    """`minutes` is the longest that somebody of this level waits for assessment and treatment; 0 = at once."""

    level: int
    name: str
    minutes: int


LEVELS = {
    level.level: level
    for level in (
        Level(1, "Immediately life-threatening", 0),
        Level(2, "Imminently life-threatening", 10),
        Level(3, "Potentially life-threatening", 30),
        Level(4, "Potentially serious", 60),
        Level(5, "Less urgent", 120),
    )
}


def due_at(level: int, arrived_at: datetime) -> datetime:
    """The instant by which the patient is to be seen: the clock runs from the arrival, not from the triage."""
    return arrived_at + timedelta(minutes=LEVELS[level].minutes)
