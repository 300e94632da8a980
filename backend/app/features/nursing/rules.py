"""What a set of vital signs must be, and what it says: bounds, score, due time, call (domain 5.5). No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.clinical.news2 import PARAMETERS, RED, News2, Signs, news2
from app.clinical.news2_response import NOT_SCORED, Response, response_to
from app.clinical.units import convert, rounded
from app.clinical.vital_ranges import ADULT_FROM_DAYS, age_band, is_abnormal, usual_range
from app.core.errors import Conflict, Invalid
from app.features.nursing.schemas import VitalsIn
from app.models.vitals import RANGES, Consciousness, EscalationRisk, News2State

# Clocks of wards and servers differ; beyond this a time is a slip.
AHEAD_AT_MOST = timedelta(minutes=5)
BACK_WITHOUT_REASON = timedelta(hours=24)
# How long after its end a visit takes what was measured before (domain 5.4).
LATE_ENTRY = timedelta(hours=72)
NUMBERS = tuple(RANGES)
WORDS = {
    "temperature": ("Temperature", "°C"),
    "heart_rate": ("Pulse", "/min"),
    "blood_pressure_systolic": ("Systolic pressure", "mmHg"),
    "blood_pressure_diastolic": ("Diastolic pressure", "mmHg"),
    "respiratory_rate": ("Respiration", "/min"),
    "spo2": ("SpO₂", "%"),
    "oxygen_flow_lpm": ("Oxygen flow", "L/min"),
    "fio2_percent": ("Inspired oxygen", "%"),
    "pain": ("Pain", "of 10"),
    "weight": ("Weight", "kg"),
    "height": ("Height", "cm"),
}


@dataclass(frozen=True)
class Subject:
    """Whose signs they are, on the day of measurement."""

    born_on: date | None
    measured_on: date
    pregnant: bool
    spo2_scale: int

    @property
    def age_days(self) -> int:
        # Without a birth date the adult's chart counts: an emergency's unknown patient is mostly grown up.
        return ADULT_FROM_DAYS if self.born_on is None else max(0, (self.measured_on - self.born_on).days)

    @property
    def under_16(self) -> bool:
        return self.age_days < ADULT_FROM_DAYS

    @property
    def age_band(self) -> str | None:
        return None if self.born_on is None else age_band(self.age_days)


def number(value: Decimal | float) -> str:
    words = f"{Decimal(str(value)):f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def measured_values(given: VitalsIn, subject: Subject) -> dict[str, Any]:
    """The columns of the set, rounded half up; raises Invalid where a value cannot be, or is unusual."""
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {}
    for sign in NUMBERS:
        value = getattr(given, sign)
        if value is None:
            values[sign] = None
            continue
        if sign == "temperature" and given.temperature_unit == "[degF]":
            value = convert(sign, value, "[degF]")
        low, high = RANGES[sign]
        if Decimal(str(low)) <= value <= Decimal(str(high)):
            values[sign] = rounded(sign, value)
        else:
            wrong[sign] = _impossible(sign, value)
    wrong |= _contradictions(given, values)
    if wrong:
        raise _refusal("value-impossible", wrong)
    values["supplemental_oxygen"] = _on_oxygen(given, values)
    values["consciousness"] = None if given.consciousness is None else Consciousness(given.consciousness)
    if all(value is None for value in values.values()):
        raise Invalid("nothing-measured", "Enter at least one vital sign.")
    _ask_to_confirm(given, values, subject)
    return values


def _impossible(sign: str, value: Decimal) -> str:
    name, unit = WORDS[sign]
    low, high = RANGES[sign]
    sentence = f"{name} is {number(low)} to {number(high)} {unit}. Check the value."
    if sign == "temperature" and 68 <= value <= 113:
        celsius = rounded(sign, convert(sign, value, "[degF]") or value)
        sentence += f" {number(value)} °F is {number(celsius)} °C."
    return sentence


def _contradictions(given: VitalsIn, values: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    upper, lower = given.blood_pressure_systolic, given.blood_pressure_diastolic
    if (upper is None) != (lower is None):
        missing = "blood_pressure_systolic" if upper is None else "blood_pressure_diastolic"
        found[missing] = "Enter both blood pressures or neither."
    kept_upper, kept_lower = (
        values.get("blood_pressure_systolic"),
        values.get("blood_pressure_diastolic"),
    )
    if kept_upper is not None and kept_lower is not None and kept_lower >= kept_upper:
        found["blood_pressure_diastolic"] = "The diastolic pressure is below the systolic. Check the two."
    if given.supplemental_oxygen is False and (values.get("oxygen_flow_lpm") or 0) > 0:
        found["oxygen_flow_lpm"] = "A patient on air has no oxygen flow. Check the two."
    if given.supplemental_oxygen is False and (values.get("fio2_percent") or 21) > 21:
        found["fio2_percent"] = "A patient on air breathes 21 % oxygen. Check the two."
    return found


def _on_oxygen(given: VitalsIn, values: Mapping[str, Any]) -> bool | None:
    """A flow, or more than the 21 % of air, is oxygen given, also when nobody ticked it."""
    if (values["oxygen_flow_lpm"] or 0) > 0 or (values["fio2_percent"] or 21) > 21:
        return True
    return given.supplemental_oxygen


def _ask_to_confirm(given: VitalsIn, values: Mapping[str, Any], subject: Subject) -> None:
    unusual: dict[str, str] = {}
    for sign in NUMBERS:
        usual = usual_range(sign, subject.age_days)
        if values[sign] is None or usual is None or usual.holds(values[sign]) or sign in given.confirmed:
            continue
        name, unit = WORDS[sign]
        unusual[sign] = f"{name} {number(values[sign])} {unit} is unusual. Confirm that it is right."
    if unusual:
        raise _refusal("confirm-needed", unusual)


def _refusal(code: str, wrong: Mapping[str, str]) -> Invalid:
    errors = [{"field": name, "sentence": sentence} for name, sentence in wrong.items()]
    return Invalid(code, " ".join(wrong.values()), errors=errors)


def measured_at(given: VitalsIn, now: datetime) -> datetime:
    """When it was measured; raises Invalid for the future, and for long ago without a reason."""
    at = given.recorded_at or now
    if at > now + AHEAD_AT_MOST:
        raise Invalid(
            "time-in-future", "A set cannot be measured in the future. Check the time.", field="recorded_at"
        )
    if at < now - BACK_WITHOUT_REASON and given.reason is None:
        raise Invalid(
            "late-reason-needed",
            "Say why it is entered more than 24 hours after it was measured.",
            field="reason",
        )
    return at


def require_same_scale(given: VitalsIn, subject: Subject) -> None:
    if given.spo2_scale not in (None, subject.spo2_scale):
        raise Conflict(
            "scale-differs",
            f"This patient is measured on SpO₂ scale {subject.spo2_scale}. Only a doctor changes the scale.",
        )


@dataclass(frozen=True)
class Judged:
    """What a set says."""

    score: News2
    state: News2State
    age_band: str | None

    @property
    def is_scored(self) -> bool:
        return self.state in (News2State.COMPLETE, News2State.INCOMPLETE)

    @property
    def total(self) -> int | None:
        return self.score.total if self.state is News2State.COMPLETE else None

    @property
    def red(self) -> bool | None:
        return bool(self.score.red) if self.is_scored else None

    @property
    def risk(self) -> str | None:
        return self.score.risk if self.state is News2State.COMPLETE else None

    @property
    def response(self) -> Response:
        return response_to(self.total, red=bool(self.red)) if self.is_scored else NOT_SCORED

    @property
    def calls_for(self) -> EscalationRisk | None:
        """Whether somebody must come: from 5, and for a single 3, also in an incomplete set."""
        if self.risk in ("high", "medium"):
            return EscalationRisk(self.risk)
        return EscalationRisk.LOW_MEDIUM if self.red else None

    def columns(self, recorded_at: datetime) -> dict[str, Any]:
        return {
            "news2_total": self.total,
            "news2_red": self.red,
            "news2_state": self.state,
            "next_due_at": recorded_at + self.response.interval,
        }

    def as_out(self) -> dict[str, Any]:
        not_scored = None if self.state is News2State.COMPLETE else self.state.value
        return {
            "total": self.total,
            "risk": self.risk,
            "red": [name for name, points in self.score.points.items() if points == RED]
            if self.is_scored
            else [],
            "complete": self.score.complete,
            "scale": self.score.scale,
            "missing": list(self.score.missing),
            "points": self.score.points if self.is_scored else {},
            "not_scored": not_scored,
            "age_band": self.age_band,
            "response": self.response.words,
        }


def judge(values: Mapping[str, Any], subject: Subject, *, scale: int | None = None) -> Judged:
    """The score of a set; under 16 and in pregnancy there is none (RCP, NEWS2)."""
    score = news2(Signs(**{name: values[name] for name in PARAMETERS}), scale or subject.spo2_scale)
    state = News2State.COMPLETE if score.complete else News2State.INCOMPLETE
    if subject.pregnant:
        state = News2State.PREGNANT
    if subject.under_16:
        state = News2State.UNDER_16
    return Judged(score, state, subject.age_band)


def is_outside(values: Mapping[str, Any], judged: Judged, subject: Subject) -> bool:
    """From 16 any single parameter above 0, below that outside the range for the age (domain 5.5)."""
    if not subject.under_16:
        return any(judged.score.points.values())
    numbers = {sign: values[sign] for sign in NUMBERS}
    level = values["consciousness"]
    return level not in (None, Consciousness.ALERT) or is_abnormal(numbers, subject.age_days)
