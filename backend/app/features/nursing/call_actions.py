"""Calls for help: raised by a score, they climb from nurse to doctor to manager until somebody acknowledges them
(domain 5.5, 5.11)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.jobs import defer
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.nursing import schemas, statements
from app.models.notification import Notification
from app.models.vitals import Escalation, EscalationLevel, EscalationRisk, EscalationStatus

R, L = EscalationRisk, EscalationLevel
# How long a call waits on each step before it climbs. Ours: no standard fixes them, the clinical lead approves them.
CLIMBS_AFTER = {
    R.HIGH: timedelta(minutes=5),
    R.MEDIUM: timedelta(minutes=15),
    R.LOW_MEDIUM: timedelta(minutes=30),
}
# A high score asks for a doctor at once: nurse and doctor are told together (NEWS2, chart 4).
STARTS_AT = {R.HIGH: L.DOCTOR, R.MEDIUM: L.NURSE, R.LOW_MEDIUM: L.NURSE}
BANDS = {R.LOW_MEDIUM: 1, R.MEDIUM: 2, R.HIGH: 3}
STEPS = " ".join(
    f"WHEN '{risk.value}' THEN INTERVAL '{int(wait.total_seconds())} seconds'"
    for risk, wait in CLIMBS_AFTER.items()
)


@needs(Permission.VITALS_RECORD)
async def raise_call(
    session: AsyncSession,
    actor: Actor,
    row: Mapping[str, Any],
    *,
    risk: EscalationRisk,
    score: int | None,
    now: datetime,
) -> UUID | None:
    """A call for the set `row`, where it is worse than what was called for; one statement, which tells people too.

    The visit is held by whoever records, so two sets of one patient cannot both miss each other's call."""
    level = STARTS_AT[risk]
    bound = {
        **{name: row[name] for name in ("hospital_id", "patient_id", "visit_id", "recorded_at")},
        "vitals_id": row["id"],
        "id": new_id(),
        "risk": risk.value,
        "score": score,
        "band": BANDS[risk],
        "points": score or 0,
        "level": level.value,
        "levels": ["nurse", "doctor"] if level is L.DOCTOR else ["nurse"],
        "now": now,
        "climbs_at": now + CLIMBS_AFTER[risk],
        "actor_id": actor.user_id,
    }
    found: UUID | None = (await session.execute(text(statements.RAISE), bound)).scalar_one_or_none()
    if found is not None:
        # It climbs in that second; should the job be lost, the worker's next round finds it.
        await defer(session, "escalate", at=bound["climbs_at"], once=f"escalate {found}")
    return found


async def escalate(session: AsyncSession, *, now: datetime) -> int:
    """The calls of this hospital whose time is up climb one step; those of ended visits close. Returns how many did.

    For the worker, in the context of one hospital: run twice or by two workers at once, each call climbs once."""
    hospital_id = await session.scalar(
        text("SELECT nullif(current_setting('hass.hospital_id', true), '')::uuid")
    )
    if hospital_id is None:
        return 0
    bound = {"hospital_id": hospital_id}
    await session.execute(text(statements.CLOSE), bound)
    climb = text(statements.CLIMB.replace("{steps}", STEPS))
    climbed: int = (await session.execute(climb, {**bound, "now": now})).scalar_one()
    return climbed


@needs(Permission.ESCALATION_ANSWER)
async def acknowledge_call(
    session: AsyncSession,
    actor: Actor,
    escalation_id: UUID,
    given: schemas.AnswerIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Escalation:
    """Somebody takes the call on: it climbs no more, and is settled for everybody who was told.

    Raises NotFound, or Conflict where it waits no more."""
    call = await session.scalar(select(Escalation).where(Escalation.id == escalation_id).with_for_update())
    if call is None:
        raise NotFound("escalation-not-found", "There is no such call here.")
    require_unchanged(call.updated_at, seen)
    if call.status is not EscalationStatus.RAISED:
        raise Conflict(
            "escalation-answered", "Somebody has answered this call, or a worse score took its place."
        )
    call.move_to(EscalationStatus.ACKNOWLEDGED)
    call.climbs_at = None
    call.acknowledged_at, call.acknowledged_by_id = now, actor.user_id
    call.answer = given.answer
    await session.execute(
        update(Notification)
        .where(Notification.subject_id == call.id, Notification.read_at.is_(None))
        .values(read_at=now)
    )
    await session.flush()
    return call
