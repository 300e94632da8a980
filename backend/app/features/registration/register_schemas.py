"""What registration takes, and what it tells of people who may be meant, are expected, or are in the house."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core.sentences import EMAIL, LINE, NUMBER, PHONE
from app.features.registration.schemas import Number, Out
from app.models.patient import BirthPrecision, BloodGroup, Gender, IdentifierType

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=LINE)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320, pattern=EMAIL)]
DocumentNumber = Annotated[str, StringConstraints(strip_whitespace=True, pattern=NUMBER)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


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
    blood_group: BloodGroup | None = None
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
    blood_group: BloodGroup | None = None
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
