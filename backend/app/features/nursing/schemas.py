"""What nursing takes and gives. The client sends observations; scores, bands and due times are the server's."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from app.core.errors import SAID
from app.features.nursing.bounds import read_signs


def _is_number(value: Any) -> Any:
    """A measurement is a number: neither a text that looks like one nor a tick is taken for it."""
    if isinstance(value, bool | str):
        raise PydanticKnownError("decimal_type")
    return value


Measured = Annotated[Decimal, BeforeValidator(_is_number), WithJsonSchema({"type": "number"})]
Scale = Annotated[Literal[1, 2], BeforeValidator(_is_number)]
Number = Annotated[Decimal, PlainSerializer(lambda value: float(value), return_type=float, when_used="json")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Notes = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Sign = Literal[
    "temperature", "heart_rate", "blood_pressure_systolic", "blood_pressure_diastolic", "respiratory_rate", "spo2",
    "oxygen_flow_lpm", "fio2_percent", "pain", "weight", "height",
]  # fmt: skip

SIGNS: tuple[str, ...] = get_args(Sign)


def _line(
    kind: str, said: str, place: tuple[int | str, ...], limits: dict[str, Any] | None = None
) -> InitErrorDetails:
    # Braces would be read as places to fill in; what was typed is not repeated.
    plain = said.replace("{", "(").replace("}", ")")
    error = PydanticCustomError(kind, plain, limits)
    return InitErrorDetails(type=error, loc=place, input=None)


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class VitalsIn(In):
    """A set of vital signs at one instant; what was not measured is left out (domain 5.5)."""

    recorded_at: AwareDatetime | None = Field(default=None, description="instant of measurement; now")
    temperature: Measured | None = None
    temperature_unit: Literal["Cel", "[degF]"] = Field(default="Cel", description="kept as degrees Celsius")
    heart_rate: Measured | None = None
    blood_pressure_systolic: Measured | None = None
    blood_pressure_diastolic: Measured | None = None
    respiratory_rate: Measured | None = None
    spo2: Measured | None = None
    supplemental_oxygen: Annotated[bool, Field(strict=True)] | None = None
    oxygen_flow_lpm: Measured | None = None
    fio2_percent: Measured | None = None
    consciousness: Literal["A", "C", "V", "P", "U"] | None = None
    pain: Measured | None = None
    weight: Measured | None = None
    height: Measured | None = None
    spo2_scale: Scale | None = Field(default=None, description="the scale that was used")
    notes: Notes | None = None
    confirmed: list[Sign] = Field(default=[], max_length=11, description="unusual values that are right")
    reason: Reason | None = Field(default=None, description="why it is entered so late")

    @model_validator(mode="wrap")
    @classmethod
    def _tell_all(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Beside what cannot be read, what the readable signs cannot be: who corrects a set sees all of it at once."""
        try:
            return handler(given)
        except ValidationError as unread:
            told = unread.errors(include_url=False)
            named = {str(each["loc"][0]) for each in told if each["loc"]}
            if "temperature_unit" in named:
                named.add("temperature")
            if not isinstance(given, Mapping) or not named:
                raise
            readable = {name: value for name, value in given.items() if name not in named}
            wrong = read_signs(dict(VitalsIn.model_validate(readable)))[1]
            lines = [_line(each["type"], each["msg"], each["loc"], each.get("ctx")) for each in told]
            lines += [_line(SAID, said, (sign,)) for sign, said in wrong.items() if sign not in named]
            raise ValidationError.from_exception_data(cls.__name__, lines) from None


class AmendIn(VitalsIn):
    """The set as it should have been, and why it was not."""

    reason: Reason


class ReasonIn(In):
    reason: Reason


class Spo2ScaleIn(In):
    scale: Scale
    reason: Reason


class Spo2ScaleTyped(In):
    """The same from a form, whose fields are words."""

    scale: Literal["1", "2"]
    reason: Reason


class AnswerIn(In):
    answer: Reason | None = Field(default=None, description="what was done")


class News2Out(Out):
    """`total` is null when a sign is missing, under 16 and in pregnancy; `not_scored` says which."""

    total: int | None
    risk: str | None
    red: list[str]
    complete: bool
    scale: int
    missing: list[str]
    points: dict[str, int]
    not_scored: Literal["incomplete", "under_16", "pregnant"] | None
    age_band: str | None
    response: str


class VitalsOut(Out):
    id: UUID
    visit_id: UUID
    patient_id: UUID
    recorded_at: datetime
    recorded_by_id: UUID | None
    recorded_by: str | None
    temperature: Number | None
    heart_rate: int | None
    blood_pressure_systolic: int | None
    blood_pressure_diastolic: int | None
    respiratory_rate: int | None
    spo2: int | None
    spo2_scale: int | None
    supplemental_oxygen: bool | None
    oxygen_flow_lpm: Number | None
    fio2_percent: int | None
    consciousness: str | None
    pain: int | None
    weight: Number | None
    height: Number | None
    bmi: Number | None
    is_abnormal: bool
    status: str
    amends_id: UUID | None
    notes: str | None
    late_reason: str | None
    error_reason: str | None
    next_due_at: datetime | None
    updated_at: datetime
    news2: News2Out


class VitalsPageOut(Out):
    items: list[VitalsOut]
    next_cursor: str | None


class RecordedOut(VitalsOut):
    """The set as it was kept, and the call for help that it raised, if any."""

    escalation_id: UUID | None


class EscalationOut(Out):
    id: UUID
    visit_id: UUID
    patient_id: UUID
    vitals_id: UUID
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    mrn: str
    ward: str | None
    bed_number: str | None
    risk: str
    score: int | None
    status: str
    level: str
    raised_at: datetime
    climbs_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    answer: str | None


class EscalationsOut(Out):
    items: list[EscalationOut]
    next_cursor: str | None


class Spo2ScaleOut(Out):
    patient_id: UUID
    spo2_scale: int
    spo2_scale_set_at: datetime
    spo2_scale_reason: str
