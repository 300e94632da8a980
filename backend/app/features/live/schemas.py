"""What is told of a change."""

from uuid import UUID

from pydantic import BaseModel


class ChangeOut(BaseModel):
    """That a row of `topic` (a table) is new or has changed; what it holds now, the reader asks for.

    `id` is null where many changed at once, `visit_id` and `patient_id` where the row belongs to none."""

    topic: str
    id: UUID | None
    patient_id: UUID | None
    visit_id: UUID | None
