"""What notes, care, hand-overs and fluids take and give."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.models.nurse_log import FluidDirection, FluidKind, HandoverStatus, IllnessSeverity, NurseLogType
from app.models.visit import CareRole

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Content = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


# Who cares


class CareIn(In):
    user_id: UUID = Field(description="A doctor or nurse of this hospital")
    role: CareRole


class CareOut(Out):
    """Who cares, or cared, for a visit; `until_at` null is still."""

    id: UUID
    visit_id: UUID
    user_id: UUID
    name: str
    role: CareRole
    from_at: datetime
    until_at: datetime | None


class CareTeamOut(Out):
    items: list[CareOut]


# Notes


class NoteIn(In):
    log_type: NurseLogType
    content: Content
    logged_at: AwareDatetime | None = Field(default=None, description="When it happened; now where not given")


class LateNoteIn(In):
    log_type: NurseLogType
    content: Content
    logged_at: AwareDatetime = Field(description="When it happened, while the visit was open")
    reason: Reason = Field(description="Why it was not written in time")


class AmendNoteIn(In):
    content: Content
    reason: Reason = Field(description="Why the earlier version was wrong")


class StrikeIn(In):
    reason: Reason = Field(description="Why it should not be there")


class NoteWrittenOut(Out):
    """A note as it was kept."""

    id: UUID
    visit_id: UUID
    patient_id: UUID
    nurse_id: UUID
    log_type: NurseLogType
    content: str
    logged_at: datetime
    status: str
    late_reason: str | None
    amends_id: UUID | None
    amend_reason: str | None


class NoteOut(Out):
    """A note, or an earlier version of one (`replaced_by_id`); none is ever taken away."""

    id: UUID
    visit_id: UUID
    patient_id: UUID
    log_type: NurseLogType
    content: str
    logged_at: datetime
    written_at: datetime
    nurse_id: UUID | None
    nurse: str | None
    status: str
    late_reason: str | None
    amends_id: UUID | None
    amend_reason: str | None
    replaced_by_id: UUID | None
    replaced_by: str | None
    replaced_at: datetime | None
    replaced_reason: str | None
    entered_in_error_at: datetime | None
    entered_in_error_by: str | None
    entered_in_error_reason: str | None

    @property
    def is_current(self) -> bool:
        return self.replaced_by_id is None and self.status != "entered_in_error"


class NoteHeadOut(Out):
    """A note without its words."""

    id: UUID
    log_type: NurseLogType
    logged_at: datetime
    nurse: str | None
    entered_in_error_at: datetime | None
    entered_in_error_by: str | None
    entered_in_error_reason: str | None


class NotesOut(Out):
    items: list[NoteOut]
    next_cursor: str | None


class IncidentOut(NoteOut):
    """What went wrong, with the patient it happened to."""

    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None


class IncidentsOut(Out):
    items: list[IncidentOut]
    next_cursor: str | None


# Hand-over


class HandoverChangeIn(In):
    """The parts of a draft; what is not sent stays, null empties it."""

    to_user_id: UUID | None = None
    illness_severity: IllnessSeverity | None = None
    patient_summary: Words | None = None
    actions: Words | None = None
    situation_awareness: Words | None = None


class HandoverIn(HandoverChangeIn):
    care_role: CareRole | None = Field(default=None, description="Needed only by who cares in several roles")


class SynthesisIn(In):
    synthesis: Words = Field(description="What the receiver understood, in his own words")


class HandoverOut(Out):
    id: UUID
    visit_id: UUID
    patient_id: UUID
    from_user_id: UUID
    from_user: str
    to_user_id: UUID | None
    to_user: str | None
    care_role: CareRole
    status: HandoverStatus
    illness_severity: IllnessSeverity | None
    patient_summary: str | None
    actions: str | None
    situation_awareness: str | None
    synthesis: str | None
    given_at: datetime | None
    accepted_at: datetime | None
    withdrawn_at: datetime | None
    updated_at: datetime


class HandoversOut(Out):
    items: list[HandoverOut]


class PatientOfVisitOut(Out):
    """Two identifiers and where the patient lies."""

    visit_id: UUID
    patient_id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    date_of_birth_precision: str
    bed: str | None
    reason_for_visit: str | None


class MyPatientOut(PatientOfVisitOut):
    """Somebody I care for; `handover` is mine that waits, `last` the newest one that anybody accepted."""

    care_role: CareRole
    handover: HandoverOut | None
    last: HandoverOut | None


class ToAcceptOut(PatientOfVisitOut):
    handover: HandoverOut


class MyHandoversOut(Out):
    """My patients, and what was given to me and waits."""

    mine: list[MyPatientOut]
    to_accept: list[ToAcceptOut]


class ColleagueOut(Out):
    id: UUID
    name: str
    role: str


# Fluids


class FluidIn(In):
    direction: FluidDirection
    kind: FluidKind
    volume_ml: Annotated[int, Field(strict=True)] = Field(description="Millilitres; 0 is a value")
    measured_at: AwareDatetime | None = Field(default=None, description="Now where not given")
    notes: Remark | None = None
    late_reason: Reason | None = Field(default=None, description="Needed from 24 hours back")
    confirmed: list[Literal["volume_ml"]] = Field(default=[], description="What is unusual and still right")


class AmendFluidIn(FluidIn):
    reason: Reason = Field(description="Why the earlier entry was wrong")


class FluidTyped(FluidIn):
    """The same from a form, whose fields are words."""

    volume_ml: int


class AmendFluidTyped(AmendFluidIn):
    volume_ml: int


class FluidOut(Out):
    """An amount; earlier versions and entries struck out stay and do not count."""

    id: UUID
    visit_id: UUID
    direction: FluidDirection
    kind: FluidKind
    volume_ml: int
    measured_at: datetime
    notes: str | None
    recorded_by_id: UUID
    recorded_by: str
    late_reason: str | None
    amends_id: UUID | None
    amend_reason: str | None
    replaced_by_id: UUID | None
    replaced_by: str | None
    replaced_reason: str | None
    entered_in_error_at: datetime | None
    entered_in_error_by: str | None
    entered_in_error_reason: str | None
    # In less out since midnight, after this entry; null where it does not count.
    running_ml: int | None

    @property
    def is_current(self) -> bool:
        return self.replaced_by_id is None and self.entered_in_error_at is None


class BalanceOut(Out):
    in_ml: int
    out_ml: int
    balance_ml: int


class FluidDayOut(BalanceOut):
    """A day of the hospital; `running_ml` is the balance of the visit to its end."""

    day: date
    hours: int
    running_ml: int


class KindOut(Out):
    direction: FluidDirection
    kind: FluidKind
    volume_ml: int


class FluidsOut(Out):
    visit_id: UUID
    patient_id: UUID
    timezone: str
    day: date
    items: list[FluidOut]
    kinds: list[KindOut]
    days: list[FluidDayOut]
    last_24_hours: BalanceOut
