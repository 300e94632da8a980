"""What may be done, and which role starts with it (domain 5.2); `roles.permissions` decides from then on."""

from enum import StrEnum
from typing import Self

from app.models.role import RoleName, Scope


class Permission(StrEnum):
    """One key per act, alphabetical; `label` is what people read."""

    label: str

    def __new__(cls, key: str, label: str) -> Self:
        member = str.__new__(cls, key)
        member._value_ = key
        member.label = label
        return member

    ALLERGY_READ = "allergy.read", "See allergies"
    ALLERGY_RECORD = "allergy.record", "Record allergies"
    APPOINTMENT_BOOK = "appointment.book", "Book, move and cancel appointments"
    APPOINTMENT_READ = "appointment.read", "See appointments"
    APPOINTMENT_RUN = "appointment.run", "Run own appointments"
    AUDIT_READ = "audit.read", "Read the audit trail"
    BED_MANAGE = "bed.manage", "Manage beds"
    BED_READ = "bed.read", "See beds"
    BREAK_GLASS_REVIEW = "break_glass.review", "Review emergency access"
    BREAK_GLASS_USE = "break_glass.use", "Use emergency access"
    CENSUS_READ = "census.read", "See the census"
    DIAGNOSIS_RECORD = "diagnosis.record", "Record diagnoses"
    DISPENSE = "dispense.perform", "Dispense medicines"
    DOSE_GIVE = "dose.give", "Give, hold and refuse doses"
    DOSING_READ = "dosing.read", "See weight and kidney function"
    DRAFT_REVIEW = "draft.review", "Review machine drafts"
    ENTER_IN_ERROR = "entered_in_error.mark", "Mark rows as entered in error"
    HOSPITAL_MANAGE = "hospital.manage", "Manage hospitals"
    HOSPITAL_READ = "hospital.read", "See regions and hospitals"
    LAB_CANCEL = "lab.cancel", "Cancel laboratory tests"
    LAB_ORDER = "lab.order", "Order laboratory tests"
    LAB_PROCESS = "lab.process", "Process tests, enter and verify results"
    LAB_READ = "lab.read", "See laboratory tests and results"
    METRICS_READ = "metrics.read", "See network figures"
    NOTE_READ = "note.read", "Read nursing notes"
    NOTE_SIGN = "note.sign", "Sign notes"
    NOTE_WRITE = "note.write", "Write nursing notes and hand-overs"
    NOTIFICATION_READ = "notification.read", "Read own notifications"
    PATIENT_READ = "patient.read", "See a patient's banner"
    PATIENT_REGISTER = "patient.register", "Register patients"
    PATIENT_SEARCH = "patient.search", "Search patients"
    PATIENT_UPDATE = "patient.update", "Change demographics"
    PRESCRIPTION_READ = "prescription.read", "See prescriptions"
    PRESCRIPTION_WRITE = "prescription.write", "Prescribe"
    RECORD_READ = "record.read", "Read records"
    REGION_MANAGE = "region.manage", "Manage regions"
    REPORT_READ = "report.read", "Read reports"
    ROLE_MANAGE = "role.manage", "Manage roles"
    SPECIMEN_COLLECT = "specimen.collect", "Collect specimens"
    SPO2_SCALE_SET = "spo2_scale.set", "Set the SpO2 scale"
    STAFF_READ = "staff.read", "See the hospital's staff"
    STOCK_APPROVE = "stock.approve", "Approve stock adjustments above the limit"
    STOCK_MANAGE = "stock.manage", "Receive, adjust and waste stock"
    STOCK_READ = "stock.read", "See stock"
    USER_MANAGE = "user.manage", "Manage users"
    VISIT_ADMIT = "visit.admit", "Admit patients"
    VISIT_CLINICAL_READ = "visit.clinical_read", "See reasons, diagnoses and summaries of visits"
    VISIT_DEPART = "visit.depart", "Confirm departure"
    VISIT_ORDER_DISCHARGE = "visit.order_discharge", "Order discharge"
    VISIT_PLAN = "visit.plan", "Plan and start visits"
    VISIT_READ = "visit.read", "See visits"
    VISIT_TRANSFER = "visit.transfer", "Transfer patients"
    VITALS_READ = "vitals.read", "See vital signs"
    VITALS_RECORD = "vitals.record", "Record vital signs"


P = Permission

WHOLE_CHART = frozenset(
    {
        P.ALLERGY_READ, P.APPOINTMENT_READ, P.BED_READ, P.LAB_READ, P.NOTE_READ, P.PATIENT_READ, P.PATIENT_SEARCH,
        P.PRESCRIPTION_READ, P.RECORD_READ, P.VISIT_CLINICAL_READ, P.VISIT_READ, P.VITALS_READ,
    }
)  # fmt: skip
BANNER = frozenset({P.PATIENT_READ, P.PATIENT_SEARCH})
REGIONAL_ADMIN = frozenset({P.AUDIT_READ, P.HOSPITAL_MANAGE, P.HOSPITAL_READ, P.METRICS_READ, P.STAFF_READ,
                            P.USER_MANAGE})  # fmt: skip

GRANTS: dict[RoleName, frozenset[Permission]] = {
    RoleName.SUPER_ADMIN: REGIONAL_ADMIN | {P.REGION_MANAGE, P.ROLE_MANAGE},
    RoleName.REGIONAL_ADMIN: REGIONAL_ADMIN,
    RoleName.MANAGER: BANNER
    | {
        P.AUDIT_READ, P.BED_MANAGE, P.BED_READ, P.BREAK_GLASS_REVIEW, P.CENSUS_READ, P.ENTER_IN_ERROR,
        P.HOSPITAL_READ, P.NOTIFICATION_READ, P.REPORT_READ, P.STAFF_READ, P.STOCK_APPROVE, P.STOCK_READ,
        P.VISIT_READ,
    },
    RoleName.DOCTOR: WHOLE_CHART
    | {
        P.ALLERGY_RECORD, P.APPOINTMENT_RUN, P.BREAK_GLASS_USE, P.CENSUS_READ, P.DIAGNOSIS_RECORD, P.DRAFT_REVIEW,
        P.LAB_CANCEL, P.LAB_ORDER, P.NOTE_SIGN, P.NOTIFICATION_READ, P.PRESCRIPTION_WRITE, P.SPO2_SCALE_SET,
        P.VISIT_ADMIT, P.VISIT_ORDER_DISCHARGE, P.VISIT_PLAN, P.VISIT_TRANSFER, P.VITALS_RECORD,
    },
    RoleName.NURSE: WHOLE_CHART
    | {
        P.ALLERGY_RECORD, P.BED_MANAGE, P.BREAK_GLASS_USE, P.CENSUS_READ, P.DOSE_GIVE, P.NOTE_WRITE,
        P.NOTIFICATION_READ, P.SPECIMEN_COLLECT, P.VISIT_ADMIT, P.VISIT_DEPART, P.VISIT_PLAN, P.VITALS_RECORD,
    },
    RoleName.LAB_TECH: BANNER | {P.LAB_CANCEL, P.LAB_PROCESS, P.LAB_READ, P.NOTIFICATION_READ, P.SPECIMEN_COLLECT},
    RoleName.PHARMACIST: BANNER
    | {
        P.ALLERGY_READ, P.DISPENSE, P.DOSING_READ, P.NOTIFICATION_READ, P.PRESCRIPTION_READ, P.STOCK_MANAGE,
        P.STOCK_READ,
    },
    RoleName.RECEPTION: BANNER
    | {
        P.APPOINTMENT_BOOK, P.APPOINTMENT_READ, P.NOTIFICATION_READ, P.PATIENT_REGISTER, P.PATIENT_UPDATE,
        P.VISIT_PLAN, P.VISIT_READ,
    },
    # Own rows only: the policies of scope "self" show a patient nothing else (access/policies.py).
    RoleName.PATIENT: frozenset(
        {
            P.ALLERGY_READ, P.APPOINTMENT_READ, P.LAB_READ, P.NOTIFICATION_READ, P.PATIENT_READ,
            P.PRESCRIPTION_READ, P.RECORD_READ, P.VISIT_CLINICAL_READ, P.VISIT_READ, P.VITALS_READ,
        }
    ),
}  # fmt: skip

ROLE_TITLES: dict[RoleName, tuple[str, Scope]] = {
    RoleName.SUPER_ADMIN: ("Super administrator", Scope.NETWORK),
    RoleName.REGIONAL_ADMIN: ("Regional administrator", Scope.REGION),
    RoleName.MANAGER: ("Manager", Scope.HOSPITAL),
    RoleName.DOCTOR: ("Doctor", Scope.HOSPITAL),
    RoleName.NURSE: ("Nurse", Scope.HOSPITAL),
    RoleName.LAB_TECH: ("Laboratory technician", Scope.HOSPITAL),
    RoleName.PHARMACIST: ("Pharmacist", Scope.HOSPITAL),
    RoleName.RECEPTION: ("Receptionist", Scope.HOSPITAL),
    RoleName.PATIENT: ("Patient", Scope.SELF),
}
