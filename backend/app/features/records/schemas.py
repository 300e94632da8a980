"""What the record of the network and emergency access take and give."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Outcome = Literal["justified", "not_justified"]
# Why the reader may see the records: he treats the person, he broke the glass, or they are his own.
Access = Literal["treatment", "emergency", "own"]
GrantState = Literal["open", "waiting", "reviewed"]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BreakGlassIn(In):
    reason: Reason = Field(description="Why it cannot wait; the manager and the patient read it")


class ReviewIn(In):
    outcome: Outcome
    comment: Comment | None = Field(default=None, description="Needed where it was not justified")


class Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class GrantOut(Out):
    """An emergency access as its user sees it."""

    id: UUID
    patient_id: UUID
    reason: str
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class GlobalRecordOut(Out):
    id: UUID
    record_type: str
    version: int
    confidentiality: str
    source_hospital_id: UUID
    source_hospital: str
    synced_at: datetime
    data: dict[str, Any]


class GlobalRecordsOut(Out):
    """A person's records of other hospitals, the newest first; confidential ones under emergency access only."""

    access: Access
    emergency_access: GrantOut | None
    items: list[GlobalRecordOut]
    next_cursor: str | None


class UsedAccessOut(Out):
    """An emergency access to one person's records, as the patient reads of it."""

    id: UUID
    hospital: str
    used_by: str | None
    role: str | None
    reason: str
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class UsedAccessesOut(Out):
    items: list[UsedAccessOut]


class ReviewItemOut(Out):
    """An emergency access in the manager's queue; `opened` is how often records were read under it."""

    id: UUID
    state: GrantState
    overdue: bool
    patient_id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    used_by_id: UUID
    used_by: str
    role: str
    reason: str
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    opened: int
    reviewed_at: datetime | None
    reviewed_by: str | None
    outcome: Outcome | None
    comment: str | None


class ReviewQueueOut(Out):
    items: list[ReviewItemOut]
    next_cursor: str | None
    waiting: int
