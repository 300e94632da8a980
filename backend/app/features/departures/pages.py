"""Pages around a departure: diagnoses, the summary, the order, the departure itself, what takes it back, and death."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.clinical import icd10
from app.core import clock
from app.core.errors import Invalid
from app.features.departures import actions, queries, schemas
from app.features.visits import view
from app.features.visits.view import Ask, Field
from app.models.visit import DiagnosisRole
from app.web.csrf import same_site
from app.web.forms import Form, attempt, read_form
from app.web.templating import render

router = APIRouter(prefix="/visits/{visit_id}", dependencies=[Depends(same_site)])
DIAGNOSE = [Needs(Permission.DIAGNOSIS_RECORD)]
SIGN = [Needs(Permission.NOTE_SIGN)]
ORDER = [Needs(Permission.VISIT_ORDER_DISCHARGE)]
DEPART = [Needs(Permission.VISIT_DEPART)]
REOPEN = [Needs(Permission.VISIT_ADMIT)]
DEATH = [Needs(Permission.DEATH_RECORD)]
ROLES = [
    (DiagnosisRole.FINAL.value, "Final: what it was"),
    (DiagnosisRole.ADMISSION.value, "Admission: what it seemed to be"),
    (DiagnosisRole.COMORBID.value, "Comorbid: what goes along"),
]
Words = Annotated[str, Query(max_length=200)]


def _diagnosis_ask(q: str) -> Ask:
    found = icd10.search(q)
    code = Field("code", "ICD-10-CM code", hint="Such as J18.9, as it stands in your list.")
    if found:
        listed = [(each.code, f"{each.code} {each.title}") for each in found]
        code = Field("code", "Diagnosis", kind="choice", options=listed)
    own = Field("text", "In your words", hint="Left empty: the title of the code.", is_optional=True)
    role = Field("role", "Kind", kind="choice", options=ROLES)
    return Ask("Record a diagnosis", "Record", [code, role, own], icon="file-text")


@router.get("/diagnoses", dependencies=DIAGNOSE)
async def ask_diagnosis(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, q: Words = ""
) -> Response:
    return await _diagnosis(request, db, actor, visit_id, q, Form({"role": "final"}))


@router.post("/diagnoses", dependencies=DIAGNOSE)
async def record_diagnosis(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, q: Words = ""
) -> Response:
    ask = _diagnosis_ask(q)
    form, given = await view.answered(request, ask, schemas.DiagnosisIn, actor, needed=("code", "role"))
    if given is not None and await attempt(db, form, actions.record_diagnosis(db, actor, visit_id, given)):
        return view.to_visit(visit_id, "diagnosed")
    return await _diagnosis(request, db, actor, visit_id, q, form)


async def _diagnosis(
    request: Request, db: AsyncSession, actor: Actor, visit_id: UUID, q: str, form: Form
) -> Response:
    return render(
        request,
        "departures/diagnosis.html",
        actor,
        status_code=form.status_code,
        q=q,
        found=len(icd10.search(q)),
        ask=_diagnosis_ask(q),
        form=form,
        **await view.about(db, actor, visit_id),
    )


@router.post("/diagnoses/{diagnosis_id}/enter-in-error", dependencies=DIAGNOSE)
async def strike_diagnosis(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, diagnosis_id: UUID
) -> Response:
    act = actions.strike_diagnosis(db, actor, visit_id, diagnosis_id, now=clock.now())
    return await view.press(request, db, actor, visit_id, act, "struck")


SUMMARY = Ask(
    "Discharge summary",
    "Save the draft",
    [
        Field("reason_for_hospitalization", "Reason for the stay", kind="words"),
        Field("procedures", "Procedures", kind="words", hint="Or that there were none."),
        Field("care_provided", "Care, treatment and services provided", kind="words"),
        Field("condition_at_discharge", "Condition at discharge", kind="words"),
        Field(
            "disposition",
            "Where the patient goes",
            kind="choice",
            options=[(kind.value, words) for kind, words in view.DISPOSITIONS.items()],
            empty="Choose",
        ),
        Field("information_given", "What patient and family were told", kind="words"),
        Field("follow_up", "Follow-up", kind="words"),
        Field(
            "refusal_signed_at",
            "Against advice: when the patient signed the refusal",
            kind="instant",
            is_optional=True,
        ),
    ],
    icon="file-text",
)


@router.get("/summary", dependencies=SIGN)
async def ask_summary(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    found = (await queries.read_departure(db, actor, visit_id, is_opening=False)).summary
    now = {name: getattr(found, name, None) or "" for name in SUMMARY.labels}
    now["refusal_signed_at"] = view.local_typed(found.refusal_signed_at if found else None, actor)
    return await _summary(request, db, actor, visit_id, Form(now))


@router.post("/summary", dependencies=SIGN)
async def write_summary(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    """Saved, and with the second button signed as well; what it lacks is told beside its field."""
    form, given = await view.answered(request, SUMMARY, schemas.SummaryIn, actor)
    signs = bool((await read_form(request, ("sign",))).values["sign"])
    if given is not None:

        async def act() -> None:
            await actions.write_summary(db, actor, visit_id, given)
            if signs:
                await actions.sign_summary(db, actor, visit_id, now=clock.now())

        try:
            async with db.begin_nested():
                await act()
        except actions.DischargeIncomplete as lacking:
            told = {each["field"].removeprefix("summary."): each["sentence"] for each in lacking.errors}
            form.errors.update(told)
            form.status_code = lacking.status
        else:
            return view.to_visit(visit_id, "signed" if signs else "written")
    return await _summary(request, db, actor, visit_id, form)


async def _summary(request: Request, db: AsyncSession, actor: Actor, visit_id: UUID, form: Form) -> Response:
    return render(
        request,
        "departures/summary.html",
        actor,
        status_code=form.status_code,
        ask=SUMMARY,
        form=form,
        **await view.about(db, actor, visit_id),
    )


async def _order_ask(db: AsyncSession, actor: Actor, visit_id: UUID) -> Ask:
    """One choice for each order that is still on, and for each result that is still to come."""
    departure = await queries.read_departure(db, actor, visit_id, is_opening=False)
    doctors = await view.doctor_options(db, actor)
    orders = [
        Field(
            f"m-{order.prescription_id}",
            " ".join(part for part in (order.medication_name, order.dosage, order.frequency) if part),
            kind="choice",
            options=[("continue", "Goes on at home"), ("stop", "Stops")],
            empty="Not decided",
        )
        for order in departure.orders
    ]
    results = [
        Field(
            f"p-{test.lab_test_id}",
            f"Who follows the result of {test.test_type}",
            kind="choice",
            options=doctors,
            empty="Nobody yet",
        )
        for test in departure.pending_results
    ]
    known = {f"m-{order.prescription_id}": order.decision or "" for order in departure.orders}
    known |= {f"p-{test.lab_test_id}": str(test.owner_id or "") for test in departure.pending_results}
    return Ask(
        "Discharge",
        "Save the decisions" if departure.discharge_ordered_at else "Order the discharge",
        [
            Field("expected_departure", "Expected to leave", kind="instant", is_optional=True),
            *orders,
            *results,
        ],
        told=["The bed is kept until a nurse confirms the departure."],
        icon="door-exit",
        extra=known,
    )


@router.get("/order-discharge", dependencies=ORDER)
async def ask_order(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _order_ask(db, actor, visit_id)
    form = Form({**dict.fromkeys(ask.labels, ""), **ask.extra})
    return await view.show_ask(request, db, actor, visit_id, ask, form)


@router.post("/order-discharge", dependencies=ORDER)
async def order_discharge(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _order_ask(db, actor, visit_id)
    form = await read_form(request, tuple(ask.labels))
    leaves = Ask(ask.title, ask.button, ask.fields[:1])
    given = view.typed(form, schemas.OrderDischargeIn, leaves, actor)
    if given is not None:
        chosen = {name: value for name, value in form.values.items() if value and name[:2] in ("m-", "p-")}
        decided = {
            "expected_departure": given.expected_departure,
            "medications": [
                {"prescription_id": name[2:], "decision": value}
                for name, value in chosen.items()
                if name.startswith("m-")
            ],
            "pending_results": [
                {"lab_test_id": name[2:], "owner_id": value}
                for name, value in chosen.items()
                if name.startswith("p-")
            ],
        }
        try:
            order = schemas.OrderDischargeIn.model_validate(decided)
        except ValidationError:
            # No choice that the form offered.
            raise Invalid("choice-unknown", "Choose one of the answers of the form.") from None
        if await attempt(db, form, actions.order_discharge(db, actor, visit_id, order, now=clock.now())):
            return view.to_visit(visit_id, "ordered")
    return await view.show_ask(request, db, actor, visit_id, ask, form)


@router.post("/withdraw-discharge", dependencies=ORDER)
async def withdraw_discharge(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    act = actions.withdraw_discharge(db, actor, visit_id)
    return await view.press(request, db, actor, visit_id, act, "withdrawn")


@router.post("/results/{result_id}/acknowledge", dependencies=[Needs(Permission.LAB_ACKNOWLEDGE)])
async def acknowledge_result(
    request: Request, db: Db, actor: CurrentActor, visit_id: UUID, result_id: UUID
) -> Response:
    act = actions.acknowledge_result(db, actor, visit_id, result_id, now=clock.now())
    return await view.press(request, db, actor, visit_id, act, "noted")


LEFT = Ask(
    "Confirm the departure",
    "The patient has left",
    [Field("departed_at", "Left at", kind="instant", hint="Left empty: now.", is_optional=True)],
    told=[
        "The bed is to be cleaned, and the record of this visit is locked. For 24 hours it can be taken back."
    ],
    icon="door-exit",
)


@router.get("/discharge", dependencies=DEPART)
async def ask_departure(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    return await view.show_ask(request, db, actor, visit_id, LEFT)


@router.post("/discharge", dependencies=DEPART)
async def confirm_departure(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    form, given = await view.answered(request, LEFT, schemas.DepartIn, actor)
    if given is not None and await attempt(
        db, form, actions.confirm_departure(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "departed")
    return await view.show_ask(request, db, actor, visit_id, LEFT, form)


async def _reopen_ask(db: AsyncSession, actor: Actor) -> Ask:
    beds = Field(
        "bed_id", "Bed", kind="choice", options=await view.bed_options(db, actor), empty="Choose a bed"
    )
    told = ["The visit goes on in the bed you choose. Orders that were stopped stay stopped."]
    why = Field("reason", "Why the patient has not left", kind="words")
    return Ask("Cancel the discharge", "Cancel the discharge", [beds, why], told=told)


@router.get("/cancel-discharge", dependencies=REOPEN)
async def ask_reopening(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    return await view.show_ask(request, db, actor, visit_id, await _reopen_ask(db, actor))


@router.post("/cancel-discharge", dependencies=REOPEN)
async def cancel_discharge(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _reopen_ask(db, actor)
    form, given = await view.answered(request, ask, schemas.ReopenIn, actor, needed=("reason",))
    if given is not None and await attempt(
        db, form, actions.cancel_discharge(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "reopened")
    return await view.show_ask(request, db, actor, visit_id, ask, form)


async def _death_ask(db: AsyncSession, actor: Actor) -> Ask:
    return Ask(
        "Record a death",
        "Record the death",
        [
            Field("died_at", "Died at", kind="instant"),
            Field(
                "certified_by_id",
                "Certified by",
                kind="choice",
                options=await view.doctor_options(db, actor),
                empty="Myself",
            ),
        ],
        told=[
            "The visit ends. Orders stop, and appointments and planned visits are cancelled.",
            "The patient gets no reminder any more. This is not taken back.",
        ],
        is_danger=True,
    )


@router.get("/decease", dependencies=DEATH)
async def ask_death(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    return await view.show_ask(request, db, actor, visit_id, await _death_ask(db, actor))


@router.post("/decease", dependencies=DEATH)
async def record_death(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _death_ask(db, actor)
    form, given = await view.answered(request, ask, schemas.DeathIn, actor, needed=("died_at",))
    if given is not None and await attempt(
        db, form, actions.record_death(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "deceased")
    return await view.show_ask(request, db, actor, visit_id, ask, form)
