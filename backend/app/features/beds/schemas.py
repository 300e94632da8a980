"""What beds take and give: the board, its acts, the census."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.models.bed import TerminalStep

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReserveIn(In):
    """The columns' own names are taken, too: `reserved_for_visit_id`, `reserved_until`."""

    visit_id: UUID = Field(validation_alias=AliasChoices("visit_id", "reserved_for_visit_id"))
    until: AwareDatetime | None = Field(
        default=None,
        validation_alias=AliasChoices("until", "reserved_until"),
        description="When the bed is free again if nobody came; left out: in 24 hours",
    )


class TakeIn(In):
    visit_id: UUID
    reason: Reason | None = Field(default=None, description="Why here, where the bed does not fit")


class CleanIn(In):
    """`steps` are the whole checklist after a stay in isolation."""

    cleaner: Name | None = Field(default=None, description="Who cleaned; left out, whoever says so")
    cleaned_at: AwareDatetime | None = Field(default=None, description="Left out: now")
    steps: Annotated[list[TerminalStep], Field(max_length=len(TerminalStep))] = []


class OutOfUseIn(In):
    reason: Reason | None = Field(default=None, description="What is broken, or why it is closed")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class News2Out(Out):
    """`total` is null while incomplete, under 16 and in pregnancy."""

    total: int | None
    risk: str | None
    recorded_at: datetime


class OccupantOut(Out):
    """Who lies in a bed, or for whom it is kept. `days`: midnights spent here, in the hospital's zone."""

    patient_id: UUID
    visit_id: UUID
    visit_type: str
    visit_status: str
    first_name: str | None
    last_name: str
    mrn: str
    date_of_birth: date | None
    date_of_birth_precision: str
    gender: str
    since: datetime | None
    days: int | None
    discharge_ordered_at: datetime | None
    expected_departure: datetime | None
    is_isolated: bool | None
    news2: News2Out | None


class BoardBedOut(Out):
    id: UUID
    hospital_id: UUID
    bed_number: str
    ward: str
    floor: str | None
    bay: str | None
    bed_type: str
    status: str
    status_changed_at: datetime
    out_of_use_reason: str | None
    assigned_patient_id: UUID | None
    assigned_visit_id: UUID | None
    assigned_at: datetime | None
    reserved_for_visit_id: UUID | None
    reserved_until: datetime | None
    needs_terminal_clean: bool
    is_active: bool
    updated_at: datetime
    occupant: OccupantOut | None


class BoardOut(Out):
    """`over_capacity`: more beds are in use than the hospital is licensed for."""

    items: list[BoardBedOut]
    licensed_beds: int
    active_beds: int
    over_capacity: bool


class WaitingOut(Out):
    """Somebody who is here, or comes within a day, and the bed he lies in, if any."""

    patient_id: UUID
    visit_id: UUID
    visit_type: str
    visit_status: str
    first_name: str | None
    last_name: str
    mrn: str
    date_of_birth: date | None
    date_of_birth_precision: str
    gender: str
    since: datetime | None
    bed_number: str | None


class FlowOut(Out):
    """One ward on one day; `at_start` + arrivals - departures = `at_end`.

    `stay_days` are the midnights that those who left the hospital from here had spent in it, summed."""

    ward: str | None
    at_start: int
    admissions: int
    transfers_in: int
    transfers_out: int
    discharges: int
    to_other_hospitals: int
    deaths: int
    at_end: int
    stay_days: int


class CensusOut(Out):
    """Midnight to midnight in the hospital's zone; `hours` is 23 or 25 where the clocks change.

    `until` is the midnight that ends the day, or the present on a day that goes on. `ward` null: in no bed."""

    day: date
    starts_at: datetime
    until: datetime
    hours: float
    is_over: bool
    wards: list[FlowOut]
    total: FlowOut
    mean_stay_days: float | None
