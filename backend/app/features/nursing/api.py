"""JSON routes of nursing: vital signs with their score, the SpO2 scale, calls for help."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.nursing import actions, call_actions, queries, schemas
from app.web.etag import SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["nursing"], route_class=Repeatable)
RECORD = [Needs(Permission.VITALS_RECORD)]
ANSWER = [Needs(Permission.ESCALATION_ANSWER)]
Cursor = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=100)]


@router.post(
    "/visits/{visit_id}/vitals", dependencies=RECORD, summary="Record a set of vital signs", status_code=201
)
async def record_vitals(
    db: Db, actor: CurrentActor, response: Response, visit_id: UUID, given: schemas.VitalsIn
) -> schemas.RecordedOut:
    """The reply says the NEWS2, what it asks for, when the next set is due, and the call that it raised.

    422 `confirm-needed` names unusual values: send them again with `confirmed`. 409 `scale-differs` when the set was
    taken on another SpO2 scale than the patient's. More than 24 hours back needs a `reason`."""
    recorded = await actions.record_vitals(db, actor, visit_id, given, now=clock.now())
    send_etag(response, recorded.updated_at)
    return recorded


@router.get(
    "/visits/{visit_id}/vitals",
    dependencies=[Needs(Permission.VITALS_READ)],
    summary="The visit's sets of vital signs",
)
async def list_vitals(
    db: Db, actor: CurrentActor, visit_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> schemas.VitalsPageOut:
    """The newest first; struck-out sets among them say why. The read is in the trail."""
    return (await queries.read_sets(db, actor, visit_id, limit=limit, cursor=cursor)).page


@router.post("/vitals/{vitals_id}/amend", dependencies=RECORD, summary="Amend a set", status_code=201)
async def amend_vitals(
    db: Db, actor: CurrentActor, response: Response, vitals_id: UUID, given: schemas.AmendIn, seen: SeenIfAny
) -> schemas.RecordedOut:
    """A set is never edited: the new row amends, the old one is struck out and stays in the record."""
    recorded = await actions.amend_vitals(db, actor, vitals_id, given, now=clock.now(), seen=seen)
    send_etag(response, recorded.updated_at)
    return recorded


@router.post(
    "/vitals/{vitals_id}/enter-in-error",
    dependencies=[Needs(Permission.ENTRY_CORRECT)],
    summary="Strike out a set",
    status_code=204,
)
async def enter_vitals_in_error(
    db: Db, actor: CurrentActor, vitals_id: UUID, given: schemas.ReasonIn, seen: SeenIfAny
) -> None:
    await actions.enter_vitals_in_error(db, actor, vitals_id, given, now=clock.now(), seen=seen)


@router.post(
    "/patients/{patient_id}/spo2-scale",
    dependencies=[Needs(Permission.SPO2_SCALE_SET)],
    summary="Set the patient's SpO2 scale",
)
async def set_spo2_scale(
    db: Db,
    actor: CurrentActor,
    response: Response,
    patient_id: UUID,
    given: schemas.Spo2ScaleIn,
    seen: SeenIfAny,
) -> schemas.Spo2ScaleOut:
    """Scale 2 (target 88 to 92 %) is for patients with hypercapnic respiratory failure; a doctor decides."""
    file = await actions.set_spo2_scale(db, actor, patient_id, given, now=clock.now(), seen=seen)
    send_etag(response, file.updated_at)
    return schemas.Spo2ScaleOut.model_validate(
        {
            "patient_id": file.id,
            "spo2_scale": file.spo2_scale,
            "spo2_scale_set_at": file.spo2_scale_set_at,
            "spo2_scale_reason": file.spo2_scale_reason,
        }
    )


@router.get("/escalations", dependencies=ANSWER, summary="Calls for help")
async def list_escalations(
    db: Db,
    actor: CurrentActor,
    status: queries.CallState = "raised",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> schemas.EscalationsOut:
    """Those that wait, unless another state is asked for; the newest first."""
    return await queries.list_calls(db, actor, status, limit=limit, cursor=cursor)


@router.post(
    "/escalations/{escalation_id}/acknowledge", dependencies=ANSWER, summary="Answer a call", status_code=204
)
async def acknowledge_escalation(
    db: Db, actor: CurrentActor, escalation_id: UUID, given: schemas.AnswerIn, seen: SeenIfAny
) -> None:
    """It climbs no more, and is settled for everybody who was told."""
    await call_actions.acknowledge_call(db, actor, escalation_id, given, now=clock.now(), seen=seen)
