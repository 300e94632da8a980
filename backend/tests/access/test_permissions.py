"""Domain 5.2, "who may do what", written down by hand, against what the code grants."""

import pytest

from app.access.permissions import GRANTS, ROLE_TITLES, Permission
from app.models.role import RoleName

BANNER = "patient.read patient.search"
CHART = (
    f"{BANNER} alert.read allergy.read appointment.read bed.read lab.read note.read prescription.read record.read"
    " visit.clinical_read visit.read vitals.read fluid.read"
)
MAY = {
    # organisation, users, roles, audit, network figures; no clinical row
    "super_admin": (
        "audit.read hospital.manage hospital.read metrics.read region.manage region.theme role.manage staff.read"
        " user.manage"
    ),
    # the same inside the region, without roles
    "regional_admin": "audit.read hospital.manage hospital.read metrics.read region.theme staff.read user.manage",
    # patient banner, visits without clinical content, beds, census, staff, stock adjustments above the limit, the
    # hospital's audit, reports, break-glass review, entered-in-error
    "manager": (
        f"{BANNER} visit.read bed.read bed.manage bed.set_up census.read hospital.read staff.read stock.read"
        " stock.approve audit.read report.read break_glass.review patient.merge entered_in_error.mark notification.read"
        " entry.correct incident.read escalation.answer waiting.read"
    ),
    # whole chart; admit, transfer, order discharge; vitals, SpO2 scale, allergies, diagnoses; order and cancel tests;
    # prescribe; sign notes; review drafts; own appointments; break-glass
    "doctor": (
        f"{CHART} visit.plan visit.admit visit.transfer visit.order_discharge vitals.record spo2_scale.set"
        " alert.record allergy.record diagnosis.record lab.order lab.cancel prescription.write note.sign draft.review"
        " appointment.run break_glass.use census.read notification.read care.assign entry.correct fluid.record"
        " death.record lab.acknowledge triage.record waiting.read"
        " escalation.answer"
    ),
    # whole chart; admit, departure, beds; vitals, nurse logs, hand-over, collect specimens, doses, allergies;
    # break-glass
    "nurse": (
        f"{CHART} visit.plan visit.admit visit.depart bed.manage vitals.record note.write specimen.collect dose.give"
        " alert.record allergy.record break_glass.use census.read notification.read"
        " care.assign entry.correct fluid.record"
        " lab.acknowledge triage.record waiting.read"
        " escalation.answer"
    ),
    # banner, tests, specimens, results, reports; not the rest of the chart
    "lab_tech": f"{BANNER} alert.read lab.read lab.process lab.cancel specimen.collect notification.read",
    # banner, allergies, weight, kidney function, prescriptions, dispensing, stock
    "pharmacist": (
        f"{BANNER} alert.read allergy.read dosing.read prescription.read dispense.perform stock.read stock.manage"
        " notification.read"
    ),
    # register, search, demographics, plan and start visits, appointments; no clinical content
    "reception": (
        f"{BANNER} patient.register patient.update visit.plan visit.read appointment.book appointment.read"
        " notification.read waiting.read"
    ),
    # by policies of their own; never nurse_logs, ai_drafts, audit_logs, beds
    "patient": (
        "patient.read allergy.read appointment.read lab.read notification.read prescription.read record.read"
        " visit.read visit.clinical_read vitals.read"
    ),
}
CLINICAL = {
    "alert.read", "allergy.read", "lab.read", "note.read", "prescription.read", "record.read", "visit.clinical_read",
    "vitals.read",
}  # fmt: skip
SCOPES = {
    "super_admin": "network", "regional_admin": "region", "manager": "hospital", "doctor": "hospital",
    "nurse": "hospital", "lab_tech": "hospital", "pharmacist": "hospital", "reception": "hospital", "patient": "self",
}  # fmt: skip


@pytest.mark.parametrize("role", sorted(MAY))
def test_role_starts_with_what_the_domain_grants(role: str) -> None:
    assert {permission.value for permission in GRANTS[RoleName(role)]} == set(MAY[role].split())


@pytest.mark.parametrize("role", ["super_admin", "regional_admin", "manager", "reception"])
def test_role_without_clinical_content_reads_none(role: str) -> None:
    assert not CLINICAL & {permission.value for permission in GRANTS[RoleName(role)]}


def test_nine_roles_with_their_scopes() -> None:
    assert {role.value: scope.value for role, (_, scope) in ROLE_TITLES.items()} == SCOPES
    assert set(GRANTS) == set(RoleName)


def test_patient_is_never_granted_what_staff_write_or_administer() -> None:
    granted = {permission.value for permission in GRANTS[RoleName.PATIENT]}
    assert {key.split(".")[1] for key in granted} <= {"read", "clinical_read"}
    assert not granted & {
        "note.read",
        "bed.read",
        "audit.read",
        "census.read",
        "staff.read",
        "patient.search",
    }


def test_every_permission_is_granted_to_somebody_and_has_a_title() -> None:
    granted = {permission for permissions in GRANTS.values() for permission in permissions}
    assert granted == set(Permission)
    assert all(permission.label and permission.description.endswith(".") for permission in Permission)
    assert len({permission.description for permission in Permission}) == len(Permission)
    assert len({permission.label for permission in Permission}) == len(Permission)


def test_permissions_stand_in_the_order_of_the_alphabet() -> None:
    names = list(Permission.__members__)
    assert names == sorted(names)
    assert all("." in permission.value for permission in Permission)
