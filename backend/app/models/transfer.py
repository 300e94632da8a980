"""Transfers of a patient from one hospital to another (domain 5.4)."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Machine, Moving, Row, enum_column, user_fk
from app.models.patient import Gender


class TransferStatus(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"


T = TransferStatus


class TransferRequest(Row, Moving):
    """One hospital asks another to take a patient. Both see this row and, through it, nothing else of each other:
    what the receiver must know to decide stands in it."""

    __tablename__ = "transfer_requests"
    __table_args__ = (
        # RESTRICT: who was sent where stays known.
        ForeignKeyConstraint(
            ["from_hospital_id", "patient_id", "visit_id"],
            ["visits.hospital_id", "visits.patient_id", "visits.id"],
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        # RESTRICT: the visit that the receiver opened for it.
        ForeignKeyConstraint(
            ["to_hospital_id", "receiving_visit_id"], ["visits.hospital_id", "visits.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("to_hospital_id <> from_hospital_id", name="between_two"),
        CheckConstraint("btrim(reason) <> '' AND btrim(handover) <> ''", name="handed_over"),
        CheckConstraint("btrim(last_name) <> ''", name="last_name_given"),
        CheckConstraint(
            "num_nonnulls(answered_at, answered_by_id, answered_by_name) IN (0, 3)", name="answered_together"
        ),
        CheckConstraint(
            "status NOT IN ('accepted', 'declined', 'completed') OR answered_at IS NOT NULL",
            name="answer_is_named",
        ),
        CheckConstraint(
            "(receiving_visit_id IS NOT NULL) <= (answered_at IS NOT NULL)"
            " AND (status NOT IN ('accepted', 'completed') OR receiving_visit_id IS NOT NULL)",
            name="accepted_has_visit",
        ),
        CheckConstraint(
            "status <> 'declined' OR btrim(COALESCE(answer_note, '')) <> ''", name="declined_has_reason"
        ),
        CheckConstraint(
            "(status IN ('withdrawn', 'completed')) = (closed_at IS NOT NULL)", name="closed_pair"
        ),
        CheckConstraint(
            "isfinite(requested_at) AND isfinite(answered_at) AND isfinite(closed_at)", name="instants_finite"
        ),
        # One patient is asked for at one place at a time.
        Index(
            "transfer_requests_one_open_key",
            "visit_id",
            unique=True,
            postgresql_where=text("status IN ('requested', 'accepted')"),
        ),
        Index(None, "from_hospital_id", "patient_id", "visit_id"),
        Index(None, "from_hospital_id", "status", "requested_at"),
        Index(None, "to_hospital_id", "status", "requested_at"),
        Index(None, "to_hospital_id", "receiving_visit_id"),
    )
    machine: ClassVar[Machine] = Machine(
        first=T.REQUESTED,
        moves={
            T.REQUESTED: frozenset({T.ACCEPTED, T.DECLINED, T.WITHDRAWN}),
            T.ACCEPTED: frozenset({T.COMPLETED, T.WITHDRAWN}),
        },
    )

    # RESTRICT throughout: hospitals, persons and users are closed or merged, never deleted.
    from_hospital_id: Mapped[UUID] = mapped_column(
        ForeignKey("hospitals.id", ondelete="RESTRICT"), comment="hospital that sends the patient"
    )
    to_hospital_id: Mapped[UUID] = mapped_column(
        ForeignKey("hospitals.id", ondelete="RESTRICT"), comment="hospital that is asked"
    )
    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at the sending hospital")
    visit_id: Mapped[UUID] = mapped_column(comment="the visit at the sending hospital")
    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("persons.id", ondelete="RESTRICT"), index=True, comment="the human being to be transferred"
    )
    first_name: Mapped[str | None] = mapped_column(comment="given names, as the sender has them")
    last_name: Mapped[str] = mapped_column(comment="family name, as the sender has it")
    date_of_birth: Mapped[date | None] = mapped_column(Date, comment="NULL = not known")
    gender: Mapped[Gender] = enum_column(
        "gender", Gender, comment="FHIR AdministrativeGender", default=Gender.UNKNOWN
    )
    status: Mapped[TransferStatus] = enum_column(
        "status", TransferStatus, comment="moves by its machine", default=T.REQUESTED
    )
    reason: Mapped[str] = mapped_column(comment="why the patient needs the other hospital")
    handover: Mapped[str] = mapped_column(comment="what the receiving clinicians must know")
    requested_at: Mapped[datetime] = mapped_column(comment="instant of the request")
    requested_by_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), index=True, comment="who asked")
    # The other hospital sees no user of this one, so names are written down as they were signed.
    requested_by_name: Mapped[str] = mapped_column(comment="name of who asked, as signed")
    answered_at: Mapped[datetime | None] = mapped_column(comment="instant it was accepted or declined")
    answered_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="accepting clinician, or who declined"
    )
    answered_by_name: Mapped[str | None] = mapped_column(comment="name of who answered, as signed")
    answer_note: Mapped[str | None] = mapped_column(comment="what the receiver answers; why it declined")
    receiving_visit_id: Mapped[UUID | None] = mapped_column(
        comment="the visit that the receiving hospital opened"
    )
    closed_at: Mapped[datetime | None] = mapped_column(comment="instant it was withdrawn or the patient left")
