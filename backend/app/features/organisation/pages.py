"""The administrators' first page: the regions and hospitals within reach."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.features.organisation import queries
from app.web.csrf import same_site
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])


@router.get("/organisation", dependencies=[Needs(Permission.HOSPITAL_READ)])
async def show_organisation(request: Request, db: Db, actor: CurrentActor) -> Response:
    regions = await queries.list_regions(db, actor)
    return render(request, "organisation/home.html", actor, regions=regions)
