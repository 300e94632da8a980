"""What the waiting room of the emergency takes and gives."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TriageIn(In):
    """A level of the Australasian Triage Scale, 1 most urgent to 5."""

    level: Annotated[int, Field(ge=1, le=5)]


class WaitingOut(Out):
    """Somebody who waits for a doctor. `due_at` follows from the level; null = not triaged yet."""

    visit_id: UUID
    patient_id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    gender: str
    arrived_at: datetime
    waited_minutes: int
    level: int | None
    level_name: str | None
    due_at: datetime | None
    is_late: bool
    bed: str | None
    updated_at: datetime


class WaitingRoomOut(Out):
    """Not triaged first, then by urgency, then by who came first."""

    items: list[WaitingOut]
