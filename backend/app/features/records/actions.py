"""Emergency access: it begins, it ends, somebody else judges it (domain 5.2, 5.12)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.audit import events
from app.core.errors import Conflict, Invalid
from app.features.records.queries import NOTHING_URGENT, no_such_access, no_such_patient
from app.features.records.schemas import BreakGlassIn, ReviewIn
from app.models.emr import AccessGrant, ReviewOutcome
from app.models.notification import Channel, Notification
from app.models.patient import Patient
from app.models.role import Role
from app.models.user import User

LASTS = timedelta(minutes=60)
ALERT = "emergency_access"
# No clinical content, and nobody's name: it may be read over a shoulder.
MESSAGE = "Emergency access to a patient's records was used. Review it once it has ended."


@needs(Permission.BREAK_GLASS_USE)
async def break_glass(
    session: AsyncSession, actor: Actor, patient_id: UUID, given: BreakGlassIn, *, now: datetime
) -> AccessGrant:
    """Open the person's records of the whole network to the actor for 60 minutes, and alert who reviews it.

    Raises NotFound, or Conflict for the dead; the database refuses a second one while the first lives."""
    file = await session.scalar(select(Patient).where(Patient.id == patient_id))
    if file is None:
        raise no_such_patient()
    if file.is_deceased:
        raise Conflict("patient-deceased", NOTHING_URGENT)
    grant = AccessGrant(
        hospital_id=file.hospital_id,
        user_id=actor.user_id,
        person_id=file.person_id,
        patient_id=file.id,
        reason=given.reason,
        granted_at=now,
        expires_at=now + LASTS,
    )
    session.add(grant)
    await session.flush()
    await _tell(session, grant, events.OVERRIDE_STARTED)
    await _alert_reviewers(session, grant)
    return grant


async def _tell(session: AsyncSession, grant: AccessGrant, subtype: str) -> None:
    override = events.Event(
        "E",
        events.SECURITY_ALERT,
        "access_grants",
        grant.id,
        grant.patient_id,
        subtype=subtype,
        purpose=events.EMERGENCY,
    )
    await events.record(session, override)


async def _alert_reviewers(session: AsyncSession, grant: AccessGrant) -> None:
    reviewers = await session.scalars(
        select(User.id)
        .join(Role, Role.id == User.role_id)
        .where(
            User.hospital_id == grant.hospital_id,
            User.is_active,
            ~User.is_deleted,
            User.id != grant.user_id,
            Role.permissions.contains([Permission.BREAK_GLASS_REVIEW.value]),
        )
    )
    session.add_all(
        Notification(
            hospital_id=grant.hospital_id,
            recipient_user_id=reviewer,
            notification_type=ALERT,
            subject_id=grant.id,
            channel=Channel.IN_APP,
            message=MESSAGE,
        )
        for reviewer in reviewers
    )
    await session.flush()


@needs(Permission.BREAK_GLASS_USE)
async def end_break_glass(
    session: AsyncSession, actor: Actor, patient_id: UUID, *, now: datetime
) -> AccessGrant:
    """Give the access back before its time; raises NotFound, or Conflict where there is none that lives."""
    file = await session.scalar(select(Patient).where(Patient.id == patient_id))
    if file is None:
        raise no_such_patient()
    grant = await session.scalar(
        select(AccessGrant)
        .where(
            AccessGrant.user_id == actor.user_id,
            AccessGrant.person_id == file.person_id,
            AccessGrant.ended_at.is_(None),
            AccessGrant.expires_at > now,
        )
        .with_for_update()
    )
    if grant is None:
        raise Conflict("no-emergency-access", "Your emergency access to this patient has ended already.")
    grant.ended_at = max(now, grant.granted_at)
    await session.flush()
    await _tell(session, grant, events.OVERRIDE_STOPPED)
    return grant


@needs(Permission.BREAK_GLASS_REVIEW)
async def review_break_glass(
    session: AsyncSession, actor: Actor, grant_id: UUID, given: ReviewIn, *, now: datetime
) -> AccessGrant:
    """Judge an emergency access that has ended; nobody judges his own, and none is judged twice."""
    grant = await session.scalar(select(AccessGrant).where(AccessGrant.id == grant_id).with_for_update())
    if grant is None:
        raise no_such_access()
    if grant.user_id == actor.user_id:
        raise Conflict(
            "own-emergency-access", "Nobody reviews an emergency access of his own. Leave it to a colleague."
        )
    if grant.reviewed_at is not None:
        raise Conflict("emergency-access-reviewed", "This emergency access has been reviewed already.")
    if min(grant.ended_at or grant.expires_at, grant.expires_at) > now:
        raise Conflict(
            "emergency-access-open", "This emergency access is still open. Review it once it has ended."
        )
    if given.outcome == "not_justified" and not given.comment:
        raise Invalid(
            "review-needs-comment", "Say why the emergency access was not justified.", field="comment"
        )
    grant.reviewed_at = now
    grant.reviewed_by_id = actor.user_id
    grant.review_outcome = ReviewOutcome(given.outcome)
    grant.review_comment = given.comment or None
    # It is settled for everybody who was alerted.
    await session.execute(
        update(Notification)
        .where(
            Notification.notification_type == ALERT,
            Notification.subject_id == grant.id,
            Notification.read_at.is_(None),
        )
        .values(read_at=now)
    )
    await session.flush()
    return grant
