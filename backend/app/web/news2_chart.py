"""The observation chart after NEWS2 as SVG made on the server: it prints, needs no script and turns dark.

One column a set, the parameters from top to bottom as on the paper chart; bands in the order of the Royal College's
colours. Nothing is smoothed: a line joins neighbouring sets, and breaks where a value is missing or the SpO2 scale
changed. A set without all signs has no total. NEWS2 is copyright Royal College of Physicians 2017; this is a chart
after it and not theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup

from app.clinical import news2
from app.web import formatting

LEFT, RIGHT, HEAD, WIDE, NARROW = 136, 34, 26, 704, 340
EDGES: dict[str, tuple[int, int, int]] = {
    # Lowest and highest value that the lane shows, and its height.
    "respiratory_rate": (4, 32, 64),
    "spo2": (82, 100, 58),
    "blood_pressure": (30, 240, 126),
    "heart_rate": (30, 150, 78),
    "temperature": (34, 40, 62),
}
TITLES = {
    "respiratory_rate": ("Respiration", "/min"),
    "spo2": ("SpO₂", "%"),
    "oxygen": ("Air or oxygen", "L/min"),
    "blood_pressure": ("Blood pressure", "mmHg"),
    "heart_rate": ("Pulse", "/min"),
    "consciousness": ("Consciousness", "ACVPU"),
    "temperature": ("Temperature", "°C"),
}
CHARTS = {
    "respiratory_rate": news2.RESPIRATORY_RATE,
    "blood_pressure": news2.SYSTOLIC,
    "heart_rate": news2.PULSE,
    "temperature": news2.TEMPERATURE,
}
STEP = {"temperature": Decimal("0.1")}
BOX = 30
# Room inside a lane for the mark of a value at or beyond its edge.
INSET = 5
# Nearer to each other the numbers of an axis cannot be read.
LEAST_GAP = 10


@dataclass(frozen=True)
class Column:
    """One set: its values, the points of each parameter, and its total, where it has one."""

    at: datetime
    values: dict[str, Decimal | None]
    lower_pressure: Decimal | None
    oxygen: str | None
    consciousness: str | None
    points: dict[str, int]
    total: int | None
    risk: str | None
    scale: int


@dataclass(frozen=True)
class Grid:
    columns: Sequence[Column]
    width: int

    @property
    def end(self) -> int:
        return self.width - RIGHT

    def x(self, index: int) -> float:
        step = (self.end - LEFT) / max(1, len(self.columns))
        return LEFT + step * (index + 0.5)


def chart(columns: Sequence[Column], timezone: str | None, sentence: str, *, width: int = WIDE) -> Markup:
    """The chart of these sets, the oldest first; empty where there is none."""
    if not columns:
        return Markup("")
    grid = Grid(columns, width)
    parts: list[str] = [_head(grid, timezone)]
    top = float(HEAD)
    for name in ("respiratory_rate", "spo2"):
        parts.append(_lane(grid, name, top))
        top += EDGES[name][2]
    parts.append(_boxes(grid, "oxygen", top, lambda column: column.oxygen, "supplemental_oxygen"))
    top += BOX
    for name in ("blood_pressure", "heart_rate"):
        parts.append(_lane(grid, name, top))
        top += EDGES[name][2]
    parts.append(_boxes(grid, "consciousness", top, lambda column: column.consciousness, "consciousness"))
    top += BOX
    parts.append(_lane(grid, "temperature", top))
    top += EDGES["temperature"][2]
    parts.append(_totals(grid, top))
    whole = top + BOX + 8
    opened = (
        f'<svg class="obs" viewBox="0 0 {width} {whole:.0f}" width="{width}" height="{whole:.0f}" role="img"'
        f' aria-label="{sentence}">'
    )
    # Every word in it is a label, a number or a time of ours; no text of a record reaches the drawing.
    return Markup(opened + "".join(parts) + "</svg>")  # noqa: S704 - see above.


def _head(grid: Grid, timezone: str | None) -> str:
    parts, day, last = [], "", -100.0
    for index, column in enumerate(grid.columns):
        x = grid.x(index)
        here = formatting.local_day(column.at, timezone)
        if here != day:
            day = here
            size = "lab" if grid.width > NARROW else "ax"
            parts.append(f'<text class="{size}" x="{x - 17:.1f}" y="10">{here[:6]}</text>')
        if x - last >= 34:
            last = x
            parts.append(
                f'<text class="ax c" x="{x:.1f}" y="22">{formatting.clock(column.at, timezone)}</text>'
            )
    if grid.width > NARROW:
        parts.append(f'<text class="ax e" x="{grid.width}" y="22">points</text>')
    return "".join(parts)


def _frame(grid: Grid, name: str, top: float, *, title: str | None = None) -> str:
    words, unit = TITLES[name]
    return (
        f'<path class="gr-s" d="M0 {top:.1f}H{grid.width}"/>'
        f'<text class="lab" x="0" y="{top + 14:.1f}">{title or words}</text>'
        f'<text class="ax" x="0" y="{top + 25:.1f}">{unit}</text>'
    )


def _day_lines(grid: Grid, top: float, height: float) -> str:
    parts = []
    for index, (earlier, later) in enumerate(pairwise(grid.columns), start=1):
        is_new_day = earlier.at.date() != later.at.date()
        x = (grid.x(index - 1) + grid.x(index)) / 2
        parts.append(f'<path class="{"gr-s" if is_new_day else "gr"}" d="M{x:.1f} {top:.1f}v{height:.1f}"/>')
    return "".join(parts)


def _lane(grid: Grid, name: str, top: float) -> str:
    low, high, height = EDGES[name]

    def y(value: Decimal) -> float:
        inside = min(Decimal(high), max(Decimal(low), value))
        return top + height - float(inside - low) / (high - low) * height

    last = grid.columns[-1]
    title = f"SpO₂, scale {last.scale}" if name == "spo2" else None
    parts = [_bands(grid, name, top, y), _frame(grid, name, top, title=title), _day_lines(grid, top, height)]

    def mark(value: Decimal) -> float:
        return min(top + height - INSET, max(top + INSET, y(value)))

    parts.append(_points(grid, name, mark, top, height))
    scored = "blood_pressure_systolic" if name == "blood_pressure" else name
    if scored in last.points:
        middle = top + height / 2 + 4
        parts.append(f'<text class="lab e" x="{grid.width}" y="{middle:.1f}">{last.points[scored]}</text>')
    return "".join(parts)


def _bands(grid: Grid, name: str, top: float, y: Callable[[Decimal], float]) -> str:
    """The grounds of the lane; those of SpO2 column by column, since scale and oxygen decide them."""
    if name != "spo2":
        return _band_rects(CHARTS[name], name, LEFT, grid.end - LEFT, y, has_axis=True)
    step = (grid.end - LEFT) / len(grid.columns)
    parts = []
    for index, column in enumerate(grid.columns):
        on_oxygen = column.oxygen is not None and column.oxygen != "air"
        which = (
            news2.SPO2_SCALE_1
            if column.scale == 1
            else news2.SPO2_SCALE_2_ON_OXYGEN
            if on_oxygen
            else news2.SPO2_SCALE_2_ON_AIR
        )
        # The title names the scale of the last set; so do the numbers beside it.
        has_axis = index == len(grid.columns) - 1
        parts.append(_band_rects(which, name, LEFT + step * index, step, y, has_axis=has_axis))
    return "".join(parts)


def _band_rects(
    rows: news2.Chart, name: str, x: float, width: float, y: Callable[[Decimal], float], *, has_axis: bool
) -> str:
    low, high, _ = EDGES[name]
    step = STEP.get(name, Decimal(1))
    parts, floor, marked = [], Decimal(low), y(Decimal(low)) + LEAST_GAP
    for highest, points in rows:
        # A band reaches to where the next one begins, so that no gap stands between whole numbers.
        ceiling = Decimal(high) if highest is None else min(Decimal(high), highest + step)
        if ceiling > floor:
            parts.append(
                f'<rect class="b{points}" x="{x:.1f}" y="{y(ceiling):.1f}" width="{width:.1f}"'
                f' height="{y(floor) - y(ceiling):.1f}"/>'
            )
            is_apart = marked - y(ceiling) >= LEAST_GAP
            if has_axis and highest is not None and highest + step < high and is_apart:
                marked = y(ceiling)
                mark = formatting.number(highest + step)
                parts.append(f'<text class="ax e" x="{LEFT - 5}" y="{y(ceiling) + 4:.1f}">{mark}</text>')
        floor = max(floor, ceiling)
    return "".join(parts)


def _points(grid: Grid, name: str, y: Callable[[Decimal], float], top: float, height: float) -> str:
    parts = []
    for first, second in pairwise(range(len(grid.columns))):
        one, two = grid.columns[first], grid.columns[second]
        a, b = one.values[name], two.values[name]
        if a is None or b is None or name == "blood_pressure" or (name == "spo2" and one.scale != two.scale):
            continue
        parts.append(
            f'<path class="ln" d="M{grid.x(first):.1f} {y(a):.1f}L{grid.x(second):.1f} {y(b):.1f}"/>'
        )
    for index, column in enumerate(grid.columns):
        value = column.values[name]
        if value is None:
            continue
        x, at = grid.x(index), y(value)
        if name == "blood_pressure" and column.lower_pressure is not None:
            parts.append(_arrows(x, at, y(column.lower_pressure)))
        else:
            parts.append(f'<circle class="pt" cx="{x:.1f}" cy="{at:.1f}" r="3.5"/>')
        scored = "blood_pressure_systolic" if name == "blood_pressure" else name
        if column.points.get(scored, 0) or index == len(grid.columns) - 1:
            # Inside its lane: a figure in the next one would be read as that one's.
            above = at - 7 if at - 7 > top + 8 else at + 15
            parts.append(f'<text class="val c" x="{x:.1f}" y="{above:.1f}">{formatting.number(value)}</text>')
            if name == "blood_pressure" and column.lower_pressure is not None:
                below = min(y(column.lower_pressure) + 11, top + height - 1)
                lower = formatting.number(column.lower_pressure)
                parts.append(f'<text class="ax c" x="{x:.1f}" y="{below:.1f}">{lower}</text>')
    return "".join(parts)


def _arrows(x: float, upper: float, lower: float) -> str:
    """Systolic and diastolic: an arrow whose two heads stand at the values."""
    return (
        f'<path class="ln" d="M{x:.1f} {upper:.1f}V{lower:.1f}M{x - 4:.1f} {upper + 5:.1f}L{x:.1f} {upper:.1f}'
        f"L{x + 4:.1f} {upper + 5:.1f}M{x - 4:.1f} {lower - 5:.1f}L{x:.1f} {lower:.1f}L{x + 4:.1f}"
        f' {lower - 5:.1f}"/>'
    )


def _boxes(grid: Grid, name: str, top: float, words: Callable[[Column], str | None], scored: str) -> str:
    step = (grid.end - LEFT) / len(grid.columns)
    parts = []
    for index, column in enumerate(grid.columns):
        shown = words(column)
        points = column.points.get(scored, 0)
        parts.append(
            f'<rect class="b{points}" x="{LEFT + step * index:.1f}" y="{top:.1f}" width="{step:.1f}" height="{BOX}"/>'
        )
        parts.append(
            f'<text class="val c" x="{grid.x(index):.1f}" y="{top + 17:.1f}">{"–" if shown is None else shown}</text>'
        )
    parts += [_frame(grid, name, top), _day_lines(grid, top, BOX)]
    last = grid.columns[-1]
    if scored in last.points:
        parts.append(f'<text class="lab e" x="{grid.width}" y="{top + 17:.1f}">{last.points[scored]}</text>')
    return "".join(parts)


RISK = {"low": "n0", "low-medium": "nlm", "medium": "nm", "high": "nh"}
ON = {"nh": " on-crit", "nm": " on-dark", "nlm": " on-dark"}


def _totals(grid: Grid, top: float) -> str:
    """The total of each set; a dashed box where a set has none."""
    parts = [
        f'<path class="gr-s" d="M0 {top:.1f}H{grid.width}"/><text class="lab" x="0" y="{top + 20:.1f}">NEWS2</text>'
    ]
    for index, column in enumerate(grid.columns):
        x = grid.x(index)
        if column.total is None:
            parts.append(f'<text class="ax c" x="{x:.1f}" y="{top + 21:.1f}">n/a</text>')
            continue
        kind = RISK[column.risk or "low"]
        parts.append(
            f'<rect class="{kind}" x="{x - 13:.1f}" y="{top + 5:.1f}" width="26" height="23" rx="4"/>'
            f'<text class="nt{ON.get(kind, "")}" x="{x:.1f}" y="{top + 21:.1f}">{column.total}</text>'
        )
    return "".join(parts)
