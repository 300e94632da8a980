"""Hand-over after I-PASS: drafted, given, accepted by the receiver with a synthesis, or withdrawn (S62)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_open_visit
from app.core.errors import Conflict, Invalid
from app.core.versions import require_unchanged
from app.features.notes.care_actions import begin_care, the_colleague, visit_for
from app.features.notes.queries import no_such_handover
from app.features.notes.rules import NotYours
from app.features.notes.schemas import HandoverChangeIn, HandoverIn, SynthesisIn
from app.models.nurse_log import Handover, HandoverStatus
from app.models.visit import CareAssignment, CareRole

PARTS = {
    "to_user_id": "who receives",
    "illness_severity": "how ill the patient is",
    "patient_summary": "the summary",
    "actions": "what is to do",
    "situation_awareness": "what might happen",
}


@needs(Permission.CARE_ASSIGN)
async def draft_handover(
    session: AsyncSession, actor: Actor, visit_id: UUID, wanted: HandoverIn, *, now: datetime
) -> Handover:
    """A draft of who cares for the patient; one at a time, which is the database's."""
    visit = await the_open_visit(session, visit_id)
    role = await _my_role(session, actor, visit_id, wanted.care_role)
    await _require_receiver(session, actor, visit.hospital_id, wanted.to_user_id, role)
    handover = Handover(
        hospital_id=visit.hospital_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        from_user_id=actor.user_id,
        **{**wanted.model_dump(), "care_role": role},
    )
    session.add(handover)
    await session.flush()
    return handover


@needs(Permission.CARE_ASSIGN)
async def change_handover(
    session: AsyncSession,
    actor: Actor,
    handover_id: UUID,
    changes: HandoverChangeIn,
    *,
    seen: str | None = None,
) -> Handover:
    """The parts that were sent, of a draft of one's own; what was given stays as it was told."""
    handover = await _lock(session, await _the_handover(session, actor, handover_id, own=True))
    require_unchanged(handover.updated_at, seen)
    if handover.status is not HandoverStatus.DRAFT:
        raise Conflict(
            "handover-given", "This hand-over was given and stays as it was told. Withdraw it first."
        )
    sent = changes.model_dump(exclude_unset=True)
    receiver = sent.get("to_user_id")
    await _require_receiver(session, actor, handover.hospital_id, receiver, handover.care_role)
    for name, value in sent.items():
        setattr(handover, name, value)
    await session.flush()
    await session.refresh(handover)
    return handover


@needs(Permission.CARE_ASSIGN)
async def give_handover(session: AsyncSession, actor: Actor, handover_id: UUID, *, now: datetime) -> Handover:
    """Told to the receiver, who still has to accept; raises Invalid for a part that is missing."""
    handover = await _the_handover(session, actor, handover_id, own=True)
    await the_open_visit(session, handover.visit_id)
    handover = await _lock(session, handover)
    await _my_role(session, actor, handover.visit_id, handover.care_role)
    require_complete(handover)
    handover.move_to(HandoverStatus.GIVEN)
    handover.given_at = now
    await session.flush()
    return handover


def require_complete(handover: Handover) -> None:
    """Raises Invalid that names every part of I-PASS that a hand-over lacks."""
    missing = {name: words for name, words in PARTS.items() if getattr(handover, name) is None}
    if missing:
        raise Invalid(
            "handover-incomplete",
            f"The hand-over lacks {', '.join(missing.values())}. Fill it in.",
            errors=[{"field": name, "sentence": f"Say {words}."} for name, words in missing.items()],
        )


@needs(Permission.CARE_ASSIGN)
async def accept_handover(
    session: AsyncSession, actor: Actor, handover_id: UUID, given: SynthesisIn, *, now: datetime
) -> Handover:
    """By the receiver, with what he understood: from now on the patient is his, and no longer the giver's."""
    handover = await _the_handover(session, actor, handover_id)
    if handover.to_user_id != actor.user_id:
        raise NotYours("This hand-over is for somebody else. Only the receiver accepts.")
    await the_colleague(session, handover.hospital_id, actor.user_id, handover.care_role)
    visit = await visit_for(session, handover.visit_id)
    handover = await _lock(session, handover)
    handover.move_to(HandoverStatus.ACCEPTED)
    handover.accepted_at, handover.synthesis = now, given.synthesis
    await session.flush()
    caring = {
        care.user_id: care
        for care in await session.scalars(
            select(CareAssignment)
            .where(
                CareAssignment.visit_id == visit.id,
                CareAssignment.role == handover.care_role,
                CareAssignment.until_at.is_(None),
                CareAssignment.user_id.in_((handover.from_user_id, actor.user_id)),
            )
            .with_for_update()
        )
    }
    giver = caring.get(handover.from_user_id)
    if giver is not None and handover.care_role is not CareRole.ATTENDING:
        giver.until_at = max(now, giver.from_at)
        await session.flush()
    if actor.user_id not in caring:
        await begin_care(session, visit, actor.user_id, handover.care_role, by=actor, now=now)
    return handover


@needs(Permission.CARE_ASSIGN)
async def withdraw_handover(
    session: AsyncSession, actor: Actor, handover_id: UUID, *, now: datetime
) -> Handover:
    """Taken back by the giver before anybody accepted; the patient stays his."""
    handover = await _lock(session, await _the_handover(session, actor, handover_id, own=True))
    handover.move_to(HandoverStatus.WITHDRAWN)
    handover.withdrawn_at = now
    await session.flush()
    return handover


async def _the_handover(
    session: AsyncSession, actor: Actor, handover_id: UUID, *, own: bool = False
) -> Handover:
    """The hand-over, not held yet: its visit is, first. Nobody sees another's draft; `own` asks for the giver."""
    handover = await session.scalar(select(Handover).where(Handover.id == handover_id))
    hidden = handover is not None and handover.status is HandoverStatus.DRAFT
    if handover is None or (hidden and handover.from_user_id != actor.user_id):
        raise no_such_handover()
    if own and handover.from_user_id != actor.user_id:
        raise NotYours("This hand-over is somebody else's. Only its giver changes it.")
    return handover


async def _lock(session: AsyncSession, handover: Handover) -> Handover:
    """The same row, held after its visit, as it stands now."""
    statement = select(Handover).where(Handover.id == handover.id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def _my_role(session: AsyncSession, actor: Actor, visit_id: UUID, wanted: CareRole | None) -> CareRole:
    """In which role the actor cares for the visit; raises Conflict where he does not, Invalid where he must say."""
    roles = list(
        await session.scalars(
            select(CareAssignment.role).where(
                CareAssignment.visit_id == visit_id,
                CareAssignment.user_id == actor.user_id,
                CareAssignment.until_at.is_(None),
            )
        )
    )
    if wanted is None and len(roles) > 1:
        raise Invalid("care-role-needed", "Say which care you hand over.", field="care_role")
    if not roles or (wanted is not None and wanted not in roles):
        raise Conflict("not-your-patient", "You do not care for this patient. Take the patient over first.")
    return wanted or roles[0]


async def _require_receiver(
    session: AsyncSession, actor: Actor, hospital_id: UUID, user_id: UUID | None, role: CareRole
) -> None:
    if user_id is None:
        return
    if user_id == actor.user_id:
        raise Invalid("to-oneself", "Nobody hands over to himself. Choose a colleague.", field="to_user_id")
    await the_colleague(session, hospital_id, user_id, role)
