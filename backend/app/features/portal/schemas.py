"""What the portal answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class OpeningOut(Out):
    """Once that the reader's record was opened. `hospital_name` is where the person works, `file_hospital` whose file
    it was. Work that no user does has neither name nor hospital."""

    id: UUID
    opened_at: datetime
    name: str | None
    role: str | None
    hospital_name: str | None
    file_hospital: str
    timezone: str
    purpose: str | None
    is_emergency: bool
    is_own: bool


class OpeningPageOut(Out):
    items: list[OpeningOut]
    next_cursor: str | None
