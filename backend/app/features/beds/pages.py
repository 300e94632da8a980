"""Pages of beds: the board, the place where somebody is put into a bed, one bed with its turnover."""

from collections.abc import Awaitable
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
from app.core.errors import NotFound
from app.features.beds import actions, queries, schemas
from app.features.beds.board import STATES, BoardView, view_of
from app.models.bed import BedStatus, BedType, TerminalStep
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, local_instant, read_form, read_many
from app.web.templating import render

router = APIRouter(prefix="/beds", dependencies=[Depends(same_site)])
READ = [Needs(Permission.BED_READ)]
MANAGE = [Needs(Permission.BED_MANAGE)]
Ward = Annotated[str, Query(max_length=200)]
Done = Annotated[str, Query(max_length=40)]
# So many beds fit on one page; a larger house shows the first ward, and the others at a press.
MOST_SHOWN = 120
KINDS = {
    BedType.GENERAL: "General",
    BedType.ICU: "Intensive care",
    BedType.ISOLATION: "Isolation",
    BedType.MATERNITY: "Maternity",
    BedType.PAEDIATRIC: "Children",
    BedType.EMERGENCY: "Emergency",
    BedType.DAY: "Day",
}
STEPS = {
    TerminalStep.LINEN_REMOVED: "Linen, towels and disposable things are out of the room",
    TerminalStep.EQUIPMENT_REPROCESSED: "Reusable equipment is reprocessed",
    TerminalStep.CURTAINS_CHANGED: "Curtains are inspected, and changed if soiled",
    TerminalStep.MATTRESS_DISINFECTED: "Mattress, frame and rails are disinfected on all sides",
    TerminalStep.SURFACES_DISINFECTED: "Surfaces, low and high touch, and the floor are disinfected",
    TerminalStep.SINK_DISINFECTED: "Wash basin and toilet are scrubbed and disinfected",
    TerminalStep.SUPPLIES_RENEWED: "Soap, gloves and paper are renewed",
}
DONE = {
    "reserved": "The bed is kept.",
    "released": "The bed is free again.",
    "taken": "Moved. The bed left behind waits to be cleaned.",
    "cleaned": "The bed is clean, and free.",
    "maintained": "The bed is in repair.",
    "closed": "The bed is closed.",
    "opened": "The bed waits to be cleaned, and is free after that.",
}
RESERVE = {"visit_id": "Patient", "until": "Kept until"}
CLEAN = {"cleaner": "Who cleaned"}
OUT = {"reason": "Reason"}


@router.get("", dependencies=READ)
async def show_board(
    request: Request,
    db: Db,
    actor: CurrentActor,
    ward: Ward = "",
    move: UUID | None = None,
    done: Done = "",
) -> Response:
    return await _board(request, db, actor, ward=ward, move=move, done=DONE.get(done, ""))


@router.post("/{bed_id}/take", dependencies=MANAGE)
async def take_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    """Where the bed does not fit the board stays in the move, names what, and asks why."""
    form = await read_form(request, ("visit_id", "reason", "ward"))
    labels = {"visit_id": "Patient", "reason": "Reason"}
    wanted = fill(form, schemas.TakeIn, labels, needed=("visit_id",))
    if wanted is not None and await attempt(
        db, form, actions.take(db, actor, bed_id, wanted, now=clock.now())
    ):
        bed = await queries.read_bed(db, actor, bed_id, now=clock.now())
        return _to_board(bed, "taken")
    move = _uuid(form.values["visit_id"])
    return await _board(request, db, actor, ward=form.values["ward"], move=move, form=form, asked=bed_id)


def _uuid(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


async def _board(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    *,
    ward: str = "",
    move: UUID | None = None,
    form: Form | None = None,
    asked: UUID | None = None,
    done: str = "",
) -> Response:
    now = clock.now()
    beds = await queries.read_board(db, actor, now=now)
    if asked is not None and all(bed.id != asked for bed in beds.items):
        raise NotFound("bed-not-found", "There is no such bed here.")
    view = view_of(beds.items, now, formatting.zone(actor.timezone))
    may_manage = actor.can(Permission.BED_MANAGE)
    mover = await queries.read_mover(db, actor, move) if move else None
    form = form or Form({"reason": ""})
    return render(
        request,
        "beds/board.html",
        actor,
        status_code=form.status_code,
        view=view,
        states={state.value: words for state, words in STATES.items()},
        licensed=beds.licensed_beds,
        chosen=_chosen(view, ward, mover),
        ward=ward,
        bedless=await queries.list_waiting(db, actor, now=now),
        mover=mover if may_manage else None,
        # The bed whose fit was asked about, once the form lacks nothing but a reason.
        asked=next((bed for bed in view.beds if bed.id == asked and "reason" in form.errors), None),
        form=form,
        done=done,
        now=now,
        today=formatting.local_date(now, actor.timezone),
        may_manage=may_manage,
        may_see_census=actor.can(Permission.CENSUS_READ),
    )


def _chosen(view: BoardView, ward: str, mover: schemas.WaitingOut | None) -> list[str]:
    """The wards that are shown: the one asked for, else all, or the first of a house too large for one page."""
    names = [each.name for each in view.wards]
    if ward in names:
        return [ward]
    return names if len(view.beds) <= MOST_SHOWN or mover else names[:1]


def _to_board(bed: schemas.BoardBedOut, done: str) -> Response:
    return RedirectResponse(f"/beds?done={done}#bed-{bed.id}", 303)


@router.get("/{bed_id}", dependencies=READ)
async def show_bed(
    request: Request, db: Db, actor: CurrentActor, bed_id: UUID, visit: UUID | None = None
) -> Response:
    chosen = await queries.read_mover(db, actor, visit) if visit else None
    return await _bed(request, db, actor, bed_id, {"visit_id": str(chosen.visit_id) if chosen else ""})


@router.post("/{bed_id}/reserve", dependencies=MANAGE)
async def reserve_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    form = await read_form(request, tuple(RESERVE))
    typed = form.values["until"]
    form.values["until"] = local_instant(typed, actor.timezone) if typed else ""
    wanted = fill(form, schemas.ReserveIn, RESERVE, needed=("visit_id",))
    form.values["until"] = typed
    act = actions.reserve(db, actor, bed_id, wanted, now=clock.now()) if wanted else None
    return await _acted(request, db, actor, bed_id, form, act, "reserved")


@router.post("/{bed_id}/release", dependencies=MANAGE)
async def release_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    act = actions.release(db, actor, bed_id, now=clock.now())
    return await _acted(request, db, actor, bed_id, Form(), act, "released")


@router.post("/{bed_id}/clean", dependencies=MANAGE)
async def clean_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    form = await read_form(request, tuple(CLEAN))
    done = fill(form, schemas.CleanIn, CLEAN)
    ticked = [step for step in TerminalStep if step.value in await read_many(request, "steps")]
    form.values["steps"] = " ".join(ticked)
    told = done and done.model_copy(update={"steps": ticked})
    act = actions.clean(db, actor, bed_id, told, now=clock.now()) if told else None
    return await _acted(request, db, actor, bed_id, form, act, "cleaned")


@router.post("/{bed_id}/maintain", dependencies=MANAGE)
async def maintain_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    form = await read_form(request, tuple(OUT))
    why = fill(form, schemas.OutOfUseIn, OUT, needed=tuple(OUT))
    act = actions.maintain(db, actor, bed_id, why, now=clock.now()) if why else None
    return await _acted(request, db, actor, bed_id, form, act, "maintained")


@router.post("/{bed_id}/close", dependencies=MANAGE)
async def close_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    form = await read_form(request, tuple(OUT))
    why = fill(form, schemas.OutOfUseIn, OUT, needed=tuple(OUT))
    act = actions.close(db, actor, bed_id, why, now=clock.now()) if why else None
    return await _acted(request, db, actor, bed_id, form, act, "closed")


@router.post("/{bed_id}/open", dependencies=MANAGE)
async def open_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    act = actions.open_bed(db, actor, bed_id, now=clock.now())
    return await _acted(request, db, actor, bed_id, Form(), act, "opened")


async def _acted(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    form: Form,
    act: Awaitable[object] | None,
    done: str,
) -> Response:
    if act is not None and await attempt(db, form, act):
        return _to_board(await queries.read_bed(db, actor, bed_id, now=clock.now()), done)
    return await _bed(request, db, actor, bed_id, {}, form=form)


async def _bed(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    given: dict[str, str],
    *,
    form: Form | None = None,
) -> Response:
    now = clock.now()
    shown = await queries.read_bed(db, actor, bed_id, now=now)
    may_manage = actor.can(Permission.BED_MANAGE) and shown.is_active
    may_reserve = may_manage and shown.status == BedStatus.AVAILABLE
    people = await queries.list_waiting(db, actor, now=now) if may_reserve else []
    form = form or Form({"cleaner": actor.full_name, **given})
    return render(
        request,
        "beds/bed.html",
        actor,
        status_code=form.status_code,
        bed=shown,
        state=STATES[BedStatus(shown.status)],
        kind=KINDS[BedType(shown.bed_type)],
        form=form,
        steps=[(step.value, words) for step, words in STEPS.items()],
        people=[(each.visit_id, _named(each)) for each in people],
        may_manage=may_manage,
        now=now,
        today=formatting.local_date(now, actor.timezone),
    )


def _named(person: schemas.WaitingOut) -> str:
    """Two identifiers, for a list to choose from."""
    name = formatting.list_name(person.last_name, person.first_name)
    return f"{name}, born {formatting.day(person.date_of_birth)}, {person.mrn}"
