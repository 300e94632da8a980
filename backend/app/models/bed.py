"""Beds and who lay in them (S16, domain 5.5)."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import HospitalRow, Machine, Moving, SourcedRow, enum_column, fk_to_visit, user_fk

if TYPE_CHECKING:
    from app.models.hospital import Hospital


class BedType(StrEnum):
    GENERAL = "general"
    ICU = "icu"
    ISOLATION = "isolation"
    MATERNITY = "maternity"
    PAEDIATRIC = "paediatric"
    EMERGENCY = "emergency"
    DAY = "day"


class BedStatus(StrEnum):
    AVAILABLE = "available"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    CLEANING = "cleaning"
    MAINTENANCE = "maintenance"
    CLOSED = "closed"


B = BedStatus


class Bed(HospitalRow, Moving):
    __tablename__ = "beds"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        UniqueConstraint("hospital_id", "bed_number"),
        # RESTRICT: SET NULL would leave a bed occupied by nobody, against its own CHECK.
        ForeignKeyConstraint(
            ["hospital_id", "assigned_patient_id", "assigned_visit_id"],
            ["visits.hospital_id", "visits.patient_id", "visits.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        # RESTRICT, for the same reason.
        ForeignKeyConstraint(
            ["hospital_id", "reserved_for_visit_id"], ["visits.hospital_id", "visits.id"], ondelete="RESTRICT"
        ),
        UniqueConstraint("assigned_visit_id"),
        CheckConstraint("btrim(bed_number) <> '' AND btrim(ward) <> ''", name="named"),
        CheckConstraint(
            "(status = 'occupied') = (assigned_visit_id IS NOT NULL)"
            " AND num_nonnulls(assigned_patient_id, assigned_visit_id, assigned_at) IN (0, 3)",
            name="occupied_assigned",
        ),
        CheckConstraint(
            "(status = 'reserved') = (reserved_for_visit_id IS NOT NULL)"
            " AND num_nonnulls(reserved_for_visit_id, reserved_until) IN (0, 2)",
            name="reserved_named",
        ),
        CheckConstraint("is_active OR status NOT IN ('occupied', 'reserved')", name="off_is_empty"),
        Index(None, "hospital_id", "status", "ward"),
        Index(None, "status"),
        Index(None, "hospital_id", "assigned_patient_id", "assigned_visit_id"),
        Index(None, "hospital_id", "reserved_for_visit_id"),
        Index(None, "reserved_until", postgresql_where=text("status = 'reserved'")),
    )
    machine: ClassVar[Machine] = Machine(
        first=B.AVAILABLE,
        moves={
            B.AVAILABLE: frozenset({B.RESERVED, B.OCCUPIED, B.MAINTENANCE, B.CLOSED}),
            B.RESERVED: frozenset({B.OCCUPIED, B.AVAILABLE}),
            B.OCCUPIED: frozenset({B.CLEANING}),
            B.CLEANING: frozenset({B.AVAILABLE, B.MAINTENANCE}),
            B.MAINTENANCE: frozenset({B.CLEANING}),
            B.CLOSED: frozenset({B.CLEANING}),
        },
    )

    bed_number: Mapped[str] = mapped_column(comment="what stands on the bed, unique in the hospital")
    ward: Mapped[str] = mapped_column(comment="ward it stands in")
    floor: Mapped[str | None] = mapped_column(comment="floor it stands on")
    bed_type: Mapped[BedType] = enum_column(
        "bed_type", BedType, comment="what the bed is fit for", default=BedType.GENERAL
    )
    status: Mapped[BedStatus] = enum_column(
        "status", BedStatus, comment="domain 5.5; moves by its machine", default=B.AVAILABLE
    )
    assigned_patient_id: Mapped[UUID | None] = mapped_column(comment="who lies in it")
    assigned_visit_id: Mapped[UUID | None] = mapped_column(comment="the visit of who lies in it")
    assigned_at: Mapped[datetime | None] = mapped_column(comment="instant the stay began")
    reserved_for_visit_id: Mapped[UUID | None] = mapped_column(comment="the visit it is kept for")
    reserved_until: Mapped[datetime | None] = mapped_column(comment="instant the reservation lapses")
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), default=True, comment="false = switched off, the row stays"
    )

    hospital: Mapped["Hospital"] = relationship(
        back_populates="beds", lazy="raise", primaryjoin="Hospital.id == foreign(Bed.hospital_id)"
    )
    assignments: Mapped[list["BedAssignment"]] = relationship(
        back_populates="bed",
        lazy="raise",
        primaryjoin="Bed.id == foreign(BedAssignment.bed_id)",
        passive_deletes="all",
    )


class BedAssignment(SourcedRow):
    """A stay in a bed, half-open [assigned_at, released_at). The trigger of beds writes them."""

    __tablename__ = "bed_assignments"
    __table_args__ = (
        # RESTRICT: where a patient lay is looked up long after (infection, exposure).
        ForeignKeyConstraint(["hospital_id", "bed_id"], ["beds.hospital_id", "beds.id"], ondelete="RESTRICT"),
        fk_to_visit("RESTRICT"),
        CheckConstraint("released_at >= assigned_at", name="released_after_assigned"),
        # Two patients never lie in one bed at one time, nor one patient in two.
        ExcludeConstraint(
            ("bed_id", "="),
            (text("tstzrange(assigned_at, released_at)"), "&&"),
            using="gist",
            name="bed_assignments_bed_overlap_excl",
        ),
        ExcludeConstraint(
            ("visit_id", "="),
            (text("tstzrange(assigned_at, released_at)"), "&&"),
            using="gist",
            name="bed_assignments_visit_overlap_excl",
        ),
        Index(None, "hospital_id", "bed_id"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(
            "bed_assignments_open_idx", "hospital_id", "bed_id", postgresql_where=text("released_at IS NULL")
        ),
    )

    bed_id: Mapped[UUID] = mapped_column(comment="the bed")
    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit the patient lay there for")
    assigned_at: Mapped[datetime] = mapped_column(comment="instant the stay began")
    released_at: Mapped[datetime | None] = mapped_column(comment="instant the stay ended; NULL = still there")
    # SET NULL: soft; the audit trail names who moved the patient.
    assigned_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("SET NULL"), index=True, comment="who put the patient there"
    )

    bed: Mapped[Bed] = relationship(
        back_populates="assignments", lazy="raise", primaryjoin="Bed.id == foreign(BedAssignment.bed_id)"
    )
