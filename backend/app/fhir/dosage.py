"""Dosage > words as they are read on a ward: "10 mg", "twice daily", "oral" (FHIR R4 Dosage and Timing)."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.fhir.values import (
    Json,
    concept_text,
    day,
    instant,
    number,
    obj,
    objects,
    plain,
    quantity_text,
    strings,
    words,
)

UNITS_OF_TIME = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}
TIMES = {1: "once", 2: "twice"}
# EventTiming, and the v3 TimingEvent codes it takes in.
EVENTS = {
    "MORN": "in the morning", "AFT": "in the afternoon", "EVE": "in the evening", "NIGHT": "at night",
    "HS": "before sleep", "WAKE": "on waking", "PHS": "after sleep", "C": "with meals", "CM": "with breakfast",
    "CD": "with lunch", "CV": "with supper", "AC": "before meals", "ACM": "before breakfast", "ACD": "before lunch",
    "ACV": "before supper", "PC": "after meals", "PCM": "after breakfast", "PCD": "after lunch",
    "PCV": "after supper",
}  # fmt: skip
TAKEN = frozenset({
    "sequence", "text", "additionalInstruction", "patientInstruction", "timing", "asNeededBoolean",
    "asNeededCodeableConcept", "route", "doseAndRate",
})  # fmt: skip
REPEAT_TAKEN = frozenset(
    {"frequency", "period", "periodUnit", "when", "boundsPeriod", "timeOfDay", "dayOfWeek"}
)
LARGEST_DOSE = Decimal("99999999")


def read_dosage(value: Any, zone: ZoneInfo) -> tuple[Json, bool]:
    """(the columns of a prescription, whether they say all that the instructions said)."""
    listed = objects(value)
    first: Json = listed[0] if listed else {}
    doses = objects(first.get("doseAndRate"))
    quantity = obj(obj(doses[0] if doses else {}).get("doseQuantity"))
    dose_value, dose_unit = (
        number(quantity.get("value")),
        words(quantity.get("unit")) or words(quantity.get("code")),
    )
    structured = (
        dose_value is not None
        and dose_unit is not None
        and 0 < dose_value <= LARGEST_DOSE
        and round(dose_value, 4) == dose_value
    )
    repeat = obj(obj(first.get("timing")).get("repeat"))
    bounds = obj(repeat.get("boundsPeriod"))
    ends_at = instant(bounds.get("end"), zone)
    needed_for = concept_text(first.get("asNeededCodeableConcept"))
    columns: Json = {
        "dosage": _dose(doses[0]) if doses else None,
        "frequency": _frequency(first.get("timing")),
        "route": concept_text(first.get("route")),
        "dose_value": dose_value if structured else None,
        "dose_unit": dose_unit if structured else None,
        "as_needed": first.get("asNeededBoolean") is True or needed_for is not None,
        "as_needed_reason": needed_for,
        "instructions": _instructions(listed),
        "end_date": ends_at.astimezone(zone).date() if ends_at else day(bounds.get("end")),
    }
    said_all = (
        len(listed) <= 1
        and len(doses) <= 1
        and set(first) <= TAKEN
        and set(obj(first.get("timing"))) <= {"repeat", "code"}
        and set(repeat) <= REPEAT_TAKEN
        and not set(obj(doses[0] if doses else {})) - {"type", "doseQuantity", "doseRange"}
    )
    return columns, said_all


def _dose(dose: Json) -> str | None:
    """A bare number says so itself: "1 (unit not given)" must not be read as a unit of insulin."""
    quantity = obj(dose.get("doseQuantity"))
    if quantity:
        text = quantity_text(quantity)
        return (
            text
            if text is None or quantity.get("unit") or quantity.get("code")
            else f"{text} (unit not given)"
        )
    low, high = (quantity_text(obj(dose.get("doseRange")).get(end)) for end in ("low", "high"))
    return f"{low} to {high}" if low and high else low or high


def _frequency(timing: Any) -> str | None:
    found = obj(timing)
    repeat = obj(found.get("repeat"))
    parts = [_every(repeat)]
    parts += [EVENTS[event] for event in strings(repeat.get("when")) if event in EVENTS]
    if moments := strings(repeat.get("timeOfDay")):
        parts.append("at " + ", ".join(moment[:5] for moment in moments))
    if days := strings(repeat.get("dayOfWeek")):
        parts.append("on " + ", ".join(days))
    return " ".join(filter(None, parts)) or concept_text(found.get("code"))


def _every(repeat: Json) -> str | None:
    """
    >>> _every({"frequency": 2, "period": 1, "periodUnit": "d"})
    'twice daily'
    >>> _every({"frequency": 1, "period": 6, "periodUnit": "h"})
    'every 6 hours'
    """
    period, unit = number(repeat.get("period")), UNITS_OF_TIME.get(words(repeat.get("periodUnit")) or "")
    if period is None or unit is None:
        return None
    frequency = number(repeat.get("frequency"))
    times = 1 if frequency is None else frequency
    often = (
        TIMES.get(int(times), f"{plain(Decimal(times))} times") if times == int(times) else f"{times} times"
    )
    if period == 1 and unit == "day":
        return f"{often} daily"
    span = f"every {unit}" if period == 1 else f"every {plain(period)} {unit}s"
    return span if times == 1 else f"{often} {span}"


def _instructions(listed: list[Json]) -> str | None:
    texts = [
        text
        for one in listed
        for text in (
            words(one.get("text")),
            words(one.get("patientInstruction")),
            *(concept_text(extra) for extra in objects(one.get("additionalInstruction"))),
        )
        if text
    ]
    return "\n".join(dict.fromkeys(texts)) or None
