"""Reading FHIR elements from JSON that may be anything: what has the wrong shape is None, never an error.

FHIR R4 4.0.1, datatypes: https://hl7.org/fhir/R4/datatypes.html"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

LOINC = ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1")
SNOMED = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96")

# Text in an indexed column: an index row of PostgreSQL holds 2,700 bytes.
INDEXED_LENGTH = 250

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::(\d{2})(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?")


def obj(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Json]:
    """The objects of a list; one that stands alone where a list belongs counts as a list of one."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def words(value: Any) -> str | None:
    """A string with something in it, without the blanks around."""
    return value.strip() or None if isinstance(value, str) else None


def strings(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [word for word in map(words, listed) if word is not None]


def code(value: Any) -> str | None:
    """A code as it is kept in an indexed column; None where it is longer than any code."""
    found = words(value)
    return found if found is not None and len(found) <= INDEXED_LENGTH else None


def clipped(value: str | None) -> str | None:
    return None if value is None else value[:INDEXED_LENGTH].strip() or None


def number(value: Any) -> Decimal | None:
    """A JSON number; text is none, and neither is true."""
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None


def codings(concept: Any) -> list[Json]:
    """The codings of a CodeableConcept; a Coding where a concept belongs counts as its one coding."""
    found = obj(concept)
    return [found] if "code" in found and "coding" not in found else objects(found.get("coding"))


def concept_text(concept: Any) -> str | None:
    """How a CodeableConcept is read: its text, else a display, else a code."""
    listed = codings(concept)
    return (
        words(obj(concept).get("text"))
        or next(filter(None, (words(coding.get("display")) for coding in listed)), None)
        or next(filter(None, (words(coding.get("code")) for coding in listed)), None)
    )


def codes_of(concept: Any, systems: Iterable[str] = ()) -> list[str]:
    """The codes of a concept, of these systems where any are named."""
    wanted = tuple(systems)
    return [
        found
        for coding in codings(concept)
        if (found := words(coding.get("code"))) and (not wanted or coding.get("system") in wanted)
    ]


def first_coding(concept: Any) -> tuple[str | None, str | None]:
    """(system, code) of the first coding that has a code short enough to be one; LOINC first."""
    found = [coding for coding in codings(concept) if code(coding.get("code"))]
    found.sort(key=lambda coding: coding.get("system") not in LOINC)
    return (code(found[0].get("system")), code(found[0].get("code"))) if found else (None, None)


def day(value: Any) -> date | None:
    """A whole calendar day; "1980" and "1980-05" are none, since a made-up day would be taken for the true one."""
    found = words(value)
    if found is None or not _DAY.match(found):
        return None
    try:
        return date.fromisoformat(found[:10])
    except ValueError:
        return None


def instant(value: Any, zone: ZoneInfo) -> datetime | None:
    """A dateTime as an instant. Without an offset it is the hospital's time, a bare day its first moment; a year or
    a month is no instant."""
    found = words(value)
    if found is None:
        return None
    if _DAY.fullmatch(found):
        found += "T00:00:00"
    match = _INSTANT.fullmatch(found)
    if match is None:
        return None
    on, at, second, fraction, offset = match.groups()
    leap = second == "60"
    text = f"{on}T{at}:{'59' if leap else second or '00'}{(fraction or '')[:7]}{offset or ''}"
    try:
        read = datetime.fromisoformat(text)
        return (read if offset else read.replace(tzinfo=zone)).astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        return None


def first_instant(resource: Mapping[str, Any], names: Iterable[str], zone: ZoneInfo) -> datetime | None:
    """The first of these elements that is an instant; of a Period its start."""
    for name in names:
        value = resource.get(name)
        found = instant(value.get("start") if isinstance(value, dict) else value, zone)
        if found is not None:
            return found
    return None


def plain(value: Decimal) -> str:
    """A number as people write it: 10, not 1E+1 or 10.0.

    >>> plain(Decimal("10.50")), plain(Decimal("1E+2"))
    ('10.5', '100')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity_text(quantity: Any) -> str | None:
    """A Quantity as it is read: "< 5 mg"."""
    found = obj(quantity)
    value = number(found.get("value"))
    if value is None:
        return None
    unit = words(found.get("unit")) or words(found.get("code"))
    return " ".join(filter(None, (words(found.get("comparator")), plain(value), unit)))
