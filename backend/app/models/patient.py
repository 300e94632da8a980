"""People and their files: a person of the network, her file at each hospital, identifiers and allergies (S14, S28)."""

import re
import unicodedata
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import (
    HospitalRow,
    Row,
    SourcedRow,
    authored_or_imported,
    enum_column,
    fk_to_patient,
    user_fk,
)

if TYPE_CHECKING:
    from app.models.hospital import Hospital
    from app.models.user import User
    from app.models.visit import Visit

SORTED = Text(collation="C")
BIRTH_RANGE = "date_of_birth BETWEEN DATE '1850-01-01' AND DATE '2200-01-01'"


class BirthPrecision(StrEnum):
    """How much of a date of birth is known (domain 5.3); what is not known stands as 1."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ESTIMATED = "estimated"


class Gender(StrEnum):
    """FHIR AdministrativeGender."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class BloodGroup(StrEnum):
    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"


class IdentifierType(StrEnum):
    """HL7 v2 table 0203: the four that name one human being, wherever they are shown."""

    SOCIAL_SECURITY = "SS"
    NATIONAL = "NI"
    PASSPORT = "PPN"
    DRIVING_LICENCE = "DL"


def search_key(*names: str | None) -> str:
    """Names as they are searched: marks dropped, case folded, one blank between words.

    >>> search_key("Flórez", "María José")
    'florez maria jose'
    """
    joined = " ".join(name for name in names if name)
    plain = "".join(c for c in unicodedata.normalize("NFKD", joined) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def phone_digits(phone: str | None) -> str | None:
    """The last ten digits of a phone number, so that +1 555 and 555 find each other; None where there are none."""
    digits = re.sub(r"\D", "", phone or "")
    return digits[-10:] or None


class Person(Row):
    """One human being of the network. Hospitals see her only through their own file of her."""

    __tablename__ = "persons"
    __table_args__ = (
        CheckConstraint("btrim(last_name) <> ''", name="last_name_given"),
        CheckConstraint(BIRTH_RANGE, name="date_of_birth_range"),
        CheckConstraint("merged_into_id <> id", name="merged_into_other"),
    )

    network_number: Mapped[int] = mapped_column(
        BigInteger,
        Identity(always=True, start=100001),
        unique=True,
        comment="number of the person in the network",
    )
    first_name: Mapped[str | None] = mapped_column(comment="given names")
    last_name: Mapped[str] = mapped_column(comment="family name")
    date_of_birth: Mapped[date | None] = mapped_column(comment="NULL = not known")
    gender: Mapped[Gender] = enum_column(
        "gender", Gender, comment="FHIR AdministrativeGender", default=Gender.UNKNOWN
    )
    # RESTRICT: the survivor of a merge must stay for the merged row to mean anything.
    merged_into_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("persons.id", ondelete="RESTRICT"),
        index=True,
        comment="the person it turned out to be; NULL = stands for itself",
    )

    identifiers: Mapped[list["PersonIdentifier"]] = relationship(
        back_populates="person",
        lazy="raise",
        primaryjoin="Person.id == foreign(PersonIdentifier.person_id)",
        passive_deletes="all",
    )
    patients: Mapped[list["Patient"]] = relationship(
        back_populates="person",
        lazy="raise",
        primaryjoin="Person.id == foreign(Patient.person_id)",
        passive_deletes="all",
    )


class PersonIdentifier(Row):
    __tablename__ = "person_identifiers"
    __table_args__ = (
        # One number of one system names one human being.
        UniqueConstraint("system", "value", "type"),
        CheckConstraint("btrim(value) <> '' AND btrim(system) <> ''", name="value_given"),
        Index(None, "plain_value"),
    )

    # RESTRICT: persons are merged, never deleted.
    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("persons.id", ondelete="RESTRICT"), index=True, comment="the human being"
    )
    type: Mapped[IdentifierType] = enum_column("type", IdentifierType, comment="HL7 v2-0203")
    system: Mapped[str] = mapped_column(comment="URI of the issuing system")
    value: Mapped[str] = mapped_column(comment="the number itself")
    plain_value: Mapped[str] = mapped_column(
        SORTED,
        Computed("upper(regexp_replace(value, '[^A-Za-z0-9]'::text, ''::text, 'g'::text))", persisted=True),
        nullable=True,
        comment="the number in capitals, without blanks and dashes, for the search",
    )

    person: Mapped[Person] = relationship(
        back_populates="identifiers",
        lazy="raise",
        primaryjoin="Person.id == foreign(PersonIdentifier.person_id)",
    )


class MrnCounter(HospitalRow):
    """The hospital's next MRN; the row is locked while a number is taken, so that no number is given twice."""

    __tablename__ = "mrn_counters"
    __table_args__ = (
        UniqueConstraint("hospital_id"),
        CheckConstraint("last_number BETWEEN 0 AND 9999999999", name="last_number_range"),
    )

    last_number: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), default=0, comment="last sequence number given out, a count"
    )


class Patient(SourcedRow):
    """A person's file at one hospital."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        fk_to_patient("merged_into_id"),
        # One file that is used; those that were merged into it are of the same person.
        Index(
            "patients_hospital_id_person_id_key",
            "hospital_id",
            "person_id",
            unique=True,
            postgresql_where=text("merged_into_id IS NULL"),
        ),
        # What the network reads of a file refers to its person too.
        UniqueConstraint("hospital_id", "id", "person_id"),
        CheckConstraint("mrn ~ '^[A-Z][A-Z0-9]{1,11}-[0-9]{7,11}$'", name="mrn_format"),
        CheckConstraint("btrim(last_name) <> ''", name="last_name_given"),
        CheckConstraint(BIRTH_RANGE, name="date_of_birth_range"),
        CheckConstraint("deceased_at IS NULL OR is_deceased", name="deceased_pair"),
        CheckConstraint("spo2_scale IN (1, 2)", name="spo2_scale"),
        CheckConstraint(
            "(spo2_scale_set_at IS NULL) = (spo2_scale_set_by_id IS NULL)", name="spo2_scale_pair"
        ),
        CheckConstraint("btrim(spo2_scale_reason) <> ''", name="spo2_scale_reason_given"),
        CheckConstraint(
            "no_known_allergies_by_id IS NULL OR no_known_allergies_at IS NOT NULL",
            name="no_known_allergies_pair",
        ),
        CheckConstraint("btrim(identity_note) <> ''", name="identity_note_given"),
        CheckConstraint("merged_into_id IS NULL OR NOT is_active", name="merged_is_closed"),
        CheckConstraint("merged_into_id <> id", name="merged_into_other"),
        # Names, birth date and MRN are found by range and prefix operators, which are leakproof (design 4).
        Index(None, "last_name", "first_name", "date_of_birth"),
        Index(None, "hospital_id", "search_family_given"),
        Index(None, "hospital_id", "search_given_family"),
        Index(None, "hospital_id", "date_of_birth"),
        Index(None, "hospital_id", "phone_digits"),
        Index(None, "hospital_id", "mrn"),
        Index(None, "hospital_id", "merged_into_id"),
        # For person_candidates(), which asks the whole network.
        Index(None, "date_of_birth", "phone_digits"),
        # For its similar names, in whatever order.
        Index(
            "patients_search_family_given_trgm_idx",
            "search_family_given",
            postgresql_using="gin",
            postgresql_ops={"search_family_given": "gin_trgm_ops"},
        ),
    )

    # SET NULL: losing the portal login leaves the file as it is.
    user_id: Mapped[UUID | None] = mapped_column(
        user_fk("SET NULL"), unique=True, comment="portal login of the patient; NULL = none"
    )
    # RESTRICT: a file is always someone's.
    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("persons.id", ondelete="RESTRICT"), index=True, comment="the human being this file is of"
    )
    mrn: Mapped[str] = mapped_column(
        SORTED,
        unique=True,
        comment="medical record number HOSPITAL-sequence+check digit; never reused, never changed",
    )
    first_name: Mapped[str | None] = mapped_column(comment="given names")
    last_name: Mapped[str] = mapped_column(comment="family name")
    name_prefix: Mapped[str | None] = mapped_column(comment="Mr, Mrs, Dr ... as the patient wishes it")
    is_unknown: Mapped[bool] = mapped_column(
        server_default=text("false"),
        default=False,
        comment="true = a temporary identity, until somebody knows who it is",
    )
    identity_note: Mapped[str | None] = mapped_column(
        comment="what is known of an unknown patient: where found, when, marks"
    )
    search_family_given: Mapped[str] = mapped_column(SORTED, comment="search_key(last_name, first_name)")
    search_given_family: Mapped[str] = mapped_column(SORTED, comment="search_key(first_name, last_name)")
    date_of_birth: Mapped[date | None] = mapped_column(comment="NULL = not known")
    date_of_birth_precision: Mapped[BirthPrecision] = enum_column(
        "date_of_birth_precision",
        BirthPrecision,
        comment="how much of date_of_birth is known",
        default=BirthPrecision.DAY,
    )
    gender: Mapped[Gender] = enum_column(
        "gender", Gender, comment="FHIR AdministrativeGender", default=Gender.UNKNOWN
    )
    blood_group: Mapped[BloodGroup | None] = enum_column(
        "blood_group", BloodGroup, comment="ABO and Rh(D)", nullable=True
    )
    phone: Mapped[str | None] = mapped_column(comment="telephone number as it was written")
    phone_digits: Mapped[str | None] = mapped_column(
        SORTED, comment="last ten digits of phone, for the search"
    )
    email: Mapped[str | None] = mapped_column(comment="e-mail address")
    address: Mapped[str | None] = mapped_column(comment="postal address, lines separated by line breaks")
    emergency_contact_name: Mapped[str | None] = mapped_column(comment="whom to call")
    emergency_contact_phone: Mapped[str | None] = mapped_column(comment="telephone number of whom to call")
    is_deceased: Mapped[bool] = mapped_column(
        server_default=text("false"), default=False, comment="true = known to be dead"
    )
    deceased_at: Mapped[datetime | None] = mapped_column(comment="instant of death, where known")
    no_known_allergies_at: Mapped[datetime | None] = mapped_column(
        comment="when 'no known allergies' was recorded; NULL and no allergy row = not asked"
    )
    # RESTRICT: whoever said so is on the record.
    no_known_allergies_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who recorded it"
    )
    spo2_scale: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("1"), default=1, comment="NEWS2 SpO2 scale 1 or 2, set by a doctor"
    )
    spo2_scale_set_at: Mapped[datetime | None] = mapped_column(
        comment="instant the scale was set; NULL = never"
    )
    # RESTRICT: the scale changes what a saturation means, so its author stays named.
    spo2_scale_set_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="doctor who set the scale"
    )
    spo2_scale_reason: Mapped[str | None] = mapped_column(comment="why that scale, in the doctor's words")
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), default=True, comment="false = switched off, the row stays"
    )
    merged_into_id: Mapped[UUID | None] = mapped_column(
        comment="the file of this hospital that is used instead; NULL = stands for itself"
    )

    hospital: Mapped["Hospital"] = relationship(
        back_populates="patients", lazy="raise", primaryjoin="Hospital.id == foreign(Patient.hospital_id)"
    )
    person: Mapped[Person] = relationship(
        back_populates="patients", lazy="raise", primaryjoin="Person.id == foreign(Patient.person_id)"
    )
    user: Mapped["User | None"] = relationship(
        back_populates="patient", lazy="raise", primaryjoin="User.id == foreign(Patient.user_id)"
    )
    visits: Mapped[list["Visit"]] = relationship(
        back_populates="patient",
        lazy="raise",
        primaryjoin="Patient.id == foreign(Visit.patient_id)",
        passive_deletes="all",
    )
    allergies: Mapped[list["Allergy"]] = relationship(
        back_populates="patient",
        lazy="raise",
        primaryjoin="Patient.id == foreign(Allergy.patient_id)",
        passive_deletes="all",
    )
    identifiers: Mapped[list["PatientIdentifier"]] = relationship(
        back_populates="patient",
        lazy="raise",
        primaryjoin="Patient.id == foreign(PatientIdentifier.patient_id)",
        passive_deletes="all",
    )


def derived_keys(first_name: str | None, last_name: str, phone: str | None) -> dict[str, str | None]:
    """The search columns of a file; every writer of patients, bulk ones too, takes them from here."""
    return {
        "search_family_given": search_key(last_name, first_name),
        "search_given_family": search_key(first_name, last_name),
        "phone_digits": phone_digits(phone),
    }


@event.listens_for(Patient, "before_insert")
@event.listens_for(Patient, "before_update")
def _write_search_columns(_mapper: Any, _connection: Any, patient: Patient) -> None:
    for column, value in derived_keys(patient.first_name, patient.last_name, patient.phone).items():
        setattr(patient, column, value)


class PatientIdentifier(SourcedRow):
    """A number another system gave the file: its MRN there, an insurance number ..."""

    __tablename__ = "patient_identifiers"
    __table_args__ = (
        fk_to_patient(),
        UniqueConstraint(
            "hospital_id", "patient_id", "system", "value", "type", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("btrim(value) <> ''", name="value_given"),
        Index(None, "hospital_id", "value"),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    type: Mapped[str | None] = mapped_column(comment="HL7 v2-0203 code where the source gave one")
    system: Mapped[str | None] = mapped_column(comment="URI of the issuing system")
    value: Mapped[str] = mapped_column(SORTED, comment="the number itself")

    patient: Mapped[Patient] = relationship(
        back_populates="identifiers",
        lazy="raise",
        primaryjoin="Patient.id == foreign(PatientIdentifier.patient_id)",
    )


class AllergyCategory(StrEnum):
    FOOD = "food"
    MEDICATION = "medication"
    ENVIRONMENT = "environment"
    BIOLOGIC = "biologic"


class AllergyCriticality(StrEnum):
    LOW = "low"
    HIGH = "high"
    UNABLE_TO_ASSESS = "unable-to-assess"


class AllergyStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    RESOLVED = "resolved"


class AllergyVerification(StrEnum):
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    ENTERED_IN_ERROR = "entered-in-error"


class ReactionSeverity(StrEnum):
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Allergy(SourcedRow):
    """FHIR AllergyIntolerance (domain 5.3)."""

    __tablename__ = "allergies"
    __table_args__ = (
        fk_to_patient(),
        UniqueConstraint("hospital_id", "id"),
        CheckConstraint("btrim(substance) <> ''", name="substance_given"),
        authored_or_imported("recorded_by_id"),
        CheckConstraint("(verified_at IS NULL) = (verified_by_id IS NULL)", name="verified_pair"),
        CheckConstraint(
            "source IS NOT NULL OR verification_status NOT IN ('refuted', 'entered-in-error')"
            " OR (verified_at IS NOT NULL AND btrim(coalesce(verification_reason, '')) <> '')",
            name="refuted_has_reason",
        ),
        Index(None, "hospital_id", "patient_id"),
        Index(None, "patient_id", "created_at"),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the patient's file at this hospital")
    substance: Mapped[str] = mapped_column(comment="what the patient does not tolerate, in words")
    code_system: Mapped[str | None] = mapped_column(comment="URI of the code system")
    code: Mapped[str | None] = mapped_column(comment="code in code_system")
    category: Mapped[AllergyCategory | None] = enum_column(
        "category", AllergyCategory, comment="FHIR allergy-intolerance-category", nullable=True
    )
    criticality: Mapped[AllergyCriticality | None] = enum_column(
        "criticality", AllergyCriticality, comment="FHIR allergy-intolerance-criticality", nullable=True
    )
    clinical_status: Mapped[AllergyStatus] = enum_column(
        "clinical_status",
        AllergyStatus,
        comment="FHIR allergyintolerance-clinical",
        default=AllergyStatus.ACTIVE,
    )
    verification_status: Mapped[AllergyVerification] = enum_column(
        "verification_status",
        AllergyVerification,
        comment="FHIR allergyintolerance-verification",
        default=AllergyVerification.UNCONFIRMED,
    )
    reaction: Mapped[str | None] = mapped_column(comment="what happened, in words")
    reaction_severity: Mapped[ReactionSeverity | None] = enum_column(
        "reaction_severity", ReactionSeverity, comment="FHIR reaction-event-severity", nullable=True
    )
    recorded_at: Mapped[datetime | None] = mapped_column(comment="when it was recorded at the source or here")
    # RESTRICT: who recorded an allergy is part of it.
    recorded_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who recorded it"
    )
    verified_at: Mapped[datetime | None] = mapped_column(
        comment="when it was confirmed, refuted, resolved or struck out; NULL = as it was recorded"
    )
    # RESTRICT, for the same reason.
    verified_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who confirmed, refuted, resolved or struck it out"
    )
    verification_reason: Mapped[str | None] = mapped_column(comment="why it was refuted or struck out")

    patient: Mapped[Patient] = relationship(
        back_populates="allergies", lazy="raise", primaryjoin="Patient.id == foreign(Allergy.patient_id)"
    )
