"""Reads of the portal: a patient sees what the policies of scope "self" leave visible, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.models.appointment import Appointment, AppointmentStatus
from app.models.hospital import Hospital
from app.models.patient import Patient
from app.models.user import User


@dataclass(frozen=True)
class OwnFile:
    """The file that one hospital keeps of the reader."""

    patient_id: UUID
    hospital_name: str


@needs(Permission.PATIENT_READ)
async def own_files(session: AsyncSession, actor: Actor) -> list[OwnFile]:
    """The reader's files; the one that carries the login first."""
    statement = (
        select(Patient.id, Hospital.name)
        .join(Hospital, Hospital.id == Patient.hospital_id)
        .where(Patient.person_id == actor.person_id)
        .order_by((Patient.user_id == actor.user_id).desc().nulls_last(), Hospital.name, Patient.id)
    )
    return [OwnFile(patient_id, name) for patient_id, name in (await session.execute(statement)).all()]


@dataclass(frozen=True)
class NextAppointment:
    at: datetime
    minutes: int
    hospital_name: str
    doctor: str | None
    timezone: str


@needs(Permission.APPOINTMENT_READ)
async def next_appointment(
    session: AsyncSession, actor: Actor, patient_ids: list[UUID], now: datetime
) -> NextAppointment | None:
    statement = (
        select(Appointment, Hospital.name, Hospital.timezone, User.title, User.first_name, User.last_name)
        .join(Hospital, Hospital.id == Appointment.hospital_id)
        .outerjoin(User, User.id == Appointment.doctor_id)
        .where(
            Appointment.patient_id.in_(patient_ids),
            Appointment.status == AppointmentStatus.SCHEDULED,
            Appointment.scheduled_at >= now,
        )
        .order_by(Appointment.scheduled_at, Appointment.id)
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    appointment, hospital, timezone, *names = row
    doctor = " ".join(name for name in names if name) or None
    return NextAppointment(appointment.scheduled_at, appointment.duration_minutes, hospital, doctor, timezone)
