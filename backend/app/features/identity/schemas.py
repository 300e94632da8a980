"""What merges of files and links to people take and give."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.models.patient import BirthPrecision
from app.models.patient_merge import LinkAct

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MergeIn(In):
    loser_id: UUID = Field(description="The file that is merged into this one, and closed")
    reason: Reason = Field(description="Why the two files are of one patient")
    confirmed: bool = Field(
        default=False,
        description="Needed where birth, sex or a document differs: it was looked at, and it is one patient",
    )


class ReasonIn(In):
    reason: Reason


class LinkIn(In):
    person_id: UUID = Field(description="One of the people that link-candidates named")
    reason: Reason


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FileOut(Out):
    """A file as it stands beside another: who it is of, and how much hangs on it."""

    id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    date_of_birth_precision: BirthPrecision
    gender: str
    phone: str | None
    email: str | None
    address: str | None
    blood_group: str | None
    is_active: bool
    is_deceased: bool
    has_portal_login: bool
    merged_into_id: UUID | None
    identifiers: list[str]
    visits: int
    open_visits: int
    allergies: int
    appointments: int
    updated_at: datetime


class MergePreviewOut(Out):
    """Two files beside each other: where they differ, and what stands in the way of merging them."""

    survivor: FileOut
    loser: FileOut
    differences: list[str]
    # Those that ask to be confirmed, since two people rarely share them.
    grave_differences: list[str]
    obstacles: list[str]


class MergeOut(Out):
    id: UUID
    survivor_id: UUID
    survivor_mrn: str
    loser_id: UUID
    loser_mrn: str
    last_name: str
    first_name: str | None
    date_of_birth: date | None
    date_of_birth_precision: BirthPrecision
    loser_last_name: str
    loser_first_name: str | None
    reason: str
    merged_at: datetime
    merged_by: str | None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None
    # Rows of each table that were moved; what hangs below a visit goes with it and is not counted.
    moved: dict[str, int]


class MergePageOut(Out):
    items: list[MergeOut]
    next_cursor: str | None


class LinkCandidateOut(Out):
    """Somebody of the network whom the file may be of; nothing of another hospital's file but its name."""

    person_id: UUID
    name: str
    birth_year: int | None
    gender: str | None
    hospital_name: str
    score: float
    has_file_here: bool


class LinkCandidatesOut(Out):
    items: list[LinkCandidateOut]


class LinkOut(Out):
    id: UUID
    act: LinkAct
    reason: str
    linked_at: datetime
    linked_by: str | None


class LinksOut(Out):
    """Which other hospitals keep a file of the same person, and how the file came to be hers."""

    patient_id: UUID
    person_id: UUID
    other_hospitals: list[str]
    items: list[LinkOut]
