"""Pages of records: those of other hospitals, emergency access, and its review."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import Conflict, NotFound
from app.features.portal.queries import own_files
from app.features.records import actions, queries, schemas
from app.features.registration.chart_view import chart_context
from app.features.registration.queries import Limits, open_chart
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
READ = [Needs(Permission.RECORD_READ)]
USE = [Needs(Permission.BREAK_GLASS_USE)]
REVIEW = [Needs(Permission.BREAK_GLASS_REVIEW)]
Cursor = Annotated[str | None, Query(max_length=400)]
# The banner is wanted, and of the records only whether there are any.
BANNER = Limits(records=1)
WHY = "Say in 10 to 500 characters why this cannot wait."
STATES = {"waiting": "To review", "open": "Still open", "reviewed": "Reviewed", "all": "All"}
OUTCOMES = (("justified", "Justified"), ("not_justified", "Not justified"))


async def _about(db: AsyncSession, actor: Actor, patient_id: UUID) -> dict[str, Any]:
    """The banner and what the chart's parts read."""
    opened = await open_chart(db, actor, patient_id, limits=BANNER, section="records")
    base = "/my/files" if actor.scope == "self" else "/patients"
    return chart_context(actor, opened, section="records", base=base)


@router.get("/patients/{patient_id}/global-records", dependencies=READ)
async def show_global_records(
    request: Request, db: Db, actor: CurrentActor, patient_id: UUID, cursor: Cursor = None
) -> Response:
    """Where nothing opens them, the page says what would, and offers it to whoever may."""
    about = await _about(db, actor, patient_id)
    page, refusal = None, None
    try:
        page = await queries.read_global_records(db, actor, patient_id, limit=20, cursor=cursor)
    except queries.NotTreating as error:
        refusal = error
    more = is_fragment(request) and cursor is not None
    return render(
        request,
        "records/rows.html" if more and page else "records/global.html",
        actor,
        status_code=refusal.status if refusal else 200,
        **about,
        page=page,
        refusal=refusal.sentence if refusal else None,
        may_break=actor.can(Permission.BREAK_GLASS_USE) and not about["chart"].patient.is_deceased,
    )


@router.get("/patients/{patient_id}/break-glass", dependencies=USE)
async def ask_reason(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    return await _reason(request, db, actor, patient_id, Form({"reason": ""}))


@router.post("/patients/{patient_id}/break-glass", dependencies=USE)
async def use_emergency_access(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    form = await read_form(request, ("reason",))
    given = fill(form, schemas.BreakGlassIn, {"reason": "Reason"}, needed=("reason",))
    if given is None:
        form.errors["reason"] = WHY
    elif await attempt(db, form, actions.break_glass(db, actor, patient_id, given, now=clock.now())):
        return RedirectResponse(f"/patients/{patient_id}/global-records", 303)
    return await _reason(request, db, actor, patient_id, form)


async def _reason(request: Request, db: AsyncSession, actor: Actor, patient_id: UUID, form: Form) -> Response:
    about = await _about(db, actor, patient_id)
    if about["chart"].patient.is_deceased:
        raise Conflict("patient-deceased", queries.NOTHING_URGENT)
    return render(request, "records/reason.html", actor, status_code=form.status_code, form=form, **about)


@router.post("/patients/{patient_id}/break-glass/end", dependencies=USE)
async def end_emergency_access(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    """Ended twice is ended: who presses late finds the chart all the same."""
    await attempt(db, Form(), actions.end_break_glass(db, actor, patient_id, now=clock.now()))
    return RedirectResponse(f"/patients/{patient_id}", 303)


@router.get("/break-glass", dependencies=REVIEW)
async def show_queue(
    request: Request,
    db: Db,
    actor: CurrentActor,
    state: queries.QueueState = "waiting",
    cursor: Cursor = None,
    done: bool = False,
) -> Response:
    return await _queue(request, db, actor, state, cursor=cursor, done=done)


@router.post("/break-glass/{grant_id}/review", dependencies=REVIEW)
async def review_emergency_access(request: Request, db: Db, actor: CurrentActor, grant_id: UUID) -> Response:
    await queries.require_access(db, actor, grant_id)
    labels = {"outcome": "Whether it was justified", "comment": "What you found"}
    form = await read_form(request, tuple(labels))
    given = fill(form, schemas.ReviewIn, labels, needed=("outcome",))
    if given is not None and await attempt(
        db, form, actions.review_break_glass(db, actor, grant_id, given, now=clock.now())
    ):
        return RedirectResponse("/break-glass?done=true", 303)
    return await _queue(request, db, actor, "waiting", form=form, wrong=grant_id)


async def _queue(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    state: queries.QueueState,
    *,
    cursor: str | None = None,
    done: bool = False,
    form: Form | None = None,
    wrong: UUID | None = None,
) -> Response:
    now = clock.now()
    page = await queries.list_reviews(db, actor, state, now=now, cursor=cursor)
    more = is_fragment(request) and cursor is not None
    return render(
        request,
        "records/queue_rows.html" if more else "records/queue.html",
        actor,
        status_code=form.status_code if form else 200,
        page=page,
        state=state,
        states=STATES.items(),
        outcomes=OUTCOMES,
        form=form or Form({"outcome": "", "comment": ""}),
        wrong=wrong,
        done=done,
        hours=int(queries.REVIEW_WITHIN.total_seconds() // 3600),
    )


@router.get("/my/emergency-access", dependencies=READ)
async def show_own_emergency_access(request: Request, db: Db, actor: CurrentActor) -> Response:
    """Who opened the reader's record in an emergency, when and why."""
    files = await own_files(db, actor) if actor.scope == "self" else []
    if not files:
        raise NotFound
    used = await queries.list_used_access(db, actor, files[0].patient_id)
    return render(request, "records/own.html", actor, density="comfort", used=used.items)
