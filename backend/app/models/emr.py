"""The electronic record: a hospital's own part, what the network may read, who opened that in an emergency, and
where imported rows came from (S23, S24, domain 5.10)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import (
    JSONB,
    HospitalRow,
    Row,
    SourcedRow,
    authored_or_imported,
    enum_column,
    fk_to_patient,
    fk_to_visit,
    user_fk,
)
from app.models.nurse_log import DocumentStatus


class KeptReason(StrEnum):
    """Why an imported resource stands whole in emr_local."""

    UNMAPPED = "unmapped"
    ROUNDED = "rounded"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    CLASH = "clash"


class EMRLocal(SourcedRow):
    __tablename__ = "emr_local"
    __table_args__ = (
        fk_to_patient(),
        # RESTRICT: a visit with a record cannot be deleted (S30).
        fk_to_visit("RESTRICT"),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        CheckConstraint("btrim(record_type) <> ''", name="record_type_given"),
        CheckConstraint("jsonb_typeof(data) = 'object'", name="data_object"),
        CheckConstraint("version >= 1", name="version_range"),
        CheckConstraint("(signed_at IS NULL) = (signed_by_id IS NULL)", name="signed_pair"),
        CheckConstraint("kept_reason IS NULL OR source IS NOT NULL", name="kept_is_imported"),
        authored_or_imported("created_by_id"),
        Index(None, "data", postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"}),
        Index(None, "patient_id", "created_at"),
        Index(None, "patient_id", "record_type", text("recorded_at DESC"), text("id DESC")),
        Index(None, "hospital_id", "patient_id", "visit_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID | None] = mapped_column(comment="the visit it belongs to; NULL = none")
    record_type: Mapped[str] = mapped_column(comment="FHIR resource type, or the kind of note")
    data: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), default=dict, comment="the record, by its type"
    )
    recorded_at: Mapped[datetime | None] = mapped_column(comment="the instant the record is about")
    version: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("1"),
        default=1,
        comment="1 for the first, one more for each amendment",
    )
    status: Mapped[DocumentStatus] = enum_column(
        "status", DocumentStatus, comment="FHIR docStatus", default=DocumentStatus.FINAL
    )
    kept_reason: Mapped[KeptReason | None] = enum_column(
        "kept_reason", KeptReason, comment="why an import kept the resource whole", nullable=True
    )
    signed_at: Mapped[datetime | None] = mapped_column(comment="instant of the signature")
    # RESTRICT: author and signature stay named.
    signed_by_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), index=True, comment="who signed")
    released_at: Mapped[datetime | None] = mapped_column(comment="shown to the patient from then on")
    locked_at: Mapped[datetime | None] = mapped_column(
        comment="the visit ended: from this instant only amendments and errors"
    )
    created_by_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), index=True, comment="who made it")


class GlobalStatus(StrEnum):
    PENDING = "pending"
    SYNCED = "synced"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class Confidentiality(StrEnum):
    """HL7 v3 Confidentiality."""

    NORMAL = "N"
    RESTRICTED = "R"
    VERY_RESTRICTED = "V"


class EMRGlobal(Row):
    """A version of a record that other hospitals may read while they treat the person."""

    __tablename__ = "emr_global"
    __table_args__ = (
        # RESTRICT throughout: what was published stays, and stays attributable (S30).
        # The person is the file's own: another hospital reads by it, so a wrong one would show a stranger's record.
        # Linking the file to another person moves what it published (ON UPDATE). Deferrable, since a merge of files
        # moves the visit first and then changes the person.
        ForeignKeyConstraint(
            ["source_hospital_id", "patient_id", "person_id"],
            ["patients.hospital_id", "patients.id", "patients.person_id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
            deferrable=True,
            initially="IMMEDIATE",
        ),
        ForeignKeyConstraint(
            ["source_hospital_id", "patient_id", "visit_id"],
            ["visits.hospital_id", "visits.patient_id", "visits.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(
            ["source_hospital_id", "patient_id", "source_record_id"],
            ["emr_local.hospital_id", "emr_local.patient_id", "emr_local.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        # Publishing the same version again changes nothing, so a replay is harmless.
        UniqueConstraint("source_hospital_id", "source_record_id", "version"),
        CheckConstraint("btrim(record_type) <> ''", name="record_type_given"),
        CheckConstraint("jsonb_typeof(data) = 'object'", name="data_object"),
        CheckConstraint("version >= 1", name="version_range"),
        CheckConstraint("status <> 'synced' OR synced_at IS NOT NULL", name="synced_pair"),
        Index(None, "data", postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"}),
        Index(None, "person_id", "record_type", text("created_at DESC")),
        Index(None, "source_hospital_id", "patient_id", "visit_id"),
        Index(None, "source_hospital_id", "patient_id", "person_id"),
        Index(None, "source_hospital_id", "patient_id", "source_record_id"),
        Index(None, "status", "created_at", postgresql_where=text("status IN ('pending', 'failed')")),
    )

    # RESTRICT: the person is the key by which another hospital reads.
    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("persons.id", ondelete="RESTRICT"), comment="key by which another hospital reads"
    )
    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it came from")
    source_hospital_id: Mapped[UUID] = mapped_column(
        ForeignKey("hospitals.id", ondelete="RESTRICT"), comment="the hospital that published it"
    )
    source_record_id: Mapped[UUID] = mapped_column(comment="the emr_local row published")
    record_type: Mapped[str] = mapped_column(comment="FHIR resource type, or the kind of note")
    data: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), default=dict, comment="the record, by its type"
    )
    version: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("1"),
        default=1,
        comment="1 for the first, one more for each amendment",
    )
    content_hash: Mapped[str] = mapped_column(comment="SHA-256 of the canonical data, hex")
    confidentiality: Mapped[Confidentiality] = enum_column(
        "confidentiality", Confidentiality, comment="v3-Confidentiality", default=Confidentiality.NORMAL
    )
    status: Mapped[GlobalStatus] = enum_column(
        "status", GlobalStatus, comment="state of the publication", default=GlobalStatus.PENDING
    )
    synced_at: Mapped[datetime | None] = mapped_column(comment="instant other hospitals could read it")


class ReviewOutcome(StrEnum):
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


class AccessGrant(HospitalRow):
    """Emergency access of one user to one person's records of the whole network, for 60 minutes (break-glass).

    The policy on emr_global reads it. Only its end and its review are ever added."""

    __tablename__ = "access_grants"
    __table_args__ = (
        # RESTRICT: who broke the glass for whom stays known. CASCADE: when the file is linked to another person, what
        # was done to the file goes along.
        ForeignKeyConstraint(
            ["hospital_id", "patient_id", "person_id"],
            ["patients.hospital_id", "patients.id", "patients.person_id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        CheckConstraint("length(btrim(reason)) BETWEEN 10 AND 500", name="reason_length"),
        CheckConstraint("expires_at = granted_at + INTERVAL '60 minutes'", name="sixty_minutes"),
        CheckConstraint("ended_at BETWEEN granted_at AND expires_at", name="ended_in_time"),
        CheckConstraint(
            "num_nonnulls(reviewed_at, reviewed_by_id, review_outcome) IN (0, 3)", name="reviewed_together"
        ),
        # LEAST leaves NULL out: a grant that nobody ended ends by itself.
        CheckConstraint("reviewed_at >= LEAST(ended_at, expires_at)", name="reviewed_after_end"),
        CheckConstraint("reviewed_by_id <> user_id", name="reviewed_by_other"),
        CheckConstraint("review_comment IS NULL OR reviewed_at IS NOT NULL", name="comment_of_review"),
        CheckConstraint(
            "review_outcome <> 'not_justified' OR btrim(COALESCE(review_comment, '')) <> ''",
            name="not_justified_has_comment",
        ),
        # By the file, which it stays with when that is merged: two files of one person may have been opened at once.
        ExcludeConstraint(
            ("user_id", "="),
            ("patient_id", "="),
            (text("tstzrange(granted_at, LEAST(ended_at, expires_at))"), "&&"),
            using="gist",
            name="access_grants_one_live_excl",
        ),
        Index(None, "hospital_id", "patient_id", "person_id"),
        Index(None, "person_id", text("granted_at DESC")),
        Index(None, "user_id", "person_id", "expires_at"),
        Index(
            "access_grants_to_review_idx",
            "hospital_id",
            "granted_at",
            postgresql_where=text("reviewed_at IS NULL"),
        ),
    )

    # RESTRICT: the law wants the names of who looked and of who judged it.
    user_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), comment="who uses it")
    person_id: Mapped[UUID] = mapped_column(comment="whose records of other hospitals are opened")
    patient_id: Mapped[UUID] = mapped_column(comment="the person's file at this hospital")
    reason: Mapped[str] = mapped_column(comment="why it could not wait, in the user's words")
    granted_at: Mapped[datetime] = mapped_column(comment="instant it began")
    expires_at: Mapped[datetime] = mapped_column(comment="60 minutes after granted_at")
    ended_at: Mapped[datetime | None] = mapped_column(comment="ended by the user before it expired")
    reviewed_at: Mapped[datetime | None] = mapped_column(comment="instant of the review; NULL = it waits")
    reviewed_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who reviewed it, never the user himself"
    )
    review_outcome: Mapped[ReviewOutcome | None] = enum_column(
        "review_outcome", ReviewOutcome, comment="what the review found", nullable=True
    )
    review_comment: Mapped[str | None] = mapped_column(comment="why the review found so")


class ImportSource(HospitalRow):
    """Where an imported row came from, so that a second run changes nothing. Append-only."""

    __tablename__ = "import_sources"
    __table_args__ = (
        UniqueConstraint("hospital_id", "system", "resource_type", "resource_id"),
        CheckConstraint("updated_at = created_at", name="append_only"),
        Index(None, "target_table", "target_id"),
        Index(None, "hospital_id", "bundle_hash"),
    )

    system: Mapped[str] = mapped_column(comment="URI that names the source")
    resource_type: Mapped[str] = mapped_column(comment="FHIR resource type")
    resource_id: Mapped[str] = mapped_column(comment="logical id at the source")
    content_hash: Mapped[str] = mapped_column(comment="SHA-256 of the canonical resource, hex")
    bundle_hash: Mapped[str] = mapped_column(comment="SHA-256 of the bundle it came in, hex")
    target_table: Mapped[str] = mapped_column(comment="table of the row made from it")
    target_id: Mapped[UUID] = mapped_column(comment="id in target_table; several sources may share one")
