"""What nurses write, hand over, and measure of fluids (S18, S62)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clinical.fluids import KINDS, MOST_ML
from app.models.base import (
    HospitalRow,
    Machine,
    Moving,
    SourcedRow,
    authored_or_imported,
    enum_column,
    fk_to_visit,
    one_of,
    user_fk,
)
from app.models.visit import CareRole, Visit


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


# Who struck an entry out, when and why: all three or none.
STRUCK = "num_nonnulls(entered_in_error_at, entered_in_error_by_id, entered_in_error_reason)"


def amends(table: str) -> ForeignKeyConstraint:
    """The earlier version, of the same patient. RESTRICT: it stays readable beside its correction."""
    return ForeignKeyConstraint(
        ["hospital_id", "patient_id", "amends_id"],
        [f"{table}.hospital_id", f"{table}.patient_id", f"{table}.id"],
        ondelete="RESTRICT",
        onupdate="CASCADE",
    )


class NurseLog(SourcedRow):
    __tablename__ = "nurse_logs"
    __table_args__ = (
        # CASCADE serves the owner in data repair; no application role may delete (S30).
        fk_to_visit("CASCADE"),
        UniqueConstraint("hospital_id", "id"),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        amends("nurse_logs"),
        UniqueConstraint("amends_id"),
        CheckConstraint("btrim(content) <> ''", name="content_given"),
        CheckConstraint("amends_id <> id", name="amends_other"),
        CheckConstraint(
            "(amends_id IS NULL) = (amend_reason IS NULL) AND btrim(amend_reason) <> ''",
            name="amended_has_reason",
        ),
        CheckConstraint(
            f"source IS NOT NULL OR {STRUCK} = CASE WHEN status = 'entered_in_error' THEN 3 ELSE 0 END",
            name="struck_complete",
        ),
        authored_or_imported("nurse_id"),
        Index(None, "visit_id", text("logged_at DESC")),
        Index(None, "patient_id", "created_at"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "hospital_id", "patient_id", "amends_id", postgresql_where=text("amends_id IS NOT NULL")),
        # The manager's list of incidents, the newest first.
        Index(
            "nurse_logs_incidents_idx",
            "hospital_id",
            text("logged_at DESC"),
            text("id DESC"),
            postgresql_where=text("log_type = 'incident'"),
        ),
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
    late_reason: Mapped[str | None] = mapped_column(comment="why it was written late; NULL = in time")
    amends_id: Mapped[UUID | None] = mapped_column(comment="the version this one takes the place of")
    amend_reason: Mapped[str | None] = mapped_column(comment="why that version was wrong")
    entered_in_error_at: Mapped[datetime | None] = mapped_column(comment="instant it was struck out")
    # RESTRICT: who struck it out stays named.
    entered_in_error_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who struck it out"
    )
    entered_in_error_reason: Mapped[str | None] = mapped_column(comment="why it should not be there")

    visit: Mapped[Visit] = relationship(
        back_populates="nurse_logs", lazy="raise", primaryjoin="Visit.id == foreign(NurseLog.visit_id)"
    )


class IllnessSeverity(StrEnum):
    """The I of I-PASS: a watcher may get worse at any time."""

    STABLE = "stable"
    WATCHER = "watcher"
    UNSTABLE = "unstable"


class HandoverStatus(StrEnum):
    DRAFT = "draft"
    GIVEN = "given"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


H = HandoverStatus
WAITING = (H.DRAFT, H.GIVEN)


class Handover(HospitalRow, Moving):
    """One patient handed from one person to another, after I-PASS; care moves when the receiver accepts.

    Source: Starmer et al., I-PASS, a mnemonic to standardize verbal handoffs, Pediatrics 2012;129:201-204."""

    __tablename__ = "handovers"
    __table_args__ = (
        # RESTRICT: who was told what is looked up long after.
        fk_to_visit("RESTRICT"),
        CheckConstraint("to_user_id <> from_user_id", name="to_other"),
        CheckConstraint(
            f"NOT ({one_of('status', (H.GIVEN, H.ACCEPTED))}) OR num_nonnulls(to_user_id, illness_severity,"
            " patient_summary, actions, situation_awareness, given_at) = 6",
            name="given_complete",
        ),
        CheckConstraint(
            "btrim(patient_summary) <> '' AND btrim(actions) <> '' AND btrim(situation_awareness) <> ''",
            name="words_given",
        ),
        CheckConstraint(
            "num_nonnulls(accepted_at, synthesis) = CASE WHEN status = 'accepted' THEN 2 ELSE 0 END"
            " AND btrim(synthesis) <> ''",
            name="accepted_complete",
        ),
        CheckConstraint("(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_pair"),
        # One person hands a patient over to one other at a time.
        Index(
            "handovers_one_waiting_key",
            "visit_id",
            "from_user_id",
            "care_role",
            unique=True,
            postgresql_where=text(one_of("status", WAITING)),
        ),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "visit_id", text("created_at DESC")),
        Index(
            "handovers_to_accept_idx", "hospital_id", "to_user_id", postgresql_where=text("status = 'given'")
        ),
    )
    machine: ClassVar[Machine] = Machine(
        first=H.DRAFT,
        moves={H.DRAFT: frozenset({H.GIVEN, H.WITHDRAWN}), H.GIVEN: frozenset({H.ACCEPTED, H.WITHDRAWN})},
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit handed over")
    # RESTRICT: the law wants the names of both.
    from_user_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), index=True, comment="who hands over")
    to_user_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who receives; NULL only while a draft"
    )
    care_role: Mapped[CareRole] = enum_column(
        "care_role", CareRole, comment="the care that moves on acceptance"
    )
    status: Mapped[HandoverStatus] = enum_column(
        "status", HandoverStatus, comment="moves by its machine", default=H.DRAFT
    )
    illness_severity: Mapped[IllnessSeverity | None] = enum_column(
        "illness_severity", IllnessSeverity, comment="I: stable, watcher or unstable", nullable=True
    )
    patient_summary: Mapped[str | None] = mapped_column(comment="P: what brought the patient, course, plan")
    actions: Mapped[str | None] = mapped_column(comment="A: what is to do, by when")
    situation_awareness: Mapped[str | None] = mapped_column(comment="S: what might happen, and what then")
    synthesis: Mapped[str | None] = mapped_column(comment="S: what the receiver understood, in his words")
    given_at: Mapped[datetime | None] = mapped_column(comment="instant it was given")
    accepted_at: Mapped[datetime | None] = mapped_column(comment="instant the receiver accepted")
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="instant the giver withdrew it")


class FluidDirection(StrEnum):
    IN = "in"
    OUT = "out"


class FluidKind(StrEnum):
    ORAL = "oral"
    IV = "iv"
    TUBE = "tube"
    BLOOD = "blood"
    URINE = "urine"
    DRAIN = "drain"
    VOMIT = "vomit"
    STOOL = "stool"
    OTHER = "other"


FITTING = " OR ".join(f"(direction = '{way}' AND {one_of('kind', kinds)})" for way, kinds in KINDS.items())


class FluidEntry(HospitalRow):
    """An amount that went in or came out; a correction is a new row, and only current rows count."""

    __tablename__ = "fluid_entries"
    __table_args__ = (
        # CASCADE serves the owner in data repair; no application role may delete (S30).
        fk_to_visit("CASCADE"),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        amends("fluid_entries"),
        UniqueConstraint("amends_id"),
        CheckConstraint(FITTING, name="kind_fits"),
        CheckConstraint(f"volume_ml BETWEEN 0 AND {MOST_ML}", name="volume_ml_range"),
        CheckConstraint("amends_id <> id", name="amends_other"),
        CheckConstraint(
            "(amends_id IS NULL) = (amend_reason IS NULL) AND btrim(amend_reason) <> ''",
            name="amended_has_reason",
        ),
        CheckConstraint(f"{STRUCK} IN (0, 3)", name="struck_complete"),
        Index(None, "visit_id", text("measured_at DESC")),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "hospital_id", "patient_id", "amends_id", postgresql_where=text("amends_id IS NOT NULL")),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it belongs to")
    direction: Mapped[FluidDirection] = enum_column("direction", FluidDirection, comment="in or out")
    kind: Mapped[FluidKind] = enum_column("kind", FluidKind, comment="by which way it went in or came out")
    volume_ml: Mapped[int] = mapped_column(comment="millilitres; 0 is a value")
    measured_at: Mapped[datetime] = mapped_column(comment="instant it went in or was measured")
    notes: Mapped[str | None] = mapped_column(comment="what was seen, such as colour")
    # RESTRICT: who measured stays named.
    recorded_by_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), index=True, comment="who recorded it")
    late_reason: Mapped[str | None] = mapped_column(comment="why it was written late; NULL = in time")
    amends_id: Mapped[UUID | None] = mapped_column(comment="the entry this one corrects")
    amend_reason: Mapped[str | None] = mapped_column(comment="why that entry was wrong")
    entered_in_error_at: Mapped[datetime | None] = mapped_column(comment="instant it was struck out")
    # RESTRICT: who struck it out stays named.
    entered_in_error_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who struck it out"
    )
    entered_in_error_reason: Mapped[str | None] = mapped_column(comment="why it should not be there")
