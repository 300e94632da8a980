"""The frame of a page: which entries a role finds in the rail, in which shade, in whose colours."""

from dataclasses import dataclass

from starlette.requests import Request

from app.access.actor import Actor
from app.access.permissions import Permission

SHADE_COOKIE = "hass_shade"
SHADES = ("light", "dark")


@dataclass(frozen=True)
class Entry:
    """One entry of the rail; whoever lacks the permission does not see it."""

    title: str
    href: str
    icon: str
    permission: Permission


MENU = (
    Entry("My patients", "/my-patients", icon="user", permission=Permission.VISIT_ORDER_DISCHARGE),
    Entry("Ward", "/ward", icon="heart-rate-monitor", permission=Permission.VITALS_RECORD),
    Entry("Desk", "/desk", icon="door-enter", permission=Permission.PATIENT_REGISTER),
    Entry("Beds", "/beds", icon="bed", permission=Permission.BED_READ),
    Entry("Hand-over", "/handover", icon="arrow-right", permission=Permission.CARE_ASSIGN),
    Entry("Patients", "/patients", icon="users", permission=Permission.PATIENT_SEARCH),
    Entry("Waiting", "/waiting", icon="clock", permission=Permission.WAITING_READ),
    Entry("Transfers", "/transfers", icon="ambulance", permission=Permission.VISIT_TRANSFER),
    Entry("Hospitals", "/organisation", icon="building-hospital", permission=Permission.HOSPITAL_READ),
    Entry("Beds and wards", "/wards", icon="bed", permission=Permission.BED_SET_UP),
    Entry("Staff", "/staff", icon="user", permission=Permission.STAFF_READ),
    Entry("Roles", "/roles", icon="lock", permission=Permission.ROLE_MANAGE),
    Entry("Incidents", "/incidents", icon="alert-triangle", permission=Permission.INCIDENT_READ),
    Entry("Emergency access", "/break-glass", icon="alert-octagon", permission=Permission.BREAK_GLASS_REVIEW),
    Entry("Audit", "/audit", icon="file-text", permission=Permission.AUDIT_READ),
)


def menu_of(actor: Actor) -> list[Entry]:
    return [entry for entry in MENU if actor.can(entry.permission)]


# Of the bar at the foot of the phone (ui.md, 3).
MOST_AT_FOOT = 5


def foot_of(entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """What stands at the foot of the phone, and what stands there under "More"."""
    if len(entries) <= MOST_AT_FOOT:
        return entries, []
    return entries[: MOST_AT_FOOT - 1], entries[MOST_AT_FOOT - 1 :]


def home_of(actor: Actor) -> str:
    """Where a person goes after signing in: the first entry of his rail; a patient has the portal."""
    entries = menu_of(actor)
    return entries[0].href if entries else "/"


def shade_of(request: Request) -> str | None:
    """`light` or `dark` as the person chose; None leaves it to the system."""
    chosen = request.cookies.get(SHADE_COOKIE)
    return chosen if chosen in SHADES else None


def local_path(path: str | None) -> str:
    """The path to go on to after a form, when it is one of ours; else the front door.

    A browser reads `//host` and `/\\host` as another site, and drops tabs and line ends inside an address."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or len(path) > 2000:
        return "/"
    if any(ord(letter) < 32 or letter == "\\" for letter in path):
        return "/"
    return path
