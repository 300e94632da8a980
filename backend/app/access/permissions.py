"""What may be done, and which role starts with it (domain 5.2); `roles.permissions` decides from then on."""

from enum import StrEnum
from typing import Self

from app.models.role import RoleName, Scope


class Permission(StrEnum):
    """One key per act, alphabetical; `label` is what people read, `description` what it opens to whom it is given."""

    label: str
    description: str

    def __new__(cls, key: str, label: str, description: str) -> Self:
        member = str.__new__(cls, key)
        member._value_ = key
        member.label = label
        member.description = description
        return member

    ALERT_READ = (
        "alert.read",
        "See alerts",
        "Code status, isolation, pregnancy, falls and what else the bedside must know.",
    )
    ALERT_RECORD = "alert.record", "Record and end alerts", "Set an alert of a patient, and end it."
    ALLERGY_READ = (
        "allergy.read",
        "See allergies",
        "Substances, reactions and certainty, and whether anybody asked.",
    )
    ALLERGY_RECORD = (
        "allergy.record",
        "Record allergies",
        "Add, confirm and refute allergies, and record that there are none known.",
    )
    APPOINTMENT_BOOK = (
        "appointment.book",
        "Book, move and cancel appointments",
        "For any doctor of the hospital, inside his hours.",
    )
    APPOINTMENT_READ = (
        "appointment.read",
        "See appointments",
        "Whose, with whom and when; a patient sees the own ones.",
    )
    APPOINTMENT_RUN = (
        "appointment.run",
        "Run own appointments",
        "Start and complete the appointments in which one is the doctor.",
    )
    AUDIT_READ = (
        "audit.read",
        "Read the audit trail",
        "Who changed and who opened what: the hospital's entries, or those of the organisation's tables.",
    )
    BED_MANAGE = (
        "bed.manage",
        "Manage beds",
        "Reserve, release, clean, maintain, close and open beds, and move patients between them.",
    )
    BED_READ = "bed.read", "See beds", "The board of the hospital's beds with their states."
    BED_SET_UP = (
        "bed.set_up",
        "Set up beds and wards",
        "Add beds, rename wards and take beds out of use for good.",
    )
    BREAK_GLASS_REVIEW = (
        "break_glass.review",
        "Review emergency access",
        "Judge every use of emergency access afterwards.",
    )
    BREAK_GLASS_USE = (
        "break_glass.use",
        "Use emergency access",
        "Open a record without a treating relationship, for an hour and with a reason; it is reviewed.",
    )
    CARE_ASSIGN = (
        "care.assign",
        "Assign and hand over care",
        "Take a patient over, assign colleagues, and hand over to who comes next.",
    )
    CENSUS_READ = "census.read", "See the census", "How many lie where, arrive and leave today."
    DEATH_RECORD = (
        "death.record",
        "Record a death",
        "Certify it with its time: the visit ends, orders stop, reminders to the patient are cancelled.",
    )
    DIAGNOSIS_RECORD = (
        "diagnosis.record",
        "Record diagnoses",
        "Coded diagnoses of a visit: at admission, at discharge, accompanying.",
    )
    DISPENSE = "dispense.perform", "Dispense medicines", "From stock against a signed prescription."
    DOSE_GIVE = (
        "dose.give",
        "Give, hold and refuse doses",
        "Chart each dose as given, held, refused or missed.",
    )
    DOSING_READ = (
        "dosing.read",
        "See weight and kidney function",
        "What a dose is calculated from, without the rest of the vital signs.",
    )
    DRAFT_REVIEW = (
        "draft.review",
        "Review machine drafts",
        "Approve or reject what the machine proposed; nothing of it counts before.",
    )
    ENTER_IN_ERROR = (
        "entered_in_error.mark",
        "Mark rows as entered in error",
        "Strike out a row that should not be there; it stays in the record.",
    )
    ENTRY_CORRECT = (
        "entry.correct",
        "Strike out own entries, write late ones",
        "Own notes and fluids, and late entries where one cared; who may mark rows as in error, those of others too.",
    )
    ESCALATION_ANSWER = (
        "escalation.answer",
        "Answer calls for help",
        "See which patient's early warning score calls for somebody, and take the call on.",
    )
    FLUID_READ = (
        "fluid.read",
        "See fluid balance",
        "What went in and came out, by day and in the last 24 hours.",
    )
    FLUID_RECORD = "fluid.record", "Record fluids", "Enter and correct what went in and came out."
    HOSPITAL_MANAGE = (
        "hospital.manage",
        "Manage hospitals",
        "Open, change and close hospitals: name, address, licensed beds, time zone.",
    )
    HOSPITAL_READ = (
        "hospital.read",
        "See regions and hospitals",
        "Names, addresses and licensed beds; no patients.",
    )
    INCIDENT_READ = (
        "incident.read",
        "Read incidents",
        "What went wrong on the wards, as nurses reported it; kept apart from the record.",
    )
    LAB_ACKNOWLEDGE = (
        "lab.acknowledge",
        "Take note of critical results",
        "Confirm by name that a critical result was seen by somebody who acts on it.",
    )
    LAB_CANCEL = (
        "lab.cancel",
        "Cancel laboratory tests",
        "Doctors before the specimen is taken, the laboratory afterwards, with a reason.",
    )
    LAB_ORDER = "lab.order", "Order laboratory tests", "For a patient with an open visit."
    LAB_PROCESS = (
        "lab.process",
        "Process tests, enter and verify results",
        "Accept, receive and reject specimens; where the hospital so sets, another person verifies.",
    )
    LAB_READ = (
        "lab.read",
        "See laboratory tests and results",
        "Orders, specimens and values; a patient sees what was released.",
    )
    METRICS_READ = (
        "metrics.read",
        "See network figures",
        "Counts of beds, visits and people by hospital; never a patient.",
    )
    NOTE_READ = "note.read", "Read nursing notes", "Observations, care given and hand-overs of the ward."
    NOTE_SIGN = "note.sign", "Sign notes", "Sign notes and summaries, which closes them to changes."
    NOTE_WRITE = (
        "note.write",
        "Write nursing notes",
        "Observations, care given, incidents and what the next shift must know.",
    )
    NOTIFICATION_READ = "notification.read", "Read own notifications", "Messages that HASS sent to oneself."
    PATIENT_MERGE = (
        "patient.merge",
        "Merge and link files",
        "Make two files of one patient one, link a file to a person of the network, and take either back.",
    )
    PATIENT_READ = (
        "patient.read",
        "See a patient's banner",
        "Name, date of birth, sex, MRN and how to reach the patient.",
    )
    PATIENT_REGISTER = "patient.register", "Register patients", "Make a file after looking for duplicates."
    PATIENT_SEARCH = (
        "patient.search",
        "Search patients",
        "By name, MRN, phone or date of birth, in the own hospital.",
    )
    PATIENT_UPDATE = (
        "patient.update",
        "Change demographics",
        "Correct names, address, phone and whom to call.",
    )
    PRESCRIPTION_READ = (
        "prescription.read",
        "See prescriptions",
        "Medicines ordered, with dose and course; a patient sees what was signed.",
    )
    PRESCRIPTION_WRITE = (
        "prescription.write",
        "Prescribe",
        "Order, hold and stop medicines; the safety check runs at signing.",
    )
    RECORD_READ = (
        "record.read",
        "Read records",
        "Documents and what came from other systems; a patient sees what was released.",
    )
    REGION_MANAGE = "region.manage", "Manage regions", "Open, rename and close regions of the network."
    REGION_THEME = (
        "region.theme",
        "Change a region's colours and logo",
        "What its people see above every page; clinical colours never change.",
    )
    REPORT_READ = "report.read", "Read reports", "The hospital's own reports and figures."
    ROLE_MANAGE = (
        "role.manage",
        "Manage roles",
        "Decide what each role may do. It takes effect with the next click of everybody in the role.",
    )
    SPECIMEN_COLLECT = (
        "specimen.collect",
        "Collect specimens",
        "Take specimens at the bedside and label them.",
    )
    SPO2_SCALE_SET = (
        "spo2_scale.set",
        "Set the SpO2 scale",
        "Which saturation counts as normal for this patient; it changes the early warning score.",
    )
    STAFF_READ = (
        "staff.read",
        "See the hospital's staff",
        "Names, roles and how to reach them; nobody's password.",
    )
    STOCK_APPROVE = (
        "stock.approve",
        "Approve stock adjustments above the limit",
        "Be the second person on a large adjustment.",
    )
    STOCK_MANAGE = (
        "stock.manage",
        "Receive, adjust and waste stock",
        "Book goods in, correct counts and throw away what expired.",
    )
    STOCK_READ = "stock.read", "See stock", "What is there, where, and until when."
    TRIAGE_RECORD = (
        "triage.record",
        "Triage emergencies",
        "How urgent an arrival is, on five levels; it decides who is seen first.",
    )
    USER_MANAGE = (
        "user.manage",
        "Manage users",
        "Invite people, change their role or hospital, disable and remove them, within the own reach.",
    )
    VISIT_ADMIT = "visit.admit", "Admit patients", "Start a visit and give it a bed."
    VISIT_CLINICAL_READ = (
        "visit.clinical_read",
        "See reasons, diagnoses and summaries of visits",
        "Why somebody is here; without it a visit shows dates and places only.",
    )
    VISIT_DEPART = (
        "visit.depart",
        "Confirm departure",
        "Confirm that the patient has left, which frees the bed to be cleaned.",
    )
    VISIT_ORDER_DISCHARGE = (
        "visit.order_discharge",
        "Order discharge",
        "Decide and sign that the patient may go; the bed stays taken until departure.",
    )
    VISIT_PLAN = "visit.plan", "Plan and start visits", "Enter expected visits and start them on arrival."
    VISIT_READ = "visit.read", "See visits", "Dates, kind and bed of visits."
    VISIT_TRANSFER = (
        "visit.transfer",
        "Transfer patients",
        "To another bed, or to another hospital that accepts.",
    )
    VITALS_READ = "vitals.read", "See vital signs", "Measured signs and the early warning score."
    VITALS_RECORD = "vitals.record", "Record vital signs", "Enter a set of signs; the score is computed."
    WAITING_READ = (
        "waiting.read",
        "See who waits",
        "Emergencies from their arrival until a doctor takes them.",
    )


P = Permission

WHOLE_CHART = frozenset(
    {
        P.ALERT_READ, P.ALLERGY_READ, P.APPOINTMENT_READ, P.BED_READ, P.LAB_READ, P.NOTE_READ, P.PATIENT_READ,
        P.PATIENT_SEARCH, P.PRESCRIPTION_READ, P.RECORD_READ, P.VISIT_CLINICAL_READ, P.VISIT_READ, P.VITALS_READ,
        P.FLUID_READ,
    }
)  # fmt: skip
BANNER = frozenset({P.PATIENT_READ, P.PATIENT_SEARCH})
REGIONAL_ADMIN = frozenset({P.AUDIT_READ, P.HOSPITAL_MANAGE, P.HOSPITAL_READ, P.METRICS_READ, P.REGION_THEME,
                            P.STAFF_READ, P.USER_MANAGE})  # fmt: skip

GRANTS: dict[RoleName, frozenset[Permission]] = {
    RoleName.SUPER_ADMIN: REGIONAL_ADMIN | {P.REGION_MANAGE, P.ROLE_MANAGE},
    RoleName.REGIONAL_ADMIN: REGIONAL_ADMIN,
    RoleName.MANAGER: BANNER
    | {
        P.AUDIT_READ, P.BED_MANAGE, P.BED_READ, P.BED_SET_UP, P.BREAK_GLASS_REVIEW, P.CENSUS_READ, P.ENTER_IN_ERROR,
        P.HOSPITAL_READ, P.NOTIFICATION_READ, P.PATIENT_MERGE, P.REPORT_READ, P.STAFF_READ, P.STOCK_APPROVE,
        P.STOCK_READ, P.VISIT_READ, P.WAITING_READ,
        P.ENTRY_CORRECT, P.INCIDENT_READ,
        P.ESCALATION_ANSWER,
    },
    RoleName.DOCTOR: WHOLE_CHART
    | {
        P.DEATH_RECORD, P.LAB_ACKNOWLEDGE, P.TRIAGE_RECORD,
        P.ALERT_RECORD, P.ALLERGY_RECORD, P.APPOINTMENT_RUN, P.BREAK_GLASS_USE, P.CENSUS_READ, P.DIAGNOSIS_RECORD,
        P.DRAFT_REVIEW, P.LAB_CANCEL, P.LAB_ORDER, P.NOTE_SIGN, P.NOTIFICATION_READ, P.PRESCRIPTION_WRITE,
        P.SPO2_SCALE_SET, P.VISIT_ADMIT, P.VISIT_ORDER_DISCHARGE, P.VISIT_PLAN, P.VISIT_TRANSFER, P.VITALS_RECORD,
        P.WAITING_READ,
        P.CARE_ASSIGN, P.ENTRY_CORRECT, P.FLUID_RECORD,
        P.ESCALATION_ANSWER,
    },
    RoleName.NURSE: WHOLE_CHART
    | {
        P.LAB_ACKNOWLEDGE, P.TRIAGE_RECORD,
        P.ALERT_RECORD, P.ALLERGY_RECORD, P.BED_MANAGE, P.BREAK_GLASS_USE, P.CENSUS_READ, P.DOSE_GIVE, P.NOTE_WRITE,
        P.NOTIFICATION_READ, P.SPECIMEN_COLLECT, P.VISIT_ADMIT, P.VISIT_DEPART, P.VISIT_PLAN, P.VITALS_RECORD,
        P.WAITING_READ,
        P.CARE_ASSIGN, P.ENTRY_CORRECT, P.FLUID_RECORD,
        P.ESCALATION_ANSWER,
    },
    RoleName.LAB_TECH: BANNER
    | {P.ALERT_READ, P.LAB_CANCEL, P.LAB_PROCESS, P.LAB_READ, P.NOTIFICATION_READ, P.SPECIMEN_COLLECT},
    RoleName.PHARMACIST: BANNER
    | {
        P.ALERT_READ, P.ALLERGY_READ, P.DISPENSE, P.DOSING_READ, P.NOTIFICATION_READ, P.PRESCRIPTION_READ,
        P.STOCK_MANAGE, P.STOCK_READ,
    },
    RoleName.RECEPTION: BANNER
    | {
        P.APPOINTMENT_BOOK, P.APPOINTMENT_READ, P.NOTIFICATION_READ, P.PATIENT_REGISTER, P.PATIENT_UPDATE,
        P.VISIT_PLAN, P.VISIT_READ, P.WAITING_READ,
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
