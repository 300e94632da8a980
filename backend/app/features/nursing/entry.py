"""The entry row of a set: what people type into it, read as the act takes it, and told back beside its field."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import ValidationError

from app.core.errors import SAID, Invalid
from app.features.nursing import schemas
from app.features.nursing.bounds import read_signs
from app.web import formatting
from app.web.forms import Form

M = TypeVar("M", bound=schemas.VitalsIn)
# In the order of the NEWS2 chart; then what is measured now and then.
FIELDS = (
    "respiratory_rate", "spo2", "oxygen", "blood_pressure", "heart_rate", "consciousness", "temperature",
    "weight", "height", "pain", "taken_at", "notes", "reason",
)  # fmt: skip
NUMBERS = ("respiratory_rate", "spo2", "heart_rate", "weight", "height", "pain")
LABELS = {
    "respiratory_rate": "Respiration",
    "spo2": "SpO₂",
    "oxygen": "Oxygen",
    "blood_pressure": "Blood pressure",
    "heart_rate": "Pulse",
    "consciousness": "Consciousness",
    "temperature": "Temperature",
    "weight": "Weight",
    "height": "Height",
    "pain": "Pain",
    "taken_at": "Taken at",
    "notes": "Remarks",
    "reason": "Reason",
}
# Field of the act > field of the row.
SHOWN_AT = {
    "blood_pressure_systolic": "blood_pressure",
    "blood_pressure_diastolic": "blood_pressure",
    "supplemental_oxygen": "oxygen",
    "oxygen_flow_lpm": "oxygen",
    "fio2_percent": "oxygen",
    "recorded_at": "taken_at",
}
LEVELS = (("A", "Alert"), ("C", "Confused"), ("V", "Voice"), ("P", "Pain"), ("U", "Unresp."))


class Unread(Exception):
    """What stands in a field is not what it takes."""


def read_number(words: str) -> Decimal:
    """`37,2` and `37.2`; raises Unread."""
    try:
        value = Decimal(words.replace(",", ".").strip())
    except InvalidOperation:
        raise Unread("needs a number") from None
    if not value.is_finite() or abs(value) > 100_000:
        raise Unread("needs a number")
    return value


def read_pressure(words: str) -> dict[str, Any]:
    """`102/58`, also with a blank or a dash between."""
    match = re.fullmatch(r"(\d{1,3})\s*(?:/|-|\s)\s*(\d{1,3})", words)
    if match is None:
        raise Unread("needs both pressures, such as 120/80")
    return {
        "blood_pressure_systolic": Decimal(match[1]),
        "blood_pressure_diastolic": Decimal(match[2]),
    }


def read_oxygen(words: str) -> dict[str, Any]:
    """`air`; `4` or `4 L` a minute; `28 %`."""
    plain = words.casefold().replace(" ", "")
    if plain in ("air", "a", "ra", "0", "0l", "21%"):
        return {"supplemental_oxygen": False}
    if plain in ("oxygen", "o2", "yes"):
        return {"supplemental_oxygen": True}
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?)(l|l/min|%)?", plain)
    if match is None:
        raise Unread("needs air, litres a minute such as 4, or a share such as 28 %")
    name = "fio2_percent" if match[2] == "%" else "oxygen_flow_lpm"
    return {"supplemental_oxygen": True, name: read_number(match[1])}


def read_temperature(words: str) -> dict[str, Any]:
    """`38.6`, or with its unit `98.6 F`."""
    match = re.fullmatch(r"(.+?)\s*°?\s*([CcFf])?", words)
    value = read_number(match[1] if match else words)
    unit = "[degF]" if match and match[2] and match[2] in "Ff" else "Cel"
    return {"temperature": value, "temperature_unit": unit}


def read_taken(words: str, timezone: str | None, now: datetime) -> datetime:
    """A clock time of today, or day and time, in the hospital's zone."""
    here = formatting.local(now, timezone)
    clock = re.fullmatch(r"(\d{1,2})[:.](\d{2})", words)
    try:
        if clock:
            return here.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return datetime.fromisoformat(words).replace(tzinfo=formatting.zone(timezone))
    except ValueError:
        raise Unread("needs a time such as 10:42") from None


def read_set(
    form: Form, model: type[M], confirmed: Sequence[str], timezone: str | None, now: datetime
) -> M | None:
    """What the act takes; None where a field cannot be read, which `form` then tells."""
    given: dict[str, Any] = {}
    readers = {
        "blood_pressure": read_pressure,
        "oxygen": read_oxygen,
        "temperature": read_temperature,
        "taken_at": lambda words: {"recorded_at": read_taken(words, timezone, now)},
        **{name: _reader(name) for name in NUMBERS},
    }
    for name in FIELDS:
        words = form.values.get(name, "")
        if not words:
            continue
        try:
            given |= readers[name](words) if name in readers else {name: words}
        except Unread as wrong:
            form.errors[name] = f"{LABELS[name]} {wrong}."
    given["confirmed"] = [name for name in confirmed if name in schemas.SIGNS]
    made = _made(form, model, given)
    if made is not None and form.errors:
        _also_tell(form, read_signs(dict(made))[1])
    in_order(form)
    if form.errors:
        form.status_code = 422
        return None
    return made


def _reader(name: str) -> Any:
    return lambda words: {name: read_number(words)}


def _made(form: Form, model: type[M], given: Mapping[str, Any]) -> M | None:
    try:
        return model.model_validate(given)
    except ValidationError as wrong:
        for each in wrong.errors():
            name = str(each["loc"][0]) if each["loc"] else ""
            shown = SHOWN_AT.get(name, name)
            said = each["msg"] if each["type"] == SAID else None
            form.errors.setdefault(
                shown, said or f"{LABELS.get(shown, 'Something')} is needed or cannot be read."
            )
        return None


def _also_tell(form: Form, wrong: Mapping[str, str]) -> None:
    """Beside the fields that cannot be read, those that can be read and not be true."""
    for sign, sentence in wrong.items():
        form.errors.setdefault(SHOWN_AT.get(sign, sign), sentence)


def in_order(form: Form) -> None:
    """The errors in the order of the row."""
    form.errors = {name: form.errors[name] for name in (*FIELDS, "") if name in form.errors} | form.errors


def tell(form: Form, error: Invalid) -> list[str]:
    """Puts what the act refused beside the fields of the row; returns the signs that only need a "Yes, it is right"."""
    named = error.errors or ([{"field": error.field, "sentence": error.sentence}] if error.field else ())
    for each in named:
        shown = SHOWN_AT.get(each["field"], each["field"])
        before = form.errors.get(shown)
        form.errors[shown] = f"{before} {each['sentence']}" if before else each["sentence"]
    if not named:
        form.errors[""] = error.sentence
    in_order(form)
    form.status_code = 422
    return [each["field"] for each in named] if error.code == "confirm-needed" else []


def filled_from(item: schemas.VitalsOut, timezone: str | None) -> dict[str, str]:
    """The row as it would have been typed for a set that is there, to be amended."""
    values = {
        name: _typed(getattr(item, name)) for name in (*NUMBERS, "consciousness", "temperature", "notes")
    }
    if item.blood_pressure_systolic is not None:
        values["blood_pressure"] = f"{item.blood_pressure_systolic}/{item.blood_pressure_diastolic}"
    if item.supplemental_oxygen is not None:
        values["oxygen"] = _oxygen(item)
    here = formatting.local(item.recorded_at, timezone)
    values["taken_at"] = here.strftime("%Y-%m-%dT%H:%M")
    return {**dict.fromkeys(FIELDS, ""), **values}


def _typed(value: object) -> str:
    if value is None:
        return ""
    return formatting.number(value).replace(",", "") if isinstance(value, Decimal) else str(value)


def _oxygen(item: schemas.VitalsOut) -> str:
    if not item.supplemental_oxygen:
        return "air"
    if item.oxygen_flow_lpm:
        return _typed(item.oxygen_flow_lpm)
    return f"{item.fio2_percent} %" if item.fio2_percent else "oxygen"


def empty_row() -> Form:
    return Form(dict.fromkeys(FIELDS, ""))
