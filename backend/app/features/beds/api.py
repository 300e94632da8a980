"""JSON routes of beds: the board, the turnover, the census."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.beds import actions, queries, schemas
from app.models.bed import BedStatus
from app.web.etag import SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["beds"], route_class=Repeatable)
READ = [Needs(Permission.BED_READ)]
MANAGE = [Needs(Permission.BED_MANAGE)]
# By whoever says so, just now, without a checklist: nothing need be sent.
AS_USUAL = schemas.CleanIn()
NO_REASON = schemas.OutOfUseIn()


@router.get("/beds", dependencies=READ, summary="The hospital's beds, and who lies in them")
async def list_beds(
    db: Db,
    actor: CurrentActor,
    ward: Annotated[str | None, Query(max_length=200)] = None,
    status: BedStatus | None = None,
) -> schemas.BoardOut:
    return await queries.read_board(db, actor, now=clock.now(), ward=ward, status=status)


@router.get("/beds/{bed_id}", dependencies=READ, summary="One bed, and who lies in it")
async def read_bed(db: Db, actor: CurrentActor, response: Response, bed_id: UUID) -> schemas.BoardBedOut:
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/reserve", dependencies=MANAGE, summary="Keep a free bed for a visit")
async def reserve_bed(
    db: Db, actor: CurrentActor, response: Response, bed_id: UUID, seen: SeenIfAny, wanted: schemas.ReserveIn
) -> schemas.BoardBedOut:
    await actions.reserve(db, actor, bed_id, wanted, now=clock.now(), seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/release", dependencies=MANAGE, summary="Give up a reservation")
async def release_bed(
    db: Db, actor: CurrentActor, response: Response, bed_id: UUID, seen: SeenIfAny
) -> schemas.BoardBedOut:
    await actions.release(db, actor, bed_id, now=clock.now(), seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/take", dependencies=MANAGE, summary="Put a patient who is here into a bed")
async def take_bed(
    db: Db, actor: CurrentActor, response: Response, bed_id: UUID, seen: SeenIfAny, wanted: schemas.TakeIn
) -> schemas.BoardBedOut:
    """Where the bed does not fit (sex of the bay, age, isolation, kind) 422 `confirm-needed` names what; a reason
    then goes with the stay."""
    await actions.take(db, actor, bed_id, wanted, now=clock.now(), seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/clean", dependencies=MANAGE, summary="Say that a bed is clean")
async def clean_bed(
    db: Db,
    actor: CurrentActor,
    response: Response,
    bed_id: UUID,
    seen: SeenIfAny,
    done: schemas.CleanIn = AS_USUAL,
) -> schemas.BoardBedOut:
    """It is free from then on; `needs_terminal_clean` says that the whole checklist is asked for."""
    await actions.clean(db, actor, bed_id, done, now=clock.now(), seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/maintain", dependencies=MANAGE, summary="Take a bed into maintenance")
async def maintain_bed(
    db: Db,
    actor: CurrentActor,
    response: Response,
    bed_id: UUID,
    seen: SeenIfAny,
    why: schemas.OutOfUseIn = NO_REASON,
) -> schemas.BoardBedOut:
    await actions.maintain(db, actor, bed_id, why, now=clock.now(), seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/close", dependencies=MANAGE, summary="Close a free bed")
async def close_bed(
    db: Db,
    actor: CurrentActor,
    response: Response,
    bed_id: UUID,
    seen: SeenIfAny,
    why: schemas.OutOfUseIn = NO_REASON,
) -> schemas.BoardBedOut:
    await actions.close(db, actor, bed_id, why, now=clock.now(), seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/open", dependencies=MANAGE, summary="Open a bed that is closed or repaired")
async def open_bed(
    db: Db, actor: CurrentActor, response: Response, bed_id: UUID, seen: SeenIfAny
) -> schemas.BoardBedOut:
    """It goes to be cleaned first."""
    await actions.open_bed(db, actor, bed_id, now=clock.now(), seen=seen)
    return await _told(db, actor, response, bed_id)


@router.get("/census", dependencies=[Needs(Permission.CENSUS_READ)], summary="The census of a day, by ward")
async def read_census(db: Db, actor: CurrentActor, day: date | None = None) -> schemas.CensusOut:
    """From midnight to midnight of the hospital's zone; without `day`, yesterday."""
    return await queries.read_census(db, actor, day, now=clock.now())


async def _told(db: AsyncSession, actor: Actor, response: Response, bed_id: UUID) -> schemas.BoardBedOut:
    bed = await queries.read_bed(db, actor, bed_id, now=clock.now())
    send_etag(response, bed.updated_at)
    return bed
