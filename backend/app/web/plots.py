"""Plots of vital signs over time as SVG made on the server: they print, need no script and turn dark with the tokens.

One lane a sign, all lanes on one time axis. Nothing is smoothed or interpolated: a line joins neighbouring
measurements only and breaks where nobody measured for long. A value outside the band is a triangle that points to
where it lies, so that no meaning rests on colour alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise
from statistics import median

from markupsafe import Markup

from app.clinical.vital_ranges import Range
from app.web import formatting

HEAD, FOOT, EDGE = 26, 6, 8
MOST_MARKS = 90


@dataclass(frozen=True)
class Frame:
    """The measures of a drawing in its own pixels; on a phone the sign's name stands above its lane."""

    width: int
    left: int
    right: int
    lane: int
    lane_tall: int
    title_above: bool

    @property
    def end(self) -> int:
        return self.width - self.right


WIDE = Frame(704, 136, 58, 62, 88, title_above=False)
NARROW = Frame(340, 36, 58, 84, 106, title_above=True)


@dataclass(frozen=True)
class Point:
    at: datetime
    value: Decimal
    # The second value of a pair, such as the diastolic pressure.
    lower: Decimal | None = None


@dataclass(frozen=True)
class Lane:
    """One sign: what it is called, its unit, its band and its measurements in the order of time."""

    key: str
    label: str
    unit: str
    points: Sequence[Point]
    band: Range | None = None
    least_span: Decimal = Decimal(10)


def sentence(lane: Lane, timezone: str | None) -> str:
    """What the lane shows, for a reader who hears it."""
    if not lane.points:
        return f"{lane.label}: not measured."
    last = lane.points[-1]
    value = pair(last)
    words = [
        f"{lane.label}: {len(lane.points)} measured"
        if len(lane.points) > 1
        else f"{lane.label}: one measured"
    ]
    words.append(f"last {value} {lane.unit}".rstrip() + f" on {formatting.instant(last.at, timezone)}")
    if len(lane.points) > 1:
        values = [point.value for point in lane.points]
        words.append(f"lowest {formatting.number(min(values))}, highest {formatting.number(max(values))}")
    if lane.band is not None:
        outside = sum(1 for point in lane.points if not lane.band.holds(point.value))
        words.append(f"{outside} outside {band_words(lane.band)}")
    return "; ".join(words) + "."


def band_words(band: Range) -> str:
    if band.low is None:
        return f"up to {formatting.number(band.high)}"
    if band.high is None:
        return f"from {formatting.number(band.low)}"
    return f"{formatting.number(band.low)}–{formatting.number(band.high)}"


def pair(point: Point) -> str:
    """The value to one decimal, a pair as `138/84`."""
    words = formatting.number(round(point.value, 1))
    return words if point.lower is None else f"{words}/{formatting.number(point.lower)}"


def longest_pause(points: Sequence[Point]) -> timedelta:
    """A pause longer than this is a gap: four times the usual step, at least a day."""
    steps = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(points)]
    return timedelta(seconds=max(4 * median(steps), 86_400.0)) if steps else timedelta(days=1)


def runs(points: Sequence[Point]) -> list[list[Point]]:
    """The measurements, cut where the pause is a gap."""
    limit = longest_pause(points)
    cut: list[list[Point]] = []
    for point in points:
        if cut and point.at - cut[-1][-1].at <= limit:
            cut[-1].append(point)
        else:
            cut.append([point])
    return cut


@dataclass(frozen=True)
class Axis:
    first: datetime
    last: datetime
    frame: Frame

    def x(self, at: datetime) -> float:
        whole = (self.last - self.first).total_seconds()
        inner = self.frame.end - self.frame.left - 2 * EDGE
        return (
            self.frame.left
            + EDGE
            + (inner / 2 if whole <= 0 else inner * ((at - self.first).total_seconds() / whole))
        )


def ticks(first: datetime, last: datetime, zone: tzinfo) -> list[tuple[datetime, str]]:
    """About six round instants between the ends, each with the words that fit the span."""
    first, last = first.astimezone(zone), last.astimezone(zone)
    span = last - first
    if span <= timedelta(0):
        return [(first, formatting.day(first.date()))]
    if span > timedelta(days=900):
        step = max(1, round(span.days / 365.25 / 6))
        years = range(first.year + 1, last.year + 1, step)
        return [(datetime(year, 1, 1, tzinfo=zone), str(year)) for year in years]
    if span > timedelta(days=60):
        step = max(1, round(span.days / 30.4 / 6))
        months = range(first.year * 12 + first.month, last.year * 12 + last.month, step)
        return [
            (
                datetime(month // 12, month % 12 + 1, 1, tzinfo=zone),
                f"{formatting.MONTHS[month % 12]}-{month // 12}",
            )
            for month in months
        ]
    if span > timedelta(days=2):
        step = max(1, round(span.days / 6))
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        days = [midnight + timedelta(days=count) for count in range(0, span.days + 1, step)]
        return [
            (each, f"{each.day:02d}-{formatting.MONTHS[each.month - 1]}") for each in days if each <= last
        ]
    return _hours(first, last)


def _hours(first: datetime, last: datetime) -> list[tuple[datetime, str]]:
    """Round hours of the hospital's day; the first one and every new day carry the date."""
    length = (last - first).total_seconds() / 3600
    step = next((hours for hours in (1, 2, 3, 4, 6, 8) if length / hours <= 7), 12)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[tuple[datetime, str]] = []
    for count in range(72 // step + 1):
        at = midnight + timedelta(hours=count * step)
        if first <= at <= last:
            day = f"{at.day:02d}-{formatting.MONTHS[at.month - 1]} "
            found.append((at, f"{'' if found and at.hour else day}{at.hour:02d}:00"))
    return found or [(first, f"{first.hour:02d}:{first.minute:02d}")]


def _bounds(lane: Lane) -> tuple[float, float]:
    values = [float(point.value) for point in lane.points]
    values += [float(point.lower) for point in lane.points if point.lower is not None]
    low, high = min(values), max(values)
    if lane.band is not None:
        # An open or very wide band is shown as far as the values reach, with a margin.
        reach = max(high - low, float(lane.least_span))
        edges = [float(edge) for edge in (lane.band.low, lane.band.high) if edge is not None]
        near = [edge for edge in edges if low - reach <= edge <= high + reach]
        # Values far from the band still show where its nearest edge is.
        near = near or [min(edges, key=lambda edge: min(abs(edge - low), abs(edge - high)))]
        low, high = min(low, *near), max(high, *near)
    missing = float(lane.least_span) - (high - low)
    if missing > 0:
        low, high = low - missing / 2, high + missing / 2
    return low, high


def _marks(lane: Lane) -> list[Decimal]:
    """The numbers beside a lane: the edges of its band, else the highest and lowest value that can be told apart."""
    if lane.band is not None:
        return [edge for edge in (lane.band.high, lane.band.low) if edge is not None]
    values = [round(point.value, 1) for point in lane.points]
    low, high = min(values), max(values)
    return [high, low] if high - low >= lane.least_span / 3 else [high]


def _marker(x: float, y: float, side: int) -> str:
    if side > 0:
        return f'<path class="pt hot" d="M{x:.1f} {y - 5:.1f}l4.5 8h-9z"/>'
    if side < 0:
        return f'<path class="pt hot" d="M{x:.1f} {y + 5:.1f}l4.5 -8h-9z"/>'
    return f'<circle class="pt" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'


def _lane_svg(lane: Lane, axis: Axis, top: float, height: float) -> str:
    frame = axis.frame
    low, high = _bounds(lane)
    floor, ceiling = top + height - 9, top + (27 if frame.title_above else 9)

    def y(value: Decimal | float) -> float:
        return floor - (floor - ceiling) * (float(value) - low) / (high - low)

    parts = [f'<line class="gr-s" x1="0" x2="{frame.width}" y1="{top:.1f}" y2="{top:.1f}"/>']
    if lane.band is not None:
        upper = ceiling - 8 if lane.band.high is None else max(ceiling - 8, y(lane.band.high))
        under = floor + 8 if lane.band.low is None else min(floor + 8, y(lane.band.low))
        parts.append(
            f'<rect class="nrm" x="{frame.left}" y="{upper:.1f}" '
            f'width="{frame.end - frame.left}" height="{max(1.0, under - upper):.1f}"/>'
        )
    parts += [
        f'<text class="ax e" x="{frame.left - 5}" y="{y(mark) + 3.5:.1f}">{formatting.number(mark)}</text>'
        for mark in _marks(lane)
        if ceiling - 8 <= y(mark) <= floor + 4
    ]
    if frame.title_above:
        parts.append(
            f'<text class="lab" x="0" y="{top + 15:.1f}">{lane.label} <tspan class="unit">{lane.unit}</tspan></text>'
        )
    else:
        parts.append(f'<text class="lab" x="0" y="{top + 16:.1f}">{lane.label}</text>')
        parts.append(f'<text class="unit" x="0" y="{top + 30:.1f}">{lane.unit}</text>')
    parts.append(_series(lane, axis, y))
    last = y(lane.points[-1].value) + 4
    parts.append(f'<text class="val" x="{frame.end + 8}" y="{last:.1f}">{pair(lane.points[-1])}</text>')
    return "".join(parts)


def _series(lane: Lane, axis: Axis, y: Callable[[Decimal | float], float]) -> str:
    parts: list[str] = []
    for run in runs(lane.points):
        if len(run) > 1:
            path = " ".join(f"{axis.x(point.at):.1f},{y(point.value):.1f}" for point in run)
            parts.append(f'<polyline class="ln" points="{path}"/>')
            pairs = [point for point in run if point.lower is not None]
            if len(pairs) > 1:
                path = " ".join(f"{axis.x(p.at):.1f},{y(p.lower):.1f}" for p in pairs if p.lower is not None)
                parts.append(f'<polyline class="ln thin" points="{path}"/>')
    # Where hundreds of sets stand close, only those outside the band and the ends keep their mark.
    everything = len(lane.points) <= MOST_MARKS
    for index, point in enumerate(lane.points):
        side = 0 if lane.band is None else lane.band.side(point.value)
        x = axis.x(point.at)
        if everything and point.lower is not None:
            parts.append(
                f'<line class="stem" x1="{x:.1f}" x2="{x:.1f}" y1="{y(point.value):.1f}" y2="{y(point.lower):.1f}"/>'
            )
            parts.append(f'<circle class="pt low" cx="{x:.1f}" cy="{y(point.lower):.1f}" r="2.5"/>')
        if everything or side or index in (0, len(lane.points) - 1):
            parts.append(_marker(x, y(point.value), side))
    return "".join(parts)


def newest(lane: Lane, most: int) -> Lane:
    """The lane with its newest measurements only."""
    return replace(lane, points=lane.points[-most:])


def is_drawn(lane: Lane) -> bool:
    """One measurement alone makes no lane: a line of words says it in less room."""
    return len(lane.points) > 1


def vitals_plot(lanes: Sequence[Lane], timezone: str | None, frame: Frame = WIDE) -> Markup:
    """The signs measured more than once, drawn under one another; empty when there is none."""
    shown = [lane for lane in lanes if is_drawn(lane)]
    if not shown:
        return Markup("")
    instants = [point.at for lane in shown for point in lane.points]
    axis = Axis(min(instants), max(instants), frame)
    heights = [
        frame.lane_tall if any(p.lower is not None for p in lane.points) else frame.lane for lane in shown
    ]
    whole = HEAD + sum(heights) + FOOT
    parts = [
        f'<svg class="obs" viewBox="0 0 {frame.width} {whole}" width="{frame.width}" height="{whole}" role="img" '
        'aria-label="Vital signs over time. ' + " ".join(sentence(lane, timezone) for lane in shown) + '">'
    ]
    nearest = -100.0
    for at, label in ticks(axis.first, axis.last, formatting.zone(timezone)):
        x = axis.x(at)
        # Words need room: to their neighbour, and to the heading of the last column.
        if x - nearest < 15 + 3 * len(label) + 15 or not frame.left <= x <= frame.end - 3 * len(label):
            continue
        nearest = x
        parts.append(f'<line class="gr" x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD - 6}" y2="{whole - FOOT}"/>')
        parts.append(f'<text class="ax c" x="{x:.1f}" y="{HEAD - 11}">{label}</text>')
    parts.append(f'<text class="ax" x="{frame.end + 8}" y="{HEAD - 11}">last</text>')
    top = float(HEAD)
    for lane, height in zip(shown, heights, strict=True):
        parts.append(_lane_svg(lane, axis, top, height))
        top += height
    parts.append(f'<line class="gr-s" x1="0" x2="{frame.width}" y1="{top:.1f}" y2="{top:.1f}"/></svg>')
    # Every word in it is a label, a number or a date of ours; no text of a record reaches the drawing.
    return Markup("".join(parts))  # noqa: S704 - see above.
