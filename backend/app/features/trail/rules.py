"""How an event reads: what happened, in the ward's words, and whose role may see the content of a row."""

from collections.abc import Mapping
from typing import Any

from app.access.permissions import Permission
from app.core.sentences import THINGS

# Whoever may read the trail may read what these say: they are the organisation's own.
OPEN = frozenset({"roles", "regions", "hospitals", "users", "sessions", "audit_logs"})
# The content of all others goes with the permission to see such rows; what is not named here is shown to nobody.
CONTENT: dict[str, Permission] = {
    "access_grants": Permission.BREAK_GLASS_REVIEW,
    "ai_drafts": Permission.DRAFT_REVIEW,
    "allergies": Permission.ALLERGY_READ,
    "appointments": Permission.APPOINTMENT_READ,
    "bed_assignments": Permission.BED_READ,
    "bed_cleanings": Permission.BED_READ,
    "beds": Permission.BED_READ,
    "care_assignments": Permission.VISIT_READ,
    "diagnoses": Permission.VISIT_CLINICAL_READ,
    "discharge_summaries": Permission.VISIT_CLINICAL_READ,
    "emr_global": Permission.RECORD_READ,
    "emr_local": Permission.RECORD_READ,
    "escalations": Permission.VITALS_READ,
    "fluid_entries": Permission.FLUID_READ,
    "handovers": Permission.NOTE_READ,
    "import_sources": Permission.RECORD_READ,
    "inventory": Permission.STOCK_READ,
    "lab_results": Permission.LAB_READ,
    "lab_tests": Permission.LAB_READ,
    "nurse_logs": Permission.NOTE_READ,
    "patient_alerts": Permission.ALERT_READ,
    "merge_journal": Permission.PATIENT_READ,
    "patient_merges": Permission.PATIENT_READ,
    "person_links": Permission.PATIENT_READ,
    "patient_identifiers": Permission.PATIENT_READ,
    "patients": Permission.PATIENT_READ,
    "person_identifiers": Permission.PATIENT_READ,
    "persons": Permission.PATIENT_READ,
    "prescriptions": Permission.PRESCRIPTION_READ,
    "transfer_requests": Permission.VISIT_CLINICAL_READ,
    "visits": Permission.VISIT_CLINICAL_READ,
    "vitals": Permission.VITALS_READ,
}
# Fields that every row has, or that only serve a search: no reader looks for them.
QUIET = frozenset(
    {
        "id",
        "created_at",
        "updated_at",
        "search_family_given",
        "search_given_family",
        "phone_digits",
        "plain_value",
        "hospital_id",
    }
)
REASONS = {
    "TREAT": "for treatment",
    "ETREAT": "in an emergency",
    "BTG": "in an emergency",
    "HOPERAT": "for the hospital's work",
    "HPAYMT": "for payment",
    "PATRQT": "by the patient",
}
VERBS = {"C": "Added", "U": "Changed", "D": "Deleted", "R": "Read", "E": "Did"}


def changed_fields(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """The names of the fields that tell something; of a new or deleted row those that hold a value."""
    both = before is not None and after is not None
    state = after if after is not None else before or {}
    return sorted(name for name, value in state.items() if name not in QUIET and (both or value is not None))


def thing(table: str) -> str:
    return THINGS.get(table, table.replace("_", " "))


def what_happened(event: Mapping[str, Any]) -> str:
    """One sentence without a person's name: `Opened the record`, `Changed a user: is active`, `Searched, 3 found`."""
    kind, subtype = event["event_type"], event["subtype"]
    asked: Mapping[str, Any] = event["query"] or {}
    if event["outcome"] > 0:
        return _refusal(event, asked)
    if kind == "110114":
        return "Signed out" if subtype == "110123" else "Signed in"
    if subtype == "110127":
        return "Opened the record in an emergency"
    if kind == "110110":
        return "Opened the record"
    if kind == "110101":
        return f"Read the audit trail, {_found(asked)}"
    if kind == "110112":
        what = "people of the network" if event["resource_type"] == "persons" else "patients"
        return f"Searched {what}, {_found(asked)}"
    if kind in ("110106", "110107"):
        verb = "Exported" if kind == "110106" else "Imported"
        return f"{verb} {asked.get('count', 'some')} rows: {asked.get('as') or asked.get('from') or 'no source named'}"
    verb, named = VERBS.get(event["action"], "Did"), thing(event["resource_type"])
    # Of the names of things only those with these letters take "an": a user, an allergy.
    article = "an" if named[0] in "aeio" else "a"
    fields = ", ".join(name.removesuffix("_id").replace("_", " ") for name in event["changed"][:6])
    more = " and more" if len(event["changed"]) > 6 else ""
    told = f": {fields}{more}" if event["action"] == "U" and fields else ""
    return f"{verb} {article} {named}{told}"


def _found(asked: Mapping[str, Any]) -> str:
    found = asked.get("found")
    return "number not kept" if found is None else f"{found} found"


def _refusal(event: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    if event["event_type"] == "110114":
        return "Sign-in refused"
    if permission := asked.get("permission"):
        labels = {each.value: each.label for each in Permission}
        return f"The role does not include “{labels.get(permission, permission)}”"
    if event["event_type"] == "110110":
        return "Asked for a record that is not there or out of reach"
    return str(event["outcome_desc"] or "No reason kept")
