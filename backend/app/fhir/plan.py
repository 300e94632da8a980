"""What an import of one bundle will write: rows by table, where each resource went, what is kept whole and why.

The mapping files fill it without touching the database; the importer writes it in one transaction."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from app.core.ids import new_id
from app.fhir.bundle_reader import BrokenFileError, Entry
from app.fhir.references import Key, References
from app.fhir.values import Json, first_instant, number, words
from app.models.emr import KeptReason
from app.models.nurse_log import DocumentStatus

# Elements of every resource that wrap it: not keeping them loses nothing of the patient.
WRAPPING = frozenset(
    {"resourceType", "id", "meta", "text", "implicitRules", "language", "identifier", "status"}
)
# Elements without a number that a reader would miss all the same.
SPEAKING = frozenset({
    "note", "presentedForm", "contained", "modifierExtension", "dataAbsentReason", "bodySite", "location",
    "statusHistory", "classHistory", "media",
})  # fmt: skip
# When a record is about, in the order in which the elements are asked.
ABOUT = (
    "effectiveDateTime", "effectivePeriod", "effectiveInstant", "occurrenceDateTime", "occurrencePeriod",
    "performedDateTime", "performedPeriod", "onsetDateTime", "onsetPeriod", "recordedDate", "authoredOn",
    "billablePeriod", "period", "started", "start", "startDate", "date", "created", "issued",
)  # fmt: skip
DOCUMENT_STATUS = {
    "entered-in-error": DocumentStatus.ENTERED_IN_ERROR,
    "amended": DocumentStatus.AMENDED,
    "corrected": DocumentStatus.AMENDED,
    "appended": DocumentStatus.AMENDED,
    "preliminary": DocumentStatus.PRELIMINARY,
    "registered": DocumentStatus.PRELIMINARY,
    "draft": DocumentStatus.PRELIMINARY,
}


@dataclass(frozen=True, slots=True)
class Destination:
    """The hospital that receives the records, and the system they come from."""

    hospital_id: UUID
    region_id: UUID
    code: str
    zone: ZoneInfo
    doctor_role_id: UUID
    system: str


@dataclass(frozen=True, slots=True)
class File:
    """A patient's file at the hospital."""

    id: UUID
    born_on: date | None


@dataclass(frozen=True, slots=True)
class Stay:
    """A visit, as far as its dependents need it."""

    id: UUID
    patient_id: UUID
    admitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Test:
    id: UUID
    patient_id: UUID


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a resource went: it becomes a row of import_sources."""

    entry: Entry
    table: str
    target_id: UUID


@dataclass
class Plan:
    to: Destination
    now: datetime
    references: References
    rows: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    placed: list[Placed] = field(default_factory=list)
    # (resource type, reason): kept whole in emr_local, as its only place or beside its row.
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    copied: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    files: dict[Key, File] = field(default_factory=dict)
    stays: dict[Key, Stay] = field(default_factory=dict)
    doctors: dict[Key, UUID] = field(default_factory=dict)
    tests: dict[Key, Test] = field(default_factory=dict)
    resources: dict[Key, Json] = field(default_factory=dict)
    first_file: File | None = None
    # Files with an open inpatient visit: there can be one.
    occupied: set[UUID] = field(default_factory=set)
    # Files of earlier imports for which "no known allergies" came now.
    no_known_allergies: dict[UUID, datetime] = field(default_factory=dict)

    def add(self, table: str, **columns: Any) -> UUID:
        """A row of the hospital with a source."""
        row_id = new_id()
        self.rows[table].append(
            {"id": row_id, "hospital_id": self.to.hospital_id, "source": self.to.system, **columns}
        )
        return row_id

    def place(self, entry: Entry, table: str, target_id: UUID) -> None:
        self.placed.append(Placed(entry, table, target_id))

    def keep(
        self, entry: Entry, reason: KeptReason, file: File | None = None, stay: Stay | None = None
    ) -> None:
        """The resource stands whole in emr_local and nowhere else."""
        self.place(entry, "emr_local", self._whole(entry, reason, file, stay))
        self.kept[entry.resource_type, reason.value] += 1

    def copy(
        self, entry: Entry, reason: KeptReason, file: File | None = None, stay: Stay | None = None
    ) -> None:
        """The resource stands whole in emr_local too, beside the row that was made of it."""
        self._whole(entry, reason, file, stay)
        self.copied[entry.resource_type, reason.value] += 1

    def _whole(self, entry: Entry, reason: KeptReason, file: File | None, stay: Stay | None) -> UUID:
        owner = file or self.first_file
        if owner is None:
            raise BrokenFileError(
                f"Entry {entry.position} ({entry.resource_type}) belongs to no patient, and the bundle has none. "
                "Import it together with a patient."
            )
        return self.add(
            "emr_local",
            patient_id=owner.id,
            visit_id=stay.id if stay is not None and stay.patient_id == owner.id else None,
            record_type=entry.resource_type,
            data=orjson.Fragment(entry.canonical),
            recorded_at=first_instant(entry.resource, ABOUT, self.to.zone),
            status=DOCUMENT_STATUS.get(words(entry.resource.get("status")) or "", DocumentStatus.FINAL),
            kept_reason=reason,
        )

    def file_of(self, entry: Entry) -> File | None:
        """Whose resource this is. One that names nobody belongs to the bundle's only patient; one that names somebody
        who is not here has no file, so that it never stands among another patient's values."""
        names_someone, key = self.references.subject(entry.resource)
        if not names_someone:
            return self.first_file if len({file.id for file in self.files.values()}) == 1 else None
        file = self.files.get(key) if key is not None else None
        if file is None:
            self.warnings["subject not found: kept whole with the first patient of its bundle"] += 1
        return file

    def stay_of(self, entry: Entry, file: File) -> Stay | None:
        """The visit the resource belongs to, if it is here and that patient's own."""
        key = self.references.visit(entry.resource)
        if key is None:
            return None
        stay = self.stays.get(key)
        if stay is None or stay.patient_id != file.id:
            self.warnings["encounter not found, or of another patient: the row stands without a visit"] += 1
            return None
        return stay

    def doctor(self, reference: Any) -> UUID | None:
        key = self.references.key(reference, "Practitioner")
        return None if key is None else self.doctors.get(key)


def more_than(resource: Json, taken: frozenset[str]) -> bool:
    """Whether the resource holds a number, or what else SPEAKING names, in an element that no column takes."""
    return any(
        name in SPEAKING or holds_number(value)
        for name, value in resource.items()
        if name not in taken and name not in WRAPPING
    )


def holds_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(holds_number, value.values()))
    if isinstance(value, list):
        return any(map(holds_number, value))
    return number(value) is not None


def keep_other(plan: Plan, entry: Entry) -> None:
    """A resource of a type that has no table: whole, with its patient and visit."""
    file = plan.file_of(entry)
    stay = plan.stay_of(entry, file) if file is not None else None
    plan.keep(entry, KeptReason.UNMAPPED, file, stay)
