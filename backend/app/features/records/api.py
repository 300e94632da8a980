"""JSON routes of records: the hospital's own, the network's, and emergency access."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.records import actions, queries, schemas
from app.features.registration.queries import Limits, open_chart
from app.features.registration.schemas import RecordOut
from app.models.emr import AccessGrant
from app.web.once import Repeatable

router = APIRouter(tags=["records"], route_class=Repeatable)
Cursor = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=100)]


class RecordsOut(schemas.Out):
    items: list[RecordOut]
    next_cursor: str | None


def _out(grant: AccessGrant) -> schemas.GrantOut:
    return schemas.GrantOut.model_validate(grant, from_attributes=True)


@router.get(
    "/patients/{patient_id}/records",
    dependencies=[Needs(Permission.RECORD_READ)],
    summary="A patient's records of this hospital",
)
async def list_records(
    db: Db,
    actor: CurrentActor,
    patient_id: UUID,
    record_type: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RecordsOut:
    opened = await open_chart(
        db,
        actor,
        patient_id,
        limits=Limits(records=limit),
        section="records",
        cursor=cursor,
        record_type=record_type,
    )
    return RecordsOut(items=opened.chart.records or [], next_cursor=opened.chart.older.get("records"))


@router.get(
    "/patients/{patient_id}/global-records",
    dependencies=[Needs(Permission.RECORD_READ)],
    summary="The person's records of other hospitals",
)
async def list_global_records(
    db: Db, actor: CurrentActor, patient_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> schemas.GlobalRecordsOut:
    """Needs an open visit or a near appointment here, or emergency access; every read is in the audit trail."""
    return await queries.read_global_records(db, actor, patient_id, limit=limit, cursor=cursor)


@router.get(
    "/patients/{patient_id}/break-glass",
    dependencies=[Needs(Permission.RECORD_READ)],
    summary="Who opened the person's records in an emergency",
)
async def list_used_access(db: Db, actor: CurrentActor, patient_id: UUID) -> schemas.UsedAccessesOut:
    return await queries.list_used_access(db, actor, patient_id)


@router.post(
    "/patients/{patient_id}/break-glass",
    dependencies=[Needs(Permission.BREAK_GLASS_USE)],
    summary="Open the person's records in an emergency",
    status_code=201,
)
async def break_glass(
    db: Db, actor: CurrentActor, patient_id: UUID, given: schemas.BreakGlassIn
) -> schemas.GrantOut:
    """For 60 minutes, confidential records too. The manager is alerted and reviews it; the patient sees it."""
    return _out(await actions.break_glass(db, actor, patient_id, given, now=clock.now()))


@router.post(
    "/patients/{patient_id}/break-glass/end",
    dependencies=[Needs(Permission.BREAK_GLASS_USE)],
    summary="End one's emergency access",
)
async def end_break_glass(db: Db, actor: CurrentActor, patient_id: UUID) -> schemas.GrantOut:
    return _out(await actions.end_break_glass(db, actor, patient_id, now=clock.now()))


@router.get(
    "/break-glass",
    dependencies=[Needs(Permission.BREAK_GLASS_REVIEW)],
    summary="Emergency accesses to review",
)
async def list_reviews(
    db: Db,
    actor: CurrentActor,
    state: queries.QueueState = "waiting",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> schemas.ReviewQueueOut:
    """Those that wait stand the oldest first; `overdue` after 72 hours."""
    return await queries.list_reviews(db, actor, state, now=clock.now(), limit=limit, cursor=cursor)


@router.post(
    "/break-glass/{grant_id}/review",
    dependencies=[Needs(Permission.BREAK_GLASS_REVIEW)],
    summary="Review an emergency access",
    status_code=204,
)
async def review_break_glass(db: Db, actor: CurrentActor, grant_id: UUID, given: schemas.ReviewIn) -> None:
    await actions.review_break_glass(db, actor, grant_id, given, now=clock.now())
