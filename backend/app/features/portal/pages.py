"""The front door, and behind it the patient's own pages."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.http import CurrentActor, Db, Needs, SignedIn
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import NotFound
from app.features.portal import queries
from app.features.registration import chart_view, schemas
from app.features.registration.queries import Limits, open_chart
from app.web import formatting
from app.web.csrf import same_site
from app.web.layout import home_of
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
FILES = "/my/files"
PAGE = Limits(visits=5, vitals=60, lab_tests=6, prescriptions=10, records=5)
Cursor = Annotated[str | None, Query(max_length=400)]


@router.get("/", dependencies=[SignedIn])
async def front_door(request: Request, db: Db, actor: CurrentActor) -> Response:
    """Staff go to the first page of their work; a patient is at home here."""
    if actor.scope != "self":
        home = home_of(actor)
        if home != "/":
            return RedirectResponse(home, 303)
        return render(request, "portal/nothing_yet.html", actor)
    files = await queries.own_files(db, actor)
    if not files:
        return render(request, "portal/no_file.html", actor, density="comfort")
    return await _own_page(request, db, actor, files, files[0].patient_id)


@router.get("/my/files/{patient_id}", dependencies=[Needs(Permission.PATIENT_READ)])
async def show_own_file(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    files = await queries.own_files(db, actor)
    if patient_id not in {each.patient_id for each in files}:
        raise NotFound
    return await _own_page(request, db, actor, files, patient_id)


@router.get("/my/files/{patient_id}/{section}", dependencies=[Needs(Permission.PATIENT_READ)])
async def show_own_section(
    request: Request,
    db: Db,
    actor: CurrentActor,
    patient_id: UUID,
    section: schemas.Section,
    cursor: Cursor = None,
    record_type: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    if actor.scope != "self":
        raise NotFound
    opened = await open_chart(
        db, actor, patient_id, section=section, cursor=cursor, limits=PAGE, record_type=record_type
    )
    context = chart_view.chart_context(
        actor, opened, section=section, record_type=record_type, cursor=cursor, base=FILES
    )
    template = "registration/older.html" if is_fragment(request) else "portal/section.html"
    return render(request, template, actor, density="comfort", **context)


REASONS = {
    "TREAT": "For your treatment",
    "ETREAT": "In an emergency",
    "BTG": "In an emergency",
    "HOPERAT": "For the hospital’s work",
    "HPAYMT": "For payment",
    "PATRQT": "You opened it yourself",
}


@router.get("/my/openings", dependencies=[Needs(Permission.PATIENT_READ)])
async def show_openings(request: Request, db: Db, actor: CurrentActor, cursor: Cursor = None) -> Response:
    """Who opened my record: every time, by whom, from which hospital and why."""
    if actor.scope != "self":
        raise NotFound
    page = await queries.record_openings(db, actor, cursor=cursor)
    template = "portal/openings_rows.html" if is_fragment(request) and cursor else "portal/openings.html"
    return render(request, template, actor, density="comfort", page=page, reasons=REASONS)


async def _own_page(
    request: Request, db: Db, actor: CurrentActor, files: list[queries.OwnFile], patient_id: UUID
) -> Response:
    opened = await open_chart(db, actor, patient_id, limits=PAGE)
    now = clock.now()
    appointment = await queries.next_appointment(db, actor, [each.patient_id for each in files], now)
    context = chart_view.chart_context(actor, opened, base=FILES)
    return render(
        request,
        "portal/home.html",
        actor,
        density="comfort",
        files=files,
        chosen=patient_id,
        greeting=greeting(formatting.local(now, opened.timezone).hour),
        appointment=appointment,
        appointment_words=appointment_words(appointment),
        results=[in_words(test) for test in opened.chart.lab_tests or []],
        **context,
    )


def greeting(hour: int) -> str:
    return "Good morning" if 4 <= hour < 12 else "Good afternoon" if hour < 18 else "Good evening"


def appointment_words(appointment: queries.NextAppointment | None) -> str:
    if appointment is None:
        return ""
    day = formatting.local(appointment.at, appointment.timezone).date()
    clock_words = formatting.clock_in_words(appointment.at, appointment.timezone)
    return f"{formatting.weekday_in_words(day)}, {clock_words}"


def in_words(test: schemas.LabTestOut) -> dict[str, Any]:
    """A result as a patient reads it: words first, the numbers behind a link."""
    flagged = [result for result in test.results if result.interpretation not in (None, "N")]
    judged = [result for result in test.results if result.interpretation is not None]
    if flagged:
        named = ", ".join(result.name for result in flagged[:3]) + (" and others" if len(flagged) > 3 else "")
        sentence = f"Outside the usual range: {named}. Ask your care team what it means for you."
    elif judged and len(judged) == len(test.results):
        sentence = "Everything measured is within the usual range."
    elif test.results:
        sentence = "The values are ready to read. Your care team knows what they mean for you."
    else:
        sentence = test.result_summary or "This test is done."
    return {"test": test, "sentence": sentence}
