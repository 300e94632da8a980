"""Reads of the portal: a patient sees what the policies of scope "self" leave visible, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.cursors import bad_cursor, read_cursor, read_key, write_cursor
from app.features.portal.schemas import OpeningOut, OpeningPageOut
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
        # A file that was merged is empty: all that hung on it hangs on the other.
        .where(Patient.person_id == actor.person_id, Patient.merged_into_id.is_(None))
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


MOST_OPENINGS = 100
_OPENINGS = text("SELECT * FROM own_record_openings(CAST(:after_at AS timestamptz), :after_id, :limit)")


@needs(Permission.PATIENT_READ)
async def record_openings(
    session: AsyncSession, actor: Actor, *, limit: int = 50, cursor: str | None = None
) -> OpeningPageOut:
    """Who opened the reader's record, newest first. The trail itself is closed to patients."""
    limit = min(limit, MOST_OPENINGS)
    after_at, after_id = read_cursor(cursor, 2)
    try:
        at = None if after_at is None else datetime.fromisoformat(after_at)
    except ValueError:
        raise bad_cursor() from None
    values = {"after_at": at, "after_id": read_key(after_id), "limit": limit + 1}
    rows = (await session.execute(_OPENINGS, values)).mappings().all()
    items = [OpeningOut.model_validate(dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    return OpeningPageOut(
        items=items,
        next_cursor=write_cursor(items[-1].opened_at.isoformat(), items[-1].id) if more else None,
    )
