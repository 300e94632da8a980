"""JSON routes of transfers between hospitals."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.transfers import actions, queries, schemas
from app.web.once import Repeatable

router = APIRouter(tags=["transfers"], route_class=Repeatable)
TRANSFER = [Needs(Permission.VISIT_TRANSFER)]


@router.get("/transfers", dependencies=TRANSFER, summary="Requests of and to the hospital, the newest first")
async def list_transfers(
    db: Db,
    actor: CurrentActor,
    is_open: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> schemas.TransfersOut:
    return await queries.list_transfers(db, actor, is_open=is_open, limit=limit, cursor=cursor)


@router.get("/transfers/hospitals", dependencies=TRANSFER, summary="Hospitals that may be asked")
async def list_targets(db: Db, actor: CurrentActor) -> schemas.TargetsOut:
    return await queries.list_targets(db, actor)


@router.get("/transfers/{transfer_id}", dependencies=TRANSFER, summary="One request")
async def read_transfer(db: Db, actor: CurrentActor, transfer_id: UUID) -> schemas.TransferOut:
    return await queries.read_transfer(db, actor, transfer_id)


@router.post(
    "/visits/{visit_id}/transfer-requests",
    dependencies=TRANSFER,
    summary="Ask another hospital to take the patient",
    status_code=201,
)
async def request_transfer(
    db: Db, actor: CurrentActor, visit_id: UUID, given: schemas.TransferIn
) -> schemas.TransferOut:
    asked = await actions.request_transfer(db, actor, visit_id, given, now=clock.now())
    return await queries.read_transfer(db, actor, asked.id)


@router.post("/transfers/{transfer_id}/accept", dependencies=TRANSFER, summary="Accept, with a bed kept")
async def accept_transfer(
    db: Db, actor: CurrentActor, transfer_id: UUID, given: schemas.AcceptIn
) -> schemas.TransferOut:
    """A visit is planned for the same person; the patient's file is made where there is none."""
    await actions.accept_transfer(db, actor, transfer_id, given, now=clock.now())
    return await queries.read_transfer(db, actor, transfer_id)


@router.post("/transfers/{transfer_id}/decline", dependencies=TRANSFER, summary="Decline, with a reason")
async def decline_transfer(
    db: Db, actor: CurrentActor, transfer_id: UUID, given: schemas.DeclineIn
) -> schemas.TransferOut:
    await actions.decline_transfer(db, actor, transfer_id, given, now=clock.now())
    return await queries.read_transfer(db, actor, transfer_id)


@router.post("/transfers/{transfer_id}/withdraw", dependencies=TRANSFER, summary="Withdraw the request")
async def withdraw_request(db: Db, actor: CurrentActor, transfer_id: UUID) -> schemas.TransferOut:
    await actions.withdraw_request(db, actor, transfer_id, now=clock.now())
    return await queries.read_transfer(db, actor, transfer_id)


@router.post("/transfers/{transfer_id}/send", dependencies=TRANSFER, summary="The patient has left")
async def send_patient(db: Db, actor: CurrentActor, transfer_id: UUID) -> schemas.TransferOut:
    """The visit here becomes transferred, and its bed is to be cleaned."""
    await actions.send_patient(db, actor, transfer_id, now=clock.now())
    return await queries.read_transfer(db, actor, transfer_id)
