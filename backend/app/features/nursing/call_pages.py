"""Pages of the calls for help: which wait, and who takes one on."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.nursing import call_actions, queries, schemas
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
ANSWER = [Needs(Permission.ESCALATION_ANSWER)]
Word = Annotated[str | None, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=400)]


@router.get("/escalations", dependencies=ANSWER)
async def show_calls(
    request: Request,
    db: Db,
    actor: CurrentActor,
    status: queries.CallState = "raised",
    cursor: Cursor = None,
    done: Word = None,
) -> Response:
    return await _calls(request, db, actor, status, cursor=cursor, done=done)


@router.post("/escalations/{escalation_id}/acknowledge", dependencies=ANSWER)
async def answer_call(request: Request, db: Db, actor: CurrentActor, escalation_id: UUID) -> Response:
    form = await read_form(request, ("answer", "back"))
    given = fill(form, schemas.AnswerIn, {"answer": "What was done"})
    if given is not None and await attempt(
        db, form, call_actions.acknowledge_call(db, actor, escalation_id, given, now=clock.now())
    ):
        back = form.values["back"]
        if back.startswith("/visits/") and back.endswith("/observations"):
            return RedirectResponse(f"{back}?done=answered", 303)
        return RedirectResponse("/escalations?done=answered", 303)
    return await _calls(request, db, actor, "raised", form=form, wrong=escalation_id)


async def _calls(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    status: queries.CallState,
    *,
    cursor: str | None = None,
    done: str | None = None,
    form: Form | None = None,
    wrong: UUID | None = None,
) -> Response:
    page = await queries.list_calls(db, actor, status, cursor=cursor)
    now: datetime = clock.now()
    return render(
        request,
        "nursing/calls.html",
        actor,
        status_code=form.status_code if form else 200,
        page=page,
        status=status,
        states=(
            ("raised", "Waiting"),
            ("acknowledged", "Answered"),
            ("superseded", "Superseded"),
            ("closed", "Closed"),
        ),
        form=form or Form({"answer": ""}),
        wrong=wrong,
        now=now,
        today=formatting.local_date(now, actor.timezone),
        done="You have taken the call on." if done else "",
        may_observe=actor.can(Permission.VITALS_RECORD),
    )
