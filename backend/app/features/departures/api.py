"""JSON routes around a departure."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.clinical import icd10
from app.core import clock
from app.features.departures import actions, queries, schemas
from app.features.visits.queries import read_visit
from app.features.visits.schemas import VisitOut
from app.web.etag import SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["admissions"], route_class=Repeatable)
DIAGNOSE = [Needs(Permission.DIAGNOSIS_RECORD)]
SIGN = [Needs(Permission.NOTE_SIGN)]
ORDER = [Needs(Permission.VISIT_ORDER_DISCHARGE)]
# Bodies that may be left out.
NOTHING_DECIDED, LEFT_NOW = schemas.OrderDischargeIn(), schemas.DepartIn()


async def shown(db: Db, actor: CurrentActor, response: Response, visit_id: UUID) -> VisitOut:
    """The visit as it stands after the act."""
    found = await read_visit(db, actor, visit_id, is_opening=False)
    send_etag(response, found.updated_at)
    return found


@router.get("/diagnosis-codes", dependencies=DIAGNOSE, summary="Search the shipped ICD-10-CM codes")
async def search_codes(
    actor: CurrentActor, q: Annotated[str, Query(max_length=200)] = ""
) -> schemas.CodesOut:
    """By the beginning of a code, or by words of the title."""
    found = icd10.search(q)
    return schemas.CodesOut(
        items=[schemas.CodeOut(code=each.code, title=each.title, chapter=each.chapter) for each in found]
    )


@router.post(
    "/visits/{visit_id}/diagnoses", dependencies=DIAGNOSE, summary="Record a diagnosis", status_code=201
)
async def record_diagnosis(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, given: schemas.DiagnosisIn
) -> VisitOut:
    await actions.record_diagnosis(db, actor, visit_id, given)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/visits/{visit_id}/diagnoses/{diagnosis_id}/enter-in-error",
    dependencies=DIAGNOSE,
    summary="Strike a diagnosis out",
)
async def strike_diagnosis(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, diagnosis_id: UUID
) -> VisitOut:
    await actions.strike_diagnosis(db, actor, visit_id, diagnosis_id, now=clock.now())
    return await shown(db, actor, response, visit_id)


@router.get(
    "/visits/{visit_id}/departure",
    dependencies=[Needs(Permission.VISIT_CLINICAL_READ)],
    summary="What a departure still waits for",
)
async def read_departure(db: Db, actor: CurrentActor, visit_id: UUID) -> schemas.DepartureOut:
    return await queries.read_departure(db, actor, visit_id)


@router.post("/visits/{visit_id}/summary", dependencies=SIGN, summary="Write the discharge summary")
async def write_summary(
    db: Db, actor: CurrentActor, visit_id: UUID, given: schemas.SummaryIn
) -> schemas.DepartureOut:
    """A draft until it is signed; after that an amendment of it."""
    await actions.write_summary(db, actor, visit_id, given)
    return await queries.read_departure(db, actor, visit_id, is_opening=False)


@router.post("/visits/{visit_id}/summary/sign", dependencies=SIGN, summary="Sign the discharge summary")
async def sign_summary(db: Db, actor: CurrentActor, visit_id: UUID) -> schemas.DepartureOut:
    await actions.sign_summary(db, actor, visit_id, now=clock.now())
    return await queries.read_departure(db, actor, visit_id, is_opening=False)


@router.post("/visits/{visit_id}/order-discharge", dependencies=ORDER, summary="Order the discharge")
async def order_discharge(
    db: Db,
    actor: CurrentActor,
    response: Response,
    visit_id: UUID,
    seen: SeenIfAny,
    given: schemas.OrderDischargeIn = NOTHING_DECIDED,
) -> VisitOut:
    """The bed is kept until the departure. Sent again, it adds decisions about orders and pending results."""
    await actions.order_discharge(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/visits/{visit_id}/withdraw-discharge", dependencies=ORDER, summary="Withdraw an ordered discharge"
)
async def withdraw_discharge(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny
) -> VisitOut:
    await actions.withdraw_discharge(db, actor, visit_id, seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/visits/{visit_id}/results/{result_id}/acknowledge",
    dependencies=[Needs(Permission.LAB_ACKNOWLEDGE)],
    summary="Take note of a critical result",
)
async def acknowledge_result(
    db: Db, actor: CurrentActor, visit_id: UUID, result_id: UUID
) -> schemas.AcknowledgedOut:
    result = await actions.acknowledge_result(db, actor, visit_id, result_id, now=clock.now())
    return schemas.AcknowledgedOut(result_id=result.id, acknowledged_at=result.acknowledged_at)


@router.post(
    "/visits/{visit_id}/discharge",
    dependencies=[Needs(Permission.VISIT_DEPART)],
    summary="Confirm the departure",
)
async def confirm_departure(
    db: Db,
    actor: CurrentActor,
    response: Response,
    visit_id: UUID,
    seen: SeenIfAny,
    given: schemas.DepartIn = LEFT_NOW,
) -> VisitOut:
    """409 names every element that is missing in `errors`."""
    await actions.confirm_departure(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/visits/{visit_id}/cancel-discharge",
    dependencies=[Needs(Permission.VISIT_ADMIT)],
    summary="Cancel a discharge, within 24 hours",
)
async def cancel_discharge(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny, given: schemas.ReopenIn
) -> VisitOut:
    await actions.cancel_discharge(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)


@router.post(
    "/visits/{visit_id}/decease", dependencies=[Needs(Permission.DEATH_RECORD)], summary="Record a death"
)
async def record_death(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, seen: SeenIfAny, given: schemas.DeathIn
) -> VisitOut:
    await actions.record_death(db, actor, visit_id, given, now=clock.now(), seen=seen)
    return await shown(db, actor, response, visit_id)
