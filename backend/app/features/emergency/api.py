"""JSON routes of the emergency department."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.emergency import actions, queries, schemas
from app.features.visits.queries import read_visit
from app.features.visits.schemas import VisitOut
from app.web.etag import SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["emergency"], route_class=Repeatable)


async def shown(db: Db, actor: CurrentActor, response: Response, visit_id: UUID) -> VisitOut:
    """The visit as it stands after the act."""
    found = await read_visit(db, actor, visit_id, is_opening=False)
    send_etag(response, found.updated_at)
    return found


@router.get(
    "/waiting", dependencies=[Needs(Permission.WAITING_READ)], summary="Who waits, the most urgent first"
)
async def list_waiting(db: Db, actor: CurrentActor) -> schemas.WaitingRoomOut:
    """Emergencies that no doctor has seen yet, by the Australasian Triage Scale."""
    return await queries.list_waiting(db, actor, now=clock.now())


@router.post(
    "/visits/{visit_id}/triage",
    dependencies=[Needs(Permission.TRIAGE_RECORD)],
    summary="Triage an emergency",
)
async def triage_patient(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny, given: schemas.TriageIn
) -> VisitOut:
    await actions.triage_patient(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/visits/{visit_id}/take",
    dependencies=[Needs(Permission.VISIT_ORDER_DISCHARGE)],
    summary="A doctor begins with an emergency",
)
async def take_patient(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny
) -> VisitOut:
    await actions.take_patient(db, actor, visit_id, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)
