"""Reception's home: find, register, who is expected, who is in the house."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.registration import desk
from app.features.registration.pages import found_context
from app.web import formatting
from app.web.csrf import same_site
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
REGISTER = [Needs(Permission.PATIENT_REGISTER)]


@router.get("/desk", dependencies=REGISTER)
async def show_desk(
    request: Request, db: Db, actor: CurrentActor, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    now = clock.now()
    today = formatting.local_date(now, actor.timezone)
    context = await found_context(db, actor, q, today, narrow=True) if q.strip() else {"q": "", "page": None}
    if is_fragment(request) and q.strip():
        return render(request, "registration/found.html", actor, **context)
    arrivals = await desk.expected_arrivals(db, actor, today)
    house = await desk.people_in_house(db, actor)
    template = "registration/desk_house.html" if is_fragment(request) else "registration/desk.html"
    return render(
        request,
        template,
        actor,
        **{**context, "today": today, "arrivals": arrivals, "house": house, "now": now},
    )


@router.get("/desk/house", dependencies=REGISTER)
async def show_more_of_house(
    request: Request,
    db: Db,
    actor: CurrentActor,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The next twenty: rows for htmx, a page of its own for whoever follows the link."""
    house = await desk.people_in_house(db, actor, cursor=cursor)
    today = formatting.local_date(clock.now(), actor.timezone)
    template = "registration/house_rows.html" if is_fragment(request) else "registration/house.html"
    return render(request, template, actor, house=house, today=today)
