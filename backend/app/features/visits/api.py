"""JSON routes that read visits."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.features.visits import queries, schemas
from app.models.visit import VisitStatus
from app.web.etag import send_etag

router = APIRouter(tags=["admissions"])
READ = [Needs(Permission.VISIT_READ)]


@router.get("/visits", dependencies=READ, summary="Visits, the newest first")
async def list_visits(
    db: Db,
    actor: CurrentActor,
    status: VisitStatus | None = None,
    patient_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> schemas.VisitPageOut:
    """Who, of what kind and where; what is clinical stands on the visit itself."""
    return await queries.list_visits(
        db, actor, status=status, patient_id=patient_id, limit=limit, cursor=cursor
    )


@router.get("/visits/{visit_id}", dependencies=READ, summary="One visit")
async def read_visit(db: Db, actor: CurrentActor, response: Response, visit_id: UUID) -> schemas.VisitOut:
    """The read is in the audit trail."""
    found = await queries.read_visit(db, actor, visit_id)
    send_etag(response, found.updated_at)
    return found
