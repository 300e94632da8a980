"""Sets of vital signs (S17, domain 5.5), and the calls for help that a score raises.

One row is one set at one instant; a set is amended, never edited."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    HospitalRow,
    Machine,
    Moving,
    SourcedRow,
    authored_or_imported,
    enum_column,
    fk_to_visit,
    user_fk,
)
from app.models.visit import Visit

SIGNS = (
    "temperature", "heart_rate", "blood_pressure_systolic", "respiratory_rate", "spo2", "weight", "height",
    "consciousness", "supplemental_oxygen", "oxygen_flow_lpm", "fio2_percent", "pain",
)  # fmt: skip


class Consciousness(StrEnum):
    """ACVPU; C means new confusion."""

    ALERT = "A"
    CONFUSION = "C"
    VOICE = "V"
    PAIN = "P"
    UNRESPONSIVE = "U"


class VitalsStatus(StrEnum):
    FINAL = "final"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered_in_error"


class News2State(StrEnum):
    """Why a set has its total, or none (domain 5.5)."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    UNDER_16 = "under_16"
    PREGNANT = "pregnant"


# Outside these the value cannot be true of a living or dying person (domain 5.5, "reject outside"; ours).
RANGES = {
    "temperature": (20, 45),
    "heart_rate": (0, 350),
    "blood_pressure_systolic": (0, 350),
    "blood_pressure_diastolic": (0, 250),
    "respiratory_rate": (0, 100),
    "spo2": (0, 100),
    "weight": (0.2, 700),
    "height": (20, 280),
    "oxygen_flow_lpm": (0, 80),
    "fio2_percent": (21, 100),
    "pain": (0, 10),
}

# NULLIF keeps a height of 0 from failing as a division, so that it is the range that refuses it. Written with the
# casts PostgreSQL adds when it shows the expression, so that Alembic finds it unchanged.
HEIGHT_M = "(NULLIF(height, 0::numeric) / 100::numeric)"
BMI = f"weight / ({HEIGHT_M} * {HEIGHT_M})"
BMI_IF_SANE = (
    f"CASE WHEN {BMI} >= 2::numeric AND {BMI} <= 250::numeric THEN round({BMI}, 2) ELSE NULL::numeric END"
)


class Vitals(SourcedRow):
    __tablename__ = "vitals"
    __table_args__ = (
        # CASCADE serves the owner in data repair; no application role may delete (S30).
        fk_to_visit("CASCADE"),
        UniqueConstraint("hospital_id", "patient_id", "id"),
        # RESTRICT: the amended set stays readable beside its correction.
        ForeignKeyConstraint(
            ["hospital_id", "patient_id", "amends_id"],
            ["vitals.hospital_id", "vitals.patient_id", "vitals.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        UniqueConstraint("amends_id"),
        CheckConstraint("amends_id <> id", name="amends_other"),
        *(
            CheckConstraint(f"{sign} BETWEEN {low} AND {high}", name=f"{sign}_range")
            for sign, (low, high) in RANGES.items()
        ),
        CheckConstraint(
            "(blood_pressure_systolic IS NULL) = (blood_pressure_diastolic IS NULL)",
            name="blood_pressure_both",
        ),
        CheckConstraint("blood_pressure_diastolic < blood_pressure_systolic", name="blood_pressure_order"),
        CheckConstraint("spo2_scale IN (1, 2)", name="spo2_scale"),
        CheckConstraint(f"num_nonnulls({', '.join(SIGNS)}) >= 1", name="something_measured"),
        CheckConstraint(
            "supplemental_oxygen IS NOT FALSE OR COALESCE(oxygen_flow_lpm, 0) = 0",
            name="oxygen_flow_on_oxygen",
        ),
        CheckConstraint("news2_total BETWEEN 0 AND 20", name="news2_total_range"),
        # A total stands for a complete set and nothing else; a single 3 is known of an incomplete one too.
        CheckConstraint(
            "(news2_total IS NOT NULL) = (COALESCE(news2_state, '') = 'complete')"
            " AND (news2_red IS NOT NULL) = (COALESCE(news2_state, '') IN ('complete', 'incomplete'))",
            name="news2_scored",
        ),
        CheckConstraint("next_due_at >= recorded_at", name="next_due_later"),
        CheckConstraint("btrim(late_reason) <> ''", name="late_reason_given"),
        CheckConstraint(
            "num_nonnulls(error_at, error_by_id, error_reason) IN (0, 3)"
            " AND (error_at IS NULL OR status = 'entered_in_error') AND btrim(error_reason) <> ''",
            name="error_told",
        ),
        authored_or_imported("recorded_by_id"),
        Index(None, "visit_id", text("recorded_at DESC")),
        Index(None, "patient_id", text("recorded_at DESC"), text("id DESC")),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "error_by_id", postgresql_where=text("error_by_id IS NOT NULL")),
        Index(None, "hospital_id", "patient_id", "amends_id", postgresql_where=text("amends_id IS NOT NULL")),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it belongs to")
    # RESTRICT: who measured stays named.
    recorded_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who recorded it"
    )
    recorded_at: Mapped[datetime] = mapped_column(comment="instant of measurement")
    temperature: Mapped[Decimal | None] = mapped_column(Numeric(4, 1), comment="degrees Celsius")
    heart_rate: Mapped[int | None] = mapped_column(SmallInteger, comment="beats per minute; 0 is a value")
    blood_pressure_systolic: Mapped[int | None] = mapped_column(SmallInteger, comment="mmHg")
    blood_pressure_diastolic: Mapped[int | None] = mapped_column(SmallInteger, comment="mmHg")
    respiratory_rate: Mapped[int | None] = mapped_column(SmallInteger, comment="breaths per minute")
    spo2: Mapped[int | None] = mapped_column(SmallInteger, comment="oxygen saturation by pulse oximetry, %")
    supplemental_oxygen: Mapped[bool | None] = mapped_column(comment="true = on oxygen, false = on air")
    oxygen_flow_lpm: Mapped[Decimal | None] = mapped_column(Numeric(4, 1), comment="oxygen flow, L/min")
    fio2_percent: Mapped[int | None] = mapped_column(SmallInteger, comment="inspired oxygen concentration, %")
    consciousness: Mapped[Consciousness | None] = enum_column(
        "consciousness", Consciousness, comment="ACVPU", nullable=True
    )
    pain: Mapped[int | None] = mapped_column(SmallInteger, comment="0 to 10, verbal numeric rating")
    weight: Mapped[Decimal | None] = mapped_column(Numeric(6, 3), comment="kg")
    height: Mapped[Decimal | None] = mapped_column(Numeric(5, 2), comment="cm")
    bmi: Mapped[Decimal | None] = mapped_column(
        Numeric(5, 2),
        Computed(BMI_IF_SANE, persisted=True),
        comment="kg/m2 from this set's weight and height; NULL outside 2 to 250",
    )
    spo2_scale: Mapped[int | None] = mapped_column(SmallInteger, comment="NEWS2 SpO2 scale used, 1 or 2")
    is_abnormal: Mapped[bool] = mapped_column(
        server_default=text("false"), default=False, comment="computed by the server (domain 5.5), never sent"
    )
    status: Mapped[VitalsStatus] = enum_column(
        "status", VitalsStatus, comment="final, amended or entered_in_error", default=VitalsStatus.FINAL
    )
    amends_id: Mapped[UUID | None] = mapped_column(comment="the set this one corrects")
    notes: Mapped[str | None] = mapped_column(comment="remarks in words")
    # Kept as it was shown when it was recorded, so that no screen scores again; imported rows have none.
    news2_total: Mapped[int | None] = mapped_column(
        SmallInteger, comment="NEWS2, 0 to 20 points; NULL = no total (news2_state says why)"
    )
    news2_red: Mapped[bool | None] = mapped_column(comment="true = a single parameter scores 3")
    news2_state: Mapped[News2State | None] = enum_column(
        "news2_state", News2State, comment="why there is a total or none; NULL = imported", nullable=True
    )
    next_due_at: Mapped[datetime | None] = mapped_column(
        comment="instant the next set is due, from the score; NULL = imported"
    )
    late_reason: Mapped[str | None] = mapped_column(
        comment="why it was entered more than 24 hours after it was measured, or after the visit had ended"
    )
    error_at: Mapped[datetime | None] = mapped_column(comment="instant it was struck out")
    # RESTRICT: who struck out a set stays named.
    error_by_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), comment="who struck it out")
    error_reason: Mapped[str | None] = mapped_column(comment="why it was struck out or amended, in words")

    visit: Mapped[Visit] = relationship(
        back_populates="vitals", lazy="raise", primaryjoin="Visit.id == foreign(Vitals.visit_id)"
    )


class EscalationRisk(StrEnum):
    """What calls for a person (NEWS2, chart 4)."""

    LOW_MEDIUM = "low-medium"
    MEDIUM = "medium"
    HIGH = "high"


class EscalationLevel(StrEnum):
    NURSE = "nurse"
    DOCTOR = "doctor"
    MANAGER = "manager"


class EscalationStatus(StrEnum):
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    SUPERSEDED = "superseded"
    CLOSED = "closed"


E = EscalationStatus


class Escalation(HospitalRow, Moving):
    """A call for help that a score raised; it climbs until somebody acknowledges it (domain 5.5, 5.11).

    A worse score raises a new one in its place; a better score closes none, the end of the visit does."""

    __tablename__ = "escalations"
    __table_args__ = (
        # CASCADE serves the owner in data repair; no application role may delete (S30).
        fk_to_visit("CASCADE"),
        # CASCADE, for the same reason.
        ForeignKeyConstraint(
            ["hospital_id", "patient_id", "vitals_id"],
            ["vitals.hospital_id", "vitals.patient_id", "vitals.id"],
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        CheckConstraint("score BETWEEN 0 AND 20", name="score_range"),
        CheckConstraint(
            "(status = 'acknowledged') = (acknowledged_at IS NOT NULL)"
            " AND (acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)",
            name="acknowledged_pair",
        ),
        CheckConstraint(
            "climbs_at IS NULL OR (status = 'raised' AND level <> 'manager')", name="waiting_climbs"
        ),
        CheckConstraint(
            "answer IS NULL OR (acknowledged_at IS NOT NULL AND btrim(answer) <> '')", name="answer_given"
        ),
        # One patient calls once at a time: the newest call is the worst one.
        Index(
            "escalations_one_raised_key",
            "hospital_id",
            "visit_id",
            unique=True,
            postgresql_where=text("status = 'raised'"),
        ),
        Index(None, "visit_id", text("raised_at DESC")),
        Index(None, "hospital_id", "status", "raised_at"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(None, "hospital_id", "patient_id", "vitals_id"),
        Index("escalations_climbs_at_idx", "climbs_at", postgresql_where=text("status = 'raised'")),
    )
    machine: ClassVar[Machine] = Machine(
        first=E.RAISED,
        moves={E.RAISED: frozenset({E.ACKNOWLEDGED, E.SUPERSEDED, E.CLOSED})},
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it belongs to")
    vitals_id: Mapped[UUID] = mapped_column(comment="the set whose score raised it")
    risk: Mapped[EscalationRisk] = enum_column("risk", EscalationRisk, comment="NEWS2, chart 4")
    score: Mapped[int | None] = mapped_column(
        SmallInteger, comment="NEWS2 of that set; NULL = a single 3 in an incomplete set"
    )
    status: Mapped[EscalationStatus] = enum_column(
        "status",
        EscalationStatus,
        comment="raised, acknowledged, superseded by a worse score, closed with the visit; moves by its machine",
        default=E.RAISED,
    )
    level: Mapped[EscalationLevel] = enum_column(
        "level", EscalationLevel, comment="how far it has climbed: whoever stands up to there was told"
    )
    raised_at: Mapped[datetime] = mapped_column(comment="instant it was raised")
    climbs_at: Mapped[datetime | None] = mapped_column(
        comment="instant it climbs one step further; NULL = it climbs no more"
    )
    acknowledged_at: Mapped[datetime | None] = mapped_column(comment="instant somebody took it on")
    # RESTRICT: who answered stays named.
    acknowledged_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who took it on"
    )
    answer: Mapped[str | None] = mapped_column(comment="what was done, in words")
