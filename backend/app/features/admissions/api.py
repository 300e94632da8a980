"""JSON routes that plan visits, begin and interrupt them, move patients between beds, and take visits back."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.admissions import actions, schemas
from app.features.visits.queries import read_visit
from app.features.visits.schemas import VisitOut
from app.web.etag import Seen, SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["admissions"], prefix="/visits", route_class=Repeatable)
PLAN = [Needs(Permission.VISIT_PLAN)]
ADMIT = [Needs(Permission.VISIT_ADMIT)]
NO_REASON = schemas.CancelIn()


async def shown(db: Db, actor: CurrentActor, response: Response, visit_id: UUID) -> VisitOut:
    """The visit as it stands after the act."""
    found = await read_visit(db, actor, visit_id, is_opening=False)
    send_etag(response, found.updated_at)
    return found


@router.post("", dependencies=PLAN, summary="Plan a visit, or begin one", status_code=201)
async def plan_visit(db: Db, actor: CurrentActor, response: Response, plan: schemas.PlanIn) -> VisitOut:
    """With `bed_id` it takes the right to admit as well."""
    visit = await actions.plan_visit(db, actor, plan, now=clock.now())
    return await shown(db, actor, response, visit.id)


@router.patch("/{visit_id}", dependencies=PLAN, summary="Change what was planned")
async def change_visit(
    db: Db,
    actor: CurrentActor,
    response: Response,
    visit_id: UUID,
    seen: Seen,
    changes: schemas.ChangeVisitIn,
) -> VisitOut:
    await actions.change_visit(db, actor, visit_id, changes, seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post("/{visit_id}/start", dependencies=PLAN, summary="The patient has come, without a bed")
async def start_visit(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny
) -> VisitOut:
    await actions.start_visit(db, actor, visit_id, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post("/{visit_id}/admit", dependencies=ADMIT, summary="Admit the patient to a bed")
async def admit_patient(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny, given: schemas.AdmitIn
) -> VisitOut:
    await actions.admit_patient(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/{visit_id}/transfer",
    dependencies=[Needs(Permission.VISIT_TRANSFER)],
    summary="Move the patient to another bed",
)
async def move_patient(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny, given: schemas.MoveIn
) -> VisitOut:
    """To another hospital: POST /visits/{visit_id}/transfer-requests."""
    await actions.move_patient(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post("/{visit_id}/leave", dependencies=ADMIT, summary="The patient goes on leave; the bed is kept")
async def begin_leave(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny
) -> VisitOut:
    await actions.begin_leave(db, actor, visit_id, seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post("/{visit_id}/return", dependencies=ADMIT, summary="The patient is back from leave")
async def end_leave(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny
) -> VisitOut:
    await actions.end_leave(db, actor, visit_id, seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post("/{visit_id}/cancel", dependencies=PLAN, summary="Cancel a planned visit")
async def cancel_visit(
    db: Db,
    actor: CurrentActor,
    response: Response,
    visit_id: UUID,
    seen: SeenIfAny,
    given: schemas.CancelIn = NO_REASON,
) -> VisitOut:
    await actions.cancel_visit(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/{visit_id}/enter-in-error",
    dependencies=[Needs(Permission.ENTER_IN_ERROR)],
    summary="Mark a visit as entered in error",
)
async def enter_visit_in_error(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny, given: schemas.ReasonIn
) -> VisitOut:
    await actions.enter_visit_in_error(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)
