"""The page of a visit's fluids: what went in and came out, by day of the hospital and in the last 24 hours."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.access.reach import the_visit
from app.clinical.fluids import KINDS
from app.core import clock
from app.features.notes import fluid_actions, queries, schemas
from app.features.notes.fluid_api import Day
from app.features.notes.pages import of_visit
from app.features.registration.banner import read_banner
from app.models.visit import OPEN
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, local_instant, read_form
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
RECORD = [Needs(Permission.FLUID_RECORD)]
WORDS = {
    ("in", "oral"): "Drunk",
    ("in", "iv"): "Infusion",
    ("in", "tube"): "By tube",
    ("in", "blood"): "Blood product",
    ("in", "other"): "Other",
    ("out", "urine"): "Urine",
    ("out", "drain"): "Drain",
    ("out", "vomit"): "Vomit",
    ("out", "stool"): "Stool",
    ("out", "blood"): "Blood lost",
    ("out", "other"): "Other",
}
WAYS = {"in": "In", "out": "Out"}
CHOICES = [
    (f"{way}-{kind}", f"{WAYS[way]}: {WORDS[way, kind]}") for way, kinds in KINDS.items() for kind in kinds
]
LABELS = {
    "direction": "What",
    "kind": "What",
    "volume_ml": "Amount",
    "measured_at": "When",
    "notes": "Remark",
    "late_reason": "Why it comes late",
}
REASON = {"reason": "Reason"}
TYPED = ("what", "volume_ml", "measured_at", "notes", "late_reason", "confirmed", "reason")
DONE = {
    "recorded": "Recorded.",
    "amended": "Corrected. The earlier entry stays readable.",
    "struck": "Struck out.",
}
Done = Annotated[str, Query(max_length=20)]


@router.get("/visits/{visit_id}/fluids", dependencies=[Needs(Permission.FLUID_READ)])
async def show_fluids(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, day: Day = None, done: Done = ""
) -> Response:
    return await _page(request, db, actor, visit_id, Form(), day=day, done=DONE.get(done, ""))


@router.post("/visits/{visit_id}/fluids", dependencies=RECORD)
async def record_fluid(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    form = await read_form(request, TYPED)
    given = _read(form, schemas.FluidTyped, actor)
    if given is not None and await attempt(
        db, form, fluid_actions.record_fluid(db, actor, visit_id, given, now=clock.now())
    ):
        return RedirectResponse(f"/visits/{visit_id}/fluids?done=recorded", 303)
    return await _page(request, db, actor, visit_id, form)


def _read(form: Form, model: Any, actor: Actor, *, labels: dict[str, str] = LABELS) -> Any:
    """The fields as the act takes them; what was typed stays in the form."""
    way, _, kind = form.values["what"].partition("-")
    typed = form.values["measured_at"]
    sent = {**form.values, "direction": way, "kind": kind}
    sent["measured_at"] = local_instant(typed, actor.timezone) if typed else ""
    sent["volume_ml"] = form.values["volume_ml"].replace(",", "").removesuffix("mL").strip()
    read = Form(sent)
    needed = ("direction", "volume_ml", *(("reason",) if "reason" in labels else ()))
    given = fill(read, model, labels, needed=needed)
    form.status_code = read.status_code
    form.errors = {
        {"direction": "what", "kind": "what"}.get(name, name): said for name, said in read.errors.items()
    }
    if given is not None and form.values["confirmed"]:
        given.confirmed.append("volume_ml")
    return given


@router.post("/fluids/{fluid_id}/amend", dependencies=RECORD)
async def amend_fluid(request: Request, db: Db, actor: CurrentActor, fluid_id: UUID) -> Response:
    form = await read_form(request, TYPED)
    given = _read(form, schemas.AmendFluidTyped, actor, labels={**LABELS, **REASON})
    return await _changed(request, db, actor, fluid_id, form, fluid_actions.amend_fluid, given, "amended")


@router.post("/fluids/{fluid_id}/enter-in-error", dependencies=[Needs(Permission.ENTRY_CORRECT)])
async def strike_fluid(request: Request, db: Db, actor: CurrentActor, fluid_id: UUID) -> Response:
    form = await read_form(request, TYPED)
    given = fill(form, schemas.StrikeIn, REASON, needed=("reason",))
    return await _changed(request, db, actor, fluid_id, form, fluid_actions.strike_fluid, given, "struck")


async def _changed(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    fluid_id: UUID,
    form: Form,
    act: Callable[..., Awaitable[object]],
    given: Any,
    done: str,
) -> Response:
    visit_id, measured_at = await fluid_actions.place_of_fluid(db, actor, fluid_id)
    day = formatting.local_date(measured_at, actor.timezone)
    back = f"/visits/{visit_id}/fluids?day={day}&done={done}" if actor.can(Permission.FLUID_READ) else "/"
    if given is not None and await attempt(db, form, act(db, actor, fluid_id, given, now=clock.now())):
        return RedirectResponse(back, 303)
    return await _page(request, db, actor, visit_id, form, day=day, wrong=fluid_id)


async def _page(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    form: Form,
    *,
    day: date | None = None,
    wrong: UUID | None = None,
    done: str = "",
) -> Response:
    visit = await the_visit(db, visit_id)
    banner = await read_banner(db, actor, visit.patient_id)
    now = clock.now()
    page = await queries.read_fluids(db, actor, visit_id, day=day, now=now)
    today = formatting.local_date(now, page.timezone)
    return render(
        request,
        "notes/fluids.html",
        actor,
        status_code=form.status_code,
        **of_visit(visit, banner),
        page=page,
        form=form,
        blank=Form(),
        wrong=wrong,
        done=done,
        asks=form.errors.get("volume_ml") == fluid_actions.UNUSUAL,
        what=CHOICES,
        fluid_words={f"{way}-{kind}": words for (way, kind), words in WORDS.items()},
        may_record=actor.can(Permission.FLUID_RECORD) and visit.status in OPEN,
        today=today,
        shown=next((each for each in page.days if each.day == page.day), None),
        previous=page.day - timedelta(days=1),
        following=page.day + timedelta(days=1) if page.day < today else None,
    )
