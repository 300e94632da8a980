"""JSON routes of notes, care assignments and hand-overs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.notes import actions, care_actions, handover_actions, queries, schemas
from app.models.nurse_log import NurseLogType
from app.web.etag import Seen, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["notes"], route_class=Repeatable)
Cursor = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=100)]


class Written(schemas.Out):
    """The row that was written; read it where it is listed."""

    id: UUID


# Who cares


@router.get(
    "/visits/{visit_id}/care-assignments",
    dependencies=[Needs(Permission.VISIT_READ)],
    summary="Who cares, and who cared, for a visit",
)
async def read_care_team(db: Db, actor: CurrentActor, visit_id: UUID) -> schemas.CareTeamOut:
    return await queries.read_care_team(db, actor, visit_id)


@router.post(
    "/visits/{visit_id}/care-assignments",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="Assign a colleague to a visit",
    status_code=201,
)
async def assign_care(db: Db, actor: CurrentActor, visit_id: UUID, given: schemas.CareIn) -> schemas.CareOut:
    """As the doctor in charge (`attending`) in the place of who was."""
    return await care_actions.assign_care(db, actor, visit_id, given, now=clock.now())


@router.post(
    "/care-assignments/{care_id}/take-over",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="Care in somebody's place",
    status_code=201,
)
async def take_over(db: Db, actor: CurrentActor, care_id: UUID) -> schemas.CareOut:
    return await care_actions.take_over(db, actor, care_id, now=clock.now())


@router.post(
    "/care-assignments/{care_id}/release",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="End a care assignment",
    status_code=204,
)
async def release_care(db: Db, actor: CurrentActor, care_id: UUID) -> None:
    await care_actions.release_care(db, actor, care_id, now=clock.now())


# Notes


@router.get(
    "/visits/{visit_id}/nurse-logs",
    dependencies=[Needs(Permission.NOTE_READ)],
    summary="Nursing notes of a visit",
)
async def list_notes(
    db: Db,
    actor: CurrentActor,
    visit_id: UUID,
    log_type: NurseLogType | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> schemas.NotesOut:
    """All versions, the newest first. Incidents are kept apart: here only their author sees them."""
    return await queries.list_notes(db, actor, visit_id, log_type=log_type, limit=limit, cursor=cursor)


@router.post(
    "/visits/{visit_id}/nurse-logs",
    dependencies=[Needs(Permission.NOTE_WRITE)],
    summary="Write a nursing note",
    status_code=201,
)
async def write_note(
    db: Db, actor: CurrentActor, visit_id: UUID, given: schemas.NoteIn
) -> schemas.NoteWrittenOut:
    return schemas.NoteWrittenOut.model_validate(
        await actions.write_note(db, actor, visit_id, given, now=clock.now())
    )


@router.post(
    "/visits/{visit_id}/late-entries",
    dependencies=[Needs(Permission.ENTRY_CORRECT)],
    summary="Write a late note on a visit that ended",
    status_code=201,
)
async def write_late_note(
    db: Db, actor: CurrentActor, visit_id: UUID, given: schemas.LateNoteIn
) -> schemas.NoteWrittenOut:
    """Within 72 hours of its end, by who wrote or cared there, or a manager."""
    return schemas.NoteWrittenOut.model_validate(
        await actions.write_late_note(db, actor, visit_id, given, now=clock.now())
    )


@router.post(
    "/nurse-logs/{note_id}/amend",
    dependencies=[Needs(Permission.NOTE_WRITE)],
    summary="Amend one's note by a new version",
    status_code=201,
)
async def amend_note(
    db: Db, actor: CurrentActor, note_id: UUID, given: schemas.AmendNoteIn
) -> schemas.NoteWrittenOut:
    return schemas.NoteWrittenOut.model_validate(
        await actions.amend_note(db, actor, note_id, given, now=clock.now())
    )


@router.post(
    "/nurse-logs/{note_id}/enter-in-error",
    dependencies=[Needs(Permission.ENTRY_CORRECT)],
    summary="Strike a note out",
)
async def strike_note(db: Db, actor: CurrentActor, note_id: UUID, given: schemas.StrikeIn) -> Written:
    """By its author or a manager; it stays readable, struck through."""
    return Written.model_validate(await actions.strike_note(db, actor, note_id, given, now=clock.now()))


@router.get("/incidents", dependencies=[Needs(Permission.INCIDENT_READ)], summary="Incidents of the hospital")
async def list_incidents(
    db: Db, actor: CurrentActor, limit: Limit = 50, cursor: Cursor = None
) -> schemas.IncidentsOut:
    return await queries.list_incidents(db, actor, limit=limit, cursor=cursor)


# Hand-over


@router.get(
    "/handovers", dependencies=[Needs(Permission.CARE_ASSIGN)], summary="My patients and what waits for me"
)
async def my_handovers(db: Db, actor: CurrentActor) -> schemas.MyHandoversOut:
    return await queries.my_handovers(db, actor)


@router.get(
    "/visits/{visit_id}/handovers",
    dependencies=[Needs(Permission.NOTE_READ)],
    summary="Hand-overs of a visit",
)
async def list_handovers(db: Db, actor: CurrentActor, visit_id: UUID) -> schemas.HandoversOut:
    return await queries.list_handovers(db, actor, visit_id)


@router.post(
    "/visits/{visit_id}/handovers",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="Draft a hand-over (I-PASS)",
    status_code=201,
)
async def draft_handover(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, given: schemas.HandoverIn
) -> schemas.HandoverOut:
    made = await handover_actions.draft_handover(db, actor, visit_id, given, now=clock.now())
    return await _shown(db, actor, response, made.id)


@router.get("/handovers/{handover_id}", dependencies=[Needs(Permission.CARE_ASSIGN)], summary="One hand-over")
async def read_handover(
    db: Db, actor: CurrentActor, response: Response, handover_id: UUID
) -> schemas.HandoverOut:
    return await _shown(db, actor, response, handover_id)


@router.patch(
    "/handovers/{handover_id}",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="Change the draft of a hand-over",
)
async def change_handover(
    db: Db,
    actor: CurrentActor,
    response: Response,
    handover_id: UUID,
    given: schemas.HandoverChangeIn,
    seen: Seen,
) -> schemas.HandoverOut:
    await handover_actions.change_handover(db, actor, handover_id, given, seen=seen)
    return await _shown(db, actor, response, handover_id)


@router.post(
    "/handovers/{handover_id}/give",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="Give a hand-over to its receiver",
)
async def give_handover(
    db: Db, actor: CurrentActor, response: Response, handover_id: UUID
) -> schemas.HandoverOut:
    await handover_actions.give_handover(db, actor, handover_id, now=clock.now())
    return await _shown(db, actor, response, handover_id)


@router.post(
    "/handovers/{handover_id}/accept",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="Accept a hand-over",
)
async def accept_handover(
    db: Db, actor: CurrentActor, response: Response, handover_id: UUID, given: schemas.SynthesisIn
) -> schemas.HandoverOut:
    """By the receiver, with what he understood; the care moves to him."""
    await handover_actions.accept_handover(db, actor, handover_id, given, now=clock.now())
    return await _shown(db, actor, response, handover_id)


@router.post(
    "/handovers/{handover_id}/withdraw",
    dependencies=[Needs(Permission.CARE_ASSIGN)],
    summary="Withdraw a hand-over",
)
async def withdraw_handover(
    db: Db, actor: CurrentActor, response: Response, handover_id: UUID
) -> schemas.HandoverOut:
    await handover_actions.withdraw_handover(db, actor, handover_id, now=clock.now())
    return await _shown(db, actor, response, handover_id)


async def _shown(db: Db, actor: CurrentActor, response: Response, handover_id: UUID) -> schemas.HandoverOut:
    handover = await queries.read_handover(db, actor, handover_id)
    send_etag(response, handover.updated_at)
    return handover
