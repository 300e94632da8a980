"""JSON routes of the audit trail."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.requests import Request

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.features.trail import queries
from app.features.trail.schemas import EventPageOut, Kind, VerificationOut

router = APIRouter(prefix="/audit-logs", tags=["audit"])


@router.get("", dependencies=[Needs(Permission.AUDIT_READ)], summary="Search the audit trail")
async def search_trail(
    db: Db,
    actor: CurrentActor,
    resource_type: Annotated[str | None, Query(max_length=63)] = None,
    resource_id: UUID | None = None,
    user_id: UUID | None = None,
    patient_id: UUID | None = None,
    act: Annotated[str, Query(max_length=100, description="The beginning of an act's name")] = "",
    kind: Kind | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=queries.MOST_ROWS)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> EventPageOut:
    """Newest first; all that is given must hold. `from` is in the period, `to` is not. Reading is an event too."""
    search = queries.TrailSearch(
        user_id=user_id,
        patient_id=patient_id,
        resource_type=resource_type,
        resource_id=resource_id,
        act=act,
        kind=kind,
        since=since,
        until=until,
    )
    return await queries.search_trail(db, actor, search, limit=limit, cursor=cursor)


@router.get(
    "/verify", dependencies=[Needs(Permission.AUDIT_READ)], summary="Compare the trail with its seals"
)
async def verify_trail(request: Request, db: Db, actor: CurrentActor) -> VerificationOut:
    """Ids and counts of the whole network, nothing of the rows. Takes as long as the trail is; one at a time."""
    return await queries.verify_trail(db, actor, request.app.state.background_sessions)
