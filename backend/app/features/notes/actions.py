"""Nurses' notes: written, amended by a new version, struck out; late entries on a visit that ended (domain 5.4)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_open_visit, the_visit
from app.core.errors import Conflict, NotFound
from app.features.notes import rules, statements
from app.features.notes.schemas import AmendNoteIn, LateNoteIn, NoteIn, StrikeIn
from app.models.nurse_log import DocumentStatus, NurseLog, NurseLogType
from app.models.visit import Visit


@needs(Permission.NOTE_WRITE)
async def write_note(
    session: AsyncSession, actor: Actor, visit_id: UUID, note: NoteIn, *, now: datetime
) -> NurseLog:
    """A note on an open visit; raises NotFound, or Conflict when the visit has ended."""
    visit = await the_open_visit(session, visit_id)
    logged_at = note.logged_at or now
    rules.require_past(logged_at, now, field="logged_at")
    rules.require_in_visit(visit, logged_at, field="logged_at")
    return await _write(session, actor, visit, note.log_type, note.content, logged_at)


@needs(Permission.ENTRY_CORRECT)
async def write_late_note(
    session: AsyncSession, actor: Actor, visit_id: UUID, note: LateNoteIn, *, now: datetime
) -> NurseLog:
    """Within 72 hours of the end of a visit, with its reason, by who wrote or cared there, or a manager."""
    visit = await the_visit(session, visit_id)
    if not actor.can(Permission.ENTER_IN_ERROR):
        values = {"visit_id": visit_id, "user_id": actor.user_id}
        if not await session.scalar(text(statements.KNOWS_VISIT), values):
            raise rules.NotYours(
                "Only who cared for this visit, or a manager, writes a late entry. Ask one of them."
            )
    rules.require_late_window(visit, now)
    rules.require_in_visit(visit, note.logged_at, field="logged_at")
    return await _write(
        session, actor, visit, note.log_type, note.content, note.logged_at, late_reason=note.reason
    )


async def _write(
    session: AsyncSession,
    actor: Actor,
    visit: Visit,
    log_type: str,
    content: str,
    logged_at: datetime,
    *,
    late_reason: str | None = None,
) -> NurseLog:
    written = NurseLog(
        hospital_id=visit.hospital_id,
        patient_id=visit.patient_id,
        visit_id=visit.id,
        nurse_id=actor.user_id,
        log_type=log_type,
        content=content,
        logged_at=logged_at,
        late_reason=late_reason,
    )
    session.add(written)
    await session.flush()
    return written


@needs(Permission.NOTE_WRITE)
async def amend_note(
    session: AsyncSession, actor: Actor, note_id: UUID, change: AmendNoteIn, *, now: datetime
) -> NurseLog:
    """A new version by the author, also after the visit has ended; the old one stays readable, with the reason."""
    old = await _the_note(session, actor, note_id)
    if old.nurse_id != actor.user_id:
        raise rules.NotYours("Only its author amends a note. Write a note of your own.")
    _require_standing(old)
    await _require_newest(session, old)
    version = NurseLog(
        hospital_id=old.hospital_id,
        patient_id=old.patient_id,
        visit_id=old.visit_id,
        nurse_id=actor.user_id,
        log_type=old.log_type,
        content=change.content,
        logged_at=old.logged_at,
        late_reason=old.late_reason,
        status=DocumentStatus.AMENDED,
        amends_id=old.id,
        amend_reason=change.reason,
    )
    session.add(version)
    await session.flush()
    return version


@needs(Permission.ENTRY_CORRECT)
async def strike_note(
    session: AsyncSession, actor: Actor, note_id: UUID, given: StrikeIn, *, now: datetime
) -> NurseLog:
    """Entered in error, by the author or a manager: it stays, struck through, with who and why."""
    note = await _the_note(session, actor, note_id)
    rules.require_own(actor, note.nurse_id)
    _require_standing(note)
    await _require_newest(session, note)
    await session.execute(
        update(NurseLog)
        .where(NurseLog.id == note.id)
        .values(
            status=DocumentStatus.ENTERED_IN_ERROR,
            entered_in_error_at=now,
            entered_in_error_by_id=actor.user_id,
            entered_in_error_reason=given.reason,
        )
    )
    await session.refresh(note)
    return note


@needs(Permission.ENTRY_CORRECT)
async def place_of_note(session: AsyncSession, actor: Actor, note_id: UUID) -> tuple[UUID, NurseLogType]:
    """The visit that the note is on, and its kind; raises NotFound."""
    note = await _the_note(session, actor, note_id)
    return note.visit_id, note.log_type


async def _the_note(session: AsyncSession, actor: Actor, note_id: UUID) -> NurseLog:
    """The note, its row held; an incident is there for its author and for who may read incidents."""
    note = await session.scalar(select(NurseLog).where(NurseLog.id == note_id).with_for_update())
    hidden = (
        note is not None
        and note.log_type == "incident"
        and note.nurse_id != actor.user_id
        and not actor.can(Permission.INCIDENT_READ)
    )
    if note is None or hidden:
        raise NotFound("note-not-found", "There is no such note here.")
    return note


def _require_standing(note: NurseLog) -> None:
    if note.status is DocumentStatus.ENTERED_IN_ERROR:
        raise Conflict("note-struck-out", "This note was struck out. Write a new one.")


async def _require_newest(session: AsyncSession, note: NurseLog) -> None:
    if await session.scalar(select(NurseLog.id).where(NurseLog.amends_id == note.id)) is not None:
        raise Conflict("note-amended", "This note has been amended already. Go to its newest version.")
