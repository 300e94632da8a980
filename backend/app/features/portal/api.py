"""JSON routes of the portal."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.features.portal import queries
from app.features.portal.schemas import OpeningPageOut

router = APIRouter(prefix="/my", tags=["portal"])


@router.get("/record-openings", dependencies=[Needs(Permission.PATIENT_READ)], summary="Who opened my record")
async def list_record_openings(
    db: Db,
    actor: CurrentActor,
    limit: Annotated[int, Query(ge=1, le=queries.MOST_OPENINGS)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> OpeningPageOut:
    """Of the reader's own files at all hospitals, newest first. Whoever is no patient has none."""
    return await queries.record_openings(db, actor, limit=limit, cursor=cursor)
