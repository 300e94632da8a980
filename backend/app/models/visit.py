"""Visits (encounters), their coded diagnoses and summaries (S15, domain 5.4)."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.errors import Conflict
from app.models.base import (
    HospitalRow,
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
from app.models.patient import Patient

if TYPE_CHECKING:
    from app.models.lab_test import LabTest
    from app.models.nurse_log import NurseLog
    from app.models.prescription import Prescription
    from app.models.vitals import Vitals


class VisitType(StrEnum):
    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"


class VisitStatus(StrEnum):
    PLANNED = "planned"
    ACTIVE = "active"
    ON_LEAVE = "on_leave"
    DISCHARGED = "discharged"
    TRANSFERRED = "transferred"
    DECEASED = "deceased"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered_in_error"


class SyncStatus(StrEnum):
    PENDING = "pending"
    SYNCED = "synced"
    FAILED = "failed"


class Disposition(StrEnum):
    """FHIR discharge-disposition; where the patient went."""

    HOME = "home"
    ALT_HOME = "alt-home"
    OTHER_HCF = "other-hcf"
    HOSPICE = "hosp"
    LONG = "long"
    AGAINST_ADVICE = "aadvice"
    EXPIRED = "exp"
    PSYCHIATRIC = "psy"
    REHABILITATION = "rehab"
    SKILLED_NURSING = "snf"
    OTHER = "oth"


S = VisitStatus
OPEN = (S.ACTIVE, S.ON_LEAVE)
ENDED = (S.DISCHARGED, S.TRANSFERRED, S.DECEASED)
INSTANTS = (
    "admission_date", "discharge_date", "synced_at", "discharge_ordered_at", "expected_arrival", "expected_departure",
    "triaged_at", "seen_at",
)  # fmt: skip


class Visit(SourcedRow, Moving):
    __tablename__ = "visits"
    __table_args__ = (
        fk_to_patient(),
        UniqueConstraint("hospital_id", "id"),
        # The target of every row of a visit: the row carries the visit's patient and hospital with it.
        UniqueConstraint("hospital_id", "patient_id", "id"),
        CheckConstraint("discharge_date >= admission_date", name="discharge_after_admission"),
        CheckConstraint(
            f"source IS NOT NULL OR ({one_of('status', ENDED)}) <= (discharge_date IS NOT NULL)",
            name="ended_has_date",
        ),
        CheckConstraint(
            f"source IS NOT NULL OR ({one_of('status', OPEN + ENDED)}) <= (admission_date IS NOT NULL)",
            name="started_has_date",
        ),
        CheckConstraint(
            f"NOT ({one_of('status', OPEN)}) OR discharge_date IS NULL", name="open_has_no_discharge"
        ),
        CheckConstraint(
            "(discharge_ordered_at IS NULL) = (discharge_ordered_by_id IS NULL)",
            name="discharge_ordered_pair",
        ),
        CheckConstraint("(sync_status = 'synced') = (synced_at IS NOT NULL)", name="synced_pair"),
        CheckConstraint("status <> 'planned' OR discharge_date IS NULL", name="planned_has_no_discharge"),
        # 'infinity' is an instant to PostgreSQL, and no one to Python or a ward.
        CheckConstraint(" AND ".join(f"isfinite({column})" for column in INSTANTS), name="instants_finite"),
        CheckConstraint("triage_level BETWEEN 1 AND 5", name="triage_level_range"),
        CheckConstraint(
            "num_nonnulls(triage_level, triaged_at, triaged_by_id) IN (0, 3)", name="triaged_together"
        ),
        CheckConstraint(
            "source IS NOT NULL OR status <> 'deceased' OR death_certified_by_id IS NOT NULL",
            name="death_is_certified",
        ),
        CheckConstraint(
            "source IS NOT NULL OR status NOT IN ('cancelled', 'entered_in_error')"
            " OR btrim(COALESCE(status_reason, '')) <> ''",
            name="status_reason_given",
        ),
        Index(None, "patient_id", "status"),
        Index(None, "patient_id", "admission_date"),
        Index(None, "hospital_id", "status", "admission_date"),
        Index(None, "hospital_id", "patient_id"),
        # The census of a past day begins with who left since.
        Index(None, "hospital_id", "discharge_date"),
        Index(None, "sync_status", postgresql_where=text("sync_status <> 'synced'")),
        Index(
            "visits_expected_idx",
            "hospital_id",
            "expected_arrival",
            postgresql_where=text("status = 'planned'"),
        ),
        Index(
            "visits_leaving_idx",
            "hospital_id",
            "expected_departure",
            postgresql_where=text(one_of("status", OPEN)),
        ),
        Index(
            "visits_waiting_idx",
            "hospital_id",
            "triage_level",
            "admission_date",
            postgresql_where=text("visit_type = 'emergency' AND status = 'active' AND seen_at IS NULL"),
        ),
        # Two open inpatient stays of one person in one hospital cannot both be true.
        Index(
            "visits_one_open_inpatient_key",
            "hospital_id",
            "patient_id",
            unique=True,
            postgresql_where=text(f"visit_type = 'inpatient' AND {one_of('status', OPEN)}"),
        ),
    )
    machine: ClassVar[Machine] = Machine(
        first=S.PLANNED,
        moves={
            S.PLANNED: frozenset({S.ACTIVE, S.CANCELLED, S.ENTERED_IN_ERROR}),
            S.ACTIVE: frozenset({S.ON_LEAVE, S.DISCHARGED, S.TRANSFERRED, S.DECEASED, S.ENTERED_IN_ERROR}),
            S.ON_LEAVE: frozenset({S.ACTIVE, S.ENTERED_IN_ERROR}),
            S.DISCHARGED: frozenset({S.ACTIVE, S.ENTERED_IN_ERROR}),
            S.TRANSFERRED: frozenset({S.ENTERED_IN_ERROR}),
            S.DECEASED: frozenset({S.ENTERED_IN_ERROR}),
            S.CANCELLED: frozenset({S.ENTERED_IN_ERROR}),
        },
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    # SET NULL: the attending doctor is a soft reference; who ordered and signed stands elsewhere.
    attending_doctor_id: Mapped[UUID | None] = mapped_column(
        user_fk("SET NULL"), index=True, comment="doctor in charge"
    )
    visit_type: Mapped[VisitType] = enum_column(
        "visit_type", VisitType, comment="inpatient, outpatient or emergency"
    )
    class_code: Mapped[str | None] = mapped_column(
        comment="the source's own class (v3-ActCode), kept as it came"
    )
    status: Mapped[VisitStatus] = enum_column(
        "status", VisitStatus, comment="domain 5.4; moves by its machine", default=S.PLANNED
    )
    admission_date: Mapped[datetime | None] = mapped_column(comment="instant of admission")
    discharge_date: Mapped[datetime | None] = mapped_column(comment="instant of departure")
    disposition: Mapped[Disposition | None] = enum_column(
        "disposition", Disposition, comment="FHIR discharge-disposition", nullable=True
    )
    reason_for_visit: Mapped[str | None] = mapped_column(comment="why the patient came")
    diagnosis: Mapped[str | None] = mapped_column(comment="in words; the coded ones are in diagnoses")
    discharge_summary: Mapped[str | None] = mapped_column(comment="letter at discharge, in words")
    sync_status: Mapped[SyncStatus] = enum_column(
        "sync_status", SyncStatus, comment="publication to the global record", default=SyncStatus.PENDING
    )
    synced_at: Mapped[datetime | None] = mapped_column(comment="instant of the publication")
    discharge_ordered_at: Mapped[datetime | None] = mapped_column(
        comment="ordered; the bed is kept until departure"
    )
    # RESTRICT: the law wants the name of who ordered the discharge.
    discharge_ordered_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="doctor who ordered the discharge"
    )

    expected_arrival: Mapped[datetime | None] = mapped_column(comment="instant the patient is expected")
    expected_departure: Mapped[datetime | None] = mapped_column(
        comment="instant the patient is expected to leave"
    )
    triage_level: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Australasian Triage Scale, 1 most urgent to 5; NULL = not triaged"
    )
    triaged_at: Mapped[datetime | None] = mapped_column(comment="instant of the triage")
    # RESTRICT: the level decides who waits, so its author stays named.
    triaged_by_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), index=True, comment="who triaged")
    seen_at: Mapped[datetime | None] = mapped_column(
        comment="emergency: instant a doctor began; NULL = waiting"
    )
    # RESTRICT: the law wants the name of who certified the death.
    death_certified_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="doctor who certified the death"
    )
    status_reason: Mapped[str | None] = mapped_column(
        comment="why it was cancelled, brought back or entered in error"
    )

    patient: Mapped[Patient] = relationship(
        back_populates="visits", lazy="raise", primaryjoin="Patient.id == foreign(Visit.patient_id)"
    )
    vitals: Mapped[list["Vitals"]] = relationship(
        back_populates="visit",
        lazy="raise",
        primaryjoin="Visit.id == foreign(Vitals.visit_id)",
        passive_deletes="all",
    )
    nurse_logs: Mapped[list["NurseLog"]] = relationship(
        back_populates="visit",
        lazy="raise",
        primaryjoin="Visit.id == foreign(NurseLog.visit_id)",
        passive_deletes="all",
    )
    lab_tests: Mapped[list["LabTest"]] = relationship(
        back_populates="visit",
        lazy="raise",
        primaryjoin="Visit.id == foreign(LabTest.visit_id)",
        passive_deletes="all",
    )
    prescriptions: Mapped[list["Prescription"]] = relationship(
        back_populates="visit",
        lazy="raise",
        primaryjoin="Visit.id == foreign(Prescription.visit_id)",
        passive_deletes="all",
    )
    diagnoses: Mapped[list["Diagnosis"]] = relationship(
        back_populates="visit",
        lazy="raise",
        primaryjoin="Visit.id == foreign(Diagnosis.visit_id)",
        passive_deletes="all",
    )

    def require_open(self) -> None:
        """Raises Conflict unless the patient is being treated: active or on leave (domain 5.4)."""
        if self.status is VisitStatus.PLANNED:
            raise Conflict("visit-not-started", "This visit has not started yet. Start it first.")
        if self.status not in OPEN:
            raise Conflict("visit-closed", "This visit has ended. Nothing new can be written on it.")


class DiagnosisRole(StrEnum):
    ADMISSION = "admission"
    FINAL = "final"
    COMORBID = "comorbid"


class Diagnosis(SourcedRow):
    __tablename__ = "diagnoses"
    __table_args__ = (
        # CASCADE: a diagnosis is nothing without its visit (the owner's data repair; no role may delete).
        fk_to_visit("CASCADE"),
        Index(
            "diagnoses_visit_id_role_rank_key",
            "visit_id",
            "role",
            "rank",
            unique=True,
            postgresql_where=text("entered_in_error_at IS NULL"),
        ),
        CheckConstraint(
            "(entered_in_error_at IS NULL) = (entered_in_error_by_id IS NULL)", name="entered_in_error_pair"
        ),
        CheckConstraint("rank >= 1", name="rank_range"),
        CheckConstraint("btrim(text) <> ''", name="text_given"),
        authored_or_imported("recorded_by_id"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it belongs to")
    code_system: Mapped[str] = mapped_column(comment="URI of the code system, such as ICD-10-CM")
    code: Mapped[str] = mapped_column(comment="code in code_system")
    text: Mapped[str] = mapped_column(comment="the diagnosis in words")
    role: Mapped[DiagnosisRole] = enum_column("role", DiagnosisRole, comment="admission, final or comorbid")
    rank: Mapped[int] = mapped_column(SmallInteger, comment="1 = first of its role")
    # RESTRICT: a diagnosis has its author.
    recorded_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who recorded it"
    )
    entered_in_error_at: Mapped[datetime | None] = mapped_column(
        comment="struck out at this instant; NULL = it counts"
    )
    # RESTRICT: who struck it out is part of it.
    entered_in_error_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who struck it out"
    )

    visit: Mapped[Visit] = relationship(
        back_populates="diagnoses", lazy="raise", primaryjoin="Visit.id == foreign(Diagnosis.visit_id)"
    )


class CareRole(StrEnum):
    """In what quality somebody cares for a patient; `attending` is the doctor in charge."""

    ATTENDING = "attending"
    DOCTOR = "doctor"
    NURSE = "nurse"


class CareAssignment(HospitalRow):
    """Who cares for a visit, half-open [from_at, until_at). The doctor in charge follows the visit, by its trigger."""

    __tablename__ = "care_assignments"
    __table_args__ = (
        # RESTRICT: who was responsible is looked up long after.
        fk_to_visit("RESTRICT"),
        CheckConstraint("until_at >= from_at", name="until_after_from"),
        ExcludeConstraint(
            ("visit_id", "="),
            ("user_id", "="),
            ("role", "="),
            (text("tstzrange(from_at, until_at)"), "&&"),
            using="gist",
            name="care_assignments_one_at_a_time_excl",
        ),
        # One doctor is in charge; of others there may be several.
        ExcludeConstraint(
            ("visit_id", "="),
            (text("tstzrange(from_at, until_at)"), "&&"),
            where=text("role = 'attending'"),
            using="gist",
            name="care_assignments_one_in_charge_excl",
        ),
        Index(None, "hospital_id", "patient_id", "visit_id"),
        Index(
            "care_assignments_mine_idx", "hospital_id", "user_id", postgresql_where=text("until_at IS NULL")
        ),
        Index("care_assignments_open_idx", "visit_id", postgresql_where=text("until_at IS NULL")),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit cared for")
    # RESTRICT: the law wants the name of who was responsible.
    user_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), index=True, comment="who cares")
    role: Mapped[CareRole] = enum_column("role", CareRole, comment="doctor in charge, doctor or nurse")
    from_at: Mapped[datetime] = mapped_column(comment="instant the care began")
    until_at: Mapped[datetime | None] = mapped_column(comment="instant the care ended; NULL = still caring")
    # SET NULL: soft; the audit trail names who assigned.
    assigned_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("SET NULL"), index=True, comment="who assigned it; NULL = the system"
    )


SUMMARY_TEXTS = (
    "reason_for_hospitalization",
    "procedures",
    "care_provided",
    "condition_at_discharge",
    "information_given",
    "follow_up",
)


class DischargeSummary(HospitalRow):
    """What Joint Commission RC.02.04.01 EP 3 asks of a summary, element by element; signed, it never changes."""

    __tablename__ = "discharge_summaries"
    __table_args__ = (
        # RESTRICT: a signed summary is irrevocable, so the visit stays.
        fk_to_visit("RESTRICT"),
        UniqueConstraint("visit_id", "version"),
        CheckConstraint("version >= 1", name="version_range"),
        CheckConstraint(
            "signed_at IS NULL OR btrim(reason_for_hospitalization) <> '' AND btrim(procedures) <> ''"
            " AND btrim(care_provided) <> '' AND btrim(condition_at_discharge) <> '' AND btrim(follow_up) <> ''"
            " AND num_nulls(reason_for_hospitalization, procedures, care_provided, condition_at_discharge,"
            " follow_up, disposition) = 0",
            name="signed_is_complete",
        ),
        CheckConstraint(
            "signed_at IS NULL OR btrim(COALESCE(information_given, '')) <> ''"
            " OR (disposition = 'aadvice' AND refusal_signed_at IS NOT NULL)",
            name="signed_informs_or_refused",
        ),
        CheckConstraint("(signed_at IS NULL) = (signed_by_id IS NULL)", name="signed_pair"),
        CheckConstraint("isfinite(signed_at) AND isfinite(refusal_signed_at)", name="instants_finite"),
        Index(None, "hospital_id", "patient_id", "visit_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit it sums up")
    version: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("1"),
        default=1,
        comment="1 for the first, one more for each amendment",
    )
    reason_for_hospitalization: Mapped[str | None] = mapped_column(comment="why the patient was here")
    procedures: Mapped[str | None] = mapped_column(comment="procedures performed, or that there were none")
    care_provided: Mapped[str | None] = mapped_column(comment="care, treatment and services provided")
    condition_at_discharge: Mapped[str | None] = mapped_column(
        comment="condition of the patient at discharge"
    )
    disposition: Mapped[Disposition | None] = enum_column(
        "disposition",
        Disposition,
        comment="FHIR discharge-disposition: where the patient goes",
        nullable=True,
    )
    information_given: Mapped[str | None] = mapped_column(comment="information given to patient and family")
    follow_up: Mapped[str | None] = mapped_column(comment="provisions for follow-up")
    refusal_signed_at: Mapped[datetime | None] = mapped_column(
        comment="against advice: instant the patient signed the refusal"
    )
    # RESTRICT: author and signature stay named.
    written_by_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), index=True, comment="who wrote it")
    signed_at: Mapped[datetime | None] = mapped_column(comment="instant of the signature; NULL = a draft")
    signed_by_id: Mapped[UUID | None] = mapped_column(user_fk("RESTRICT"), index=True, comment="who signed")
