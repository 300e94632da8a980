"""Pages of nursing: the ward, my patients, a visit's observations."""

from collections.abc import Awaitable
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import Invalid
from app.features.nursing import actions, board, entry, queries, schemas
from app.features.nursing.scoring import score_tables
from app.features.registration.banner import read_banner
from app.web import formatting, news2_chart
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form, read_many
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
RECORD = [Needs(Permission.VITALS_RECORD)]
READ = [Needs(Permission.VITALS_READ)]
Word = Annotated[str | None, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=400)]
# As many columns as a desk and a phone can tell apart.
ON_DESK, ON_PHONE = 12, 5
DONE = {
    "recorded": "The set is recorded.",
    "called": "The set is recorded, and the team is called.",
    "amended": "The set is amended; the old one stays, struck out.",
    "struck": "The set is struck out.",
    "scale": "The SpO₂ scale is set.",
    "answered": "You have taken the call on.",
}


@router.get("/ward", dependencies=RECORD)
async def show_ward(
    request: Request,
    db: Db,
    actor: CurrentActor,
    ward: Word = None,
    mine: bool = False,
    visit: UUID | None = None,
    done: Word = None,
) -> Response:
    """Everyone by need; `visit` opens the entry row of that patient."""
    return await _ward(request, db, actor, ward=ward, mine=mine, opened=visit, done=done)


@router.get("/my-patients", dependencies=[Needs(Permission.VISIT_ORDER_DISCHARGE)])
async def show_my_patients(
    request: Request, db: Db, actor: CurrentActor, visit: UUID | None = None, done: Word = None
) -> Response:
    """Whom the doctor is in charge of or cares for, the most urgent first."""
    return await _ward(request, db, actor, ward=None, mine=True, opened=visit, done=done, home="/my-patients")


async def _ward(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    *,
    ward: str | None,
    mine: bool,
    opened: UUID | None = None,
    form: Form | None = None,
    unusual: list[str] | None = None,
    done: str | None = None,
    home: str = "/ward",
) -> Response:
    now = clock.now()
    shown = await board.read_board(db, actor, ward=ward, mine=mine, now=now)
    here = {"mine": "true"} if shown.ward is None else {"ward": shown.ward}
    back = home if home != "/ward" else f"/ward?{urlencode(here)}"
    return render(
        request,
        "nursing/ward.html",
        actor,
        status_code=form.status_code if form else 200,
        board=shown,
        back=back,
        and_="&" if "?" in back else "?",
        is_home=home != "/ward",
        opened=opened,
        form=form or entry.empty_row(),
        unusual=unusual or [],
        now=now,
        done=DONE.get(done or "", ""),
        columns=board.COLUMNS,
        levels=entry.LEVELS,
        without_bed=board.WITHOUT_A_BED,
        score_tables=score_tables(),
        may_answer=actor.can(Permission.ESCALATION_ANSWER),
        unusual_words=_unusual_words,
    )


def _unusual_words(sign: str, form: Form) -> str:
    """`Yes, 34 is right`: what a tick confirms."""
    words = form.values.get(entry.SHOWN_AT.get(sign, sign), "")
    if sign.startswith("blood_pressure"):
        upper, _, lower = words.partition("/")
        words = (
            f"{upper} systolic" if sign.endswith("systolic") and "dia" not in sign else f"{lower} diastolic"
        )
    return f"Yes, {words} is right"


@router.post("/visits/{visit_id}/vitals", dependencies=RECORD)
async def record_set(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    """The entry row, of the ward or of the visit's own page; on an error it comes back with every word."""
    form = await read_form(request, (*entry.FIELDS, "back"))
    back = _back(form, f"/visits/{visit_id}/observations")
    given = entry.read_set(
        form, schemas.VitalsIn, await read_many(request, "confirmed"), actor.timezone, clock.now()
    )
    unusual: list[str] = []
    recorded: list[schemas.RecordedOut] = []
    if given is not None:
        act = _kept(actions.record_vitals(db, actor, visit_id, given, now=clock.now()), recorded)
        unusual = await _try(db, form, act)
    if recorded:
        done = "called" if recorded[0].escalation_id else "recorded"
        return RedirectResponse(f"{back}{'&' if '?' in back else '?'}done={done}", 303)
    if back.startswith(("/ward", "/my-patients")):
        return await _back_on_ward(request, db, actor, visit_id, form, unusual, back)
    return await _observations(request, db, actor, visit_id, form=form, unusual=unusual)


async def _kept(
    act: Awaitable[schemas.RecordedOut], recorded: list[schemas.RecordedOut]
) -> schemas.RecordedOut:
    recorded.append(await act)
    return recorded[0]


async def _try(db: AsyncSession, form: Form, act: Awaitable[object]) -> list[str]:
    """Runs the act; returns the signs that wait for a "Yes, it is right"."""
    unusual: list[str] = []

    async def told() -> None:
        try:
            await act
        except Invalid as error:
            unusual.extend(entry.tell(form, error))
            raise

    before = dict(form.errors)
    if not await attempt(db, form, told()) and form.errors.get("") and len(form.errors) > len(before) + 1:
        # It stands beside its fields already.
        form.errors.pop("")
    return unusual


def _back(form: Form, otherwise: str) -> str:
    wanted = form.values.get("back", "")
    return wanted if wanted.startswith(("/ward?", "/my-patients")) and len(wanted) < 500 else otherwise


async def _back_on_ward(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    form: Form,
    unusual: list[str],
    back: str,
) -> Response:
    asked = parse_qs(back.partition("?")[2])
    home = "/my-patients" if back.startswith("/my-patients") else "/ward"
    ward = asked.get("ward", [None])[0]
    return await _ward(
        request,
        db,
        actor,
        ward=ward,
        mine=home != "/ward" or ward is None,
        opened=visit_id,
        form=form,
        unusual=unusual,
        home=home,
    )


@router.get("/visits/{visit_id}/observations", dependencies=RECORD)
async def show_observations(
    request: Request,
    db: Db,
    actor: CurrentActor,
    visit_id: UUID,
    amend: UUID | None = None,
    cursor: Cursor = None,
    done: Word = None,
) -> Response:
    return await _observations(request, db, actor, visit_id, amend=amend, cursor=cursor, done=done)


async def _observations(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    visit_id: UUID,
    *,
    form: Form | None = None,
    unusual: list[str] | None = None,
    amend: UUID | None = None,
    cursor: str | None = None,
    done: str | None = None,
    scale: Form | None = None,
) -> Response:
    read = await queries.read_sets(db, actor, visit_id, limit=50, cursor=cursor)
    banner = await read_banner(db, actor, read.visit["patient_id"])
    sets = read.page.items
    valid = [item for item in sets if item.status != "entered_in_error"]
    amended = next((item for item in valid if item.id == amend), None)
    if form is None:
        form = entry.empty_row()
        if amended is not None:
            form.values.update(entry.filled_from(amended, read.timezone))
    call = await queries.call_of(db, actor, visit_id)
    return render(
        request,
        "nursing/observations.html",
        actor,
        status_code=max(form.status_code, scale.status_code if scale else 200),
        b=banner,
        visit=read.visit,
        sets=sets,
        last=valid[0] if valid else None,
        next_cursor=read.page.next_cursor,
        chart=_chart(valid[:ON_DESK], read.timezone, news2_chart.WIDE),
        chart_narrow=_chart(valid[:ON_PHONE], read.timezone, news2_chart.NARROW),
        call=call,
        form=form,
        scale=scale or Form({"scale": str(read.visit["spo2_scale"]), "reason": ""}),
        amended=amended,
        unusual=unusual or [],
        unusual_words=_unusual_words,
        levels=entry.LEVELS,
        is_open=read.visit["status"] in ("active", "on_leave"),
        is_older=cursor is not None,
        now=clock.now(),
        done=DONE.get(done or "", ""),
        back="",
        may_scale=actor.can(Permission.SPO2_SCALE_SET),
        may_correct=actor.can(Permission.ENTRY_CORRECT),
        timezone=read.timezone,
        score_tables=score_tables(),
        may_answer=actor.can(Permission.ESCALATION_ANSWER),
        oxygen_words=lambda item: board.oxygen_words(item.model_dump()),
    )


def _chart(items: list[schemas.VitalsOut], timezone: str, width: int) -> Any:
    columns = [_column(item, timezone) for item in reversed(items)]
    if not columns:
        return ""
    last = items[0]
    told = "no total" if last.news2.total is None else f"{last.news2.total}, {last.news2.risk}"
    sentence = f"Observation chart of the last {len(columns)} sets. NEWS2 of the last one: {told}."
    return news2_chart.chart(columns, timezone, sentence, width=width)


def _column(item: schemas.VitalsOut, timezone: str) -> news2_chart.Column:
    def value(number: Decimal | int | None) -> Decimal | None:
        return None if number is None else Decimal(str(number))

    return news2_chart.Column(
        at=formatting.local(item.recorded_at, timezone),
        values={
            "respiratory_rate": value(item.respiratory_rate),
            "spo2": value(item.spo2),
            "blood_pressure": value(item.blood_pressure_systolic),
            "heart_rate": value(item.heart_rate),
            "temperature": value(item.temperature),
        },
        lower_pressure=value(item.blood_pressure_diastolic),
        oxygen=None if item.supplemental_oxygen is None else _oxygen(item),
        consciousness=item.consciousness,
        points=item.news2.points,
        total=item.news2.total,
        risk=item.news2.risk,
        scale=item.news2.scale,
    )


def _oxygen(item: schemas.VitalsOut) -> str:
    return board.oxygen_words(item.model_dump()).removesuffix(" L")


@router.post("/vitals/{vitals_id}/amend", dependencies=RECORD)
async def amend_set(request: Request, db: Db, actor: CurrentActor, vitals_id: UUID) -> Response:
    visit_id = await queries.visit_of_set(db, actor, vitals_id)
    form = await read_form(request, entry.FIELDS)
    if not form.values["reason"]:
        form.errors["reason"] = "Say why the set is amended."
    given = entry.read_set(
        form, schemas.AmendIn, await read_many(request, "confirmed"), actor.timezone, clock.now()
    )
    unusual: list[str] = []
    if given is not None:
        unusual = await _try(db, form, actions.amend_vitals(db, actor, vitals_id, given, now=clock.now()))
        if not form.errors:
            return RedirectResponse(f"/visits/{visit_id}/observations?done=amended", 303)
    return await _observations(request, db, actor, visit_id, form=form, unusual=unusual, amend=vitals_id)


@router.post("/vitals/{vitals_id}/enter-in-error", dependencies=[Needs(Permission.ENTRY_CORRECT)])
async def strike_out_set(request: Request, db: Db, actor: CurrentActor, vitals_id: UUID) -> Response:
    visit_id = await queries.visit_of_set(db, actor, vitals_id)
    form = await read_form(request, ("reason",))
    given = fill(form, schemas.ReasonIn, {"reason": "Reason"}, needed=("reason",))
    if given is not None and await attempt(
        db, form, actions.enter_vitals_in_error(db, actor, vitals_id, given, now=clock.now())
    ):
        sees_sets = actor.can(Permission.VITALS_RECORD)
        return RedirectResponse(
            f"/visits/{visit_id}/observations?done=struck" if sees_sets else "/escalations", 303
        )
    if not actor.can(Permission.VITALS_RECORD):
        # A manager corrects what is reported, and does not see the sets themselves.
        raise Invalid("not-struck-out", next(iter(form.errors.values())), field="reason")
    shown = entry.empty_row()
    shown.errors, shown.status_code = form.errors, form.status_code
    return await _observations(request, db, actor, visit_id, form=shown)


@router.post("/visits/{visit_id}/spo2-scale", dependencies=[Needs(Permission.SPO2_SCALE_SET)])
async def choose_spo2_scale(request: Request, db: Db, actor: CurrentActor, visit_id: UUID) -> Response:
    """Of the visit's patient; the page that shows the sets asks for it."""
    patient_id = await queries.patient_of_visit(db, actor, visit_id)
    form = await read_form(request, ("scale", "reason"))
    form.values["reason"] = form.values["reason"].strip()
    chosen = fill(
        form, schemas.Spo2ScaleTyped, {"scale": "Scale", "reason": "Reason"}, needed=("scale", "reason")
    )
    if chosen is not None:
        given = schemas.Spo2ScaleIn(scale=1 if chosen.scale == "1" else 2, reason=chosen.reason)
        if await attempt(db, form, actions.set_spo2_scale(db, actor, patient_id, given, now=clock.now())):
            return RedirectResponse(f"/visits/{visit_id}/observations?done=scale", 303)
    return await _observations(request, db, actor, visit_id, scale=form)
