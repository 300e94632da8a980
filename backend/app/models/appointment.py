"""Appointments (S21, domain 5.8): half-open [scheduled_at, ends_at), so that neighbours do not clash."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import (
    Machine,
    Moving,
    SourcedRow,
    authored_or_imported,
    enum_column,
    fk_to_patient,
    fk_to_visit,
    one_of,
    user_fk,
)


class AppointmentStatus(StrEnum):
    SCHEDULED = "scheduled"
    CHECKED_IN = "checked_in"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    ENTERED_IN_ERROR = "entered_in_error"


A = AppointmentStatus
HOLDING = (A.SCHEDULED, A.CHECKED_IN, A.IN_PROGRESS)


class Appointment(SourcedRow, Moving):
    __tablename__ = "appointments"
    __table_args__ = (
        fk_to_patient(),
        # RESTRICT: what was booked stays on record with the visit it led to (S30).
        fk_to_visit("RESTRICT"),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        # RESTRICT: the appointment a new one replaces stays beside it.
        ForeignKeyConstraint(
            ["hospital_id", "patient_id", "reschedules_id"],
            ["appointments.hospital_id", "appointments.patient_id", "appointments.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        UniqueConstraint("reschedules_id"),
        CheckConstraint("reschedules_id <> id", name="reschedules_other"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 480", name="duration_minutes_range"),
        CheckConstraint(
            "ends_at - scheduled_at = duration_minutes * INTERVAL '1 minute'", name="ends_at_held"
        ),
        CheckConstraint(
            "source IS NOT NULL OR status = 'entered_in_error' OR (status = 'cancelled') = (cancelled_at IS NOT NULL)",
            name="cancelled_pair",
        ),
        CheckConstraint(
            "source IS NOT NULL OR status <> 'cancelled' OR COALESCE(btrim(cancellation_reason), '') <> ''",
            name="cancelled_has_reason",
        ),
        CheckConstraint(
            "source IS NOT NULL OR status NOT IN ('checked_in', 'in_progress', 'completed')"
            " OR checked_in_at IS NOT NULL",
            name="checked_in_pair",
        ),
        authored_or_imported("created_by_id"),
        ExcludeConstraint(
            ("doctor_id", "="),
            (text("tstzrange(scheduled_at, ends_at)"), "&&"),
            using="gist",
            where=text(one_of("status", HOLDING)),
            name="appointments_doctor_overlap_excl",
        ),
        ExcludeConstraint(
            ("patient_id", "="),
            (text("tstzrange(scheduled_at, ends_at)"), "&&"),
            using="gist",
            where=text(one_of("status", HOLDING)),
            name="appointments_patient_overlap_excl",
        ),
        Index(None, "doctor_id", "scheduled_at"),
        Index(None, "hospital_id", "scheduled_at"),
        Index(None, "patient_id", "scheduled_at"),
        Index(None, "status", "scheduled_at"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(
            None,
            "hospital_id",
            "patient_id",
            "reschedules_id",
            postgresql_where=text("reschedules_id IS NOT NULL"),
        ),
    )
    machine: ClassVar[Machine] = Machine(
        first=A.SCHEDULED,
        moves={
            A.SCHEDULED: frozenset({A.CHECKED_IN, A.CANCELLED, A.NO_SHOW, A.ENTERED_IN_ERROR}),
            A.CHECKED_IN: frozenset({A.IN_PROGRESS, A.CANCELLED, A.ENTERED_IN_ERROR}),
            A.IN_PROGRESS: frozenset({A.COMPLETED, A.ENTERED_IN_ERROR}),
            A.COMPLETED: frozenset({A.ENTERED_IN_ERROR}),
            A.CANCELLED: frozenset({A.ENTERED_IN_ERROR}),
            A.NO_SHOW: frozenset({A.ENTERED_IN_ERROR}),
        },
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    # RESTRICT: whose clinic it was stays named.
    doctor_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), comment="whom the patient sees")
    visit_id: Mapped[UUID | None] = mapped_column(comment="the visit it became, from in_progress on")
    # RESTRICT: who booked stays named.
    created_by_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), index=True, comment="who booked")
    scheduled_at: Mapped[datetime] = mapped_column(comment="start")
    duration_minutes: Mapped[int] = mapped_column(SmallInteger, comment="minutes, 5 to 480")
    ends_at: Mapped[datetime] = mapped_column(comment="scheduled_at + duration_minutes, held by CHECK")
    status: Mapped[AppointmentStatus] = enum_column(
        "status", AppointmentStatus, comment="domain 5.8; moves by its machine", default=A.SCHEDULED
    )
    reason: Mapped[str | None] = mapped_column(comment="why the patient comes")
    checked_in_at: Mapped[datetime | None] = mapped_column(comment="instant the patient reported")
    cancelled_at: Mapped[datetime | None] = mapped_column(comment="instant of cancelling")
    cancellation_reason: Mapped[str | None] = mapped_column(comment="why it was cancelled")
    reschedules_id: Mapped[UUID | None] = mapped_column(comment="the cancelled appointment this one replaces")
