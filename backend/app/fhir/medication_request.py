"""MedicationRequest > prescription, every one, also without dosage (domain 5.7)."""

from datetime import date
from decimal import Decimal
from typing import Any

from app.fhir.bundle_reader import Entry
from app.fhir.dosage import read_dosage
from app.fhir.plan import Plan, holds_number, more_than
from app.fhir.values import (
    Json,
    concept_text,
    day,
    first_coding,
    instant,
    number,
    obj,
    objects,
    words,
)
from app.models.emr import KeptReason
from app.models.prescription import PrescriptionStatus

P = PrescriptionStatus
# `unknown` is a draft: to be looked at, and nothing that anybody gives.
STATUS = {
    "draft": P.DRAFT, "active": P.ACTIVE, "on-hold": P.ON_HOLD, "stopped": P.DISCONTINUED, "completed": P.COMPLETED,
    "ended": P.COMPLETED, "cancelled": P.CANCELLED, "entered-in-error": P.ENTERED_IN_ERROR, "unknown": P.DRAFT,
}  # fmt: skip
# What was only proposed was never ordered.
NOT_ORDERED = frozenset({"proposal", "option"})
LONGEST_DAYS = 3650
MOST_QUANTITY = Decimal("999999999.999")
MOST_REFILLS = 32767
TAKEN = frozenset({
    "intent", "category", "medicationCodeableConcept", "medicationReference", "medication", "subject", "encounter",
    "authoredOn", "requester", "recorder", "reasonCode", "reasonReference", "dosageInstruction", "dispenseRequest",
    "statusReason", "doNotPerform", "reportedBoolean", "priority",
})  # fmt: skip
DISPENSE_TAKEN = frozenset({"quantity", "numberOfRepeatsAllowed", "expectedSupplyDuration"})
DAYS = {"d": 1, "wk": 7, "day": 1, "days": 1, "week": 7, "weeks": 7}


def add_medication_request(plan: Plan, entry: Entry) -> None:
    resource, file = entry.resource, plan.file_of(entry)
    if file is None:
        plan.keep(entry, KeptReason.REFUSED)
        return
    stay = plan.stay_of(entry, file)
    if resource.get("doNotPerform") is True:
        # An order *not* to give a drug must not stand in a list of drugs to give.
        plan.keep(entry, KeptReason.INCOMPLETE, file, stay)
        return
    name, system, code = _medication(plan, resource)
    status = STATUS.get(words(resource.get("status")) or "", P.DRAFT)
    if status == P.ACTIVE and words(resource.get("intent")) in NOT_ORDERED:
        status = P.DRAFT
    dosage, all_read = read_dosage(resource.get("dosageInstruction"), plan.to.zone)
    supply, supply_read = _supply(resource.get("dispenseRequest"))
    starts = _start(resource, plan)
    ends: date | None = dosage.pop("end_date")
    impossible = starts is not None and ends is not None and ends < starts
    row_id = plan.add(
        "prescriptions",
        patient_id=file.id,
        visit_id=stay.id if stay is not None else None,
        prescribed_by_id=plan.doctor(resource.get("requester")) or plan.doctor(resource.get("recorder")),
        medication_name=name or "Not named by the source",
        code_system=system,
        medication_code=code,
        **dosage,
        **supply,
        indication=_indication(plan, resource),
        start_date=starts,
        end_date=None if impossible else ends,
        status=status,
        stop_reason=concept_text(resource.get("statusReason")),
    )
    plan.place(entry, "prescriptions", row_id)
    if impossible:
        plan.copy(entry, KeptReason.REFUSED, file, stay)
    elif (
        name is None
        or not all_read
        or not supply_read
        or words(resource.get("status")) not in STATUS
        or words(resource.get("status")) == "unknown"
        or more_than(resource, TAKEN)
    ):
        plan.copy(entry, KeptReason.INCOMPLETE, file, stay)


def _start(resource: Json, plan: Plan) -> date | None:
    """The day of the order where the hospital is."""
    written = words(resource.get("authoredOn"))
    at = instant(written, plan.to.zone)
    return (
        day(written)
        if at is None or written is None or "T" not in written
        else at.astimezone(plan.to.zone).date()
    )


def _medication(plan: Plan, resource: Json) -> tuple[str | None, str | None, str | None]:
    """(name, code system, code), from the concept or the Medication that the request refers to."""
    either = obj(resource.get("medication"))
    concept: Any = resource.get("medicationCodeableConcept") or either.get("concept")
    reference = obj(resource.get("medicationReference") or either.get("reference"))
    if not concept and reference:
        target = words(reference.get("reference")) or ""
        key = plan.references.key(reference, "Medication")
        inside = [one for one in objects(resource.get("contained")) if f"#{one.get('id')}" == target]
        found = inside[0] if inside else plan.resources.get(key, {}) if key is not None else {}
        concept = found.get("code") or {"text": reference.get("display")}
    return (concept_text(concept), *first_coding(concept))


def _indication(plan: Plan, resource: Json) -> str | None:
    found = [text for concept in objects(resource.get("reasonCode")) if (text := concept_text(concept))]
    for reference in objects(resource.get("reasonReference")):
        key = plan.references.key(reference, "Condition")
        condition = plan.resources.get(key, {}) if key is not None else {}
        text = concept_text(condition.get("code")) or words(reference.get("display"))
        found.extend([text] if text else [])
    return "; ".join(dict.fromkeys(found)) or None


def _supply(value: Any) -> tuple[Json, bool]:
    """(quantity, refills and days to supply, whether no other number was said)."""
    request = obj(value)
    quantity = number(obj(request.get("quantity")).get("value"))
    refills = number(request.get("numberOfRepeatsAllowed"))
    days = duration_days(request.get("expectedSupplyDuration"))
    taken = {
        "quantity": quantity if quantity is not None and 0 < quantity <= MOST_QUANTITY else None,
        "refills": int(refills) if refills is not None and 0 <= refills <= MOST_REFILLS else None,
        "duration_days": days,
    }
    if taken["quantity"] is not None and round(taken["quantity"], 3) != taken["quantity"]:
        taken["quantity"] = None
    whole = (
        not holds_number([part for name, part in request.items() if name not in DISPENSE_TAKEN])
        and (taken["quantity"] is not None) == ("quantity" in request)
        and (taken["refills"] is not None) == ("numberOfRepeatsAllowed" in request)
        and (days is not None) == ("expectedSupplyDuration" in request)
        and (refills is None or refills == taken["refills"])
    )
    return taken, whole


def duration_days(value: Any) -> int | None:
    found = obj(value)
    length = number(found.get("value"))
    unit = DAYS.get(words(found.get("code")) or words(found.get("unit")) or "")
    days = length * unit if length is not None and unit is not None else Decimal(0)
    return int(days) if 1 <= days <= LONGEST_DAYS and days == int(days) else None
