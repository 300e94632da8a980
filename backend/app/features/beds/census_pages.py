"""The census of a day as a page."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import Invalid
from app.features.beds import queries
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])


@router.get("/census", dependencies=[Needs(Permission.CENSUS_READ)])
async def show_census(
    request: Request, db: Db, actor: CurrentActor, day: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Of the day asked for; nonsense shows yesterday's, and says what was wrong."""
    now, form, read = clock.now(), Form({"day": day}), None
    try:
        wanted = date.fromisoformat(day) if day else None
        read = await queries.read_census(db, actor, wanted, now=now)
    except ValueError:
        form.errors["day"] = "Write a date, such as 2026-03-31."
    except Invalid as refused:
        form.errors["day"] = refused.sentence
    form.status_code = 422 if form.errors else 200
    shown = read or await queries.read_census(db, actor, None, now=now)
    if not form.errors:
        form.values["day"] = shown.day.isoformat()
    return render(
        request,
        "beds/census.html",
        actor,
        status_code=form.status_code,
        census=shown,
        form=form,
        before=shown.day - timedelta(days=1),
        after=shown.day + timedelta(days=1),
        today=formatting.local_date(now, actor.timezone),
    )
