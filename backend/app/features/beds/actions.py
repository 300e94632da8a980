"""The turnover of a bed (domain 5.5): kept, given up, cleaned, repaired, closed and opened, and who is put into it."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_bed, the_visit
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.beds import moves
from app.features.beds.queries import read_bed
from app.features.beds.schemas import CleanIn, OutOfUseIn, ReserveIn, TakeIn
from app.models.bed import Bed, BedCleaning, BedStatus, TerminalStep

# Of our own clock and the one of whoever sends the time.
CLOCKS_DIFFER = timedelta(minutes=5)
OPENED_FROM = (BedStatus.CLOSED, BedStatus.MAINTENANCE)


@needs(Permission.BED_MANAGE)
async def reserve(
    session: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    wanted: ReserveIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Bed:
    """A free bed is kept for a visit that is planned or open, until the time given, or for a day."""
    visit = await the_visit(session, wanted.visit_id, lock=True)
    until = wanted.until or now + moves.KEPT_FOR
    bed = await moves.reserve_bed(session, actor, bed_id, visit, until=until, now=now)
    # As it was when it was locked; looked at here, since only the move knows the order of the locks.
    require_unchanged(bed.updated_at, seen)
    return bed


@needs(Permission.BED_MANAGE)
async def release(
    session: AsyncSession, actor: Actor, bed_id: UUID, *, now: datetime, seen: str | None = None
) -> Bed:
    """Kept for nobody any more. Raises Conflict for a bed that is not reserved."""
    bed = await _unchanged(session, bed_id, seen)
    if bed.status is not BedStatus.RESERVED:
        raise Conflict("bed-not-reserved", f"Bed {bed.bed_number} is not reserved.")
    await moves.give_up(session, bed, now)
    await session.flush()
    return bed


@needs(Permission.BED_MANAGE)
async def take(
    session: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    wanted: TakeIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Bed:
    """A patient who is here lies in the bed from now on; raises Invalid where it does not fit and no reason is told."""
    visit = await the_visit(session, wanted.visit_id, lock=True)
    bed = await moves.take_bed(session, actor, visit, bed_id, now=now, reason=wanted.reason)
    require_unchanged(bed.updated_at, seen)
    return bed


@needs(Permission.BED_MANAGE)
async def clean(
    session: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    done: CleanIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Bed:
    """The bed is clean, and free. After a stay in isolation every step of the checklist is asked for."""
    bed = await _unchanged(session, bed_id, seen)
    if bed.status is not BedStatus.CLEANING:
        raise Conflict("bed-not-to-clean", f"Bed {bed.bed_number} does not wait to be cleaned.")
    cleaned_at = done.cleaned_at or now
    if cleaned_at > now + CLOCKS_DIFFER:
        raise Invalid("cleaned-later", "A bed was cleaned in the past. Check the time.", field="cleaned_at")
    if cleaned_at < bed.status_changed_at:
        raise Invalid(
            "cleaned-before", "It was cleaned after it was left. Check the time.", field="cleaned_at"
        )
    needs_terminal = (await read_bed(session, actor, bed_id, now=now)).needs_terminal_clean
    if needs_terminal and set(done.steps) != set(TerminalStep):
        raise Invalid(
            "checklist-incomplete",
            "Somebody in isolation lay here: every step of the checklist is needed.",
            field="steps",
        )
    session.add(
        BedCleaning(
            id=new_id(),
            hospital_id=bed.hospital_id,
            bed_id=bed.id,
            began_at=bed.status_changed_at,
            cleaned_at=cleaned_at,
            cleaner=done.cleaner or actor.full_name,
            recorded_by_id=actor.user_id,
            is_terminal=set(done.steps) == set(TerminalStep),
            **{step.value: True for step in done.steps},
        )
    )
    return await _moved(session, bed, BedStatus.AVAILABLE, now)


@needs(Permission.BED_MANAGE)
async def maintain(
    session: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    why: OutOfUseIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Bed:
    """Something is broken: from free or uncleaned into maintenance, and from there to be cleaned."""
    bed = await _unchanged(session, bed_id, seen)
    return await _moved(session, bed, BedStatus.MAINTENANCE, now, why.reason)


@needs(Permission.BED_MANAGE)
async def close(
    session: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    why: OutOfUseIn,
    *,
    now: datetime,
    seen: str | None = None,
) -> Bed:
    """A free bed that nobody is put into for now: no staff, no need."""
    bed = await _unchanged(session, bed_id, seen)
    return await _moved(session, bed, BedStatus.CLOSED, now, why.reason)


@needs(Permission.BED_MANAGE)
async def open_bed(
    session: AsyncSession, actor: Actor, bed_id: UUID, *, now: datetime, seen: str | None = None
) -> Bed:
    """Closed or repaired, it goes to be cleaned, and is free after that."""
    bed = await _unchanged(session, bed_id, seen)
    if bed.status not in OPENED_FROM:
        raise Conflict("bed-not-shut", f"Bed {bed.bed_number} is neither closed nor in maintenance.")
    return await _moved(session, bed, BedStatus.CLEANING, now)


async def _unchanged(session: AsyncSession, bed_id: UUID, seen: str | None) -> Bed:
    """The bed, locked, as the actor saw it."""
    bed = await the_bed(session, bed_id)
    require_unchanged(bed.updated_at, seen)
    return bed


async def _moved(
    session: AsyncSession, bed: Bed, state: BedStatus, now: datetime, reason: str | None = None
) -> Bed:
    bed.move_to(state)
    bed.status_changed_at, bed.out_of_use_reason = now, reason
    await session.flush()
    return bed
