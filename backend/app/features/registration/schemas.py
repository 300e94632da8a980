"""What registration answers. `Out` has no defaults: what is not known is null, never 0 or an empty word."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from app.core.sentences import EMAIL, LINE, NUMBER, PHONE
from app.models.patient import BirthPrecision, Gender, IdentifierType

# Numbers go out as JSON numbers; a measurement is nobody's money.
Number = Annotated[Decimal, PlainSerializer(lambda value: float(value), return_type=float, when_used="json")]
AllergyState = Literal["known", "none_known", "not_recorded", "unavailable"]
Section = Literal["visits", "vitals", "lab_tests", "prescriptions", "records"]
SECTIONS: tuple[Section, ...] = ("visits", "vitals", "lab_tests", "prescriptions", "records")


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=LINE)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320, pattern=EMAIL)]
DocumentNumber = Annotated[str, StringConstraints(strip_whitespace=True, pattern=NUMBER)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class CandidateSearchIn(In):
    """What is known of the person before us."""

    first_name: Name | None = None
    last_name: Name | None = None
    date_of_birth: date | None = None
    gender: Gender = Gender.UNKNOWN
    phone: Phone | None = None
    national_id: DocumentNumber | None = None


class PatientIn(CandidateSearchIn):
    """A new file. `person_id` is whom of the candidates it is; `not_these` are those that it is none of."""

    last_name: Name
    name_prefix: Name | None = None
    # What is not known of a date stands as 1.
    date_of_birth_precision: BirthPrecision = BirthPrecision.DAY
    email: Email | None = None
    address: Words | None = None
    emergency_contact_name: Name | None = None
    emergency_contact_phone: Phone | None = None
    national_id_type: IdentifierType = IdentifierType.NATIONAL
    person_id: UUID | None = None
    not_these: Annotated[list[UUID], Field(max_length=20)] = []


class UnknownPatientIn(In):
    """Somebody who cannot say who he is: what can be seen of him."""

    gender: Gender = Gender.UNKNOWN
    estimated_age: Annotated[int, Field(ge=0, le=130)] | None = None
    identity_note: Words | None = None


class PatientChangeIn(In):
    """What is left out stays; null empties it. A name given to an unknown patient ends the temporary identity."""

    first_name: Name | None = None
    last_name: Name = ""
    name_prefix: Name | None = None
    date_of_birth: date | None = None
    date_of_birth_precision: BirthPrecision = BirthPrecision.DAY
    gender: Gender = Gender.UNKNOWN
    phone: Phone | None = None
    email: Email | None = None
    address: Words | None = None
    emergency_contact_name: Name | None = None
    emergency_contact_phone: Phone | None = None
    identity_note: Words | None = None
    # A further number of the person; numbers are added, never taken away.
    national_id: DocumentNumber | None = None
    national_id_type: IdentifierType = IdentifierType.NATIONAL


class CandidateOut(Out):
    """Whom the person before us may be. Of other hospitals' files no more than the network may tell (S28)."""

    person_id: UUID
    name: str
    birth_year: int | None
    gender: str
    hospital_name: str
    score: Number
    # The same number on a document: it cannot be anybody else.
    has_same_number: bool
    # This hospital's own file of the person; null where it has none.
    patient_id: UUID | None
    mrn: str | None
    date_of_birth: date | None
    phone: str | None


class CandidatesOut(Out):
    items: list[CandidateOut]


class IdentifierOut(Out):
    type: str
    value: str


class PatientRowOut(Out):
    """A patient as lists show one: never fewer than two identifiers."""

    id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    date_of_birth_precision: str
    gender: str
    # A temporary identity, until somebody knows who it is.
    is_unknown: bool
    phone: str | None
    is_active: bool
    # The file that is used instead of this one; and the MRNs of those that this one took the place of.
    merged_into_id: UUID | None
    former_mrns: list[str]
    is_deceased: bool
    deceased_on: date | None
    bed: str | None
    has_open_visit: bool


class PatientPageOut(Out):
    items: list[PatientRowOut]
    next_cursor: str | None


class PatientOut(PatientRowOut):
    hospital_id: UUID
    person_id: UUID
    name_prefix: str | None
    email: str | None
    address: str | None
    emergency_contact_name: str | None
    emergency_contact_phone: str | None
    blood_group: str | None
    identity_note: str | None
    # Numbers on documents; null for a role that does not register people.
    identifiers: list[IdentifierOut] | None
    deceased_at: datetime | None
    spo2_scale: int
    updated_at: datetime


class AllergyOut(Out):
    id: UUID
    substance: str
    category: str | None
    criticality: str | None
    clinical_status: str
    verification_status: str
    reaction: str | None
    reaction_severity: str | None

    @property
    def counts(self) -> bool:
        """Whether the banner names it: neither refuted, nor resolved, nor an error."""
        return self.clinical_status == "active" and self.verification_status not in (
            "refuted",
            "entered-in-error",
        )


class AllergiesOut(Out):
    state: AllergyState
    items: list[AllergyOut]

    @property
    def named(self) -> list[AllergyOut]:
        """What the banner names: each substance with its reaction once, also where two sources sent it."""
        once = {
            (i.substance.casefold(), (i.reaction or "").casefold()): i
            for i in reversed(self.items)
            if i.counts
        }
        return list(reversed(once.values()))


class AlertOut(Out):
    """What whoever comes near the patient must know: code status, isolation, pregnancy, falls ..."""

    id: UUID
    alert_type: str
    value: str | None
    note: str | None
    since: datetime
    until: datetime | None


class BannerNews2Out(Out):
    """The score of the open visit's last set; total null while a sign is missing, under 16 and in pregnancy."""

    recorded_at: datetime
    total: int | None
    risk: str | None
    red: list[str]
    complete: bool
    scale: int
    missing: list[str]
    # Against the set before; null where either has no total.
    change: int | None


class BannerOut(Out):
    """Who a page is about. What the reader's role does not include is null."""

    id: UUID
    hospital_id: UUID
    person_id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    name_prefix: str | None
    date_of_birth: date | None
    date_of_birth_precision: str
    gender: str
    # A temporary identity, and what is known of the person.
    is_unknown: bool
    identity_note: str | None
    is_active: bool
    # The file that is used instead of this one; and the MRNs of those that this one took the place of.
    merged_into_id: UUID | None
    former_mrns: list[str]
    is_deceased: bool
    deceased_on: date | None
    # Ward and bed.
    bed: str | None
    # The open visit, an inpatient one before others.
    visit_id: UUID | None
    visit_type: str | None
    visit_status: str | None
    attending_doctor: str | None
    weight: Number | None
    spo2_scale: int
    allergies: AllergiesOut | None
    alerts: list[AlertOut] | None
    news2: BannerNews2Out | None
    timezone: str
    # The hospital's day, for the age.
    today: date


class DiagnosisOut(Out):
    code: str
    code_system: str
    text: str
    role: str


class VisitOut(Out):
    id: UUID
    visit_type: str
    status: str
    admission_date: datetime | None
    discharge_date: datetime | None
    disposition: str | None
    attending_doctor: str | None
    reason_for_visit: str | None
    diagnosis: str | None
    diagnoses: list[DiagnosisOut] | None

    @property
    def is_open(self) -> bool:
        return self.status in ("active", "on_leave")


class VitalsOut(Out):
    id: UUID
    visit_id: UUID
    recorded_at: datetime
    temperature: Number | None
    heart_rate: int | None
    blood_pressure_systolic: int | None
    blood_pressure_diastolic: int | None
    respiratory_rate: int | None
    spo2: int | None
    spo2_scale: int | None
    supplemental_oxygen: bool | None
    oxygen_flow_lpm: Number | None
    fio2_percent: int | None
    consciousness: str | None
    pain: int | None
    weight: Number | None
    height: Number | None
    bmi: Number | None
    is_abnormal: bool
    notes: str | None


class LabResultOut(Out):
    id: UUID
    name: str
    code: str | None
    value_numeric: Number | None
    comparator: str | None
    value_text: str | None
    unit: str | None
    reference_low: Number | None
    reference_high: Number | None
    reference_text: str | None
    interpretation: str | None
    # What to show: the laboratory's own flag, else ours from clinical/lab_reference.py; `flag_by` says whose.
    flag: str | None
    flag_by: Literal["laboratory", "hass"] | None
    # Our table's interval, where the laboratory gave none.
    usual_low: Number | None
    usual_high: Number | None
    status: str
    observed_at: datetime | None
    previous_value: Number | None


class LabTestOut(Out):
    id: UUID
    visit_id: UUID | None
    test_type: str
    code: str | None
    urgency: str
    status: str
    requested_at: datetime
    completed_at: datetime | None
    result_summary: str | None
    results: list[LabResultOut]


class PrescriptionOut(Out):
    id: UUID
    visit_id: UUID | None
    medication_name: str
    medication_code: str | None
    dosage: str | None
    frequency: str | None
    route: str | None
    as_needed: bool
    duration_days: int | None
    start_date: date | None
    end_date: date | None
    status: str
    instructions: str | None
    prescribed_by: str | None

    @property
    def is_current(self) -> bool:
        return self.status == "active"


class RecordOut(Out):
    id: UUID
    visit_id: UUID | None
    record_type: str
    recorded_at: datetime | None
    created_at: datetime
    status: str
    data: dict[str, Any]


class RecordTypeOut(Out):
    record_type: str
    count: int


class ChartOut(Out):
    """A patient's chart. A section the reader's role does not include is null and named in `withheld`."""

    patient: PatientOut
    allergies: AllergiesOut | None
    visits: list[VisitOut] | None
    vitals: list[VitalsOut] | None
    lab_tests: list[LabTestOut] | None
    prescriptions: list[PrescriptionOut] | None
    records: list[RecordOut] | None
    record_types: list[RecordTypeOut] | None
    weight: Number | None
    totals: dict[Section, int]
    older: dict[Section, str]
    withheld: list[str]


class WhoOut(Out):
    """Who a row of a list is about: never fewer than two identifiers."""

    patient_id: UUID
    mrn: str
    first_name: str | None
    last_name: str
    date_of_birth: date | None
    date_of_birth_precision: str
    gender: str
    is_unknown: bool


class ArrivalOut(WhoOut):
    """Somebody who is expected: a planned visit, or an appointment."""

    kind: Literal["visit", "appointment"]
    id: UUID
    # Null for a visit that nobody gave a time.
    at: datetime | None
    status: str
    visit_type: str | None
    checked_in_at: datetime | None
    doctor: str | None


class ArrivalsOut(Out):
    day: date
    items: list[ArrivalOut]


class InHouseOut(WhoOut):
    visit_id: UUID
    visit_type: str
    status: str
    admission_date: datetime | None
    bed: str | None


class InHousePageOut(Out):
    items: list[InHouseOut]
    # Kind of visit > how many of all.
    counts: dict[str, int]
    next_cursor: str | None
