"""The page of hand-overs: what waits for me, and my patients, one or the whole ward at once (I-PASS)."""

from collections.abc import Mapping
from typing import Annotated
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
from app.features.notes import handover_actions, queries, rules, schemas
from app.features.notes.pages import ROLES, of_visit
from app.features.registration.banner import read_banner
from app.models.nurse_log import HandoverStatus, IllnessSeverity
from app.models.visit import CareRole
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form, read_many
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
ASSIGN = [Needs(Permission.CARE_ASSIGN)]
SEVERITIES = (
    (IllnessSeverity.STABLE.value, "Stable"),
    (IllnessSeverity.WATCHER.value, "Watcher: may get worse"),
    (IllnessSeverity.UNSTABLE.value, "Unstable"),
)
# The letters of I-PASS with the words beside them; the last S is the receiver's.
LABELS = {
    "illness_severity": "Illness severity",
    "patient_summary": "Patient summary",
    "actions": "Action list",
    "situation_awareness": "Situation awareness",
}
SYNTHESIS = {"synthesis": "What you understood"}
SAID = {"accepted": "Accepted. The patient is yours now.", "withdrawn": "Withdrawn. The patient stays yours."}
Done = Annotated[str, Query(max_length=20)]


def key_of(patient: schemas.MyPatientOut) -> str:
    """Which patient of the page a field belongs to; one may be cared for in two roles."""
    return f"{patient.visit_id}-{patient.care_role.value}"


@router.get("/handover", dependencies=ASSIGN)
async def show_handover(
    request: Request,
    db: Db,
    actor: CurrentActor,
    done: Done = "",
    given: Annotated[int, Query(ge=0, le=500)] = 0,
    saved: Annotated[int, Query(ge=0, le=500)] = 0,
) -> Response:
    said = SAID.get(done, "")
    if given:
        said = f"{_patients(given)} handed over. Each stays yours until your colleague accepts."
    elif saved:
        said = f"Kept as a draft for {_patients(saved).lower()}."
    return await _page(request, db, actor, done=said)


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"


@router.post("/handover", dependencies=ASSIGN)
async def hand_over(request: Request, db: Db, actor: CurrentActor) -> Response:
    """One act for each patient that is ticked; what one of them lacks does not hold up the others."""
    return await _all(request, db, actor, give=True)


@router.post("/handover/drafts", dependencies=ASSIGN)
async def keep_drafts(request: Request, db: Db, actor: CurrentActor) -> Response:
    return await _all(request, db, actor, give=False)


async def _all(request: Request, db: AsyncSession, actor: Actor, *, give: bool) -> Response:
    ticked = set(await read_many(request, "chosen"))
    top = await read_form(request, ("to_user_id",))
    mine = (await queries.my_handovers(db, actor)).mine
    open_ones = {key_of(each): each for each in mine if _is_writable(each)}
    forms: dict[str, Form] = {}
    count = 0
    if give and not ticked & set(open_ones):
        top.errors[""] = "Tick whom you hand over."
    if give and not top.values["to_user_id"]:
        top.errors["to_user_id"] = "Choose who receives them."
    for key, patient in open_ones.items():
        forms[key] = await _read(request, key)
        if key in ticked and not top.errors:
            count += await _one(db, actor, patient, forms[key], top.values["to_user_id"], give=give)
    failed = top.errors or any(form.errors for form in forms.values())
    if not failed:
        return RedirectResponse(f"/handover?{'given' if give else 'saved'}={count}", 303)
    said = f"{_patients(count)} handed over; what is missing below was not." if count and give else ""
    return await _page(request, db, actor, top=top, forms=forms, ticked=ticked, done=said)


def _is_writable(patient: schemas.MyPatientOut) -> bool:
    return patient.handover is None or patient.handover.status is HandoverStatus.DRAFT


async def _read(request: Request, key: str) -> Form:
    sent = await read_form(request, [f"{name}-{key}" for name in LABELS])
    return Form({name: sent.values[f"{name}-{key}"] for name in LABELS})


async def _one(
    db: AsyncSession, actor: Actor, patient: schemas.MyPatientOut, form: Form, receiver: str, *, give: bool
) -> bool:
    """Draft and give one patient; what is wrong is told in its own form."""
    told = Form({**form.values, "to_user_id": receiver})
    wanted = fill(told, schemas.HandoverChangeIn, {**LABELS, "to_user_id": "Who receives"})
    done = wanted is not None and await attempt(db, told, _write(db, actor, patient, wanted, give=give))
    form.errors, form.status_code = told.errors, told.status_code
    return done


async def _write(
    db: AsyncSession,
    actor: Actor,
    patient: schemas.MyPatientOut,
    wanted: schemas.HandoverChangeIn,
    *,
    give: bool,
) -> None:
    now = clock.now()
    if patient.handover is None:
        new = schemas.HandoverIn(**wanted.model_dump(), care_role=patient.care_role)
        draft = await handover_actions.draft_handover(db, actor, patient.visit_id, new, now=now)
    else:
        draft = await handover_actions.change_handover(db, actor, patient.handover.id, wanted)
    if give:
        await handover_actions.give_handover(db, actor, draft.id, now=now)


@router.post("/handovers/{handover_id}/accept", dependencies=ASSIGN)
async def accept_handover(request: Request, db: Db, actor: CurrentActor, handover_id: UUID) -> Response:
    await queries.read_handover(db, actor, handover_id)
    form = await read_form(request, tuple(SYNTHESIS))
    given = fill(form, schemas.SynthesisIn, SYNTHESIS, needed=tuple(SYNTHESIS))
    if given is not None and await attempt(
        db, form, handover_actions.accept_handover(db, actor, handover_id, given, now=clock.now())
    ):
        return RedirectResponse("/handover?done=accepted", 303)
    return await _page(request, db, actor, accepting=form, wrong=handover_id)


@router.post("/handovers/{handover_id}/withdraw", dependencies=ASSIGN)
async def withdraw_handover(request: Request, db: Db, actor: CurrentActor, handover_id: UUID) -> Response:
    top = Form({"to_user_id": ""})
    if await attempt(db, top, handover_actions.withdraw_handover(db, actor, handover_id, now=clock.now())):
        return RedirectResponse("/handover?done=withdrawn", 303)
    return await _page(request, db, actor, top=top)


async def _page(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    *,
    top: Form | None = None,
    forms: Mapping[str, Form] | None = None,
    ticked: set[str] | None = None,
    accepting: Form | None = None,
    wrong: UUID | None = None,
    done: str = "",
) -> Response:
    page = await queries.my_handovers(db, actor)
    colleagues = await queries.list_colleagues(db, actor)
    now = clock.now()
    shown = [
        (key_of(each), each, (forms or {}).get(key_of(each)) or Form(_known(each))) for each in page.mine
    ]
    wrongs = [form for form in (top, accepting, *(forms or {}).values()) if form is not None and form.errors]
    return render(
        request,
        "notes/handover.html",
        actor,
        status_code=(wrongs[0].status_code if wrongs[0].status_code != 200 else 422) if wrongs else 200,
        to_accept=page.to_accept,
        mine=shown,
        writable=sum(_is_writable(each) for each in page.mine),
        people=[
            (each.id, each.name)
            for each in colleagues
            if each.role == actor.role and each.id != actor.user_id
        ],
        severities=SEVERITIES,
        roles=ROLES,
        top=top or Form({"to_user_id": ""}),
        ticked=ticked or set(),
        accepting=accepting or Form(),
        wrong=wrong,
        wrongs=wrongs,
        done=done,
        today=formatting.local_date(now, actor.timezone),
    )


def _known(patient: schemas.MyPatientOut) -> dict[str, str]:
    """What was drafted, else what the last hand-over said, for the next one to go on from."""
    source = patient.handover or patient.last
    if source is None:
        return dict.fromkeys(LABELS, "")
    return {name: str(getattr(source, name) or "") for name in LABELS}


@router.get("/visits/{visit_id}/handovers", dependencies=[Needs(Permission.NOTE_READ)])
async def show_handovers_of_visit(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    visit = await the_visit(db, visit_id)
    banner = await read_banner(db, actor, visit.patient_id)
    page = await queries.list_handovers(db, actor, visit_id)
    return render(
        request,
        "notes/handovers.html",
        actor,
        **of_visit(visit, banner),
        items=page.items,
        may_hand_over=actor.can(Permission.CARE_ASSIGN)
        and any(rules.fits(role, actor.role) for role in CareRole),
    )
