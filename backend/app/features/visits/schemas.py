"""What a visit reads like, on lists and by itself."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class VisitDiagnosisOut(Out):
    id: UUID
    code: str
    code_system: str
    text: str
    role: str
    rank: int


class VisitRowOut(Out):
    """A visit as lists show one: who, of what kind, where; no clinical content."""

    id: UUID
    hospital_id: UUID
    patient_id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    gender: str
    visit_type: str
    status: str
    admission_date: datetime | None
    discharge_date: datetime | None
    expected_arrival: datetime | None
    expected_departure: datetime | None
    discharge_ordered_at: datetime | None
    attending_doctor_id: UUID | None
    attending_doctor: str | None
    bed_id: UUID | None
    bed: str | None
    ward: str | None
    updated_at: datetime

    @property
    def is_open(self) -> bool:
        return self.status in ("active", "on_leave")


class VisitPageOut(Out):
    items: list[VisitRowOut]
    next_cursor: str | None


class VisitOut(VisitRowOut):
    """One visit; what is clinical is null for a role that does not read it."""

    disposition: str | None
    discharge_ordered_by: str | None
    sync_status: str
    synced_at: datetime | None
    triage_level: int | None
    triaged_at: datetime | None
    seen_at: datetime | None
    status_reason: str | None
    reserved_bed: str | None
    reserved_until: datetime | None
    reason_for_visit: str | None
    diagnosis: str | None
    # As it was signed, in words; its elements stand at /visits/{visit_id}/departure.
    discharge_summary: str | None
    diagnoses: list[VisitDiagnosisOut] | None
