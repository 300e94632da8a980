"""JSON routes of the balance of fluids."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.notes import fluid_actions, queries, schemas
from app.features.notes.api import Written
from app.web.once import Repeatable

# The ends of the calendar have no day before or after.
Day = Annotated[date | None, Query(ge=date(1900, 1, 1), le=date(2999, 12, 31))]
router = APIRouter(tags=["fluids"], route_class=Repeatable)


@router.get(
    "/visits/{visit_id}/fluids",
    dependencies=[Needs(Permission.FLUID_READ)],
    summary="Fluid balance of a visit",
)
async def read_fluids(db: Db, actor: CurrentActor, visit_id: UUID, day: Day = None) -> schemas.FluidsOut:
    """Entries of one day of the hospital (today where not given), totals by day, and of the last 24 hours."""
    return await queries.read_fluids(db, actor, visit_id, day=day, now=clock.now())


@router.post(
    "/visits/{visit_id}/fluids",
    dependencies=[Needs(Permission.FLUID_RECORD)],
    summary="Record an amount in or out",
    status_code=201,
)
async def record_fluid(db: Db, actor: CurrentActor, visit_id: UUID, given: schemas.FluidIn) -> Written:
    """An unusual amount is refused with `confirm-needed` until `confirmed` names `volume_ml`."""
    return Written.model_validate(
        await fluid_actions.record_fluid(db, actor, visit_id, given, now=clock.now())
    )


@router.post(
    "/fluids/{fluid_id}/amend",
    dependencies=[Needs(Permission.FLUID_RECORD)],
    summary="Correct an entry by a new one",
    status_code=201,
)
async def amend_fluid(db: Db, actor: CurrentActor, fluid_id: UUID, given: schemas.AmendFluidIn) -> Written:
    return Written.model_validate(
        await fluid_actions.amend_fluid(db, actor, fluid_id, given, now=clock.now())
    )


@router.post(
    "/fluids/{fluid_id}/enter-in-error",
    dependencies=[Needs(Permission.ENTRY_CORRECT)],
    summary="Strike an entry out",
)
async def strike_fluid(db: Db, actor: CurrentActor, fluid_id: UUID, given: schemas.StrikeIn) -> Written:
    return Written.model_validate(
        await fluid_actions.strike_fluid(db, actor, fluid_id, given, now=clock.now())
    )
