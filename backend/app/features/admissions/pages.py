"""Pages of one visit: what it is, what may be done with it, and the forms that plan, begin and take it back."""

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
from app.features.admissions import actions, schemas
from app.features.departures.queries import read_departure
from app.features.registration.banner import read_banner
from app.features.transfers.queries import list_transfers
from app.features.visits import view
from app.features.visits.queries import read_visit
from app.features.visits.schemas import VisitOut
from app.features.visits.view import Ask, Field
from app.web.csrf import same_site
from app.web.forms import Form, attempt, read_form
from app.web.templating import render

router = APIRouter(prefix="/visits", dependencies=[Depends(same_site)])
PLAN = [Needs(Permission.VISIT_PLAN)]
ADMIT = [Needs(Permission.VISIT_ADMIT)]
MOVE = [Needs(Permission.VISIT_TRANSFER)]
ERROR = [Needs(Permission.ENTER_IN_ERROR)]
DONE = {
    "planned": "Planned.", "started": "Started: the patient is here.", "admitted": "Admitted.",
    "moved": "Moved. The bed that was left is to be cleaned.", "left": "On leave; the bed is kept.",
    "returned": "Back from leave.", "cancelled": "Cancelled.", "error": "Marked as entered in error.",
    "saved": "Saved.", "ordered": "Discharge ordered; the bed is kept until the departure.",
    "withdrawn": "The ordered discharge is withdrawn.", "diagnosed": "Diagnosis recorded.",
    "struck": "Struck out; it stays in the record and counts no more.", "written": "Draft saved.",
    "signed": "Signed. From now on it is amended, not changed.", "noted": "You took note of the result.",
    "departed": "Departure confirmed. The bed is to be cleaned.", "reopened": "The discharge is cancelled.",
    "deceased": "The death is recorded. Orders and reminders are stopped.", "asked": "The other hospital is asked.",
    "triaged": "Triaged.", "taken": "You have taken this patient.",
}  # fmt: skip
Done = Annotated[str, Query(max_length=40)]
REASON = Field("reason", "Reason", kind="words")


@router.get("/new", dependencies=PLAN)
async def ask_plan(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    return await _plan(request, db, actor, patient_id, Form({"visit_type": "inpatient"}))


@router.post("/new", dependencies=PLAN)
async def plan_visit(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    ask = await _plan_ask(db, actor)
    form = await read_form(request, tuple(ask.labels))
    form.values["patient_id"] = str(patient_id)
    begins = {each.name: each.label for each in ask.fields}
    labels = Ask(ask.title, ask.button, [*ask.fields, Field("patient_id", "Patient")])
    form.values["starts_now"] = "true" if form.values["starts_now"] else "false"
    plan = view.typed(form, schemas.PlanIn, labels, actor, needed=("visit_type", "patient_id", "starts_now"))
    form.values = {name: value for name, value in form.values.items() if name in begins}
    if plan is not None:
        made: list[UUID] = []

        async def act() -> None:
            made.append((await actions.plan_visit(db, actor, plan, now=clock.now())).id)

        if await attempt(db, form, act()):
            return view.to_visit(made[0], "started" if plan.starts_now else "planned")
    return await _plan(request, db, actor, patient_id, form)


async def _plan_ask(db: AsyncSession, actor: Actor) -> Ask:
    return Ask(
        "New visit",
        "Save the visit",
        [
            Field("visit_type", "Kind", kind="choice", options=[(k.value, v) for k, v in view.TYPES.items()]),
            Field("starts_now", "The patient is here now", kind="tick"),
            Field("expected_arrival", "Expected", kind="instant", is_optional=True),
            Field("expected_departure", "Expected to leave", kind="instant", is_optional=True),
            Field(
                "attending_doctor_id",
                "Doctor in charge",
                kind="choice",
                options=await view.doctor_options(db, actor),
                empty="Not decided",
            ),
            Field("reason_for_visit", "Why the patient comes", kind="words", is_optional=True),
        ],
    )


async def _plan(request: Request, db: AsyncSession, actor: Actor, patient_id: UUID, form: Form) -> Response:
    return render(
        request,
        "visits/new.html",
        actor,
        status_code=form.status_code,
        banner=await read_banner(db, actor, patient_id),
        ask=await _plan_ask(db, actor),
        form=form,
        action=f"/visits/new?patient_id={patient_id}",
    )


@router.get("/{visit_id}", dependencies=[Needs(Permission.VISIT_READ)])
async def show_visit(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, done: Done = ""
) -> Response:
    if actor.scope == "self":
        own = await read_visit(db, actor, visit_id)
        return RedirectResponse(f"/my/files/{own.patient_id}", 303)
    shown = await view.about(db, actor, visit_id)
    departure, asked = None, None
    if actor.can(Permission.VISIT_CLINICAL_READ) and shown["visit"].is_open:
        departure = await read_departure(db, actor, visit_id, is_opening=False)
    if actor.can(Permission.VISIT_TRANSFER):
        asked = (await list_transfers(db, actor, visit_id=visit_id, limit=5)).items
    return render(
        request,
        "visits/visit.html",
        actor,
        departure=departure,
        transfers=asked or [],
        may=frozenset(actor.permissions),
        done=DONE.get(done, ""),
        **shown,
    )


@router.post("/{visit_id}/start", dependencies=PLAN)
async def start_visit(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    act = actions.start_visit(db, actor, visit_id, now=clock.now())
    return await view.press(request, db, actor, visit_id, act, "started")


@router.post("/{visit_id}/leave", dependencies=ADMIT)
async def begin_leave(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    act = actions.begin_leave(db, actor, visit_id)
    return await view.press(request, db, actor, visit_id, act, "left")


@router.post("/{visit_id}/return", dependencies=ADMIT)
async def end_leave(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    act = actions.end_leave(db, actor, visit_id)
    return await view.press(request, db, actor, visit_id, act, "returned")


async def _edit_ask(db: AsyncSession, actor: Actor, visit: VisitOut) -> Ask:
    arrival = [Field("expected_arrival", "Expected", kind="instant", is_optional=True)]
    clinical = [Field("reason_for_visit", "Why the patient comes", kind="words", is_optional=True)]
    doctors = await view.doctor_options(db, actor)
    return Ask(
        "Change the visit",
        "Save",
        [
            *(arrival if visit.status == "planned" else []),
            Field("expected_departure", "Expected to leave", kind="instant", is_optional=True),
            Field(
                "attending_doctor_id", "Doctor in charge", kind="choice", options=doctors, empty="Not decided"
            ),
            *(clinical if actor.can(Permission.VISIT_CLINICAL_READ) else []),
        ],
    )


@router.get("/{visit_id}/edit", dependencies=PLAN)
async def ask_change(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    visit = await read_visit(db, actor, visit_id, is_opening=False)
    now = {
        "expected_arrival": view.local_typed(visit.expected_arrival, actor),
        "expected_departure": view.local_typed(visit.expected_departure, actor),
        "attending_doctor_id": str(visit.attending_doctor_id or ""),
        "reason_for_visit": visit.reason_for_visit or "",
    }
    return await view.show_ask(
        request, db, actor, visit_id, await _edit_ask(db, actor, visit), Form(dict(now))
    )


@router.post("/{visit_id}/edit", dependencies=PLAN)
async def change_visit(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _edit_ask(db, actor, await read_visit(db, actor, visit_id, is_opening=False))
    form, changes = await view.answered(request, ask, schemas.ChangeVisitIn, actor)
    if changes is not None and await attempt(db, form, actions.change_visit(db, actor, visit_id, changes)):
        return view.to_visit(visit_id, "saved")
    return await view.show_ask(request, db, actor, visit_id, ask, form)


async def _bed_ask(db: AsyncSession, actor: Actor, visit_id: UUID, title: str, button: str) -> Ask:
    visit = await read_visit(db, actor, visit_id, is_opening=False)
    beds = await view.bed_options(db, actor, visit)
    unfit = "Only where the bed does not fit: why this patient lies there all the same."
    return Ask(
        title,
        button,
        [
            Field("bed_id", "Bed", kind="choice", options=beds, empty="Choose a bed"),
            Field("reason", "Reason", hint=unfit, is_optional=True),
        ],
        told=[] if beds else ["No bed is free just now. The bed board says which are being cleaned."],
        icon="bed",
    )


@router.get("/{visit_id}/admit", dependencies=ADMIT)
async def ask_bed(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _bed_ask(db, actor, visit_id, "Admit to a bed", "Admit")
    return await view.show_ask(request, db, actor, visit_id, ask)


@router.post("/{visit_id}/admit", dependencies=ADMIT)
async def admit_patient(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _bed_ask(db, actor, visit_id, "Admit to a bed", "Admit")
    form, given = await view.answered(request, ask, schemas.AdmitIn, actor, needed=("bed_id",))
    if given is not None and await attempt(
        db, form, actions.admit_patient(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "admitted")
    return await view.show_ask(request, db, actor, visit_id, ask, form)


@router.get("/{visit_id}/move", dependencies=MOVE)
async def ask_other_bed(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _bed_ask(db, actor, visit_id, "Move to another bed", "Move")
    return await view.show_ask(request, db, actor, visit_id, ask)


@router.post("/{visit_id}/move", dependencies=MOVE)
async def move_patient(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _bed_ask(db, actor, visit_id, "Move to another bed", "Move")
    form, given = await view.answered(request, ask, schemas.MoveIn, actor, needed=("bed_id",))
    if given is not None and await attempt(
        db, form, actions.move_patient(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "moved")
    return await view.show_ask(request, db, actor, visit_id, ask, form)


CANCEL = Ask(
    "Cancel the visit",
    "Cancel the visit",
    [REASON],
    told=["A bed that was kept for the patient is free again. A cancelled visit does not come back."],
    is_danger=True,
)
MISTAKE = Ask(
    "Enter the visit in error",
    "Mark as entered in error",
    [REASON],
    told=[
        "The visit and everything on it stay in the record, marked as a mistake. Its bed is to be cleaned."
    ],
    is_danger=True,
)


@router.get("/{visit_id}/cancel", dependencies=PLAN)
async def ask_cancelling(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    return await view.show_ask(request, db, actor, visit_id, CANCEL)


@router.post("/{visit_id}/cancel", dependencies=PLAN)
async def cancel_visit(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    form, given = await view.answered(request, CANCEL, schemas.CancelIn, actor, needed=("reason",))
    if given is not None and await attempt(
        db, form, actions.cancel_visit(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "cancelled")
    return await view.show_ask(request, db, actor, visit_id, CANCEL, form)


@router.get("/{visit_id}/enter-in-error", dependencies=ERROR)
async def ask_mistake(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    return await view.show_ask(request, db, actor, visit_id, MISTAKE)


@router.post("/{visit_id}/enter-in-error", dependencies=ERROR)
async def enter_visit_in_error(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    form, given = await view.answered(request, MISTAKE, schemas.ReasonIn, actor, needed=("reason",))
    if given is not None and await attempt(
        db, form, actions.enter_visit_in_error(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "error")
    return await view.show_ask(request, db, actor, visit_id, MISTAKE, form)
