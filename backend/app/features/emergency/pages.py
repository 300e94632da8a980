"""The waiting board of the emergency department: who waits, the most urgent first; triage and beginning in the row."""

from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.clinical.triage import LEVELS
from app.core import clock
from app.features.emergency import actions, queries, schemas
from app.features.visits import view
from app.features.visits.queries import read_visit
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
OPTIONS = [(str(level), f"{level} {each.name}") for level, each in LEVELS.items()]


@router.get("/waiting", dependencies=[Needs(Permission.WAITING_READ)])
async def show_waiting(request: Request, db: Db, actor: CurrentActor) -> Response:
    if actor.scope == "self":
        return RedirectResponse("/", 303)
    return await _waiting(request, db, actor)


async def _waiting(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    form: Form | None = None,
    wrong: UUID | None = None,
) -> Response:
    now = clock.now()
    return render(
        request,
        "emergency/waiting.html",
        actor,
        status_code=form.status_code if form else 200,
        room=await queries.list_waiting(db, actor, now=now),
        levels=OPTIONS,
        form=form or Form(),
        wrong=wrong,
        today=formatting.local_date(now, actor.timezone),
        now=now,
        may_triage=actor.can(Permission.TRIAGE_RECORD),
        may_take=actor.can(Permission.VISIT_ORDER_DISCHARGE),
        may_search=actor.can(Permission.PATIENT_SEARCH),
    )


@router.post("/visits/{visit_id}/triage", dependencies=[Needs(Permission.TRIAGE_RECORD)])
async def triage_patient(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    # What is not there is told before what was chosen for it.
    await read_visit(db, actor, visit_id, is_opening=False)
    form = await read_form(request, ("level",))
    given = fill(form, schemas.TriageIn, {"level": "Level"}, needed=("level",))
    if given is not None and await attempt(
        db, form, actions.triage_patient(db, actor, visit_id, given, now=clock.now())
    ):
        return RedirectResponse("/waiting", 303)
    return await _waiting(request, db, actor, form, visit_id)


@router.post("/visits/{visit_id}/take", dependencies=[Needs(Permission.VISIT_ORDER_DISCHARGE)])
async def take_patient(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    act = actions.take_patient(db, actor, visit_id, now=clock.now())
    return await view.press(request, db, actor, visit_id, act, "taken")
