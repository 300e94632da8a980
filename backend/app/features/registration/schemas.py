"""What registration answers. `Out` has no defaults: what is not known is null, never 0 or an empty word."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer

# Numbers go out as JSON numbers; a measurement is nobody's money.
Number = Annotated[Decimal, PlainSerializer(lambda value: float(value), return_type=float, when_used="json")]
AllergyState = Literal["known", "none_known", "not_recorded", "unavailable"]
Section = Literal["visits", "vitals", "lab_tests", "prescriptions", "records"]
SECTIONS: tuple[Section, ...] = ("visits", "vitals", "lab_tests", "prescriptions", "records")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


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
