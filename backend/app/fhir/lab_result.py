"""One laboratory Observation as results: its own value, and each of its components."""

from decimal import Decimal
from typing import Any

from app.fhir.plan import Plan, more_than
from app.fhir.values import (
    Json,
    code,
    codes_of,
    concept_text,
    first_coding,
    first_instant,
    number,
    obj,
    objects,
    plain,
    quantity_text,
    words,
)
from app.models.lab_test import Comparator, Interpretation, ResultStatus

R = ResultStatus
STATUS = {
    "final": R.FINAL, "amended": R.CORRECTED, "corrected": R.CORRECTED, "preliminary": R.PRELIMINARY,
    "registered": R.PRELIMINARY, "entered-in-error": R.ENTERED_IN_ERROR,
}  # fmt: skip
WHEN = ("effectiveDateTime", "effectivePeriod", "effectiveInstant")
VALUES = (
    "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "valueInteger", "valueRange",
    "valueRatio", "valueTime", "valueDateTime",
)  # fmt: skip
TAKEN = frozenset({
    "category", "code", "subject", "encounter", *WHEN, "issued", "performer", *VALUES, "interpretation", "note",
    "referenceRange", "component", "hasMember", "basedOn",
})  # fmt: skip

RANGE_TAKEN = frozenset({"low", "high", "text", "type", "appliesTo"})


def is_void(resource: Json) -> bool:
    """Whether the Observation says itself that there is no value."""
    return words(resource.get("status")) == "cancelled" or bool(resource.get("dataAbsentReason"))


def read_results(plan: Plan, resource: Json) -> list[Json]:
    """The columns of lab_results, one dict for each value; none for an Observation without one."""
    if words(resource.get("status")) == "cancelled":
        return []
    performers = (plan.doctor(performer) for performer in objects(resource.get("performer")))
    common: Json = {
        "status": STATUS.get(words(resource.get("status")) or "", R.PRELIMINARY),
        "observed_at": first_instant(resource, (*WHEN, "issued"), plan.to.zone),
        "resulted_by_id": next(filter(None, performers), None),
        "note": "\n".join(filter(None, (words(note.get("text")) for note in objects(resource.get("note")))))
        or None,
    }
    parts = (resource, *objects(resource.get("component")))
    return [{**common, **columns} for part in parts if (columns := _columns(part)) is not None]


def left_out(resource: Json, results: list[Json]) -> bool:
    """Whether the results say less than the Observation."""
    parts = (resource, *objects(resource.get("component")))
    values = sum(any(name in part for name in VALUES) for part in parts)
    return (
        more_than(resource, TAKEN)
        or values != len(results)
        or any(more_than(part, TAKEN) or not _is_whole(part) for part in parts)
    )


def _is_whole(part: Json) -> bool:
    flags = [one for concept in objects(part.get("interpretation")) for one in codes_of(concept)]
    ranges = objects(part.get("referenceRange"))
    quantity = obj(part.get("valueQuantity"))
    comparator = words(quantity.get("comparator"))
    return (
        len(flags) == len([flag for flag in flags if flag in set(Interpretation)]) <= 1
        and len(ranges) <= 1
        and all(set(one) <= RANGE_TAKEN and _bounds(part) != (None, None, None) for one in ranges)
        and (comparator is None or comparator in set(Comparator))
    )


def _columns(part: Json) -> Json | None:
    value = _value(part)
    if value is None:
        return None
    system, found = first_coding(part.get("code"))
    low, high, text = _bounds(part)
    flags = [one for concept in objects(part.get("interpretation")) for one in codes_of(concept)]
    return {
        "name": concept_text(part.get("code")) or "Unnamed result",
        "code_system": system,
        "code": found,
        "value_numeric": None,
        "comparator": None,
        "value_text": None,
        "value_code": None,
        "unit": None,
        **value,
        "reference_low": low,
        "reference_high": high,
        "reference_text": text,
        "interpretation": next((flag for flag in flags if flag in set(Interpretation)), None),
    }


def _value(part: Json) -> Json | None:
    quantity = obj(part.get("valueQuantity"))
    measured = number(quantity.get("value"))
    comparator = words(quantity.get("comparator"))
    if measured is not None and (comparator is None or comparator in set(Comparator)):
        return {"value_numeric": measured, "comparator": comparator, "unit": _unit(quantity)}
    counted = number(part.get("valueInteger"))
    if counted is not None:
        return {"value_numeric": counted}
    concept = part.get("valueCodeableConcept")
    if (text := concept_text(concept)) is not None:
        return {"value_text": text, "value_code": first_coding(concept)[1]}
    if isinstance(part.get("valueBoolean"), bool):
        return {"value_text": "yes" if part["valueBoolean"] else "no"}
    worded = (
        quantity_text(quantity),
        words(part.get("valueString")),
        _range_text(part.get("valueRange")),
        _ratio_text(part.get("valueRatio")),
        words(part.get("valueTime")),
        words(part.get("valueDateTime")),
    )
    text = next(filter(None, worded), None)
    return None if text is None else {"value_text": text}


def _unit(quantity: Json) -> str | None:
    return code(quantity.get("code")) or code(quantity.get("unit"))


def _range_text(value: Any) -> str | None:
    low, high = (quantity_text(obj(value).get(end)) for end in ("low", "high"))
    return (
        f"{low} to {high}" if low and high else (f"from {low}" if low else f"up to {high}" if high else None)
    )


def _ratio_text(value: Any) -> str | None:
    """A titre is read 1:40."""
    parts = [number(obj(obj(value).get(name)).get("value")) for name in ("numerator", "denominator")]
    return None if None in parts else ":".join(plain(part) for part in parts if part is not None)


def _bounds(part: Json) -> tuple[Decimal | None, Decimal | None, str | None]:
    """(low, high, in words) of the first reference range. Bounds in another unit than the value's, or in the wrong
    order, are words: as numbers they would set a wrong flag."""
    found: Json = next(iter(objects(part.get("referenceRange"))), {})
    ends = [obj(found.get("low")), obj(found.get("high"))]
    low, high = (number(end.get("value")) for end in ends)
    unit = _unit(obj(part.get("valueQuantity")))
    other_unit = any(_unit(end) not in (None, unit) for end in ends)
    if other_unit or (low is not None and high is not None and low > high):
        return None, None, words(found.get("text")) or _range_text(found)
    return low, high, words(found.get("text"))
