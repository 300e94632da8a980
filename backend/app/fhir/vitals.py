"""Vital-sign Observations > sets of vital signs, one row for each visit and instant (domain 5.5).

An Observation is a vital sign by its LOINC code, whatever its category says."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.clinical.loinc import BODY_MASS_INDEX, VITAL_PANELS, VITAL_SIGNS
from app.clinical.news2 import PARAMETERS, Signs, news2
from app.clinical.units import convert, rounded
from app.clinical.vital_ranges import ADULT_FROM_DAYS, is_abnormal
from app.fhir.bundle_reader import Entry
from app.fhir.plan import File, Plan, Stay, more_than
from app.fhir.values import LOINC, Json, codes_of, concept_text, first_instant, number, obj, objects, words
from app.models.emr import KeptReason
from app.models.vitals import RANGES, SIGNS, Consciousness

Value = Decimal | Consciousness
SYSTOLIC, DIASTOLIC = "blood_pressure_systolic", "blood_pressure_diastolic"
COLUMNS = (*SIGNS[:3], DIASTOLIC, *SIGNS[3:])
WHEN = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
VOID = frozenset({"entered-in-error", "cancelled"})
TAKEN = frozenset({
    "category", "code", "subject", "encounter", *WHEN, "valueQuantity", "valueInteger", "valueCodeableConcept",
    "component", "performer",
})  # fmt: skip
# SNOMED CT, single codes: mentally alert, responds to voice, to pain, unresponsive, acute confusion.
ACVPU_CODES = {
    "248234008": "A", "300202002": "V", "450847001": "P", "422768004": "U", "130987000": "C",
    "A": "A", "C": "C", "V": "V", "P": "P", "U": "U",
}  # fmt: skip
ACVPU_WORDS = {"unrespons": "U", "confus": "C", "voice": "V", "verbal": "V", "pain": "P", "alert": "A"}


@dataclass(slots=True)
class Measured:
    """One Observation: the signs it gives, in our units."""

    entry: Entry
    signs: dict[str, Value]
    was_rounded: bool
    left_out: bool
    recorded_by: UUID | None

    @property
    def is_pressure(self) -> bool:
        return SYSTOLIC in self.signs or DIASTOLIC in self.signs


@dataclass(slots=True)
class KnownSet:
    """A row of an earlier import at the same visit and instant."""

    id: UUID
    signs: dict[str, Value]


@dataclass(slots=True)
class VitalSet:
    file: File
    stay: Stay
    recorded_at: datetime
    measured: list[Measured] = field(default_factory=list)
    mass_indices: list[Entry] = field(default_factory=list)


Sets = dict[tuple[UUID, datetime], VitalSet]


class RefusedValue(ValueError):
    """A value that cannot be true, or whose unit is not known."""


def vital_codes(resource: Json) -> frozenset[str]:
    known = {*VITAL_SIGNS, *VITAL_PANELS, BODY_MASS_INDEX}
    return frozenset(known.intersection(codes_of(resource.get("code"), LOINC)))


def collect(plan: Plan, entry: Entry, sets: Sets) -> None:
    """Put the Observation into its set, or keep it whole where it cannot stand in one."""
    resource, file = entry.resource, plan.file_of(entry)
    stay = plan.stay_of(entry, file) if file is not None else None
    recorded_at = first_instant(resource, WHEN, plan.to.zone)
    if file is None:
        plan.keep(entry, KeptReason.REFUSED)
        return
    if stay is None or recorded_at is None or words(resource.get("status")) in VOID:
        plan.keep(entry, KeptReason.INCOMPLETE, file, stay)
        return
    try:
        measured = _measure(plan, entry)
    except RefusedValue:
        plan.keep(entry, KeptReason.REFUSED, file, stay)
        return
    is_mass_index = BODY_MASS_INDEX in vital_codes(resource)
    if not measured.signs and not is_mass_index:
        plan.keep(entry, KeptReason.INCOMPLETE, file, stay)
        return
    one = sets.setdefault((stay.id, recorded_at), VitalSet(file, stay, recorded_at))
    if is_mass_index:
        one.mass_indices.append(entry)
    else:
        one.measured.append(measured)


def _measure(plan: Plan, entry: Entry) -> Measured:
    resource = entry.resource
    performers = (plan.doctor(performer) for performer in objects(resource.get("performer")))
    measured = Measured(entry, {}, False, more_than(resource, TAKEN), next(filter(None, performers), None))
    for part in (resource, *objects(resource.get("component"))):
        sign = next(
            (VITAL_SIGNS[code] for code in codes_of(part.get("code"), LOINC) if code in VITAL_SIGNS), None
        )
        if sign is None:
            measured.left_out = measured.left_out or part is not resource
            continue
        value, was_rounded = _value(sign, part)
        if value is None:
            measured.left_out = measured.left_out or part is not resource
        elif measured.signs.setdefault(sign, value) != value:
            raise RefusedValue
        measured.was_rounded = measured.was_rounded or was_rounded
    return measured


def _value(sign: str, part: Json) -> tuple[Value | None, bool]:
    """(the value in our unit, whether it was rounded)."""
    if sign == "consciousness":
        return _consciousness(part.get("valueCodeableConcept")), False
    quantity = obj(part.get("valueQuantity"))
    found = number(quantity.get("value"))
    if found is None:
        found = number(part.get("valueInteger"))
    if found is None:
        return None, False
    # The UCUM code counts, the printed unit only where there is no code. A bound (< 35) is not a measurement.
    unit = words(quantity.get("code")) or words(quantity.get("unit")) or ""
    exact = None if words(quantity.get("comparator")) else convert(sign, found, unit)
    low, high = RANGES[sign]
    if exact is None or not Decimal(str(low)) <= exact <= Decimal(str(high)):
        raise RefusedValue
    kept = rounded(sign, exact)
    return kept, kept != exact


def _consciousness(concept: Any) -> Consciousness | None:
    for code in codes_of(concept):
        if code in ACVPU_CODES:
            return Consciousness(ACVPU_CODES[code])
    text = (concept_text(concept) or "").casefold()
    return next((Consciousness(level) for word, level in ACVPU_WORDS.items() if word in text), None)


def add_sets(plan: Plan, sets: Sets, known: dict[tuple[UUID, datetime], KnownSet]) -> None:
    for key, one in sets.items():
        _add_set(plan, one, known.get(key))


def _add_set(plan: Plan, one: VitalSet, known: KnownSet | None) -> None:
    before = known.signs if known is not None else {}
    accepted = _without_contradiction(plan, one, before)
    accepted = _with_whole_pressure(plan, one, accepted, before)
    signs = {sign: value for measured in accepted for sign, value in measured.signs.items()}
    added = {sign: value for sign, value in signs.items() if sign not in before}
    row_id = known.id if known is not None else None
    if added:
        row_id = _add_row(plan, one, added, next((m.recorded_by for m in accepted if m.recorded_by), None))
    for measured in accepted:
        here = known is not None and not added.keys() & measured.signs.keys()
        plan.place(measured.entry, "vitals", known.id if known is not None and here else _sure(row_id))
        if measured.was_rounded:
            plan.copy(measured.entry, KeptReason.ROUNDED, one.file, one.stay)
        elif measured.left_out:
            plan.copy(measured.entry, KeptReason.INCOMPLETE, one.file, one.stay)
    for entry in one.mass_indices:
        # The database computes the index from the set; the source's own number is kept beside it.
        if row_id is None:
            plan.keep(entry, KeptReason.INCOMPLETE, one.file, one.stay)
        else:
            plan.place(entry, "vitals", row_id)
            plan.copy(entry, KeptReason.INCOMPLETE, one.file, one.stay)


def _sure(row_id: UUID | None) -> UUID:
    assert row_id is not None
    return row_id


def _without_contradiction(plan: Plan, one: VitalSet, before: dict[str, Value]) -> list[Measured]:
    """The first value of a sign stays; an Observation that says otherwise is kept whole."""
    signs, accepted = dict(before), []
    for measured in one.measured:
        if any(signs.get(sign, value) != value for sign, value in measured.signs.items()):
            plan.keep(measured.entry, KeptReason.CLASH, one.file, one.stay)
        else:
            signs.update(measured.signs)
            accepted.append(measured)
    return accepted


def _with_whole_pressure(
    plan: Plan, one: VitalSet, accepted: list[Measured], before: dict[str, Value]
) -> list[Measured]:
    """Systolic and diastolic both or neither, diastolic the lower; else what gave them is kept whole."""
    if SYSTOLIC in before:
        return accepted
    signs = {sign: value for measured in accepted for sign, value in measured.signs.items()}
    systolic, diastolic = signs.get(SYSTOLIC), signs.get(DIASTOLIC)
    if systolic is None and diastolic is None:
        return accepted
    both = isinstance(systolic, Decimal) and isinstance(diastolic, Decimal)
    if isinstance(systolic, Decimal) and isinstance(diastolic, Decimal) and diastolic < systolic:
        return accepted
    for measured in accepted:
        if measured.is_pressure:
            reason = KeptReason.REFUSED if both else KeptReason.INCOMPLETE
            plan.keep(measured.entry, reason, one.file, one.stay)
    return [measured for measured in accepted if not measured.is_pressure]


def _add_row(plan: Plan, one: VitalSet, signs: dict[str, Value], recorded_by: UUID | None) -> UUID:
    values: dict[str, Any] = {column: signs.get(column) for column in COLUMNS}
    if signs.get("oxygen_flow_lpm") or (isinstance(fio2 := signs.get("fio2_percent"), Decimal) and fio2 > 21):
        # A flow, or more than the 21 % of air, is oxygen given.
        values["supplemental_oxygen"] = True
    return plan.add(
        "vitals",
        patient_id=one.file.id,
        visit_id=one.stay.id,
        recorded_by_id=recorded_by,
        recorded_at=one.recorded_at,
        **values,
        is_abnormal=_is_abnormal(values, one.file.born_on, one.recorded_at.astimezone(plan.to.zone).date()),
    )


def _is_abnormal(values: dict[str, Any], born_on: date | None, measured_on: date) -> bool:
    """From 16 any NEWS2 parameter above 0, below that outside the range for the age; without a birth date the chart
    of adults counts (domain 5.5)."""
    age_days = ADULT_FROM_DAYS if born_on is None else (measured_on - born_on).days
    if age_days < ADULT_FROM_DAYS:
        level = values["consciousness"]
        numbers: dict[str, Decimal | int | None] = {
            sign: value for sign, value in values.items() if isinstance(value, Decimal)
        }
        return (level is not None and level != Consciousness.ALERT) or is_abnormal(numbers, age_days)
    return any(
        news2(Signs(**{sign: value for sign, value in values.items() if sign in PARAMETERS})).points.values()
    )
