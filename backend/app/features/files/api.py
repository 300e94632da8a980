"""JSON routes of a file's allergies and alerts."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.files import actions, queries, schemas
from app.web.etag import SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["registration"], route_class=Repeatable)
RECORD_ALLERGY = [Needs(Permission.ALLERGY_RECORD)]
RECORD_ALERT = [Needs(Permission.ALERT_RECORD)]


@router.get(
    "/patients/{patient_id}/allergies",
    dependencies=[Needs(Permission.ALLERGY_READ)],
    summary="A patient's allergies",
)
async def list_allergies(db: Db, actor: CurrentActor, patient_id: UUID) -> schemas.AllergyListOut:
    """Those that count first; refuted, resolved and wrong ones too. The read is in the audit trail."""
    return await queries.list_allergies(db, actor, patient_id)


@router.post(
    "/patients/{patient_id}/allergies",
    dependencies=RECORD_ALLERGY,
    summary="Record an allergy",
    status_code=201,
)
async def record_allergy(
    db: Db, actor: CurrentActor, response: Response, patient_id: UUID, given: schemas.AllergyIn
) -> schemas.AllergyItemOut:
    """A recorded "no known allergies" is withdrawn with it."""
    made = await actions.record_allergy(db, actor, patient_id, given, now=clock.now())
    return await _allergy(db, actor, response, made.id)


async def _allergy(
    db: Db, actor: CurrentActor, response: Response, allergy_id: UUID
) -> schemas.AllergyItemOut:
    shown = await queries.read_allergy(db, actor, allergy_id)
    send_etag(response, shown.updated_at)
    return shown


@router.post("/allergies/{allergy_id}/confirm", dependencies=RECORD_ALLERGY, summary="Confirm an allergy")
async def confirm_allergy(
    db: Db, actor: CurrentActor, response: Response, allergy_id: UUID, seen: SeenIfAny
) -> schemas.AllergyItemOut:
    await actions.confirm_allergy(db, actor, allergy_id, now=clock.now(), seen=seen)
    return await _allergy(db, actor, response, allergy_id)


@router.post("/allergies/{allergy_id}/refute", dependencies=RECORD_ALLERGY, summary="Refute an allergy")
async def refute_allergy(
    db: Db,
    actor: CurrentActor,
    response: Response,
    allergy_id: UUID,
    given: schemas.ReasonIn,
    seen: SeenIfAny,
) -> schemas.AllergyItemOut:
    await actions.refute_allergy(db, actor, allergy_id, given, now=clock.now(), seen=seen)
    return await _allergy(db, actor, response, allergy_id)


@router.post("/allergies/{allergy_id}/resolve", dependencies=RECORD_ALLERGY, summary="Resolve an allergy")
async def resolve_allergy(
    db: Db, actor: CurrentActor, response: Response, allergy_id: UUID, seen: SeenIfAny
) -> schemas.AllergyItemOut:
    """The patient tolerates the substance again."""
    await actions.resolve_allergy(db, actor, allergy_id, now=clock.now(), seen=seen)
    return await _allergy(db, actor, response, allergy_id)


@router.post(
    "/allergies/{allergy_id}/enter-in-error",
    dependencies=RECORD_ALLERGY,
    summary="Mark an allergy as entered in error",
)
async def strike_out_allergy(
    db: Db,
    actor: CurrentActor,
    response: Response,
    allergy_id: UUID,
    given: schemas.ReasonIn,
    seen: SeenIfAny,
) -> schemas.AllergyItemOut:
    await actions.strike_out_allergy(db, actor, allergy_id, given, now=clock.now(), seen=seen)
    return await _allergy(db, actor, response, allergy_id)


@router.post(
    "/patients/{patient_id}/no-known-allergies",
    dependencies=RECORD_ALLERGY,
    summary="Record that there are no known allergies",
)
async def record_no_known_allergies(db: Db, actor: CurrentActor, patient_id: UUID) -> schemas.AllergyListOut:
    """A fact with its time and author, different from "not asked"."""
    await actions.record_no_known_allergies(db, actor, patient_id, now=clock.now())
    return await queries.list_allergies(db, actor, patient_id)


@router.post(
    "/patients/{patient_id}/no-known-allergies/withdraw",
    dependencies=RECORD_ALLERGY,
    summary="Withdraw that there are no known allergies",
)
async def withdraw_no_known_allergies(
    db: Db, actor: CurrentActor, patient_id: UUID
) -> schemas.AllergyListOut:
    await actions.withdraw_no_known_allergies(db, actor, patient_id)
    return await queries.list_allergies(db, actor, patient_id)


@router.get(
    "/patients/{patient_id}/alerts", dependencies=[Needs(Permission.ALERT_READ)], summary="A patient's alerts"
)
async def list_alerts(
    db: Db, actor: CurrentActor, patient_id: UUID, which: schemas.Which = "active"
) -> schemas.AlertListOut:
    """Those that hold or are foreseen; `which=all` shows what has ended too."""
    return await queries.list_alerts(db, actor, patient_id, which=which, now=clock.now())


@router.post(
    "/patients/{patient_id}/alerts", dependencies=RECORD_ALERT, summary="Record an alert", status_code=201
)
async def record_alert(
    db: Db, actor: CurrentActor, response: Response, patient_id: UUID, given: schemas.AlertIn
) -> schemas.AlertOut:
    """A new code status takes the place of the one before."""
    made = await actions.record_alert(db, actor, patient_id, given, now=clock.now())
    return await _alert(db, actor, response, made.id)


async def _alert(db: Db, actor: CurrentActor, response: Response, alert_id: UUID) -> schemas.AlertOut:
    shown = await queries.read_alert(db, actor, alert_id, now=clock.now())
    send_etag(response, shown.updated_at)
    return shown


@router.post("/alerts/{alert_id}/end", dependencies=RECORD_ALERT, summary="End an alert")
async def end_alert(
    db: Db, actor: CurrentActor, response: Response, alert_id: UUID, seen: SeenIfAny
) -> schemas.AlertOut:
    await actions.end_alert(db, actor, alert_id, now=clock.now(), seen=seen)
    return await _alert(db, actor, response, alert_id)


@router.post(
    "/alerts/{alert_id}/enter-in-error",
    dependencies=RECORD_ALERT,
    summary="Mark an alert as entered in error",
)
async def strike_out_alert(
    db: Db, actor: CurrentActor, response: Response, alert_id: UUID, seen: SeenIfAny
) -> schemas.AlertOut:
    await actions.strike_out_alert(db, actor, alert_id, now=clock.now(), seen=seen)
    return await _alert(db, actor, response, alert_id)
