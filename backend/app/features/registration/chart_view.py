"""From a chart to what its page shows: lanes of the plot, rows of its table, words for the counts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from markupsafe import Markup

from app.access.actor import Actor
from app.access.permissions import Permission
from app.clinical.vital_ranges import ADULT_FROM_DAYS, normal_band
from app.core import clock
from app.features.registration import schemas
from app.features.registration.queries import OpenedChart
from app.features.registration.rules import record_title
from app.features.registration.schemas import SECTIONS, Section
from app.web import formatting, plots

TITLES: dict[Section, str] = {
    "vitals": "Observations",
    "lab_tests": "Results",
    "prescriptions": "Medicines",
    "visits": "Visits",
    "records": "Other records",
}
LEFT: tuple[Section, ...] = ("vitals", "visits", "records")
RIGHT: tuple[Section, ...] = ("lab_tests", "prescriptions")
SPOKEN_FLAGS = {
    "L": "low",
    "H": "high",
    "LL": "critically low",
    "HH": "critically high",
    "A": "abnormal",
    "AA": "critically abnormal",
}
# Sign, what it is called, unit, and the least span its lane shows, so that small changes stay small.
SIGNS = (
    ("respiratory_rate", "Respiration", "/min", 12),
    ("spo2", "SpO₂", "%", 10),
    ("blood_pressure_systolic", "Blood pressure", "mmHg", 60),
    ("heart_rate", "Pulse", "/min", 40),
    ("temperature", "Temperature", "°C", 3),
    ("weight", "Weight", "kg", 10),
    ("height", "Height", "cm", 10),
    ("bmi", "BMI", "kg/m²", 6),
    ("pain", "Pain", "of 10", 10),
)


# As many measurements of a sign as a phone can tell apart.
ON_PHONE = 24


@dataclass(frozen=True)
class Cell:
    words: str
    side: int


def chart_context(
    actor: Actor,
    opened: OpenedChart,
    *,
    section: Section | None = None,
    record_type: str | None = None,
    cursor: str | None = None,
    base: str = "/patients",
) -> dict[str, Any]:
    """All that the chart's templates read; `base` is where this reader finds charts."""
    chart, timezone = opened.chart, opened.timezone
    today = formatting.local(clock.now(), timezone).date()
    shown = [name for name in SECTIONS if getattr(chart, name) is not None and section in (None, name)]
    left: list[str] = [name for name in LEFT if name in shown]
    right: list[str] = [name for name in RIGHT if name in shown]
    if actor.can(Permission.PATIENT_UPDATE) and section is None:
        left.insert(0, "details")
    href = f"{base}/{chart.patient.id}"
    older = Older(chart, section, record_type, href)
    context: dict[str, Any] = {
        "chart": chart,
        "observed_visit": _observed_visit(actor, chart),
        "banner": opened.banner,
        "chart_href": href,
        "today": today,
        "timezone": timezone,
        "tabs": _tabs(chart, [*left, *right]) if section is None else [],
        "left": left,
        "right": right,
        "section_shown": section,
        "section_title": TITLES[section] if section else "",
        "record_type": record_type,
        "is_older": cursor is not None,
        "spoken_flags": SPOKEN_FLAGS,
        "emergency_until": opened.emergency_until,
        "minutes_left": _minutes_until(opened.emergency_until),
        "older_link": older.link,
        "older_count": older.count,
        "range_bar": range_bar,
        "reference_words": reference_words,
        "drug_name": drug_name,
        "record_title": lambda record: record_title(record.data),
        "pretty": lambda record: json.dumps(record.data, indent=2, ensure_ascii=False),
        "has_our_flags": any(
            result.flag_by == "hass" for test in chart.lab_tests or [] for result in test.results
        ),
        "medicine_words": medicine_words(chart, section),
    }
    if chart.vitals is not None:
        context |= vitals_context(chart, timezone, today)
    return context


def _observed_visit(actor: Actor, chart: schemas.ChartOut) -> UUID | None:
    """The open visit whose observations the reader may record."""
    if not actor.can(Permission.VITALS_RECORD):
        return None
    return next((visit.id for visit in chart.visits or [] if visit.is_open), None)


def _minutes_until(end: datetime | None) -> int:
    """Whole minutes, rounded up, so that the last one is not shown as none."""
    return 0 if end is None else max(0, -int((clock.now() - end).total_seconds() // 60))


def _tabs(chart: schemas.ChartOut, shown: Sequence[str]) -> list[dict[str, Any]]:
    tabs: list[dict[str, Any]] = []
    if "details" in shown:
        tabs.append({"key": "details", "title": "Contact", "count": None})
    return tabs + [
        {"key": name, "title": title, "count": chart.totals.get(name)}
        for name, title in TITLES.items()
        if name in shown
    ]


@dataclass(frozen=True)
class Older:
    """Where the rows before the last one shown are."""

    chart: schemas.ChartOut
    section: Section | None
    record_type: str | None
    href: str

    def link(self, name: Section) -> str | None:
        cursor = self.chart.older.get(name)
        if cursor is None:
            return None
        kind = f"&record_type={quote(self.record_type)}" if self.record_type and name == "records" else ""
        return f"{self.href}/{name}?cursor={cursor}{kind}"

    def count(self, name: Section) -> str:
        """`10 of 1,000`, where the whole number is known."""
        rows, total = getattr(self.chart, name) or [], self.chart.totals.get(name)
        if total is None or total <= len(rows) or self.section is not None:
            return ""
        return f"{formatting.number(len(rows))} of {formatting.number(total)} shown"


def vitals_context(chart: schemas.ChartOut, timezone: str, today: Any) -> dict[str, Any]:
    rows = chart.vitals or []
    born = chart.patient.date_of_birth
    # Without a birth date the adult bands are shown: an emergency's unknown patient is mostly grown up.
    age_days = ADULT_FROM_DAYS if born is None else ((chart.patient.deceased_on or today) - born).days
    lanes = lanes_of(rows, age_days, chart.patient.spo2_scale)
    drawn = [lane for lane in lanes if lane.points]
    plotted = [lane for lane in drawn if plots.is_drawn(lane)]
    return {
        "plot": plots.vitals_plot(lanes, timezone),
        "plot_narrow": plots.vitals_plot(
            [plots.newest(lane, ON_PHONE) for lane in lanes], timezone, plots.NARROW
        ),
        "has_bands": any(lane.band is not None for lane in plotted),
        "has_bmi": any(lane.key == "bmi" and lane.band is not None for lane in plotted),
        "single_words": Markup(", ").join(once(lane, timezone) for lane in drawn if lane not in plotted),
        "under_16": born is not None and age_days < ADULT_FROM_DAYS,
        "table_lanes": drawn,
        "table_rows": table_rows(rows, drawn),
        "span_words": span_words(rows, timezone),
    }


def once(lane: plots.Lane, timezone: str) -> Markup:
    """`weight 84 kg (20-Nov-2026)`: a sign that was measured once."""
    point = lane.points[0]
    words = plots.pair(point)
    name = formatting.in_sentence(lane.label)
    return Markup('{} <span class="ltr nowrap">{} {}</span> ({})').format(
        name, words, lane.unit, formatting.time_tag(point.at, timezone, "day")
    )


def lanes_of(rows: Sequence[schemas.VitalsOut], age_days: int, spo2_scale: int) -> list[plots.Lane]:
    """The plotted signs, each with its measurements from the oldest to the newest."""
    lanes = []
    for key, label, unit, span in SIGNS:
        points = [
            plots.Point(row.recorded_at, Decimal(value), _decimal(lower_of(key)(row)))
            for row in reversed(rows)
            if (value := getattr(row, key)) is not None
        ]
        name = f"{label}, scale 2" if key == "spo2" and spo2_scale == 2 else label
        lanes.append(
            plots.Lane(key, name, unit, points, normal_band(key, age_days, spo2_scale), Decimal(span))
        )
    return lanes


def lower_of(key: str) -> Callable[[schemas.VitalsOut], int | None]:
    return lambda row: row.blood_pressure_diastolic if key == "blood_pressure_systolic" else None


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def table_rows(rows: Sequence[schemas.VitalsOut], lanes: Sequence[plots.Lane]) -> list[dict[str, Any]]:
    """The same as the plot, for whoever reads or hears a table; the newest sets, at most sixty."""
    return [{"at": row.recorded_at, "cells": [_cell(row, lane) for lane in lanes]} for row in rows[:60]]


def _cell(row: schemas.VitalsOut, lane: plots.Lane) -> Cell | None:
    value = getattr(row, lane.key)
    if value is None:
        return None
    side = lane.band.side(Decimal(value)) if lane.band else 0
    point = plots.Point(row.recorded_at, Decimal(value), _decimal(lower_of(lane.key)(row)))
    return Cell(plots.pair(point), side)


def span_words(rows: Sequence[schemas.VitalsOut], timezone: str) -> Markup:
    if not rows:
        return Markup("")
    first, last = rows[-1].recorded_at, rows[0].recorded_at
    sets = "1 set" if len(rows) == 1 else f"{len(rows)} sets"
    if first == last:
        return Markup("{}, {}").format(sets, formatting.time_tag(last, timezone))
    form = "instant" if (last - first).days < 2 else "day"
    begun, ended = (formatting.time_tag(each, timezone, form) for each in (first, last))
    return Markup("{}, {} to {}").format(sets, begun, ended)


def interval_of(result: schemas.LabResultOut) -> tuple[Decimal | None, Decimal | None]:
    """The laboratory's interval, else the one of our table."""
    if result.reference_low is None and result.reference_high is None:
        return result.usual_low, result.usual_high
    return result.reference_low, result.reference_high


def reference_words(result: schemas.LabResultOut) -> str | None:
    low, high = interval_of(result)
    if low is not None and high is not None:
        return f"{formatting.number(low)}–{formatting.number(high)}"
    if low is not None:
        return f"from {formatting.number(low)}"
    if high is not None:
        return f"up to {formatting.number(high)}"
    return result.reference_text


def range_bar(result: schemas.LabResultOut) -> Markup:
    """The value on a line with its reference interval; nothing where a number is missing."""
    (low, high), value = interval_of(result), result.value_numeric
    if value is None or low is None or high is None or high <= low:
        return Markup("")
    span = float(high - low)
    first, last = float(low) - span * 0.6, float(high) + span * 0.6

    def x(number: float) -> float:
        return 4 + 88 * min(1.0, max(0.0, (number - first) / (last - first)))

    letters = result.flag or ""
    kind = "HH" if letters in ("HH", "LL", "AA") else "H" if letters in ("H", "L", "A") else ""
    return Markup(
        '<svg class="range" viewBox="0 0 96 14" width="96" height="14" aria-hidden="true">'
        '<rect class="base" x="0" y="5" width="96" height="4" rx="2"/>'
        '<rect class="norm" x="{:.1f}" y="4" width="{:.1f}" height="6" rx="2"/>'
        '<circle class="dot {}" cx="{:.1f}" cy="7" r="4"/></svg>'
    ).format(x(float(low)), x(float(high)) - x(float(low)), kind, x(float(value)))


# Units as they are written on a medication line, in full where an abbreviation has killed (NHS CUI, MEDi-022).
DRUG_WORDS = {
    "ml": "mL",
    "unt": "units",
    "iu": "units",
    "mcg": "micrograms",
    "ug": "micrograms",
    "hr": "hour",
}


def drug_name(name: str) -> str:
    """Drugs in lower case, a brand in capitals, a name like B12 as it is."""
    return " ".join(_drug_word(word) for word in name.split())


def _drug_word(word: str) -> str:
    if word.startswith("[") or word.endswith("]"):
        return word.upper()
    if any(letter.isdigit() for letter in word) and any(letter.isalpha() for letter in word):
        return word
    plain = word.lower()
    return "/".join(DRUG_WORDS.get(part, part) for part in plain.split("/"))


def medicine_words(chart: schemas.ChartOut, section: Section | None) -> str:
    rows = chart.prescriptions
    if not rows or section is not None:
        return ""
    active = sum(1 for row in rows if row.is_current)
    if active == len(rows) and "prescriptions" in chart.older:
        return f"{active} or more active"
    return f"{active} active" if active else "none active"
