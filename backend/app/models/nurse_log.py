"""What nurses write (S18)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import SourcedRow, authored_or_imported, enum_column, fk_to_visit, user_fk
from app.models.visit import Visit


class NurseLogType(StrEnum):
    OBSERVATION = "observation"
    CARE_ACTIVITY = "care_activity"
    INCIDENT = "incident"
    NOTE = "note"
    HANDOFF = "handoff"


class DocumentStatus(StrEnum):
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered_in_error"


class NurseLog(SourcedRow):
    __tablename__ = "nurse_logs"
    __table_args__ = (
        # CASCADE serves the owner in data repair; no application role may delete (S30).
        fk_to_visit("CASCADE"),
        UniqueConstraint("hospital_id", "id"),
        CheckConstraint("btrim(content) <> ''", name="content_given"),
        authored_or_imported("nurse_id"),
        Index(None, "visit_id", text("logged_at DESC")),
        Index(None, "patient_id", "created_at"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it belongs to")
    # RESTRICT: a nursing note has its author.
    nurse_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), index=True, comment="who wrote it")
    log_type: Mapped[NurseLogType] = enum_column("log_type", NurseLogType, comment="kind of entry")
    content: Mapped[str] = mapped_column(comment="what was seen or done, in words")
    logged_at: Mapped[datetime] = mapped_column(comment="instant the entry is about")
    status: Mapped[DocumentStatus] = enum_column(
        "status", DocumentStatus, comment="FHIR docStatus", default=DocumentStatus.FINAL
    )

    visit: Mapped[Visit] = relationship(
        back_populates="nurse_logs", lazy="raise", primaryjoin="Visit.id == foreign(NurseLog.visit_id)"
    )
