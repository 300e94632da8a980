"""DiagnosticReport and laboratory Observations > lab tests with results (domain 5.6).

Each report is one test. An Observation in its `result` is one of its results; each laboratory Observation outside a
report is a test of its own. Reports of other kinds (imaging, notes) are kept whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.fhir.bundle_reader import Entry
from app.fhir.lab_result import is_void, read_results
from app.fhir.lab_result import left_out as result_left_out
from app.fhir.plan import File, Plan, Stay, Test, keep_other, more_than
from app.fhir.references import Key
from app.fhir.values import (
    Json,
    codes_of,
    concept_text,
    first_coding,
    first_instant,
    instant,
    obj,
    objects,
    words,
)
from app.models.emr import KeptReason
from app.models.lab_test import LabStatus

L = LabStatus
# DiagnosticReport.status and Observation.status. `unknown` is completed only where something was issued.
STATUS = {
    "registered": L.PENDING, "partial": L.IN_PROGRESS, "preliminary": L.IN_PROGRESS, "final": L.COMPLETED,
    "amended": L.COMPLETED, "corrected": L.COMPLETED, "appended": L.COMPLETED, "cancelled": L.CANCELLED,
    "entered-in-error": L.ENTERED_IN_ERROR,
}  # fmt: skip
WHEN = ("effectiveDateTime", "effectivePeriod", "effectiveInstant")
REPORT_TAKEN = frozenset({
    "category", "code", "subject", "encounter", *WHEN, "issued", "performer", "result", "conclusion", "basedOn",
    "resultsInterpreter",
})  # fmt: skip
# Laboratory sections of HL7 v2 table 0074, and the category of Observations.
LABORATORY = frozenset({
    "laboratory", "LAB", "BG", "BLB", "CG", "CH", "CP", "CTH", "GE", "HM", "IMM", "MB", "MCB", "MYC",
    "PAT", "PAR", "SP", "SR", "TX", "URN", "VR",
})  # fmt: skip


@dataclass
class Laboratory:
    """What a bundle holds for the laboratory. `observations` are those that are new and no vital signs;
    `known_reports` came in earlier, and may get results that are new."""

    reports: list[Entry] = field(default_factory=list)
    known_reports: list[Entry] = field(default_factory=list)
    observations: dict[Key, Entry] = field(default_factory=dict)
    claimed: set[Key] = field(default_factory=set)


def add_laboratory(plan: Plan, found: Laboratory) -> None:
    for entry in found.known_reports:
        test = plan.tests.get(entry.key)
        if test is not None:
            _add_results(plan, found, entry, test)
    for entry in found.reports:
        if _is_laboratory(entry.resource) or _has_laboratory_result(plan, found, entry):
            _add_report(plan, found, entry)
        else:
            keep_other(plan, entry)
    # Panels first, so that their members become their results and not tests of their own.
    for key, entry in sorted(found.observations.items(), key=lambda one: "hasMember" not in one[1].resource):
        if key in found.claimed:
            continue
        if _is_laboratory(entry.resource):
            found.claimed.add(key)
            _add_single(plan, found, entry)
    for key, entry in found.observations.items():
        if key not in found.claimed:
            keep_other(plan, entry)


def _is_laboratory(resource: Json) -> bool:
    return any(LABORATORY.intersection(codes_of(category)) for category in objects(resource.get("category")))


def _has_laboratory_result(plan: Plan, found: Laboratory, report: Entry) -> bool:
    members = (found.observations.get(key) for key in _members(plan, found, report.resource, "result"))
    return any(member is not None and _is_laboratory(member.resource) for member in members)


def _members(plan: Plan, found: Laboratory, resource: Json, name: str, depth: int = 0) -> Iterator[Key]:
    """The Observations that a report or a panel names, and those that they group in turn."""
    for reference in objects(resource.get(name)):
        key = plan.references.key(reference, "Observation")
        if key is None:
            continue
        yield key
        member = found.observations.get(key)
        if member is not None and depth < 5:
            yield from _members(plan, found, member.resource, "hasMember", depth + 1)


def _add_report(plan: Plan, found: Laboratory, entry: Entry) -> None:
    file = plan.file_of(entry)
    if file is None:
        plan.keep(entry, KeptReason.REFUSED)
        return
    stay = plan.stay_of(entry, file)
    test_id = _add_test(plan, entry, file, stay, summary=words(entry.resource.get("conclusion")))
    if test_id is None:
        plan.keep(entry, KeptReason.INCOMPLETE, file, stay)
        return
    plan.place(entry, "lab_tests", test_id)
    test = Test(test_id, file.id)
    plan.tests[entry.key] = test
    all_there = _add_results(plan, found, entry, test)
    if not all_there or more_than(entry.resource, REPORT_TAKEN):
        plan.copy(entry, KeptReason.INCOMPLETE, file, stay)


def _add_results(plan: Plan, found: Laboratory, report: Entry, test: Test) -> bool:
    """The report's Observations as results of its test, in their order; false where one is not to be had."""
    all_there, rank = True, 0
    for key in dict.fromkeys(_members(plan, found, report.resource, "result")):
        member = found.observations.get(key)
        if member is None or key in found.claimed:
            # A vital sign or one of an earlier import stands in its own place.
            all_there = all_there and key in plan.resources and key not in found.claimed
            rank += 1
            continue
        file = plan.file_of(member)
        if file is None or file.id != test.patient_id:
            all_there = False
            continue
        found.claimed.add(key)
        rank = _add_member(plan, member, file, test, rank)
    return all_there


def _add_member(plan: Plan, member: Entry, file: File, test: Test, rank: int) -> int:
    stay = plan.stay_of(member, file)
    results = read_results(plan, member.resource)
    for number, result in enumerate(results, rank + 1):
        result_id = plan.add(
            "lab_results", patient_id=file.id, lab_test_id=test.id, rank=min(number, 32767), **result
        )
        if number == rank + 1:
            plan.place(member, "lab_results", result_id)
    if not results and (is_void(member.resource) or not objects(member.resource.get("hasMember"))):
        plan.keep(member, KeptReason.INCOMPLETE, file, stay)
        return rank
    if not results:
        # A panel without a value of its own: its members are the results.
        plan.place(member, "lab_tests", test.id)
    if not _is_laboratory(member.resource) or result_left_out(member.resource, results):
        plan.copy(member, KeptReason.INCOMPLETE, file, stay)
    return rank + len(results)


def _add_single(plan: Plan, found: Laboratory, entry: Entry) -> None:
    resource, file = entry.resource, plan.file_of(entry)
    if file is None:
        plan.keep(entry, KeptReason.REFUSED)
        return
    stay = plan.stay_of(entry, file)
    test_id = _add_test(plan, entry, file, stay, summary=None)
    if test_id is None:
        plan.keep(entry, KeptReason.INCOMPLETE, file, stay)
        return
    plan.place(entry, "lab_tests", test_id)
    results = read_results(plan, resource)
    for rank, result in enumerate(results, 1):
        plan.add("lab_results", patient_id=file.id, lab_test_id=test_id, rank=min(rank, 32767), **result)
    rank = len(results)
    for key in dict.fromkeys(_members(plan, found, resource, "hasMember")):
        member = found.observations.get(key)
        owner = plan.file_of(member) if member is not None and key not in found.claimed else None
        if member is not None and owner is not None and owner.id == file.id:
            found.claimed.add(key)
            rank = _add_member(plan, member, file, Test(test_id, file.id), rank)
    if result_left_out(resource, results) or (not results and is_void(resource)):
        plan.copy(entry, KeptReason.INCOMPLETE, file, stay)


def _add_test(plan: Plan, entry: Entry, file: File, stay: Stay | None, *, summary: str | None) -> UUID | None:
    """None where no instant is known at all: a test without one could not stand in a timeline."""
    resource = entry.resource
    issued = instant(resource.get("issued"), plan.to.zone)
    taken = first_instant(resource, WHEN, plan.to.zone) or issued or (stay.admitted_at if stay else None)
    if taken is None:
        return None
    said = words(resource.get("status")) or ""
    status = STATUS.get(said, L.COMPLETED if issued else L.IN_PROGRESS)
    completed_at: datetime | None = (issued or taken) if status == L.COMPLETED else None
    system, code = first_coding(resource.get("code"))
    return plan.add(
        "lab_tests",
        patient_id=file.id,
        visit_id=stay.id if stay is not None else None,
        test_type=concept_text(resource.get("code")) or "Unnamed test",
        code_system=system,
        code=code,
        status=status,
        # Instants rise: a report that was issued before its specimen's time counts from then.
        requested_at=taken if completed_at is None else min(taken, completed_at),
        completed_at=completed_at,
        # What the source has given out as final its patient may see.
        released_at=completed_at,
        result_summary=summary,
        notes="\n".join(
            filter(None, (words(obj(note).get("text")) for note in objects(resource.get("note"))))
        )
        or None,
    )
