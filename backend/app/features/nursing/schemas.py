"""What nursing takes and gives. The client sends observations; scores, bands and due times are the server's."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)


def _is_number(value: Any) -> Any:
    """A measurement is a number: neither a text that looks like one nor a tick is taken for it."""
    if isinstance(value, bool | str):
        raise ValueError("needs a number")
    return value


Measured = Annotated[Decimal, BeforeValidator(_is_number), WithJsonSchema({"type": "number"})]
Number = Annotated[Decimal, PlainSerializer(lambda value: float(value), return_type=float, when_used="json")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Notes = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Sign = Literal[
    "temperature", "heart_rate", "blood_pressure_systolic", "blood_pressure_diastolic", "respiratory_rate", "spo2",
    "oxygen_flow_lpm", "fio2_percent", "pain", "weight", "height",
]  # fmt: skip

SIGNS: tuple[str, ...] = get_args(Sign)


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
    spo2_scale: Literal[1, 2] | None = Field(default=None, description="the scale that was used")
    notes: Notes | None = None
    confirmed: list[Sign] = Field(default=[], max_length=11, description="unusual values that are right")
    reason: Reason | None = Field(default=None, description="why it is entered so late")


class AmendIn(VitalsIn):
    """The set as it should have been, and why it was not."""

    reason: Reason


class ReasonIn(In):
    reason: Reason


class Spo2ScaleIn(In):
    scale: Literal[1, 2]
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
