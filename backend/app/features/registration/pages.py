"""Pages of registration: the search of patients and the chart."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.clinical.mrn import SEQUENCE_DIGITS, is_valid_mrn
from app.core import clock
from app.features.registration import chart_view, queries, schemas
from app.features.registration.rules import PatientSearch, read_search
from app.web import formatting
from app.web.csrf import same_site
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
Cursor = Annotated[str | None, Query(max_length=400)]
Words = Annotated[str, Query(max_length=200)]
DONE = {
    "registered": "Registered. The MRN stands above; it never changes.",
    "corrected": "Saved.",
}
# An MRN of so many digits is whole, and not one that is still being typed.
WHOLE_MRN = SEQUENCE_DIGITS + 1
PAGE = queries.Limits(visits=10, vitals=100, lab_tests=3, prescriptions=12, records=8)


@router.get("/patients", dependencies=[Needs(Permission.PATIENT_SEARCH)])
async def find_patients(
    request: Request, db: Db, actor: CurrentActor, q: Words = "", cursor: Cursor = None
) -> Response:
    today = formatting.local(clock.now(), actor.timezone).date()
    template = "registration/patients.html"
    if is_fragment(request):
        template = "registration/rows.html" if cursor else "registration/found.html"
    return render(request, template, actor, **await found_context(db, actor, q, today, cursor))


async def found_context(
    db: AsyncSession,
    actor: Actor,
    q: str,
    today: date,
    cursor: str | None = None,
    *,
    narrow: bool = False,
) -> dict[str, Any]:
    """What the list of those found shows; a narrow one stands beside another."""
    search = read_search(q, today)
    page = await queries.search_patients(db, actor, search, cursor=cursor)
    return {
        "q": q,
        "page": page,
        "today": today,
        "narrow": narrow,
        "may_register": actor.can(Permission.PATIENT_REGISTER),
        "heading": _heading(q, page, cursor),
        "read_as": _read_as(search),
        "marked": [word for word in q.replace(",", " ").split() if not word.isdigit()],
    }


@router.get("/patients/found", dependencies=[Needs(Permission.PATIENT_SEARCH)])
async def offer_patients(request: Request, db: Db, actor: CurrentActor, q: Words = "") -> Response:
    """What the palette offers while somebody types; before that, whom he opened last."""
    today = formatting.local(clock.now(), actor.timezone).date()
    search = read_search(q, today)
    page = schemas.PatientPageOut(items=[], next_cursor=None)
    if not search.is_empty:
        page = await queries.search_patients(db, actor, search, limit=7)
    elif not q.strip():
        page = schemas.PatientPageOut(items=await queries.last_opened(db, actor), next_cursor=None)
    return render(request, "registration/options.html", actor, page=page, today=today)


@router.get("/patients/{patient_id}", dependencies=[Needs(Permission.PATIENT_READ)])
async def show_chart(
    request: Request,
    db: Db,
    actor: CurrentActor,
    patient_id: UUID,
    done: Annotated[str, Query(max_length=40)] = "",
    was: Annotated[str, Query(max_length=30)] = "",
) -> Response:
    """The chart; that of a merged file leads to the one that is used, which says whose number was asked for."""
    if actor.scope == "self":
        return RedirectResponse(f"/my/files/{patient_id}", 303)
    opened = await queries.open_chart(db, actor, patient_id, limits=PAGE)
    if opened.banner.merged_into_id is not None:
        asked = quote(was or opened.banner.mrn)
        return RedirectResponse(f"/patients/{opened.banner.merged_into_id}?was={asked}", 303)
    context = chart_view.chart_context(actor, opened)
    return render(request, "registration/chart.html", actor, **context, done=DONE.get(done, ""), was=was)


@router.get("/patients/{patient_id}/{section}", dependencies=[Needs(Permission.PATIENT_READ)])
async def show_older(
    request: Request,
    db: Db,
    actor: CurrentActor,
    patient_id: UUID,
    section: schemas.Section,
    cursor: Cursor = None,
    record_type: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """One section further back: rows for htmx, a page of its own for whoever follows the link."""
    opened = await queries.open_chart(
        db, actor, patient_id, limits=PAGE, section=section, cursor=cursor, record_type=record_type
    )
    context = chart_view.chart_context(actor, opened, section=section, record_type=record_type, cursor=cursor)
    template = "registration/older.html" if is_fragment(request) else "registration/chart.html"
    return render(request, template, actor, **context, done="", was="")


def _heading(q: str, page: schemas.PatientPageOut, cursor: str | None) -> str:
    count = len(page.items)
    if cursor:
        return f"{count} more"
    if not q.strip():
        return "All patients"
    if page.next_cursor:
        return f"The first {count} found"
    return "Nobody found" if count == 0 else "1 person found" if count == 1 else f"{count} people found"


def _read_as(search: PatientSearch) -> str:
    """How dates and numbers in the box were understood, so that nobody wonders."""
    parts = []
    if search.born:
        parts.append("born " + " or ".join(formatting.day(each) for each in search.born))
    if search.year:
        parts.append(f"born in {search.year}")
    if search.digits:
        parts.append("phone, MRN or number on a document")
    if search.bed:
        parts.append("bed")
    if search.code:
        parts.append("number on a document")
    if (
        search.mrn
        and not search.bed
        and not is_valid_mrn(search.mrn)
        and len(search.mrn.rpartition("-")[2]) >= WHOLE_MRN
    ):
        parts.append("the last digit of this MRN does not fit: look for a wrong one")
    return ", ".join(parts)
