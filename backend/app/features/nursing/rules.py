"""What a set of vital signs must be, and what it says: bounds, score, due time, call (domain 5.5). No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.clinical.news2 import PARAMETERS, RED, News2, Signs, news2
from app.clinical.news2_response import NOT_SCORED, Response, response_to
from app.clinical.vital_ranges import ADULT_FROM_DAYS, age_band, is_abnormal, usual_range
from app.core.errors import Conflict, Invalid
from app.features.nursing.bounds import WORDS, number, read_signs
from app.features.nursing.schemas import VitalsIn
from app.models.vitals import RANGES, Consciousness, EscalationRisk, News2State

# Clocks of wards and servers differ; beyond this a time is a slip.
AHEAD_AT_MOST = timedelta(minutes=5)
BACK_WITHOUT_REASON = timedelta(hours=24)
# How long after its end a visit takes what was measured before (domain 5.4).
LATE_ENTRY = timedelta(hours=72)
NUMBERS = tuple(RANGES)
# Nobody who lives was measured before (domain 5.3).
OLDEST = timedelta(days=131 * 366)


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


def possible_values(given: VitalsIn, now: datetime) -> dict[str, Any]:
    """The columns of the set, rounded half up.

    Raises Invalid, with all that is wrong at once: values that cannot be, and a time that cannot."""
    values, wrong = read_signs(dict(given))
    untimely = _untimely(given, now)
    if wrong:
        raise _refusal(
            "value-impossible", wrong | ({untimely.field or "": untimely.sentence} if untimely else {})
        )
    if untimely:
        raise untimely
    values["supplemental_oxygen"] = _on_oxygen(given, values)
    values["consciousness"] = None if given.consciousness is None else Consciousness(given.consciousness)
    if all(value is None for value in values.values()):
        raise Invalid("nothing-measured", "Enter at least one vital sign.")
    return values


def _on_oxygen(given: VitalsIn, values: Mapping[str, Any]) -> bool | None:
    """A flow, or more than the 21 % of air, is oxygen given, also when nobody ticked it."""
    if (values["oxygen_flow_lpm"] or 0) > 0 or (values["fio2_percent"] or 21) > 21:
        return True
    return given.supplemental_oxygen


def require_usual(given: VitalsIn, values: Mapping[str, Any], subject: Subject) -> None:
    """Raises Invalid for what is unusual at that age and not confirmed."""
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


def _untimely(given: VitalsIn, now: datetime) -> Invalid | None:
    """What is wrong with the time: in the future, beyond a lifetime, or long ago without a reason."""
    at = given.recorded_at or now
    if at > now + AHEAD_AT_MOST:
        return Invalid(
            "time-in-future", "A set cannot be measured in the future. Check the time.", field="recorded_at"
        )
    if at < now - OLDEST:
        return Invalid(
            "time-impossible", "Nobody alive was measured at that time. Check it.", field="recorded_at"
        )
    if at < now - BACK_WITHOUT_REASON and given.reason is None:
        return Invalid(
            "late-reason-needed",
            "Say why it is entered more than 24 hours after it was measured.",
            field="reason",
        )
    return None


def require_born(subject: Subject) -> None:
    if subject.born_on is not None and subject.measured_on < subject.born_on:
        raise Invalid(
            "time-impossible", "The patient was not born yet at that time. Check it.", field="recorded_at"
        )


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
