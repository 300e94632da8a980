"""Appointment > appointment, where patient and practitioner are here. What clashes is told by the database."""

from datetime import timedelta
from uuid import UUID

from app.fhir.bundle_reader import Entry
from app.fhir.plan import File, Plan, more_than
from app.fhir.values import concept_text, instant, number, obj, objects, words
from app.models.appointment import AppointmentStatus
from app.models.emr import KeptReason

A = AppointmentStatus
STATUS = {
    "proposed": A.SCHEDULED, "pending": A.SCHEDULED, "booked": A.SCHEDULED, "waitlist": A.SCHEDULED,
    "arrived": A.CHECKED_IN, "checked-in": A.CHECKED_IN, "fulfilled": A.COMPLETED, "cancelled": A.CANCELLED,
    "noshow": A.NO_SHOW, "entered-in-error": A.ENTERED_IN_ERROR,
}  # fmt: skip
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(minutes=480)
TAKEN = frozenset({
    "participant", "start", "end", "minutesDuration", "reasonCode", "description", "cancelationReason", "created",
    "appointmentType", "serviceType",
})  # fmt: skip


def add_appointment(plan: Plan, entry: Entry) -> None:
    resource = entry.resource
    file, doctor = _participants(plan, entry)
    start, end = (instant(resource.get(name), plan.to.zone) for name in ("start", "end"))
    status = STATUS.get(words(resource.get("status")) or "")
    minutes = number(resource.get("minutesDuration"))
    if end is None and start is not None and minutes is not None and 0 < minutes <= 1440:
        end = start + timedelta(minutes=int(minutes))
    if file is None or doctor is None or start is None or end is None or status is None:
        plan.keep(entry, KeptReason.INCOMPLETE, file)
        return
    lasting = end - start
    if not SHORTEST <= lasting <= LONGEST or lasting % timedelta(minutes=1):
        plan.keep(entry, KeptReason.REFUSED, file)
        return
    reasons = [text for one in objects(resource.get("reasonCode")) if (text := concept_text(one))]
    appointment_id = plan.add(
        "appointments",
        patient_id=file.id,
        doctor_id=doctor,
        scheduled_at=start,
        duration_minutes=lasting // timedelta(minutes=1),
        ends_at=end,
        status=status,
        reason="; ".join(reasons) or words(resource.get("description")),
        cancellation_reason=concept_text(resource.get("cancelationReason"))
        if status == A.CANCELLED
        else None,
    )
    plan.place(entry, "appointments", appointment_id)
    if more_than(resource, TAKEN) or len(objects(resource.get("participant"))) > 2:
        plan.copy(entry, KeptReason.INCOMPLETE, file)


def _participants(plan: Plan, entry: Entry) -> tuple[File | None, UUID | None]:
    file: File | None = None
    doctor: UUID | None = None
    for participant in objects(entry.resource.get("participant")):
        actor = obj(participant.get("actor"))
        key = plan.references.key(actor, "Patient")
        if file is None and key is not None:
            file = plan.files.get(key)
        doctor = doctor or plan.doctor(actor)
    return file, doctor
