"""The board as a page shows it: wards with their bays, what each has free, who leaves and what waits to be cleaned."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from app.features.beds.schemas import BoardBedOut
from app.models.bed import BedStatus

# From so many of a hundred beds on a ward counts as nearly full (ui.md 2.2).
NEARLY_FULL = 92
# The words of the ward for what a bed is.
STATES = {
    BedStatus.AVAILABLE: "Free",
    BedStatus.RESERVED: "Reserved",
    BedStatus.OCCUPIED: "Taken",
    BedStatus.CLEANING: "Cleaning",
    BedStatus.MAINTENANCE: "In repair",
    BedStatus.CLOSED: "Closed",
}
COUNTED = (
    (BedStatus.AVAILABLE, "free"),
    (BedStatus.CLEANING, "being cleaned"),
    (BedStatus.RESERVED, "reserved"),
    (BedStatus.MAINTENANCE, "in repair"),
    (BedStatus.CLOSED, "closed"),
)


@dataclass(frozen=True)
class WardView:
    """`bays` are (name, beds); a ward without bays has one without a name."""

    name: str
    beds: Sequence[BoardBedOut]

    @property
    def taken(self) -> int:
        return sum(bed.status == BedStatus.OCCUPIED for bed in self.beds)

    @property
    def percent(self) -> int:
        return round(100 * self.taken / len(self.beds)) if self.beds else 0

    @property
    def fill(self) -> str:
        """The class of its bar: full when nothing is free, nearly full from 92 %."""
        return "over" if self.taken == len(self.beds) else "full" if self.percent >= NEARLY_FULL else ""

    @property
    def words(self) -> str:
        return ", ".join([f"{self.taken} of {len(self.beds)} taken", *_counted(self.beds)])

    @property
    def bays(self) -> list[tuple[str | None, list[BoardBedOut]]]:
        return [(name, list(beds)) for name, beds in groupby(self.beds, key=lambda bed: bed.bay)]


@dataclass(frozen=True)
class BoardView:
    wards: Sequence[WardView]
    now: datetime
    zone: ZoneInfo

    @property
    def beds(self) -> list[BoardBedOut]:
        return [bed for ward in self.wards for bed in ward.beds]

    @property
    def words(self) -> str:
        taken = sum(ward.taken for ward in self.wards)
        return " · ".join([f"{taken} of {len(self.beds)} beds taken", *_counted(self.beds)])

    @property
    def leaving(self) -> list[BoardBedOut]:
        """Whose discharge is ordered, or who is expected to leave by the end of today; the first to leave first."""
        found = [bed for bed in self.beds if self.leaves(bed)]
        return sorted(found, key=lambda bed: (self.leaves_at(bed) or self.now, bed.bed_number))

    @property
    def to_clean(self) -> list[BoardBedOut]:
        """The longest wait first."""
        waiting = [bed for bed in self.beds if bed.status == BedStatus.CLEANING]
        return sorted(waiting, key=lambda bed: (bed.status_changed_at, bed.bed_number))

    def leaves(self, bed: BoardBedOut) -> bool:
        if bed.status != BedStatus.OCCUPIED or bed.occupant is None:
            return False
        today = self.now.astimezone(self.zone).date()
        at = bed.occupant.expected_departure
        return bed.occupant.discharge_ordered_at is not None or (
            at is not None and at.astimezone(self.zone).date() <= today
        )

    def leaves_at(self, bed: BoardBedOut) -> datetime | None:
        return bed.occupant.expected_departure if bed.occupant else None


def view_of(beds: Sequence[BoardBedOut], now: datetime, zone: ZoneInfo) -> BoardView:
    """Beds that are switched off stand on no board."""
    active = [bed for bed in beds if bed.is_active]
    wards = [WardView(name, list(of_ward)) for name, of_ward in groupby(active, key=lambda bed: bed.ward)]
    return BoardView(wards, now, zone)


def _counted(beds: Sequence[BoardBedOut]) -> list[str]:
    counts = Counter(bed.status for bed in beds)
    return [f"{counts[state]} {words}" for state, words in COUNTED if counts[state]]
