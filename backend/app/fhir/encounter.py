"""Encounter > visit, every one, whatever its class; also one that begins after the patient's death."""

from typing import Any
from uuid import UUID

from app.fhir.bundle_reader import Entry
from app.fhir.plan import Plan, Stay, more_than
from app.fhir.values import clipped, codes_of, concept_text, instant, obj, objects, words
from app.models.emr import KeptReason
from app.models.visit import ENDED, OPEN, Disposition, VisitStatus, VisitType

S = VisitStatus

# R4 EncounterStatus, and R5's words for the same. `unknown` is read as over: a visit that may have ended long ago
# must not stand among the open ones.
STATUS = {
    "planned": S.PLANNED, "arrived": S.ACTIVE, "triaged": S.ACTIVE, "in-progress": S.ACTIVE, "onleave": S.ON_LEAVE,
    "on-hold": S.ON_LEAVE, "finished": S.DISCHARGED, "discharged": S.DISCHARGED, "completed": S.DISCHARGED,
    "discontinued": S.DISCHARGED, "cancelled": S.CANCELLED, "entered-in-error": S.ENTERED_IN_ERROR,
    "unknown": S.DISCHARGED,
}  # fmt: skip
# v3-ActCode; all others are outpatient.
INPATIENT_CLASSES = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC"})
EMERGENCY_CLASS = "EMER"

# FHIR discharge-disposition as it is; the two-digit codes of the NUBC (UB-04 form locator 17), which Synthea uses.
D = Disposition
NUBC = {
    "01": D.HOME, "02": D.OTHER_HCF, "03": D.SKILLED_NURSING, "04": D.OTHER_HCF, "05": D.OTHER_HCF, "06": D.HOME,
    "07": D.AGAINST_ADVICE, "20": D.EXPIRED, "21": D.OTHER, "30": D.OTHER, "40": D.EXPIRED, "41": D.EXPIRED,
    "42": D.EXPIRED, "43": D.OTHER_HCF, "50": D.HOSPICE, "51": D.HOSPICE, "61": D.OTHER_HCF,
    "62": D.REHABILITATION, "63": D.LONG, "64": D.LONG, "65": D.PSYCHIATRIC, "66": D.OTHER_HCF, "70": D.OTHER_HCF,
}  # fmt: skip
DISPOSITIONS = {**{disposition.value: disposition for disposition in Disposition}, **NUBC}

TAKEN = frozenset({
    "class", "type", "subject", "participant", "period", "reasonCode", "hospitalization", "serviceProvider",
    "actualPeriod", "admission",
})  # fmt: skip


def add_encounter(plan: Plan, entry: Entry) -> None:
    resource, file = entry.resource, plan.file_of(entry)
    if file is None:
        plan.keep(entry, KeptReason.REFUSED)
        return
    period = obj(resource.get("period") or resource.get("actualPeriod"))
    admitted, left = (instant(period.get(end), plan.to.zone) for end in ("start", "end"))
    said = words(resource.get("status")) or "unknown"
    disposition = _disposition(resource)
    status = STATUS.get(said, S.DISCHARGED)
    if status == S.DISCHARGED and disposition == D.EXPIRED:
        status = S.DECEASED
    class_code = _class(resource)
    visit_type = type_of(class_code)
    if visit_type == VisitType.INPATIENT and status in OPEN:
        if file.id in plan.occupied:
            plan.keep(entry, KeptReason.CLASH, file)
            return
        plan.occupied.add(file.id)
    impossible = admitted is not None and left is not None and left < admitted
    # The end of a planned visit is a plan too: a visit that begins with a discharge could never be active.
    departed = left if status not in (*OPEN, S.PLANNED) and not impossible else None
    visit_id = plan.add(
        "visits",
        patient_id=file.id,
        attending_doctor_id=_attending(plan, resource.get("participant")),
        visit_type=visit_type,
        class_code=clipped(class_code),
        status=status,
        admission_date=admitted,
        discharge_date=departed,
        disposition=disposition if status in ENDED else None,
        reason_for_visit=_reason(resource),
    )
    stay = Stay(visit_id, file.id, admitted)
    plan.stays[entry.key] = stay
    plan.place(entry, "visits", visit_id)
    unread = (period.get("start") and admitted is None) or (period.get("end") and departed is None)
    if impossible:
        plan.copy(entry, KeptReason.REFUSED, file, stay)
    elif unread or said == "unknown" or said not in STATUS or more_than(resource, TAKEN):
        plan.copy(entry, KeptReason.INCOMPLETE, file, stay)


def type_of(class_code: str | None) -> VisitType:
    code = (class_code or "").upper()
    if code in INPATIENT_CLASSES:
        return VisitType.INPATIENT
    return VisitType.EMERGENCY if code == EMERGENCY_CLASS else VisitType.OUTPATIENT


def _class(resource: dict[str, Any]) -> str | None:
    """A Coding in R4, a list of concepts in R5."""
    for found in objects(resource.get("class")):
        for code in codes_of(found):
            return code
    return words(resource.get("class"))


def _disposition(resource: dict[str, Any]) -> Disposition | None:
    where = obj(resource.get("hospitalization") or resource.get("admission")).get("dischargeDisposition")
    known = [DISPOSITIONS[code] for code in codes_of(where) if code in DISPOSITIONS]
    return known[0] if known else (D.OTHER if obj(where) else None)


def _reason(resource: dict[str, Any]) -> str | None:
    for name in ("reasonCode", "type"):
        found = [text for concept in objects(resource.get(name)) if (text := concept_text(concept))]
        if found:
            return "; ".join(found)
    return None


def _attending(plan: Plan, participants: Any) -> UUID | None:
    """Who attends (ATND), else the first practitioner that is here."""
    listed = objects(participants)
    listed.sort(key=lambda one: not any("ATND" in codes_of(role) for role in objects(one.get("type"))))
    found = (plan.doctor(one.get("individual") or one.get("actor")) for one in listed)
    return next(filter(None, found), None)
