"""Fluids: what went in and came out, entered, corrected by a new entry, struck out (S62)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_open_visit
from app.clinical.fluids import KINDS, MOST_ML, is_unusual
from app.core.errors import Conflict, Invalid, NotFound
from app.features.notes import rules
from app.features.notes.schemas import AmendFluidIn, FluidIn, StrikeIn
from app.models.nurse_log import FluidEntry
from app.models.visit import Visit

UNUSUAL = "So much at once is unusual. Check the amount, then confirm it."


@needs(Permission.FLUID_RECORD)
async def record_fluid(
    session: AsyncSession, actor: Actor, visit_id: UUID, given: FluidIn, *, now: datetime
) -> FluidEntry:
    """An amount on an open visit; an unusual one is asked for twice (confirm-needed)."""
    visit = await the_open_visit(session, visit_id)
    entry = _entry(actor, visit, given, given.measured_at or now, now)
    session.add(entry)
    await session.flush()
    return entry


@needs(Permission.FLUID_RECORD)
async def amend_fluid(
    session: AsyncSession, actor: Actor, entry_id: UUID, change: AmendFluidIn, *, now: datetime
) -> FluidEntry:
    """A new entry in the place of one, which stays readable and counts no more."""
    found = await _the_entry(session, entry_id, lock=False)
    visit = await the_open_visit(session, found.visit_id)
    old = await _the_entry(session, entry_id)
    await _require_standing(session, old)
    measured_at = change.measured_at or old.measured_at
    # Corrected later than a day after it was measured, it is not late: it was written in time.
    entry = _entry(actor, visit, change, measured_at, now, in_time=measured_at == old.measured_at)
    entry.late_reason = change.late_reason or old.late_reason
    entry.amends_id, entry.amend_reason = old.id, change.reason
    session.add(entry)
    await session.flush()
    return entry


@needs(Permission.ENTRY_CORRECT)
async def strike_fluid(
    session: AsyncSession, actor: Actor, entry_id: UUID, given: StrikeIn, *, now: datetime
) -> FluidEntry:
    """Entered in error, by who recorded it or a manager, also after the visit has ended."""
    entry = await _the_entry(session, entry_id)
    rules.require_own(actor, entry.recorded_by_id)
    await _require_standing(session, entry)
    await session.execute(
        update(FluidEntry)
        .where(FluidEntry.id == entry.id)
        .values(
            entered_in_error_at=now,
            entered_in_error_by_id=actor.user_id,
            entered_in_error_reason=given.reason,
        )
    )
    await session.refresh(entry)
    return entry


@needs(Permission.ENTRY_CORRECT)
async def place_of_fluid(session: AsyncSession, actor: Actor, entry_id: UUID) -> tuple[UUID, datetime]:
    """The visit and the instant of an entry; raises NotFound."""
    entry = await _the_entry(session, entry_id, lock=False)
    return entry.visit_id, entry.measured_at


def _entry(
    actor: Actor, visit: Visit, given: FluidIn, measured_at: datetime, now: datetime, *, in_time: bool = False
) -> FluidEntry:
    check_amount(given)
    rules.require_past(measured_at, now, field="measured_at")
    rules.require_in_visit(visit, measured_at, field="measured_at")
    if rules.is_back_dated(measured_at, now) and not in_time and not given.late_reason:
        raise Invalid(
            "late-reason-needed", "Say why this is entered more than 24 hours later.", field="late_reason"
        )
    return FluidEntry(
        hospital_id=visit.hospital_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        direction=given.direction,
        kind=given.kind,
        volume_ml=given.volume_ml,
        measured_at=measured_at,
        notes=given.notes,
        recorded_by_id=actor.user_id,
        late_reason=given.late_reason,
    )


def check_amount(given: FluidIn) -> None:
    """Raises Invalid for a kind that does not go that way, an impossible amount, or an unusual one not confirmed."""
    if given.kind not in KINDS[given.direction]:
        raise Invalid(
            "kind-does-not-fit", "That kind does not go that way. Choose another kind.", field="kind"
        )
    if not 0 <= given.volume_ml <= MOST_ML:
        raise Invalid(
            "out-of-range", f"An amount is 0 to {MOST_ML:,} mL. Check it and its unit.", field="volume_ml"
        )
    if is_unusual(given.direction, given.kind, given.volume_ml) and "volume_ml" not in given.confirmed:
        raise Invalid("confirm-needed", UNUSUAL, errors=[{"field": "volume_ml", "sentence": UNUSUAL}])


async def _the_entry(session: AsyncSession, entry_id: UUID, *, lock: bool = True) -> FluidEntry:
    statement = select(FluidEntry).where(FluidEntry.id == entry_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    entry = await session.scalar(statement)
    if entry is None:
        raise NotFound("fluid-not-found", "There is no such fluid entry here.")
    return entry


async def _require_standing(session: AsyncSession, entry: FluidEntry) -> None:
    if entry.entered_in_error_at is not None:
        raise Conflict("fluid-struck-out", "This entry was struck out. Enter a new one.")
    if await session.scalar(select(FluidEntry.id).where(FluidEntry.amends_id == entry.id)) is not None:
        raise Conflict("fluid-amended", "This entry has been corrected already. Go to the newest one.")
