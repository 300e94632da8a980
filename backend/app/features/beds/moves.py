"""Beds taken, left and kept (domain 5.5), for the acts that admit, transfer and discharge, and for the worker.

Whoever calls these holds the visit's row: the visit is locked before its beds, the beds in the order of their keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.jobs import defer
from app.core.errors import Conflict, Invalid, NotFound
from app.features.beds.queries import placement
from app.features.beds.rules import misfits
from app.models.bed import Bed, BedAssignment, BedStatus
from app.models.visit import Visit, VisitStatus

# Where nobody says for how long.
KEPT_FOR = timedelta(hours=24)
MAY_RESERVE = (VisitStatus.PLANNED, VisitStatus.ACTIVE, VisitStatus.ON_LEAVE)
NOT_FREE = {
    BedStatus.OCCUPIED: ("bed-taken", "was taken a moment ago"),
    BedStatus.RESERVED: ("bed-reserved", "is reserved for somebody else"),
    BedStatus.CLEANING: ("bed-not-clean", "is not clean yet"),
    BedStatus.MAINTENANCE: ("bed-not-ready", "is being repaired"),
    BedStatus.CLOSED: ("bed-not-ready", "is closed"),
}


async def take_bed(
    session: AsyncSession,
    actor: Actor,
    visit: Visit,
    bed_id: UUID,
    *,
    now: datetime,
    reason: str | None = None,
) -> Bed:
    """The patient of an open visit lies in the bed from now on; the bed he lay in is to be cleaned.

    What was kept for the visit elsewhere is free again. Raises Conflict when the bed is not free for this visit, and
    Invalid, naming what does not fit, when it needs a `reason` and none is given."""
    visit.require_open()
    bed, others = await _locked(session, bed_id, visit)
    if bed.assigned_visit_id == visit.id:
        raise Conflict("bed-same", f"The patient lies in bed {bed.bed_number} already. Choose another.")
    await _let_lapse(session, bed, now)
    if bed.status is BedStatus.RESERVED and bed.reserved_for_visit_id != visit.id:
        raise _not_free(bed)
    if bed.status not in (BedStatus.AVAILABLE, BedStatus.RESERVED) or not bed.is_active:
        raise _not_free(bed)
    if reason is None:
        await _ask_where_it_does_not_fit(session, bed, visit, now)
    for other in others:
        await give_up(session, other, now)
    # Before the new one: a visit never stands in two beds, not within a transaction either.
    await session.flush()
    bed.move_to(BedStatus.OCCUPIED)
    bed.status_changed_at, bed.reserved_for_visit_id, bed.reserved_until = now, None, None
    bed.assigned_patient_id, bed.assigned_visit_id, bed.assigned_at = visit.patient_id, visit.id, now
    await session.flush()
    if reason is not None:
        stay = (BedAssignment.bed_id == bed.id, BedAssignment.released_at.is_(None))
        await session.execute(update(BedAssignment).where(*stay).values(placement_reason=reason))
    return bed


async def leave_bed(session: AsyncSession, actor: Actor, visit: Visit, *, now: datetime) -> Bed | None:
    """The bed of the visit is to be cleaned, and what was kept for it is free; None when it had no bed."""
    left = None
    for bed in await _beds_of(session, visit):
        if bed.assigned_visit_id == visit.id:
            left = bed
        await give_up(session, bed, now)
    await session.flush()
    return left


async def reserve_bed(
    session: AsyncSession, actor: Actor, bed_id: UUID, visit: Visit, *, until: datetime, now: datetime
) -> Bed:
    """A free bed is kept for the visit until then, or a reservation of his own prolonged; raises Conflict."""
    if visit.status not in MAY_RESERVE:
        raise Conflict("visit-closed", "This visit has ended. No bed can be kept for it.")
    if until <= now:
        raise Invalid("until-past", "A bed is kept until a time to come. Choose a later one.", field="until")
    bed, _ = await _locked(session, bed_id, visit)
    if bed.assigned_visit_id == visit.id:
        raise Conflict("bed-same", f"The patient lies in bed {bed.bed_number} already. Choose another.")
    if bed.reserved_for_visit_id != visit.id:
        await _let_lapse(session, bed, now)
        # The one reservation ends before the next begins: the trigger lets none be handed on.
        await session.flush()
        if bed.status is not BedStatus.AVAILABLE or not bed.is_active:
            raise _not_free(bed)
        bed.move_to(BedStatus.RESERVED)
        bed.status_changed_at, bed.reserved_for_visit_id = now, visit.id
    bed.reserved_until = until
    await session.flush()
    # The board shows it free in that second; should the job be lost, the worker's next round finds it.
    await defer(session, "expire_reservations", at=until, once=f"expire {bed.id} {until.isoformat()}")
    return bed


async def expire_reservations(session: AsyncSession, *, now: datetime) -> int:
    """Frees the beds of one hospital that nobody came for in time; how many.

    A bed that somebody is just being admitted to is left to that transaction."""
    lapsed = (Bed.status == BedStatus.RESERVED, Bed.reserved_until <= now)
    found = select(Bed).where(*lapsed).order_by(Bed.id).with_for_update(skip_locked=True)
    beds = (await session.scalars(found, execution_options={"populate_existing": True})).all()
    for bed in beds:
        await give_up(session, bed, now)
    await session.flush()
    return len(beds)


async def _ask_where_it_does_not_fit(session: AsyncSession, bed: Bed, visit: Visit, now: datetime) -> None:
    found = misfits(await placement(session, bed.id, visit.id, now=now))
    if found:
        sentence = " ".join([*found.values(), "Say why it is to be this bed all the same."])
        told = [{"field": name, "sentence": each} for name, each in {**found, "reason": sentence}.items()]
        raise Invalid("confirm-needed", sentence, field="reason", errors=told)


async def _locked(session: AsyncSession, bed_id: UUID, visit: Visit) -> tuple[Bed, Sequence[Bed]]:
    """The bed, and the others that the visit lies in or that are kept for it; raises NotFound."""
    beds = await _beds_of(session, visit, bed_id)
    bed = next((each for each in beds if each.id == bed_id), None)
    if bed is None:
        raise NotFound("bed-not-found", "There is no such bed here.")
    return bed, [each for each in beds if each.id != bed_id]


async def _beds_of(session: AsyncSession, visit: Visit, bed_id: UUID | None = None) -> Sequence[Bed]:
    """Locked in the order of their keys, so that two who swap patients never wait for each other in a circle."""
    theirs = or_(
        Bed.assigned_visit_id == visit.id,
        Bed.reserved_for_visit_id == visit.id,
        *(() if bed_id is None else (Bed.id == bed_id,)),
    )
    found = select(Bed).where(theirs).order_by(Bed.id).with_for_update()
    return (await session.scalars(found, execution_options={"populate_existing": True})).all()


async def _let_lapse(session: AsyncSession, bed: Bed, now: datetime) -> None:
    """A reservation whose time is over holds nobody off, whether or not the worker has come by."""
    if bed.status is BedStatus.RESERVED and bed.reserved_until is not None and bed.reserved_until <= now:
        await give_up(session, bed, now)


async def give_up(session: AsyncSession, bed: Bed, now: datetime) -> None:
    """Left, to be cleaned; or kept for nobody any more, and free."""
    if bed.status is BedStatus.OCCUPIED:
        # At the instant of the act, and not at the database's: the next stay may begin at the same one.
        ended = func.greatest(now, BedAssignment.assigned_at)
        stay = (BedAssignment.bed_id == bed.id, BedAssignment.released_at.is_(None))
        await session.execute(update(BedAssignment).where(*stay).values(released_at=ended))
    bed.move_to(BedStatus.CLEANING if bed.status is BedStatus.OCCUPIED else BedStatus.AVAILABLE)
    bed.status_changed_at = now
    bed.assigned_patient_id, bed.assigned_visit_id, bed.assigned_at = None, None, None
    bed.reserved_for_visit_id, bed.reserved_until = None, None


def _not_free(bed: Bed) -> Conflict:
    code, state = NOT_FREE.get(bed.status, ("bed-not-ready", "is out of use"))
    return Conflict(code, f"Bed {bed.bed_number} {state}. Choose another.")
