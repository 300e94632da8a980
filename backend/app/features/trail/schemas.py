"""What the trail is asked and what it answers."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Kind = Literal["reads", "searches", "changes", "sign_ins", "delays", "rights", "refusals", "transfers"]


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class EventOut(Out):
    """One event. `before_state` and `after_state` are null where the reader's role does not include the content of
    such a row; `changed` names the fields all the same."""

    id: UUID
    created_at: datetime
    action: str
    act: str | None
    event_type: str | None
    subtype: str | None
    purpose: str | None
    outcome: int
    outcome_desc: str | None
    user_id: UUID | None
    user_name: str | None
    user_role: str | None
    user_hospital_id: UUID | None
    resource_type: str
    resource_id: UUID | None
    patient_id: UUID | None
    patient_mrn: str | None
    hospital_id: UUID | None
    region_id: UUID | None
    changed: list[str]
    content_withheld: bool
    before_state: dict[str, Any] | None
    after_state: dict[str, Any] | None
    query: dict[str, Any] | None
    request_id: str | None
    ip_address: str | None
    user_agent: str | None


class EventPageOut(Out):
    items: list[EventOut]
    next_cursor: str | None


class FindingOut(Out):
    kind: Literal["changed", "removed", "inserted", "seal-changed", "seal-missing"]
    seal: int
    row_id: UUID | None
    sentence: str


class VerificationOut(Out):
    """Whether every row stands as it was sealed; the first finding is the oldest trace of tampering."""

    is_whole: bool
    seals: int
    rows: int
    unsealed: int
    unsealed_since: datetime | None
    sealed_at: datetime | None
    pruned_months: list[str]
    findings: list[FindingOut]
    more_findings: int
