"""What a transfer to another hospital takes and gives."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=12)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=10_000)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TransferIn(In):
    """`to_hospital` is the code of the hospital that is asked; `handover` is what the receiving
    clinicians must know, and travels with the request."""

    to_hospital: Code
    reason: Text
    handover: Text


class AcceptIn(In):
    """The bed that is kept, for 24 hours unless told otherwise."""

    bed_id: UUID
    keep_until: AwareDatetime | None = None
    note: Text | None = None


class DeclineIn(In):
    reason: Text


class TargetOut(Out):
    """A hospital that may be asked."""

    code: str
    name: str
    region: str


class TargetsOut(Out):
    items: list[TargetOut]


class TransferOut(Out):
    """A request as both hospitals see it. `is_outgoing`: the reader's hospital sends the patient."""

    id: UUID
    is_outgoing: bool
    from_hospital: str
    to_hospital: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    gender: str
    status: str
    reason: str
    handover: str
    requested_at: datetime
    requested_by_name: str
    answered_at: datetime | None
    answered_by_name: str | None
    answer_note: str | None
    closed_at: datetime | None
    # The visit at the reader's own hospital, and the MRN there; of the other hospital's nobody learns either.
    visit_id: UUID | None
    mrn: str | None
    updated_at: datetime


class TransfersOut(Out):
    items: list[TransferOut]
    next_cursor: str | None
