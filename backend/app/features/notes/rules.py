"""Pure decisions of notes, care and fluids: whose entry it is, and what is late (domain 5.4, 5.5)."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.errors import Conflict, HassError, Invalid
from app.models.role import RoleName
from app.models.visit import ENDED, CareRole, Visit

# Two clocks may differ by so much; what lies further ahead has not happened yet (domain 5.5).
AHEAD = timedelta(minutes=5)
# Further back an entry says why it comes late (domain 5.5).
BACK = timedelta(hours=24)
# So long after its end a visit takes late entries (domain 5.4).
LATE_FOR = timedelta(hours=72)
# Whom a role of care is for.
FIT: dict[CareRole, RoleName] = {
    CareRole.ATTENDING: RoleName.DOCTOR,
    CareRole.DOCTOR: RoleName.DOCTOR,
    CareRole.NURSE: RoleName.NURSE,
}


class NotYours(HassError):
    """The entry is somebody else's, and the actor is not one who sets others' right."""

    status = 403

    def __init__(self, sentence: str) -> None:
        super().__init__("not-your-entry", sentence)


def require_own(actor: Actor, author_id: UUID | None) -> None:
    """Only the author strikes out, or whoever may mark rows as entered in error; raises NotYours."""
    if author_id != actor.user_id and not actor.can(Permission.ENTER_IN_ERROR):
        raise NotYours("Only the author or a manager strikes this out. Ask one of them.")


def require_past(instant: datetime, now: datetime, *, field: str) -> None:
    if instant > now + AHEAD:
        raise Invalid("in-the-future", "This time has not come yet. Check it.", field=field)


def require_in_visit(visit: Visit, instant: datetime, *, field: str) -> None:
    """What is written on a visit happened while it lasted; raises Invalid."""
    began, ended = visit.admission_date, visit.discharge_date
    if (began is not None and instant < began) or (ended is not None and instant > ended):
        raise Invalid("outside-visit", "This time lies outside of the visit. Check it.", field=field)


def is_back_dated(instant: datetime, now: datetime) -> bool:
    return instant < now - BACK


def require_late_window(visit: Visit, now: datetime) -> None:
    """A visit that ended takes late entries for 72 hours; raises Conflict on any other."""
    if visit.status not in ENDED or visit.discharge_date is None:
        raise Conflict("visit-open", "This visit has not ended. Write an ordinary note.")
    if now > visit.discharge_date + LATE_FOR:
        raise Conflict(
            "too-late",
            "This visit ended more than 72 hours ago and takes no late entry. Tell the records office.",
        )


def fits(role: CareRole, staff_role: str) -> bool:
    return FIT[role].value == staff_role


def hours_of(day: date, timezone: str) -> int:
    """How long the hospital's day lasts: 23 or 25 hours when the clocks change.

    >>> hours_of(date(2026, 3, 8), "America/New_York"), hours_of(date(2026, 11, 1), "America/New_York")
    (23, 25)
    """
    zone = ZoneInfo(timezone)
    begins, ends = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    lasts = ends.timestamp() - begins.timestamp()
    return round(lasts / 3600)
