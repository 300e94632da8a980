"""How many lay where at midnight, and who came and went between two midnights (domain 5.2: in the hospital's zone).

Two instants bound a day, the first in it and the second not: whoever comes or goes at midnight does so on the new day.
So what a ward had at the start, with what came and without what went, is what it has at the end."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.models.visit import VisitStatus

DEPARTURES = {
    VisitStatus.DISCHARGED: "discharges",
    VisitStatus.TRANSFERRED: "to_other_hospitals",
    VisitStatus.DECEASED: "deaths",
}


@dataclass(frozen=True)
class Place:
    """In a bed of that ward, or in none (None), from `began` until `ended`, which may be open."""

    ward: str | None
    began: datetime
    ended: datetime | None


@dataclass(frozen=True)
class Stay:
    """Somebody in the house: from when to when, how it ended, and the beds of the day."""

    status: VisitStatus
    began: datetime
    ended: datetime | None
    beds: Sequence[Place]


@dataclass
class Flow:
    """What one ward had, got and gave on the day."""

    at_start: int = 0
    admissions: int = 0
    transfers_in: int = 0
    transfers_out: int = 0
    discharges: int = 0
    to_other_hospitals: int = 0
    deaths: int = 0
    at_end: int = 0
    stay_days: int = 0


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instants of the day and of the next one: 23, 24 or 25 hours apart.

    >>> begins, ends = bounds(date(2026, 3, 8), ZoneInfo("America/New_York"))
    >>> str(ends - begins)
    '23:00:00'
    """
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def stay_days(began: datetime, ended: datetime, zone: ZoneInfo) -> int:
    """Length of stay: the midnights spent in the house, in the hospital's zone; gone on the same day is 0."""
    return (ended.astimezone(zone).date() - began.astimezone(zone).date()).days


def count(
    stays: Iterable[Stay], starts_at: datetime, until: datetime, zone: ZoneInfo
) -> dict[str | None, Flow]:
    """Ward > its day; wards nobody touched are missing."""
    flows: dict[str | None, Flow] = defaultdict(Flow)
    for stay in stays:
        _count(stay, starts_at, until, zone, flows)
    return dict(flows)


def _count(
    stay: Stay, starts_at: datetime, until: datetime, zone: ZoneInfo, flows: dict[str | None, Flow]
) -> None:
    places = list(_joined(_places(stay)))
    for number, place in enumerate(places):
        flow = flows[place.ward]
        flow.at_start += _lies(place, starts_at)
        flow.at_end += _lies(place, until)
        if starts_at <= place.began < until:
            if number == 0:
                flow.admissions += 1
            else:
                flow.transfers_in += 1
                flows[places[number - 1].ward].transfers_out += 1
    last = places[-1]
    if last.ended is None or not starts_at <= last.ended < until:
        return
    flow, kind = flows[last.ward], DEPARTURES.get(stay.status)
    if kind is None:
        # Out of the bed and not out of the house: somebody who is no inpatient.
        flow.transfers_out += 1
        return
    setattr(flow, kind, getattr(flow, kind) + 1)
    flow.stay_days += stay_days(stay.began, last.ended, zone)


def _lies(place: Place, midnight: datetime) -> bool:
    return place.began < midnight and (place.ended is None or place.ended >= midnight)


def _places(stay: Stay) -> Iterator[Place]:
    """The beds, and no bed between them; from admission to departure without a gap."""
    at: datetime | None = stay.began
    for bed in stay.beds:
        if at is None:
            return
        if bed.began > at:
            yield Place(None, at, bed.began)
        ended = _earlier(bed.ended, stay.ended)
        yield Place(bed.ward, max(bed.began, at), ended)
        at = None if ended is None or ended == stay.ended else ended
    if at is not None:
        yield Place(None, at, stay.ended)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def _joined(places: Iterable[Place]) -> Iterator[Place]:
    """From bed to bed within a ward is no transfer; a bed left at the instant it was taken was none."""
    every = list(places)
    lasting = [place for place in every if place.ended is None or place.ended > place.began] or every[-1:]
    held = lasting[0]
    for place in lasting[1:]:
        if place.ward == held.ward:
            held = Place(held.ward, held.began, place.ended)
        else:
            yield held
            held = place
    yield held
