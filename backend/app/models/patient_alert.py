"""What everybody at the bedside must know before anything else: the alerts of a patient's file (domain 5.4)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import SourcedRow, authored_or_imported, enum_column, fk_to_patient, one_of, user_fk


class AlertType(StrEnum):
    CODE_STATUS = "code_status"
    ISOLATION = "isolation"
    PREGNANCY = "pregnancy"
    FALLS = "falls"
    PRESSURE_INJURY = "pressure_injury"
    DIFFICULT_AIRWAY = "difficult_airway"
    COMMUNICATION = "communication"
    SIMILAR_NAME = "similar_name"
    OTHER = "other"


class CodeStatus(StrEnum):
    """What is done when the heart stops; "limited" says in the note what is not."""

    FULL = "full"
    LIMITED = "limited"
    DO_NOT_RESUSCITATE = "dnr"
    COMFORT_CARE = "comfort"


class Isolation(StrEnum):
    """Transmission-based precautions, and those that protect the patient (CDC, 2007 guideline for isolation)."""

    CONTACT = "contact"
    DROPLET = "droplet"
    AIRBORNE = "airborne"
    PROTECTIVE = "protective"


class AlertEnd(StrEnum):
    OVER = "over"
    ENTERED_IN_ERROR = "entered_in_error"


A = AlertType
# Types whose value says which; all others say all by their name, or in their own words.
CHOSEN: dict[AlertType, type[StrEnum]] = {A.CODE_STATUS: CodeStatus, A.ISOLATION: Isolation}
IN_WORDS = (A.COMMUNICATION, A.OTHER)
# A file says one of these at a time: two would contradict each other.
SINGLE = (A.CODE_STATUS, A.PREGNANCY)


class PatientAlert(SourcedRow):
    """An alert, from `since` to `until`. It is ended, never changed: another value is another row."""

    __tablename__ = "patient_alerts"
    __table_args__ = (
        fk_to_patient(),
        CheckConstraint(
            " AND ".join(
                f"(alert_type <> '{kind}' OR (value IS NOT NULL AND {one_of('value', values)}))"
                for kind, values in CHOSEN.items()
            ),
            name="value_known",
        ),
        CheckConstraint(
            f"NOT ({one_of('alert_type', IN_WORDS)}) OR btrim(coalesce(value, '')) <> ''", name="value_given"
        ),
        CheckConstraint("until >= since", name="until_after_since"),
        CheckConstraint(
            "num_nonnulls(ended_by_id, end_reason) IN (0, 2) AND (ended_by_id IS NULL OR until IS NOT NULL)",
            name="ended_pair",
        ),
        authored_or_imported("recorded_by_id"),
        ExcludeConstraint(
            ("patient_id", "="),
            ("alert_type", "="),
            (text(f"(CASE WHEN {one_of('alert_type', SINGLE)} THEN '' ELSE coalesce(value, '') END)"), "="),
            (text("tstzrange(since, until)"), "&&"),
            using="gist",
            where=text("end_reason IS NULL OR end_reason <> 'entered_in_error'"),
            name="patient_alerts_one_at_a_time_excl",
        ),
        Index(None, "hospital_id", "patient_id", "until"),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    alert_type: Mapped[AlertType] = enum_column("alert_type", AlertType, comment="what it is about")
    value: Mapped[str | None] = mapped_column(
        comment="which code status or isolation; the words of a type that needs some; else NULL"
    )
    since: Mapped[datetime] = mapped_column(comment="instant it began to hold")
    until: Mapped[datetime | None] = mapped_column(
        comment="instant it stops to hold, foreseen or past; NULL = open"
    )
    # RESTRICT: a code status and an isolation have their author.
    recorded_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who recorded it"
    )
    # RESTRICT, for the same reason.
    ended_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who ended it; NULL = nobody yet"
    )
    end_reason: Mapped[AlertEnd | None] = enum_column(
        "end_reason", AlertEnd, comment="over, or never true", nullable=True
    )
    note: Mapped[str | None] = mapped_column(comment="what else one must know about it")
