"""What the acts of admission take."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from app.models.visit import VisitType

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanIn(In):
    """A visit to come; with `starts_now` the patient is here already, with `bed_id` he is admitted to that bed."""

    patient_id: UUID
    visit_type: VisitType
    reason_for_visit: Words | None = None
    expected_arrival: AwareDatetime | None = None
    expected_departure: AwareDatetime | None = None
    attending_doctor_id: UUID | None = None
    starts_now: bool = False
    bed_id: UUID | None = None


class ChangeVisitIn(In):
    """What is left out stays; null empties it."""

    reason_for_visit: Words | None = None
    expected_arrival: AwareDatetime | None = None
    expected_departure: AwareDatetime | None = None
    attending_doctor_id: UUID | None = None


class AdmitIn(In):
    """`reason` answers a warning that the bed does not fit; what else is left out stays as it was planned."""

    bed_id: UUID
    reason: Reason | None = None
    attending_doctor_id: UUID | None = None
    expected_departure: AwareDatetime | None = None


class MoveIn(In):
    """`reason` answers a warning that the bed does not fit."""

    bed_id: UUID
    reason: Reason | None = None


class ReasonIn(In):
    reason: Reason


class CancelIn(In):
    reason: Reason | None = None
