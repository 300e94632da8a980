"""Sets of vital signs (S17, domain 5.5). One row is one set at one instant; a set is amended, never edited."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
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

from app.models.base import SourcedRow, authored_or_imported, enum_column, fk_to_visit, user_fk
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
        authored_or_imported("recorded_by_id"),
        Index(None, "visit_id", text("recorded_at DESC")),
        Index(None, "patient_id", text("recorded_at DESC"), text("id DESC")),
        Index(None, "hospital_id", "patient_id", "visit_id"),
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

    visit: Mapped[Visit] = relationship(
        back_populates="vitals", lazy="raise", primaryjoin="Visit.id == foreign(Vitals.visit_id)"
    )
