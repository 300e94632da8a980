"""AllergyIntolerance > allergy; "no known allergy" > the fact on the file (domain 5.3)."""

from typing import Any

from app.fhir.bundle_reader import Entry
from app.fhir.plan import File, Plan, more_than
from app.fhir.values import (
    SNOMED,
    codes_of,
    concept_text,
    first_coding,
    instant,
    obj,
    objects,
    strings,
    words,
)
from app.models.emr import KeptReason
from app.models.patient import (
    AllergyCategory,
    AllergyCriticality,
    AllergyStatus,
    AllergyVerification,
    ReactionSeverity,
)

NO_KNOWN_ALLERGY = "716186003"
# SNOMED CT: no known allergy to drugs, food, latex, animals, environment, insects: facts, not substances.
NO_KNOWN_ALLERGY_TO = frozenset(
    {"409137002", "429625007", "716184000", "716220001", "428607008", "428197003"}
)
TAKEN = frozenset({
    "clinicalStatus", "verificationStatus", "type", "category", "criticality", "code", "patient", "encounter",
    "recordedDate", "recorder", "asserter", "reaction", "onsetDateTime", "lastOccurrence",
})  # fmt: skip


def add_allergy(plan: Plan, entry: Entry) -> None:
    resource, file = entry.resource, plan.file_of(entry)
    if file is None:
        plan.keep(entry, KeptReason.REFUSED)
        return
    found = codes_of(resource.get("code"), SNOMED)
    if NO_KNOWN_ALLERGY in found:
        _add_no_known_allergy(plan, entry, file)
        return
    substance = concept_text(resource.get("code"))
    if substance is None or NO_KNOWN_ALLERGY_TO.intersection(found):
        plan.keep(entry, KeptReason.INCOMPLETE, file)
        return
    categories = [word for word in strings(resource.get("category")) if word in set(AllergyCategory)]
    reactions = objects(resource.get("reaction"))
    system, code = first_coding(resource.get("code"))
    criticality = words(resource.get("criticality"))
    allergy_id = plan.add(
        "allergies",
        patient_id=file.id,
        substance=substance,
        code_system=system,
        code=code,
        category=categories[0] if categories else None,
        criticality=criticality if criticality in set(AllergyCriticality) else None,
        clinical_status=_clinical_status(resource),
        verification_status=_verification(resource),
        reaction=_reaction(reactions),
        reaction_severity=_severity(reactions),
        recorded_at=instant(resource.get("recordedDate"), plan.to.zone),
        recorded_by_id=plan.doctor(resource.get("recorder") or resource.get("asserter")),
    )
    plan.place(entry, "allergies", allergy_id)
    if len(strings(resource.get("category"))) > 1 or len(reactions) > 1 or more_than(resource, TAKEN):
        plan.copy(entry, KeptReason.INCOMPLETE, file, plan.stay_of(entry, file))


def _verification(resource: dict[str, Any]) -> AllergyVerification:
    found = [
        code for code in codes_of(resource.get("verificationStatus")) if code in set(AllergyVerification)
    ]
    return AllergyVerification(found[0]) if found else AllergyVerification.UNCONFIRMED


def _clinical_status(resource: dict[str, Any]) -> AllergyStatus:
    """One that does not say is active, the safe reading; but not one that was refuted or entered in error."""
    found = [code for code in codes_of(resource.get("clinicalStatus")) if code in set(AllergyStatus)]
    if found:
        return AllergyStatus(found[0])
    denied = _verification(resource) in (AllergyVerification.REFUTED, AllergyVerification.ENTERED_IN_ERROR)
    return AllergyStatus.INACTIVE if denied else AllergyStatus.ACTIVE


def _reaction(reactions: list[dict[str, Any]]) -> str | None:
    texts = [
        text
        for reaction in reactions
        for text in (
            *(concept_text(obj(one).get("concept") or one) for one in objects(reaction.get("manifestation"))),
            words(reaction.get("description")),
        )
        if text
    ]
    return "; ".join(dict.fromkeys(texts)) or None


def _severity(reactions: list[dict[str, Any]]) -> ReactionSeverity | None:
    """The worst that happened."""
    order = list(ReactionSeverity)
    found = [ReactionSeverity(one["severity"]) for one in reactions if one.get("severity") in order]
    return max(found, key=order.index, default=None)


def _add_no_known_allergy(plan: Plan, entry: Entry, file: File) -> None:
    """It stands on the file, where no active allergy contradicts it; see `settle_no_known_allergies`."""
    denied = _verification(entry.resource) in (
        AllergyVerification.REFUTED,
        AllergyVerification.ENTERED_IN_ERROR,
    )
    if denied or _clinical_status(entry.resource) != AllergyStatus.ACTIVE:
        plan.keep(entry, KeptReason.INCOMPLETE, file)
        return
    said_at = instant(entry.resource.get("recordedDate"), plan.to.zone) or plan.now
    plan.no_known_allergies.setdefault(file.id, said_at)
    plan.place(entry, "patients", file.id)


def settle_no_known_allergies(plan: Plan) -> None:
    """A new file takes the fact in its row, unless the bundle names an active allergy of it; what is left is for
    files that were there before."""
    allergic = {row["patient_id"] for row in plan.rows["allergies"] if _counts(row)}
    for file_id in allergic.intersection(plan.no_known_allergies):
        del plan.no_known_allergies[file_id]
        plan.warnings['"no known allergies" of a patient with an active allergy: not recorded'] += 1
    for row in plan.rows["patients"]:
        row["no_known_allergies_at"] = plan.no_known_allergies.pop(row["id"], None)


def _counts(allergy: dict[str, Any]) -> bool:
    return allergy["clinical_status"] == AllergyStatus.ACTIVE and allergy["verification_status"] not in (
        AllergyVerification.REFUTED,
        AllergyVerification.ENTERED_IN_ERROR,
    )
