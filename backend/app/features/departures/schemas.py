"""What the acts around a departure take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.models.visit import DiagnosisRole, Disposition

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=3, max_length=8)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Version = Annotated[int, Field(ge=1, le=1000)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class DiagnosisIn(In):
    """An ICD-10-CM code; its title is taken from the shipped list unless `text` says it otherwise."""

    code: Code
    text: Text | None = None
    role: DiagnosisRole


class SummaryIn(In):
    """The elements of a discharge summary; a draft may lack any. `refusal_signed_at` stands for the information
    given when the patient leaves against advice."""

    reason_for_hospitalization: Text | None = None
    procedures: Text | None = None
    care_provided: Text | None = None
    condition_at_discharge: Text | None = None
    disposition: Disposition | None = None
    information_given: Text | None = None
    follow_up: Text | None = None
    refusal_signed_at: AwareDatetime | None = None


class MedicationDecisionIn(In):
    prescription_id: UUID
    decision: Literal["continue", "stop"]


class ResultOwnerIn(In):
    """Who follows a result that comes after the departure."""

    lab_test_id: UUID
    owner_id: UUID


class OrderDischargeIn(In):
    expected_departure: AwareDatetime | None = None
    medications: Annotated[list[MedicationDecisionIn], Field(max_length=200)] = []
    pending_results: Annotated[list[ResultOwnerIn], Field(max_length=200)] = []


class DepartIn(In):
    """`departed_at` is now unless told otherwise."""

    departed_at: AwareDatetime | None = None


class ReopenIn(In):
    """The bed the patient lies in again; needed for inpatients."""

    reason: Reason
    bed_id: UUID | None = None


class DeathIn(In):
    """`certified_by_id` is who certified, the actor himself unless told otherwise."""

    died_at: AwareDatetime
    certified_by_id: UUID | None = None


class CodeOut(Out):
    code: str
    title: str
    chapter: str


class CodesOut(Out):
    items: list[CodeOut]


class MissingOut(Out):
    """One thing that the departure waits for, and what to do about it."""

    element: str
    sentence: str


class OrderOut(Out):
    """An order of the visit that is still on, and what becomes of it at the discharge."""

    prescription_id: UUID
    medication_name: str
    dosage: str | None
    frequency: str | None
    route: str | None
    status: str
    decision: str | None


class PendingOut(Out):
    lab_test_id: UUID
    test_type: str
    status: str
    requested_at: datetime
    owner_id: UUID | None
    owner: str | None


class CriticalOut(Out):
    """A critical result that nobody has taken note of."""

    result_id: UUID
    name: str
    value: str
    unit: str | None
    interpretation: str


class SummaryOut(Out):
    id: UUID
    version: int
    reason_for_hospitalization: str | None
    procedures: str | None
    care_provided: str | None
    condition_at_discharge: str | None
    disposition: str | None
    information_given: str | None
    follow_up: str | None
    refusal_signed_at: datetime | None
    written_by: str
    signed_at: datetime | None
    signed_by: str | None
    updated_at: datetime


class DepartureOut(Out):
    """What stands between the patient and the door: `missing` is empty when the departure can be confirmed."""

    visit_id: UUID
    patient_id: UUID
    status: str
    discharge_ordered_at: datetime | None
    missing: list[MissingOut]
    summary: SummaryOut | None
    orders: list[OrderOut]
    pending_results: list[PendingOut]
    critical_results: list[CriticalOut]


class AcknowledgedOut(Out):
    result_id: UUID
    acknowledged_at: datetime | None
