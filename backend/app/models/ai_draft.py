"""What a machine proposes and a doctor decides on (S27, domain 5.13)."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import JSONB, HospitalRow, Machine, Moving, enum_column, fk_to_visit, one_of, user_fk


class DraftType(StrEnum):
    RISK_SCORE = "risk_score"
    DISCHARGE_SUMMARY = "discharge_summary"
    TREATMENT_PLAN = "treatment_plan"
    ANOMALY_ALERT = "anomaly_alert"


class DraftStatus(StrEnum):
    PENDING = "pending"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    APPROVED_WITH_EDITS = "approved_with_edits"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


D = DraftStatus
DECIDED = (D.APPROVED, D.APPROVED_WITH_EDITS, D.REJECTED)


class AIDraft(HospitalRow, Moving):
    __tablename__ = "ai_drafts"
    __table_args__ = (
        # RESTRICT: what was proposed, and what became of it, stays (S30).
        fk_to_visit("RESTRICT"),
        UniqueConstraint("hospital_id", "id"),
        CheckConstraint("jsonb_typeof(content) = 'object'", name="content_object"),
        CheckConstraint(
            f"({one_of('status', DECIDED)}) = (reviewed_at IS NOT NULL)"
            " AND (reviewed_at IS NULL) = (reviewed_by_id IS NULL)",
            name="reviewed_pair",
        ),
        CheckConstraint(
            "status <> 'rejected' OR COALESCE(btrim(approval_notes), '') <> ''", name="rejected_has_reason"
        ),
        Index(None, "hospital_id", "status", "created_at"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "content", postgresql_using="gin", postgresql_ops={"content": "jsonb_path_ops"}),
        Index(
            "ai_drafts_waiting_idx",
            "status",
            "created_at",
            postgresql_where=text("status IN ('pending', 'in_review')"),
        ),
    )
    machine: ClassVar[Machine] = Machine(
        first=D.PENDING,
        moves={
            D.PENDING: frozenset({D.IN_REVIEW, D.SUPERSEDED, D.EXPIRED}),
            D.IN_REVIEW: frozenset({D.APPROVED, D.APPROVED_WITH_EDITS, D.REJECTED, D.SUPERSEDED, D.EXPIRED}),
        },
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it belongs to")
    draft_type: Mapped[DraftType] = enum_column("draft_type", DraftType, comment="what is proposed")
    content: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), default=dict, comment="the draft, by its type"
    )
    content_hash: Mapped[str] = mapped_column(
        comment="SHA-256 of the canonical content, hex; approval names it"
    )
    provider: Mapped[str] = mapped_column(comment="who drafted: provider, model and version")
    inputs: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), default=dict, comment="ids and versions the draft was made from"
    )
    status: Mapped[DraftStatus] = enum_column(
        "status", DraftStatus, comment="domain 5.13; moves by its machine", default=D.PENDING
    )
    # RESTRICT: the reviewing doctor answers for it.
    reviewed_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who decided"
    )
    reviewed_at: Mapped[datetime | None] = mapped_column(comment="instant of the decision")
    approval_notes: Mapped[str | None] = mapped_column(
        comment="remarks of the reviewer; the reason of a rejection"
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        comment="instant from which it may no longer be approved"
    )
