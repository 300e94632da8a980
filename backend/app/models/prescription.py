"""Prescriptions (S20, domain 5.7). Dispenses and administrations are rows of their own, with their workflow."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    Machine,
    Moving,
    SourcedRow,
    authored_or_imported,
    enum_column,
    fk_to_patient,
    fk_to_visit,
    user_fk,
)
from app.models.visit import Visit


class DischargeDecision(StrEnum):
    """What becomes of an order when the patient leaves (the reconciliation list)."""

    CONTINUE = "continue"
    STOP = "stop"


class PrescriptionStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered_in_error"


P = PrescriptionStatus


class Prescription(SourcedRow, Moving):
    __tablename__ = "prescriptions"
    __table_args__ = (
        fk_to_patient(),
        # CASCADE serves the owner in data repair; no application role may delete (S30).
        fk_to_visit("CASCADE"),
        UniqueConstraint("hospital_id", "id"),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        CheckConstraint("btrim(medication_name) <> ''", name="medication_name_given"),
        CheckConstraint("end_date >= start_date", name="end_after_start"),
        CheckConstraint("duration_days BETWEEN 1 AND 3650", name="duration_days_range"),
        # NaN is above every number to PostgreSQL, so that "more than 0" alone would take it.
        CheckConstraint("dose_value > 0 AND dose_value < 'NaN'", name="dose_value_range"),
        CheckConstraint("(dose_value IS NULL) = (dose_unit IS NULL)", name="dose_pair"),
        CheckConstraint("max_per_24h > 0 AND max_per_24h < 'NaN'", name="max_per_24h_range"),
        CheckConstraint("quantity > 0 AND quantity < 'NaN' AND refills >= 0", name="quantity_range"),
        CheckConstraint(
            "source IS NOT NULL OR status = 'draft' OR NOT as_needed OR max_per_24h IS NOT NULL",
            name="as_needed_has_maximum",
        ),
        CheckConstraint("(signed_at IS NULL) = (signed_by_id IS NULL)", name="signed_pair"),
        CheckConstraint(
            "source IS NOT NULL OR status IN ('draft', 'cancelled', 'entered_in_error') OR signed_at IS NOT NULL",
            name="active_is_signed",
        ),
        CheckConstraint(
            "source IS NOT NULL OR status <> 'discontinued' OR stop_reason IS NOT NULL",
            name="discontinued_has_reason",
        ),
        CheckConstraint(
            "num_nonnulls(discharge_decision, discharge_decided_at, discharge_decided_by_id) IN (0, 3)",
            name="reconciled_together",
        ),
        authored_or_imported("visit_id", "prescribed_by_id", "dosage", "frequency", "route"),
        Index(None, "status", "created_at"),
        Index(None, "hospital_id", "status", "created_at"),
        Index(None, "patient_id", "created_at"),
        Index(None, "patient_id", text("start_date DESC"), text("id DESC")),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "visit_id", "status"),
    )
    machine: ClassVar[Machine] = Machine(
        first=P.DRAFT,
        moves={
            P.DRAFT: frozenset({P.ACTIVE, P.CANCELLED, P.ENTERED_IN_ERROR}),
            P.ACTIVE: frozenset({P.ON_HOLD, P.COMPLETED, P.DISCONTINUED, P.CANCELLED, P.ENTERED_IN_ERROR}),
            P.ON_HOLD: frozenset({P.ACTIVE, P.DISCONTINUED, P.ENTERED_IN_ERROR}),
            P.COMPLETED: frozenset({P.ENTERED_IN_ERROR}),
            P.DISCONTINUED: frozenset({P.ENTERED_IN_ERROR}),
            P.CANCELLED: frozenset({P.ENTERED_IN_ERROR}),
        },
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID | None] = mapped_column(comment="NULL only on imported rows")
    # RESTRICT: who prescribed and who signed stay named.
    prescribed_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who prescribed it"
    )
    medication_name: Mapped[str] = mapped_column(comment="drug as prescribed")
    code_system: Mapped[str | None] = mapped_column(comment="URI of the code system, such as RxNorm")
    medication_code: Mapped[str | None] = mapped_column(comment="code of the drug in code_system")
    dosage: Mapped[str | None] = mapped_column(comment="as prescribed, such as 10 mg")
    frequency: Mapped[str | None] = mapped_column(comment="as prescribed, such as once daily")
    route: Mapped[str | None] = mapped_column(comment="as prescribed, such as oral")
    dose_value: Mapped[Decimal | None] = mapped_column(Numeric(12, 4), comment="in dose_unit")
    dose_unit: Mapped[str | None] = mapped_column(comment="UCUM or countable form")
    as_needed: Mapped[bool] = mapped_column(server_default=text("false"), default=False, comment="PRN")
    as_needed_reason: Mapped[str | None] = mapped_column(comment="when to take it, if as needed")
    max_per_24h: Mapped[Decimal | None] = mapped_column(
        Numeric(12, 4), comment="most doses in 24 hours, a count"
    )
    quantity: Mapped[Decimal | None] = mapped_column(
        Numeric(12, 3), comment="to dispense, in the smallest unit"
    )
    refills: Mapped[int | None] = mapped_column(
        SmallInteger, comment="times it may be dispensed again, a count"
    )
    indication: Mapped[str | None] = mapped_column(comment="what it is for")
    duration_days: Mapped[int | None] = mapped_column(SmallInteger, comment="days")
    start_date: Mapped[date | None] = mapped_column(comment="first day, in the hospital's time zone")
    end_date: Mapped[date | None] = mapped_column(comment="last day, in the hospital's time zone")
    status: Mapped[PrescriptionStatus] = enum_column(
        "status", PrescriptionStatus, comment="domain 5.7; moves by its machine", default=P.DRAFT
    )
    signed_at: Mapped[datetime | None] = mapped_column(comment="instant of the signature")
    signed_by_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), index=True, comment="who signed")
    stop_reason: Mapped[str | None] = mapped_column(comment="why it was discontinued or cancelled")
    instructions: Mapped[str | None] = mapped_column(comment="what the patient is told")
    discharge_decision: Mapped[DischargeDecision | None] = enum_column(
        "discharge_decision",
        DischargeDecision,
        comment="at discharge: continue at home or stop; NULL = not decided",
        nullable=True,
    )
    discharge_decided_at: Mapped[datetime | None] = mapped_column(comment="instant of that decision")
    # RESTRICT: what the patient takes home was somebody's decision.
    discharge_decided_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who decided"
    )

    visit: Mapped[Visit | None] = relationship(
        back_populates="prescriptions", lazy="raise", primaryjoin="Visit.id == foreign(Prescription.visit_id)"
    )
