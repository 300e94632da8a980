"""Laboratory: the order, and its results (S19, domain 5.6). Specimens come with the laboratory's workflow."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
from app.models.visit import Visit


class Urgency(StrEnum):
    ROUTINE = "routine"
    URGENT = "urgent"
    STAT = "stat"


class LabStatus(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered_in_error"


L = LabStatus
WAITING = (L.PENDING, L.ACCEPTED, L.IN_PROGRESS)


class LabTest(SourcedRow, Moving):
    __tablename__ = "lab_tests"
    __table_args__ = (
        fk_to_patient(),
        # CASCADE serves the owner in data repair; results below refer RESTRICT, so a resulted test stays (S30).
        fk_to_visit("CASCADE"),
        UniqueConstraint("hospital_id", "id"),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        CheckConstraint("btrim(test_type) <> ''", name="test_type_given"),
        CheckConstraint(
            "accepted_at >= requested_at AND in_progress_at >= COALESCE(accepted_at, requested_at)"
            " AND completed_at >= COALESCE(in_progress_at, accepted_at, requested_at)"
            " AND cancelled_at >= requested_at AND released_at >= completed_at",
            name="instants_rise",
        ),
        CheckConstraint(
            "source IS NOT NULL OR status = 'entered_in_error' OR (status = 'completed') = (completed_at IS NOT NULL)",
            name="completed_pair",
        ),
        CheckConstraint(
            "source IS NOT NULL OR status = 'entered_in_error' OR (status = 'cancelled') = (cancelled_at IS NOT NULL)",
            name="cancelled_pair",
        ),
        CheckConstraint("status <> 'pending' OR accepted_at IS NULL", name="pending_not_accepted"),
        CheckConstraint(
            "source IS NOT NULL OR status NOT IN ('accepted', 'in_progress', 'completed')"
            " OR accepted_at IS NOT NULL AND (status = 'accepted' OR in_progress_at IS NOT NULL)",
            name="steps_have_instants",
        ),
        CheckConstraint("released_at IS NULL OR completed_at IS NOT NULL", name="released_is_completed"),
        CheckConstraint(
            r"result_file_url ~ '^[A-Za-z0-9_-]+/lab/[0-9a-f-]{36}\.pdf$'", name="result_file_key"
        ),
        authored_or_imported("visit_id", "requested_by_id"),
        Index(None, "status", "urgency", "requested_at"),
        Index(None, "urgency"),
        Index(
            "lab_tests_queue_idx",
            "hospital_id",
            "status",
            "urgency",
            "requested_at",
            postgresql_where=text(one_of("status", WAITING)),
        ),
        Index(None, "patient_id", text("requested_at DESC"), text("id DESC")),
        Index(None, "patient_id", "created_at"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "visit_id", text("requested_at DESC")),
    )
    machine: ClassVar[Machine] = Machine(
        first=L.PENDING,
        moves={
            L.PENDING: frozenset({L.ACCEPTED, L.CANCELLED, L.ENTERED_IN_ERROR}),
            L.ACCEPTED: frozenset({L.IN_PROGRESS, L.CANCELLED, L.ENTERED_IN_ERROR}),
            L.IN_PROGRESS: frozenset({L.COMPLETED, L.CANCELLED, L.ENTERED_IN_ERROR}),
            L.COMPLETED: frozenset({L.ENTERED_IN_ERROR}),
            L.CANCELLED: frozenset({L.ENTERED_IN_ERROR}),
        },
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID | None] = mapped_column(comment="NULL only on imported rows")
    # RESTRICT: who ordered stays named.
    requested_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who ordered it"
    )
    # SET NULL: soft; the work passes to a colleague.
    assigned_to_id: Mapped[UUID | None] = mapped_column(
        user_fk("SET NULL"), index=True, comment="who works on it"
    )
    # RESTRICT: whoever follows a result that comes after the discharge stays named.
    result_owner_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who follows the result after discharge"
    )
    test_type: Mapped[str] = mapped_column(comment="name of the test or panel")
    code_system: Mapped[str | None] = mapped_column(comment="URI of the code system")
    code: Mapped[str | None] = mapped_column(comment="LOINC code of the test or panel where known")
    urgency: Mapped[Urgency] = enum_column(
        "urgency", Urgency, comment="routine, urgent or stat", default=Urgency.ROUTINE
    )
    status: Mapped[LabStatus] = enum_column(
        "status", LabStatus, comment="domain 5.6; moves by its machine", default=L.PENDING
    )
    requested_at: Mapped[datetime] = mapped_column(
        comment="ordered; for imported tests the instant of the specimen"
    )
    accepted_at: Mapped[datetime | None] = mapped_column(comment="instant the laboratory took it")
    in_progress_at: Mapped[datetime | None] = mapped_column(comment="instant work began")
    completed_at: Mapped[datetime | None] = mapped_column(comment="verified")
    released_at: Mapped[datetime | None] = mapped_column(comment="shown to the patient from then on")
    cancelled_at: Mapped[datetime | None] = mapped_column(comment="instant of cancelling")
    cancellation_reason: Mapped[str | None] = mapped_column(comment="why it was cancelled")
    result_summary: Mapped[str | None] = mapped_column(comment="the outcome in a line")
    result_file_url: Mapped[str | None] = mapped_column(
        comment="object key hospital/lab/uuid.pdf, never an address"
    )
    notes: Mapped[str | None] = mapped_column(comment="remarks in words")

    visit: Mapped[Visit | None] = relationship(
        back_populates="lab_tests", lazy="raise", primaryjoin="Visit.id == foreign(LabTest.visit_id)"
    )
    results: Mapped[list["LabResult"]] = relationship(
        back_populates="lab_test",
        lazy="raise",
        primaryjoin="LabTest.id == foreign(LabResult.lab_test_id)",
        order_by="LabResult.rank",
        passive_deletes="all",
    )


class ResultStatus(StrEnum):
    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    ENTERED_IN_ERROR = "entered_in_error"


class Comparator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    MORE = ">"


class Interpretation(StrEnum):
    """HL7 v3 ObservationInterpretation: normal, low, high, critically low and high, abnormal, critically abnormal."""

    N = "N"
    L = "L"
    H = "H"
    LL = "LL"
    HH = "HH"
    A = "A"
    AA = "AA"


class LabResult(SourcedRow):
    """One analyte of a test: value, unit, reference interval, interpretation. A correction is a new row."""

    __tablename__ = "lab_results"
    __table_args__ = (
        # RESTRICT: a result is irrevocable, so neither its test nor the visit above can be deleted (S30).
        ForeignKeyConstraint(
            ["hospital_id", "patient_id", "lab_test_id"],
            ["lab_tests.hospital_id", "lab_tests.patient_id", "lab_tests.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        # RESTRICT: the corrected result is kept beside its correction (42 CFR 493.1291(k)).
        ForeignKeyConstraint(
            ["hospital_id", "patient_id", "corrects_id"],
            ["lab_results.hospital_id", "lab_results.patient_id", "lab_results.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        UniqueConstraint("corrects_id"),
        CheckConstraint("corrects_id <> id", name="corrects_other"),
        CheckConstraint("btrim(name) <> ''", name="name_given"),
        CheckConstraint("num_nonnulls(value_numeric, value_text) >= 1", name="value_given"),
        # PostgreSQL takes NaN and Infinity for numbers, and counts NaN above every other.
        CheckConstraint(
            "value_numeric > '-Infinity' AND value_numeric < 'Infinity' AND reference_low > '-Infinity'"
            " AND reference_low < 'Infinity' AND reference_high > '-Infinity' AND reference_high < 'Infinity'",
            name="numbers_finite",
        ),
        CheckConstraint("reference_low <= reference_high", name="reference_order"),
        CheckConstraint("comparator IS NULL OR value_numeric IS NOT NULL", name="comparator_of_number"),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)", name="acknowledged_pair"),
        CheckConstraint("rank >= 1", name="rank_range"),
        Index(None, "hospital_id", "patient_id", "lab_test_id"),
        Index(None, "lab_test_id", "rank"),
        Index(None, "patient_id", "code", text("observed_at DESC")),
        Index(
            None, "hospital_id", "patient_id", "corrects_id", postgresql_where=text("corrects_id IS NOT NULL")
        ),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    lab_test_id: Mapped[UUID] = mapped_column(comment="the test it answers")
    rank: Mapped[int] = mapped_column(SmallInteger, comment="place in the report, from 1")
    name: Mapped[str] = mapped_column(comment="analyte")
    code_system: Mapped[str | None] = mapped_column(comment="URI of the code system")
    code: Mapped[str | None] = mapped_column(comment="LOINC where known")
    value_numeric: Mapped[Decimal | None] = mapped_column(Numeric, comment="in unit")
    comparator: Mapped[Comparator | None] = enum_column(
        "comparator", Comparator, comment="the number is a bound: < <= >= >", nullable=True
    )
    value_text: Mapped[str | None] = mapped_column(comment="coded or worded value, as it is read")
    value_code: Mapped[str | None] = mapped_column(comment="code of a coded value")
    unit: Mapped[str | None] = mapped_column(comment="UCUM")
    reference_low: Mapped[Decimal | None] = mapped_column(Numeric, comment="in unit, inside the interval")
    reference_high: Mapped[Decimal | None] = mapped_column(Numeric, comment="in unit, inside the interval")
    reference_text: Mapped[str | None] = mapped_column(
        comment="reference in words, where there is no interval"
    )
    interpretation: Mapped[Interpretation | None] = enum_column(
        "interpretation",
        Interpretation,
        comment="HL7 v3 ObservationInterpretation; NULL = no flag known",
        nullable=True,
    )
    status: Mapped[ResultStatus] = enum_column(
        "status", ResultStatus, comment="preliminary, final, corrected", default=ResultStatus.PRELIMINARY
    )
    observed_at: Mapped[datetime | None] = mapped_column(comment="clinically relevant instant")
    # RESTRICT: who resulted and who verified stay named.
    resulted_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who entered it"
    )
    verified_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who verified it"
    )
    acknowledged_at: Mapped[datetime | None] = mapped_column(
        comment="critical: instant a clinician took note; NULL = not yet"
    )
    # RESTRICT: who took note of a critical result stays named.
    acknowledged_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who took note"
    )
    corrects_id: Mapped[UUID | None] = mapped_column(comment="the result this one corrects")
    note: Mapped[str | None] = mapped_column(comment="remarks in words")

    lab_test: Mapped[LabTest] = relationship(
        back_populates="results", lazy="raise", primaryjoin="LabTest.id == foreign(LabResult.lab_test_id)"
    )
