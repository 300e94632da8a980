"""Every model, so that Base.metadata is complete after `import app.models`."""

from app.models.ai_draft import AIDraft
from app.models.appointment import Appointment
from app.models.audit_log import AuditLog, AuditSeal
from app.models.base import Base
from app.models.bed import Bed, BedAssignment, BedCleaning
from app.models.emr import AccessGrant, EMRGlobal, EMRLocal, ImportSource
from app.models.hospital import Hospital
from app.models.inventory import Inventory
from app.models.lab_test import LabResult, LabTest
from app.models.notification import Notification
from app.models.nurse_log import FluidEntry, Handover, NurseLog
from app.models.patient import Allergy, MrnCounter, Patient, PatientIdentifier, Person, PersonIdentifier
from app.models.patient_alert import PatientAlert
from app.models.patient_merge import MergeJournal, PatientMerge, PersonLink
from app.models.prescription import Prescription
from app.models.region import Region
from app.models.role import Role
from app.models.transfer import TransferRequest
from app.models.user import FormDraft, IdempotencyKey, PasswordLink, Session, SignInDelay, User
from app.models.visit import CareAssignment, Diagnosis, DischargeSummary, Visit
from app.models.vitals import Escalation, Vitals

__all__ = [
    "AIDraft", "AccessGrant", "Allergy", "Appointment", "AuditLog", "AuditSeal", "Base", "Bed", "BedAssignment",
    "BedCleaning", "CareAssignment", "Diagnosis", "DischargeSummary", "EMRGlobal", "EMRLocal", "Escalation",
    "FluidEntry", "FormDraft", "Handover",
    "Hospital", "IdempotencyKey", "ImportSource", "Inventory", "LabResult", "LabTest", "MergeJournal",
    "MrnCounter", "Notification", "NurseLog", "PasswordLink", "Patient", "PatientAlert", "PatientIdentifier",
    "PatientMerge", "Person", "PersonIdentifier", "PersonLink", "Prescription", "Region", "Role", "Session",
    "SignInDelay", "TransferRequest", "User", "Visit", "Vitals",
]  # fmt: skip
