"""Pages of transfers between hospitals: the list, one request with its answers, and the form that asks."""

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
from app.features.transfers import actions, queries, schemas
from app.features.visits import view
from app.features.visits.view import Ask, Field
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
TRANSFER = [Needs(Permission.VISIT_TRANSFER)]
Cursor = Annotated[str | None, Query(max_length=400)]
DONE = {
    "accepted": "Accepted. A visit is planned and the bed is kept.", "declined": "Declined.",
    "withdrawn": "Withdrawn.", "sent": "The patient has left; the visit here is transferred.",
}  # fmt: skip
DECLINE = Ask("Decline", "Decline", [Field("reason", "Why the patient cannot be taken", kind="words")])


@router.get("/transfers", dependencies=TRANSFER)
async def show_transfers(
    request: Request, db: Db, actor: CurrentActor, all: bool = False, cursor: Cursor = None
) -> Response:
    page = await queries.list_transfers(db, actor, is_open=None if all else True, cursor=cursor)
    more = is_fragment(request) and cursor is not None
    return render(
        request,
        "transfers/rows.html" if more else "transfers/transfers.html",
        actor,
        page=page,
        all=all,
        today=formatting.local_date(clock.now(), actor.timezone),
    )


async def _target_ask(db: AsyncSession, actor: Actor) -> Ask:
    found = (await queries.list_targets(db, actor)).items
    targets = [(each.code, f"{each.name}, {each.region}") for each in found]
    return Ask(
        "Ask another hospital",
        "Ask the hospital",
        [
            Field("to_hospital", "Hospital", kind="choice", options=targets, empty="Choose a hospital"),
            Field("reason", "Why the patient needs it", kind="words"),
            Field("handover", "Hand-over", kind="words", hint="What the receiving clinicians must know."),
        ],
        told=[
            "The other hospital reads this, with name, birth date and sex. The patient stays here until it accepts."
        ],
        icon="ambulance",
    )


@router.get("/visits/{visit_id}/transfer-request", dependencies=TRANSFER)
async def ask_target(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    return await view.show_ask(request, db, actor, visit_id, await _target_ask(db, actor))


@router.post("/visits/{visit_id}/transfer-request", dependencies=TRANSFER)
async def request_transfer(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    ask = await _target_ask(db, actor)
    form, given = await view.answered(request, ask, schemas.TransferIn, actor, needed=tuple(ask.labels))
    if given is not None and await attempt(
        db, form, actions.request_transfer(db, actor, visit_id, given, now=clock.now())
    ):
        return view.to_visit(visit_id, "asked")
    return await view.show_ask(request, db, actor, visit_id, ask, form)


@router.get("/transfers/{transfer_id}", dependencies=TRANSFER)
async def show_transfer(
    request: Request,
    db: Db,
    actor: CurrentActor,
    transfer_id: UUID,
    done: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    return await _transfer(request, db, actor, transfer_id, done=DONE.get(done, ""))


async def _accept_ask(db: AsyncSession, actor: Actor) -> Ask:
    beds = await view.bed_options(db, actor)
    return Ask(
        "Accept",
        "Accept and keep the bed",
        [
            Field("bed_id", "Bed", kind="choice", options=beds, empty="Choose a bed"),
            Field(
                "keep_until", "Keep it until", kind="instant", hint="Left empty: 24 hours.", is_optional=True
            ),
            Field("note", "Answer", is_optional=True),
        ],
    )


async def _transfer(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    transfer_id: UUID,
    *,
    form: Form | None = None,
    done: str = "",
) -> Response:
    shown = form or Form()
    return render(
        request,
        "transfers/transfer.html",
        actor,
        status_code=shown.status_code,
        transfer=await queries.read_transfer(db, actor, transfer_id),
        accept=await _accept_ask(db, actor),
        decline=DECLINE,
        form=shown,
        today=formatting.local_date(clock.now(), actor.timezone),
        done=done,
    )


def _to(transfer_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/transfers/{transfer_id}?done={done}", 303)


@router.post("/transfers/{transfer_id}/accept", dependencies=TRANSFER)
async def accept_transfer(request: Request, db: Db, actor: CurrentActor, transfer_id: UUID) -> Response:
    ask = await _accept_ask(db, actor)
    form, given = await view.answered(request, ask, schemas.AcceptIn, actor, needed=("bed_id",))
    if given is not None and await attempt(
        db, form, actions.accept_transfer(db, actor, transfer_id, given, now=clock.now())
    ):
        return _to(transfer_id, "accepted")
    return await _transfer(request, db, actor, transfer_id, form=form)


@router.post("/transfers/{transfer_id}/decline", dependencies=TRANSFER)
async def decline_transfer(request: Request, db: Db, actor: CurrentActor, transfer_id: UUID) -> Response:
    form, given = await view.answered(request, DECLINE, schemas.DeclineIn, actor, needed=("reason",))
    if given is not None and await attempt(
        db, form, actions.decline_transfer(db, actor, transfer_id, given, now=clock.now())
    ):
        return _to(transfer_id, "declined")
    return await _transfer(request, db, actor, transfer_id, form=form)


@router.post("/transfers/{transfer_id}/withdraw", dependencies=TRANSFER)
async def withdraw_request(request: Request, db: Db, actor: CurrentActor, transfer_id: UUID) -> Response:
    form = Form()
    if await attempt(db, form, actions.withdraw_request(db, actor, transfer_id, now=clock.now())):
        return _to(transfer_id, "withdrawn")
    return await _transfer(request, db, actor, transfer_id, form=form)


@router.post("/transfers/{transfer_id}/send", dependencies=TRANSFER)
async def send_patient(request: Request, db: Db, actor: CurrentActor, transfer_id: UUID) -> Response:
    form = Form()
    if await attempt(db, form, actions.send_patient(db, actor, transfer_id, now=clock.now())):
        return _to(transfer_id, "sent")
    return await _transfer(request, db, actor, transfer_id, form=form)
