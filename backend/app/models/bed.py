"""Beds and who lay in them (S16, domain 5.5)."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
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


class TerminalStep(StrEnum):
    """The checklist of a terminal clean, when a stay in isolation has ended.

    After CDC and ICAN, Best Practices for Environmental Cleaning in Healthcare Facilities in Resource-Limited
    Settings, 2019, chapter 4 and appendix B1 (terminal cleaning); the cut into seven steps is ours."""

    LINEN_REMOVED = "linen_removed"
    EQUIPMENT_REPROCESSED = "equipment_reprocessed"
    CURTAINS_CHANGED = "curtains_changed"
    MATTRESS_DISINFECTED = "mattress_disinfected"
    SURFACES_DISINFECTED = "surfaces_disinfected"
    SINK_DISINFECTED = "sink_disinfected"
    SUPPLIES_RENEWED = "supplies_renewed"


def _step(comment: str) -> Mapped[bool]:
    return mapped_column(server_default=text("false"), default=False, comment=comment)


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
        CheckConstraint("isfinite(assigned_at) AND isfinite(reserved_until)", name="instants_finite"),
        CheckConstraint("is_active OR status NOT IN ('occupied', 'reserved')", name="off_is_empty"),
        CheckConstraint(
            "out_of_use_reason IS NULL OR status IN ('maintenance', 'closed')", name="out_of_use_reason"
        ),
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
    bay: Mapped[str | None] = mapped_column(comment="bay or room of the ward; who lies there sees the others")
    bed_type: Mapped[BedType] = enum_column(
        "bed_type", BedType, comment="what the bed is fit for", default=BedType.GENERAL
    )
    status: Mapped[BedStatus] = enum_column(
        "status", BedStatus, comment="domain 5.5; moves by its machine", default=B.AVAILABLE
    )
    status_changed_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="instant the state began; the end of a stay is read off it"
    )
    assigned_patient_id: Mapped[UUID | None] = mapped_column(comment="who lies in it")
    assigned_visit_id: Mapped[UUID | None] = mapped_column(comment="the visit of who lies in it")
    assigned_at: Mapped[datetime | None] = mapped_column(comment="instant the stay began")
    reserved_for_visit_id: Mapped[UUID | None] = mapped_column(comment="the visit it is kept for")
    reserved_until: Mapped[datetime | None] = mapped_column(comment="instant the reservation lapses")
    out_of_use_reason: Mapped[str | None] = mapped_column(comment="why it is closed or in maintenance")
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
        Index(None, "hospital_id", "released_at"),
        Index(
            "bed_assignments_open_idx", "hospital_id", "bed_id", postgresql_where=text("released_at IS NULL")
        ),
    )

    bed_id: Mapped[UUID] = mapped_column(comment="the bed")
    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit the patient lay there for")
    assigned_at: Mapped[datetime] = mapped_column(comment="instant the stay began")
    released_at: Mapped[datetime | None] = mapped_column(comment="instant the stay ended; NULL = still there")
    ward: Mapped[str | None] = mapped_column(
        comment="ward the bed stood in then; NULL = the one it stands in now"
    )
    placement_reason: Mapped[str | None] = mapped_column(
        comment="why here in spite of a warning; NULL = the bed fits"
    )
    # SET NULL: soft; the audit trail names who moved the patient.
    assigned_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("SET NULL"), index=True, comment="who put the patient there"
    )

    bed: Mapped[Bed] = relationship(
        back_populates="assignments", lazy="raise", primaryjoin="Bed.id == foreign(BedAssignment.bed_id)"
    )


class BedCleaning(HospitalRow):
    """A bed was made clean for the next patient: by whom, when, and how thoroughly."""

    __tablename__ = "bed_cleanings"
    __table_args__ = (
        # RESTRICT: what was cleaned when is looked up after an infection.
        ForeignKeyConstraint(["hospital_id", "bed_id"], ["beds.hospital_id", "beds.id"], ondelete="RESTRICT"),
        CheckConstraint("btrim(cleaner) <> ''", name="cleaner_named"),
        CheckConstraint("cleaned_at >= began_at", name="cleaned_after_began"),
        CheckConstraint(f"NOT is_terminal OR ({' AND '.join(TerminalStep)})", name="terminal_complete"),
        Index(None, "hospital_id", "bed_id", "cleaned_at"),
    )

    bed_id: Mapped[UUID] = mapped_column(comment="the bed")
    began_at: Mapped[datetime] = mapped_column(comment="instant the bed began to wait for it")
    cleaned_at: Mapped[datetime] = mapped_column(comment="instant it was clean")
    cleaner: Mapped[str] = mapped_column(comment="who cleaned, in words")
    # RESTRICT: somebody answers for it that the bed is clean.
    recorded_by_id: Mapped[UUID] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who says that it is clean"
    )
    is_terminal: Mapped[bool] = mapped_column(
        server_default=text("false"), default=False, comment="the whole checklist, after isolation"
    )
    linen_removed: Mapped[bool] = _step("linen, towels and disposable things are out of the room")
    equipment_reprocessed: Mapped[bool] = _step("reusable equipment is reprocessed")
    curtains_changed: Mapped[bool] = _step(
        "curtains and window treatments are inspected, and changed if soiled"
    )
    mattress_disinfected: Mapped[bool] = _step("mattress, frame and rails are disinfected on all sides")
    surfaces_disinfected: Mapped[bool] = _step("low and high touch surfaces and the floor are disinfected")
    sink_disinfected: Mapped[bool] = _step("wash basin and toilet are scrubbed and disinfected")
    supplies_renewed: Mapped[bool] = _step("soap, gloves and paper are renewed")
