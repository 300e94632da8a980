"""Pages of a visit's notes, of incidents, and of who cares."""

from collections.abc import Awaitable, Callable
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
from app.core import clock
from app.features.notes import actions, care_actions, queries, rules, schemas
from app.features.registration.banner import read_banner
from app.models.nurse_log import NurseLogType
from app.models.visit import ENDED, OPEN, CareRole, Visit
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, local_instant, read_form
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
READ = [Needs(Permission.NOTE_READ)]
WRITE = [Needs(Permission.NOTE_WRITE)]
CORRECT = [Needs(Permission.ENTRY_CORRECT)]
ASSIGN = [Needs(Permission.CARE_ASSIGN)]
TYPES = {
    NurseLogType.OBSERVATION: "Observation",
    NurseLogType.CARE_ACTIVITY: "Care given",
    NurseLogType.NOTE: "Note",
    NurseLogType.HANDOFF: "For the next shift",
    NurseLogType.INCIDENT: "Incident",
}
ROLES = {
    CareRole.ATTENDING: "Doctor in charge",
    CareRole.DOCTOR: "Doctor",
    CareRole.NURSE: "Nurse",
}
NOTE = {"log_type": "Kind", "content": "What was seen or done", "logged_at": "When"}
LATE = {**NOTE, "reason": "Why it comes late"}
AMEND = {"content": "The note as it should read", "reason": "Why it was wrong"}
REASON = {"reason": "Reason"}
CARE = {"role": "As", "user_id": "Who"}
DONE = {
    "written": "Written.",
    "amended": "Amended. The earlier version stays readable.",
    "struck": "Struck out. It stays on this page.",
    "late": "The late entry is written.",
    "assigned": "Assigned.",
    "taken": "You care for this patient now.",
    "released": "The care has ended.",
}
Cursor = Annotated[str | None, Query(max_length=400)]
Done = Annotated[str, Query(max_length=20)]


def of_visit(visit: Visit, banner: Any) -> dict[str, Any]:
    """What every page of a visit reads."""
    return {"visit": visit, "banner": banner, "is_open": visit.status in OPEN, "types": TYPES, "roles": ROLES}


@router.get("/visits/{visit_id}/notes", dependencies=READ)
async def show_notes(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, cursor: Cursor = None, done: Done = ""
) -> Response:
    return await _notes(request, db, actor, visit_id, Form(), cursor=cursor, done=DONE.get(done, ""))


@router.post("/visits/{visit_id}/notes", dependencies=WRITE)
async def write_note(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    form = await read_form(request, tuple(NOTE))
    given = _read(form, schemas.NoteIn, NOTE, actor, needed=("log_type", "content"))
    if given is not None and await attempt(
        db, form, actions.write_note(db, actor, visit_id, given, now=clock.now())
    ):
        return RedirectResponse(f"/visits/{visit_id}/notes?done=written", 303)
    return await _notes(request, db, actor, visit_id, form)


def _read(form: Form, model: Any, labels: dict[str, str], actor: Actor, *, needed: tuple[str, ...]) -> Any:
    """The fields as the act takes them; the time is the hospital's, and what was typed stays in the form."""
    typed = form.values.get("logged_at", "")
    if typed:
        form.values["logged_at"] = local_instant(typed, actor.timezone)
    given = fill(form, model, labels, needed=needed)
    if typed:
        form.values["logged_at"] = typed
    return given


async def _notes(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    form: Form,
    *,
    cursor: str | None = None,
    done: str = "",
    wrong: UUID | None = None,
) -> Response:
    visit = await the_visit(db, visit_id)
    banner = await read_banner(db, actor, visit.patient_id)
    page = await queries.list_notes(db, actor, visit_id, limit=30, cursor=cursor)
    more = is_fragment(request) and cursor is not None
    return render(
        request,
        "notes/note_rows.html" if more else "notes/notes.html",
        actor,
        status_code=form.status_code,
        **of_visit(visit, banner),
        page=page,
        form=form,
        blank=Form(),
        wrong=wrong,
        done=done,
        may_late=actor.can(Permission.ENTRY_CORRECT) and visit.status in ENDED,
    )


@router.post("/notes/{note_id}/amend", dependencies=WRITE)
async def amend_note(request: Request, db: Db, actor: CurrentActor, note_id: UUID) -> Response:
    form = await read_form(request, tuple(AMEND))
    given = fill(form, schemas.AmendNoteIn, AMEND, needed=tuple(AMEND))
    return await _changed(request, db, actor, note_id, form, actions.amend_note, given, "amended")


@router.post("/notes/{note_id}/enter-in-error", dependencies=CORRECT)
async def strike_note(request: Request, db: Db, actor: CurrentActor, note_id: UUID) -> Response:
    form = await read_form(request, tuple(REASON))
    given = fill(form, schemas.StrikeIn, REASON, needed=("reason",))
    return await _changed(request, db, actor, note_id, form, actions.strike_note, given, "struck")


async def _changed(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    note_id: UUID,
    form: Form,
    act: Callable[..., Awaitable[object]],
    given: Any,
    done: str,
) -> Response:
    visit_id, log_type = await actions.place_of_note(db, actor, note_id)
    incident = log_type is NurseLogType.INCIDENT and not actor.can(Permission.NOTE_READ)
    shown = "notes" if actor.can(Permission.NOTE_READ) else "late-entry"
    back = "/incidents" if incident else f"/visits/{visit_id}/{shown}"
    if given is not None and await attempt(db, form, act(db, actor, note_id, given, now=clock.now())):
        return RedirectResponse(f"{back}?done={done}", 303)
    if incident:
        return await _incidents(request, db, actor, form, wrong=note_id)
    if shown == "late-entry":
        return await _late(request, db, actor, visit_id, form, wrong=note_id)
    return await _notes(request, db, actor, visit_id, form, wrong=note_id)


# Late entries


@router.get("/visits/{visit_id}/late-entry", dependencies=CORRECT)
async def ask_late_entry(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, done: Done = ""
) -> Response:
    return await _late(request, db, actor, visit_id, Form(), done=DONE.get(done, ""))


@router.post("/visits/{visit_id}/late-entry", dependencies=CORRECT)
async def write_late_entry(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    form = await read_form(request, tuple(LATE))
    given = _read(form, schemas.LateNoteIn, LATE, actor, needed=tuple(LATE))
    if given is not None and await attempt(
        db, form, actions.write_late_note(db, actor, visit_id, given, now=clock.now())
    ):
        shown = "notes" if actor.can(Permission.NOTE_READ) else "late-entry"
        return RedirectResponse(f"/visits/{visit_id}/{shown}?done=late", 303)
    return await _late(request, db, actor, visit_id, form)


async def _late(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    form: Form,
    *,
    done: str = "",
    wrong: UUID | None = None,
) -> Response:
    visit = await the_visit(db, visit_id)
    banner = await read_banner(db, actor, visit.patient_id)
    # Whoever reads the notes strikes them out there.
    strikes = actor.can(Permission.ENTER_IN_ERROR) and not actor.can(Permission.NOTE_READ)
    heads = await queries.list_note_heads(db, actor, visit_id) if strikes else None
    ended = visit.discharge_date if visit.status in ENDED else None
    return render(
        request,
        "notes/late.html",
        actor,
        status_code=form.status_code,
        **of_visit(visit, banner),
        form=form,
        blank=Form(),
        wrong=wrong,
        heads=heads,
        done=done,
        until=None if ended is None else ended + rules.LATE_FOR,
        is_over=ended is not None and clock.now() > ended + rules.LATE_FOR,
    )


# Incidents


@router.get("/incidents", dependencies=[Needs(Permission.INCIDENT_READ)])
async def show_incidents(
    request: Request, db: Db, actor: CurrentActor, cursor: Cursor = None, done: Done = ""
) -> Response:
    return await _incidents(request, db, actor, Form(), cursor=cursor, done=DONE.get(done, ""))


async def _incidents(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    form: Form,
    *,
    cursor: str | None = None,
    done: str = "",
    wrong: UUID | None = None,
) -> Response:
    page = await queries.list_incidents(db, actor, limit=30, cursor=cursor)
    more = is_fragment(request) and cursor is not None
    return render(
        request,
        "notes/incident_rows.html" if more else "notes/incidents.html",
        actor,
        status_code=form.status_code,
        page=page,
        form=form,
        blank=Form(),
        wrong=wrong,
        done=done,
        types=TYPES,
    )


# Who cares


@router.get("/visits/{visit_id}/care", dependencies=[Needs(Permission.VISIT_READ)])
async def show_care_team(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, done: Done = ""
) -> Response:
    return await _care(request, db, actor, visit_id, Form(), done=DONE.get(done, ""))


@router.post("/visits/{visit_id}/care", dependencies=ASSIGN)
async def assign_care(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    form = await read_form(request, tuple(CARE))
    given = fill(form, schemas.CareIn, CARE, needed=tuple(CARE))
    if given is not None and await attempt(
        db, form, care_actions.assign_care(db, actor, visit_id, given, now=clock.now())
    ):
        return RedirectResponse(f"/visits/{visit_id}/care?done=assigned", 303)
    return await _care(request, db, actor, visit_id, form)


@router.post("/care/{care_id}/take-over", dependencies=ASSIGN)
async def take_over(request: Request, db: Db, actor: CurrentActor, care_id: UUID) -> Response:
    return await _moved(request, db, actor, care_id, care_actions.take_over, "taken")


@router.post("/care/{care_id}/release", dependencies=ASSIGN)
async def release_care(request: Request, db: Db, actor: CurrentActor, care_id: UUID) -> Response:
    return await _moved(request, db, actor, care_id, care_actions.release_care, "released")


async def _moved(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    care_id: UUID,
    act: Callable[..., Awaitable[object]],
    done: str,
) -> Response:
    visit_id = await care_actions.visit_of_care(db, actor, care_id)
    form = Form()
    if await attempt(db, form, act(db, actor, care_id, now=clock.now())):
        return RedirectResponse(f"/visits/{visit_id}/care?done={done}", 303)
    return await _care(request, db, actor, visit_id, form)


async def _care(
    request: Request, db: AsyncSession, actor: Actor, visit_id: UUID, form: Form, *, done: str = ""
) -> Response:
    team = await queries.read_care_team(db, actor, visit_id)
    visit = await the_visit(db, visit_id)
    banner = await read_banner(db, actor, visit.patient_id)
    may_assign = actor.can(Permission.CARE_ASSIGN) and visit.status in OPEN
    colleagues = await queries.list_colleagues(db, actor) if may_assign else []
    titles = {"doctor": "doctor", "nurse": "nurse"}
    return render(
        request,
        "notes/care.html",
        actor,
        status_code=form.status_code,
        **of_visit(visit, banner),
        caring=[care for care in team.items if care.until_at is None],
        cared=[care for care in team.items if care.until_at is not None],
        form=form,
        done=done,
        may_assign=may_assign,
        people=[(each.id, f"{each.name}, {titles[each.role]}") for each in colleagues],
        my_roles=[role for role in CareRole if rules.fits(role, actor.role)],
    )
