"""Pages of a file's allergies and alerts."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.files import actions, queries, rules, schemas
from app.features.registration.banner import read_banner
from app.models.patient import AllergyCategory, AllergyCriticality, ReactionSeverity
from app.models.patient_alert import IN_WORDS
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
RECORD_ALLERGY = [Needs(Permission.ALLERGY_RECORD)]
RECORD_ALERT = [Needs(Permission.ALERT_RECORD)]
ALLERGY = {
    "substance": "Substance",
    "category": "Kind",
    "criticality": "How dangerous",
    "reaction": "What happened",
    "reaction_severity": "How severe it was",
    "verification_status": "Certainty",
}
ALERT = {
    "alert_type": "What it is about",
    "value": "Which",
    "until": "Foreseen end",
    "note": "What else one must know",
}
REASON = {"reason": "Reason"}
DONE = {
    "recorded": "Recorded.",
    "confirmed": "Confirmed.",
    "refuted": "Refuted. It stays on this list and leaves the banner.",
    "resolved": "Resolved. It leaves the banner.",
    "struck-out": "Marked as an error. It stays on this list.",
    "none-known": "Recorded that there are no known allergies.",
    "withdrawn": "Withdrawn. The banner says that allergies are not recorded.",
    "ended": "Ended.",
}
Done = Annotated[str, Query(max_length=20)]


@router.get("/patients/{patient_id}/allergies", dependencies=[Needs(Permission.ALLERGY_READ)])
async def show_allergies(
    request: Request, db: Db, actor: CurrentActor, patient_id: UUID, done: Done = ""
) -> Response:
    if actor.scope == "self":
        return RedirectResponse(f"/my/files/{patient_id}", 303)
    return await _allergies(request, db, actor, patient_id, done=DONE.get(done, ""))


@router.post("/patients/{patient_id}/allergies", dependencies=RECORD_ALLERGY)
async def record_allergy(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    form = await read_form(request, tuple(ALLERGY))
    # A box that is not ticked is not sent: it means no.
    form.values["verification_status"] = form.values["verification_status"] or "unconfirmed"
    given = fill(form, schemas.AllergyIn, ALLERGY, needed=("substance",))
    if given is not None and await attempt(
        db, form, actions.record_allergy(db, actor, patient_id, given, now=clock.now())
    ):
        return _back(patient_id, "allergies", "recorded")
    return await _allergies(request, db, actor, patient_id, form=form)


@router.post("/patients/{patient_id}/no-known-allergies", dependencies=RECORD_ALLERGY)
async def record_no_known_allergies(
    request: Request, db: Db, actor: CurrentActor, patient_id: UUID
) -> Response:
    act = actions.record_no_known_allergies(db, actor, patient_id, now=clock.now())
    return await _acted_on_file(request, db, actor, patient_id, act, "none-known")


@router.post("/patients/{patient_id}/no-known-allergies/withdraw", dependencies=RECORD_ALLERGY)
async def withdraw_no_known_allergies(
    request: Request, db: Db, actor: CurrentActor, patient_id: UUID
) -> Response:
    act = actions.withdraw_no_known_allergies(db, actor, patient_id)
    return await _acted_on_file(request, db, actor, patient_id, act, "withdrawn")


async def _acted_on_file(
    request: Request, db: AsyncSession, actor: Actor, patient_id: UUID, act: Awaitable[object], done: str
) -> Response:
    form = Form()
    if await attempt(db, form, act):
        return _back(patient_id, "allergies", done)
    return await _allergies(request, db, actor, patient_id, form=form)


@router.post("/allergies/{allergy_id}/confirm", dependencies=RECORD_ALLERGY)
async def confirm_allergy(request: Request, db: Db, actor: CurrentActor, allergy_id: UUID) -> Response:
    act = actions.confirm_allergy(db, actor, allergy_id, now=clock.now())
    return await _acted_on_allergy(request, db, actor, allergy_id, act, "confirmed")


@router.post("/allergies/{allergy_id}/resolve", dependencies=RECORD_ALLERGY)
async def resolve_allergy(request: Request, db: Db, actor: CurrentActor, allergy_id: UUID) -> Response:
    act = actions.resolve_allergy(db, actor, allergy_id, now=clock.now())
    return await _acted_on_allergy(request, db, actor, allergy_id, act, "resolved")


@router.post("/allergies/{allergy_id}/refute", dependencies=RECORD_ALLERGY)
async def refute_allergy(request: Request, db: Db, actor: CurrentActor, allergy_id: UUID) -> Response:
    form = await read_form(request, tuple(REASON))
    given = fill(form, schemas.ReasonIn, REASON, needed=("reason",))
    act = actions.refute_allergy(db, actor, allergy_id, given, now=clock.now()) if given else None
    return await _acted_on_allergy(request, db, actor, allergy_id, act, "refuted", form)


@router.post("/allergies/{allergy_id}/enter-in-error", dependencies=RECORD_ALLERGY)
async def strike_out_allergy(request: Request, db: Db, actor: CurrentActor, allergy_id: UUID) -> Response:
    form = await read_form(request, tuple(REASON))
    given = fill(form, schemas.ReasonIn, REASON, needed=("reason",))
    act = actions.strike_out_allergy(db, actor, allergy_id, given, now=clock.now()) if given else None
    return await _acted_on_allergy(request, db, actor, allergy_id, act, "struck-out", form)


async def _acted_on_allergy(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    allergy_id: UUID,
    act: Awaitable[object] | None,
    done: str,
    form: Form | None = None,
) -> Response:
    """Where the act was refused, or its reason is missing, the row stays open with what was typed."""
    form = form or Form()
    acted = act is not None and await attempt(db, form, act)
    patient_id = (await queries.read_allergy(db, actor, allergy_id)).patient_id
    if acted:
        return _back(patient_id, "allergies", done)
    return await _allergies(request, db, actor, patient_id, form=form, wrong=allergy_id)


def _back(patient_id: UUID, page: str, done: str) -> Response:
    return RedirectResponse(f"/patients/{patient_id}/{page}?done={done}", 303)


async def _allergies(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    *,
    form: Form | None = None,
    wrong: UUID | None = None,
    done: str = "",
) -> Response:
    banner = await read_banner(db, actor, patient_id)
    listed = await queries.list_allergies(db, actor, patient_id)
    shown = form or Form()
    return render(
        request,
        "files/allergies.html",
        actor,
        status_code=shown.status_code,
        banner=banner,
        listed=listed,
        form=shown,
        # The row that was refused keeps what was typed; the form of a new allergy is another.
        blank=Form(),
        wrong=wrong,
        done=done,
        may_record=actor.can(Permission.ALLERGY_RECORD) and banner.is_active,
        may_become=rules.may_become,
        may_resolve=rules.may_resolve,
        categories=[(each.value, each.value.capitalize()) for each in AllergyCategory],
        criticalities=[
            (each.value, each.value.replace("-", " ").capitalize()) for each in AllergyCriticality
        ],
        severities=[(each.value, each.value.capitalize()) for each in ReactionSeverity],
    )


# Alerts


@router.get("/patients/{patient_id}/alerts", dependencies=[Needs(Permission.ALERT_READ)])
async def show_alerts(
    request: Request, db: Db, actor: CurrentActor, patient_id: UUID, done: Done = ""
) -> Response:
    return await _alerts(request, db, actor, patient_id, done=DONE.get(done, ""))


@router.post("/patients/{patient_id}/alerts", dependencies=RECORD_ALERT)
async def record_alert(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    """One choice says the type and its value, such as `isolation:contact`; some types are told in words."""
    form = await read_form(request, ("alert_type", "words", "until", "note"))
    kind, _, value = form.values["alert_type"].partition(":")
    value = form.values["words"] if kind in IN_WORDS else value
    until, note = _end_of_day(form, actor), form.values["note"]
    wanted = Form({"alert_type": kind, "value": value, "until": until, "note": note})
    given = None
    if not form.errors:
        given = fill(wanted, schemas.AlertIn, ALERT, needed=("alert_type",))
    if given is not None and await attempt(
        db, wanted, actions.record_alert(db, actor, patient_id, given, now=clock.now())
    ):
        return _back(patient_id, "alerts", "recorded")
    for name, sentence in wanted.errors.items():
        # What is wrong with a value is told where it was typed or chosen.
        of_value = given is None and name in ("", "value")
        shown = ("words" if kind in IN_WORDS else "alert_type") if of_value else name
        form.errors[shown] = sentence
    form.status_code = wanted.status_code if wanted.errors else 422
    return await _alerts(request, db, actor, patient_id, form=form)


def _end_of_day(form: Form, actor: Actor) -> str:
    """A foreseen end is a day; the alert holds until the hospital's day is over."""
    typed = form.values["until"]
    if not typed:
        return ""
    try:
        day = datetime.fromisoformat(typed)
        zone = ZoneInfo(actor.timezone or "UTC")
        return day.replace(hour=23, minute=59, second=59, tzinfo=zone).isoformat()
    except ValueError:
        form.errors["until"] = "Foreseen end needs a date such as 2026-12-31."
        return ""


@router.post("/alerts/{alert_id}/end", dependencies=RECORD_ALERT)
async def end_alert(request: Request, db: Db, actor: CurrentActor, alert_id: UUID) -> Response:
    act = actions.end_alert(db, actor, alert_id, now=clock.now())
    return await _acted_on_alert(request, db, actor, alert_id, act, "ended")


@router.post("/alerts/{alert_id}/enter-in-error", dependencies=RECORD_ALERT)
async def strike_out_alert(request: Request, db: Db, actor: CurrentActor, alert_id: UUID) -> Response:
    act = actions.strike_out_alert(db, actor, alert_id, now=clock.now())
    return await _acted_on_alert(request, db, actor, alert_id, act, "struck-out")


async def _acted_on_alert(
    request: Request, db: AsyncSession, actor: Actor, alert_id: UUID, act: Awaitable[object], done: str
) -> Response:
    form = Form()
    acted = await attempt(db, form, act)
    patient_id = (await queries.read_alert(db, actor, alert_id, now=clock.now())).patient_id
    if acted:
        return _back(patient_id, "alerts", done)
    return await _alerts(request, db, actor, patient_id, form=form)


async def _alerts(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    *,
    form: Form | None = None,
    done: str = "",
) -> Response:
    banner = await read_banner(db, actor, patient_id)
    listed = await queries.list_alerts(db, actor, patient_id, which="all", now=clock.now())
    shown = form or Form()
    return render(
        request,
        "files/alerts.html",
        actor,
        status_code=shown.status_code,
        banner=banner,
        items=listed.items,
        form=shown,
        done=done,
        alert_words=rules.alert_words,
        may_record=actor.can(Permission.ALERT_RECORD) and banner.is_active,
        types=rules.alert_choices(),
    )
