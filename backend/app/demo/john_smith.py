"""John Smith, the demo's patient: two days in Alder ward with high blood pressure (S40)."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clinical.mrn import format_mrn
from app.clinical.news2 import PARAMETERS
from app.core import clock
from app.core.ids import new_id
from app.features.nursing.rules import Subject, judge
from app.models import (
    Allergy,
    Appointment,
    Bed,
    Diagnosis,
    Hospital,
    Inventory,
    LabTest,
    MrnCounter,
    Patient,
    Prescription,
    Visit,
    Vitals,
)
from app.models.bed import BedStatus
from app.models.inventory import ItemType
from app.models.patient import (
    AllergyCategory,
    AllergyCriticality,
    AllergyVerification,
    BloodGroup,
    Gender,
    ReactionSeverity,
)
from app.models.prescription import PrescriptionStatus
from app.models.role import RoleName
from app.models.visit import DiagnosisRole, VisitStatus, VisitType
from app.models.vitals import Consciousness


async def make_hospital_rows(session: AsyncSession, hospital: Hospital, users: dict[RoleName, UUID]) -> None:
    """His file, visit and orders, nine beds and three items of stock."""
    now = clock.now()
    patient = await _patient(session, hospital, users)
    visit = await _visit(session, hospital, patient, users, now)
    session.add_all(_vitals(hospital, patient, visit, users, now))
    session.add(_lab_test(hospital, patient, visit, users, now))
    await _prescription(session, hospital, patient, visit, users, now)
    session.add(_appointment(hospital, patient, users, now))
    await _beds(session, hospital, patient, visit)
    session.add_all(_inventory(hospital, now))
    await session.flush()


async def _patient(session: AsyncSession, hospital: Hospital, users: dict[RoleName, UUID]) -> Patient:
    person_id = new_id()
    born = date(1968, 4, 17)
    await session.execute(
        text("SELECT person_create(:id, 'John', 'Smith', :born, 'male', CAST(NULL AS jsonb))"),
        {"id": person_id, "born": born},
    )
    counter = await session.scalar(select(MrnCounter).with_for_update())
    if counter is None:
        counter = MrnCounter(hospital_id=hospital.id)
        session.add(counter)
        await session.flush()
    counter.last_number += 1
    patient = Patient(
        id=new_id(),
        hospital_id=hospital.id,
        person_id=person_id,
        user_id=users[RoleName.PATIENT],
        mrn=format_mrn(hospital.code, counter.last_number),
        first_name="John",
        last_name="Smith",
        name_prefix="Mr",
        date_of_birth=born,
        gender=Gender.MALE,
        blood_group=BloodGroup.O_POSITIVE,
        phone="+1 555 010 0142",
        email="patient@hass.example",
        address="42 Mill Lane, Northport",
        emergency_contact_name="Mary Smith (wife)",
        emergency_contact_phone="+1 555 010 0143",
    )
    session.add(patient)
    session.add(
        Allergy(
            hospital_id=hospital.id,
            patient_id=patient.id,
            substance="Penicillin",
            code_system="http://www.nlm.nih.gov/research/umls/rxnorm",
            code="70618",
            category=AllergyCategory.MEDICATION,
            criticality=AllergyCriticality.HIGH,
            verification_status=AllergyVerification.CONFIRMED,
            reaction="Hives and swelling of the face",
            reaction_severity=ReactionSeverity.SEVERE,
            recorded_at=clock.now(),
            recorded_by_id=users[RoleName.DOCTOR],
        )
    )
    await session.flush()
    return patient


async def _visit(
    session: AsyncSession, hospital: Hospital, patient: Patient, users: dict[RoleName, UUID], now: datetime
) -> Visit:
    visit = Visit(
        id=new_id(),
        hospital_id=hospital.id,
        patient_id=patient.id,
        visit_type=VisitType.INPATIENT,
        attending_doctor_id=users[RoleName.DOCTOR],
        reason_for_visit="Headache and blood pressure of 190/110 at home",
        diagnosis="Hypertensive urgency",
    )
    session.add(visit)
    await session.flush()
    visit.move_to(VisitStatus.ACTIVE)
    visit.admission_date = now - timedelta(days=2)
    session.add(
        Diagnosis(
            hospital_id=hospital.id,
            patient_id=patient.id,
            visit_id=visit.id,
            code_system="http://hl7.org/fhir/sid/icd-10-cm",
            code="I16.0",
            text="Hypertensive urgency",
            role=DiagnosisRole.ADMISSION,
            rank=1,
            recorded_by_id=users[RoleName.DOCTOR],
        )
    )
    await session.flush()
    return visit


# Hours before now, temperature C, pulse, systolic, diastolic, respiration, SpO2, abnormal (domain 5.5).
SETS = (
    (46, "36.8", 96, 186, 108, 18, 97, True),
    (38, "36.7", 90, 172, 100, 17, 97, False),
    (30, "36.6", 84, 160, 94, 16, 98, False),
    (22, "36.9", 82, 152, 90, 16, 97, False),
    (10, "36.7", 78, 144, 88, 15, 98, False),
    (2, "36.6", 76, 138, 84, 16, 98, False),
)


def _vitals(
    hospital: Hospital, patient: Patient, visit: Visit, users: dict[RoleName, UUID], now: datetime
) -> list[Vitals]:
    sets = [
        Vitals(
            hospital_id=hospital.id,
            patient_id=patient.id,
            visit_id=visit.id,
            recorded_by_id=users[RoleName.NURSE],
            recorded_at=now - timedelta(hours=hours),
            temperature=Decimal(temperature),
            heart_rate=pulse,
            blood_pressure_systolic=systolic,
            blood_pressure_diastolic=diastolic,
            respiratory_rate=respiration,
            spo2=spo2,
            supplemental_oxygen=False,
            consciousness=Consciousness.ALERT,
            spo2_scale=1,
            weight=Decimal(84) if index == 0 else None,
            height=Decimal(178) if index == 0 else None,
            is_abnormal=abnormal,
        )
        for index, (hours, temperature, pulse, systolic, diastolic, respiration, spo2, abnormal) in enumerate(
            SETS
        )
    ]
    for each in sets:
        measured_on = each.recorded_at.astimezone(ZoneInfo(hospital.timezone)).date()
        subject = Subject(patient.date_of_birth, measured_on, pregnant=False, spo2_scale=1)
        scored = judge({name: getattr(each, name) for name in PARAMETERS}, subject)
        for column, value in scored.columns(each.recorded_at).items():
            setattr(each, column, value)
    return sets


def _lab_test(
    hospital: Hospital, patient: Patient, visit: Visit, users: dict[RoleName, UUID], now: datetime
) -> LabTest:
    return LabTest(
        hospital_id=hospital.id,
        patient_id=patient.id,
        visit_id=visit.id,
        requested_by_id=users[RoleName.DOCTOR],
        test_type="Basic metabolic panel",
        code_system="http://loinc.org",
        code="24321-2",
        requested_at=now - timedelta(hours=1),
        notes="Kidney function before the dose is raised",
    )


async def _prescription(
    session: AsyncSession,
    hospital: Hospital,
    patient: Patient,
    visit: Visit,
    users: dict[RoleName, UUID],
    now: datetime,
) -> Prescription:
    started = now - timedelta(days=1)
    first_day = started.astimezone(ZoneInfo(hospital.timezone)).date()
    prescription = Prescription(
        hospital_id=hospital.id,
        patient_id=patient.id,
        visit_id=visit.id,
        prescribed_by_id=users[RoleName.DOCTOR],
        medication_name="lisinopril",
        code_system="http://www.nlm.nih.gov/research/umls/rxnorm",
        medication_code="29046",
        dosage="10 mg",
        dose_value=Decimal(10),
        dose_unit="mg",
        frequency="once daily",
        route="oral",
        duration_days=30,
        start_date=first_day,
        end_date=first_day + timedelta(days=29),
        indication="Hypertension",
        instructions="In the morning",
    )
    session.add(prescription)
    await session.flush()
    prescription.signed_at, prescription.signed_by_id = started, users[RoleName.DOCTOR]
    prescription.move_to(PrescriptionStatus.ACTIVE)
    return prescription


def _appointment(
    hospital: Hospital, patient: Patient, users: dict[RoleName, UUID], now: datetime
) -> Appointment:
    zone = ZoneInfo(hospital.timezone)
    starts = datetime.combine((now.astimezone(zone) + timedelta(days=7)).date(), time(10, 30), zone)
    return Appointment(
        hospital_id=hospital.id,
        patient_id=patient.id,
        doctor_id=users[RoleName.DOCTOR],
        created_by_id=users[RoleName.RECEPTION],
        scheduled_at=starts,
        duration_minutes=30,
        ends_at=starts + timedelta(minutes=30),
        reason="Blood pressure check after discharge",
    )


async def _beds(session: AsyncSession, hospital: Hospital, patient: Patient, visit: Visit) -> None:
    beds = [
        Bed(id=new_id(), hospital_id=hospital.id, bed_number=f"A-{number:02}", ward="Alder", floor="2")
        for number in range(1, 10)
    ]
    session.add_all(beds)
    await session.flush()
    bed = beds[6]
    bed.move_to(BedStatus.OCCUPIED)
    bed.assigned_patient_id, bed.assigned_visit_id, bed.assigned_at = (
        patient.id,
        visit.id,
        visit.admission_date,
    )
    await session.flush()


def _inventory(hospital: Hospital, now: datetime) -> list[Inventory]:
    def item(kind: ItemType, name: str, code: str, category: str, quantity: int, unit: str, low: int, months: int,
             location: str) -> Inventory:  # fmt: skip
        return Inventory(
            hospital_id=hospital.id,
            item_type=kind,
            item_name=name,
            item_code=code,
            category=category,
            lot_number=f"{code}-26A",
            quantity=Decimal(quantity),
            unit=unit,
            threshold_alert=Decimal(low),
            expiry_date=(now + timedelta(days=30 * months)).date(),
            location=location,
            supplier="Northport Medical Supply",
            last_restocked_at=now - timedelta(days=9),
        )

    return [
        item(ItemType.MEDICATION, "Lisinopril 10 mg tablet", "LIS10", "Antihypertensive", 480, "tablet", 100, 14,
             "Pharmacy, shelf C4"),
        item(ItemType.SUPPLY, "Examination gloves, nitrile, M", "GLV-M", "Protective", 2600, "piece", 500, 30,
             "Store room 1"),
        item(ItemType.REAGENT, "Basic metabolic panel cartridge", "RGT-BMP", "Chemistry", 74, "cartridge", 25, 5,
             "Laboratory, fridge 2"),
    ]  # fmt: skip
