"""Pages: merge two files, take that back, link a file to a person of the network, unlink it."""

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
from app.features.identity import actions, queries, schemas
from app.features.registration.banner import read_banner
from app.features.registration.queries import search_patients
from app.features.registration.rules import read_search
from app.web import formatting
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
MERGE = [Needs(Permission.PATIENT_MERGE)]
REASON = {"reason": "Reason"}
Words = Annotated[str, Query(max_length=200)]
Done = Annotated[str, Query(max_length=20)]
DONE = {
    "merged": "Merged. The other file leads here; it can be undone below.",
    "undone": "Undone. Both files stand as they did; what was written since stayed where it was.",
    "linked": "Linked.",
    "unlinked": "Unlinked. The file is of a person of its own.",
}


@router.get("/patients/{patient_id}/merge", dependencies=MERGE)
async def show_merge(
    request: Request,
    db: Db,
    actor: CurrentActor,
    patient_id: UUID,
    other: UUID | None = None,
    q: Words = "",
) -> Response:
    """First the other file is looked for, then the two stand beside each other."""
    if other is not None and other != patient_id:
        return await _compare(request, db, actor, patient_id, other, Form())
    return await _look_for(request, db, actor, patient_id, q)


async def _look_for(
    request: Request, db: AsyncSession, actor: Actor, patient_id: UUID, q: str = ""
) -> Response:
    banner = await read_banner(db, actor, patient_id)
    today = formatting.local(clock.now(), actor.timezone).date()
    search = read_search(q, today)
    page = None if search.is_empty else await search_patients(db, actor, search, limit=20)
    found = [each for each in page.items if each.id != patient_id] if page else []
    return render(
        request, "identity/other.html", actor, banner=banner, q=q, found=found, is_asked=page is not None
    )


async def _compare(
    request: Request, db: AsyncSession, actor: Actor, survivor_id: UUID, loser_id: UUID, form: Form
) -> Response:
    banner = await read_banner(db, actor, survivor_id)
    preview = await queries.preview_merge(db, actor, survivor_id, loser_id, now=clock.now())
    return render(
        request,
        "identity/compare.html",
        actor,
        status_code=form.status_code,
        banner=banner,
        preview=preview,
        form=form,
    )


@router.post("/patients/{patient_id}/merge", dependencies=MERGE)
async def merge_files(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    labels = {"loser_id": "The other file", **REASON, "confirmed": "The differences"}
    form = await read_form(request, tuple(labels))
    # A box that is not ticked is not sent: it means no.
    form.values["confirmed"] = "true" if form.values["confirmed"] else "false"
    given = fill(form, schemas.MergeIn, labels, needed=("loser_id", "reason"))
    if given is not None and await attempt(
        db, form, actions.merge_files(db, actor, patient_id, given, now=clock.now())
    ):
        return RedirectResponse("/merges?done=merged", 303)
    try:
        loser_id = UUID(form.values["loser_id"])
    except ValueError:
        return await _look_for(request, db, actor, patient_id)
    return await _compare(request, db, actor, patient_id, loser_id, form)


@router.get("/merges", dependencies=MERGE)
async def show_merges(
    request: Request,
    db: Db,
    actor: CurrentActor,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    done: Done = "",
) -> Response:
    return await _merges(request, db, actor, cursor=cursor, done=DONE.get(done, ""))


@router.post("/merges/{merge_id}/undo", dependencies=MERGE)
async def undo_merge(request: Request, db: Db, actor: CurrentActor, merge_id: UUID) -> Response:
    await queries.read_merge(db, actor, merge_id)
    form = await read_form(request, tuple(REASON))
    given = fill(form, schemas.ReasonIn, REASON, needed=tuple(REASON))
    if given is not None and await attempt(
        db, form, actions.undo_merge(db, actor, merge_id, given, now=clock.now())
    ):
        return RedirectResponse("/merges?done=undone", 303)
    return await _merges(request, db, actor, form=form, wrong=merge_id)


async def _merges(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    *,
    cursor: str | None = None,
    form: Form | None = None,
    wrong: UUID | None = None,
    done: str = "",
) -> Response:
    page = await queries.list_merges(db, actor, cursor=cursor)
    more = is_fragment(request) and cursor is not None
    shown = form or Form()
    return render(
        request,
        "identity/merge_rows.html" if more else "identity/merges.html",
        actor,
        status_code=shown.status_code,
        page=page,
        form=shown,
        wrong=wrong,
        done=done,
    )


@router.get("/patients/{patient_id}/links", dependencies=MERGE)
async def show_links(
    request: Request, db: Db, actor: CurrentActor, patient_id: UUID, look: bool = False, done: Done = ""
) -> Response:
    """With `look` the network is searched for whom the file may be of; every look is in the trail."""
    return await _links(request, db, actor, patient_id, look=look, done=DONE.get(done, ""))


@router.post("/patients/{patient_id}/link", dependencies=MERGE)
async def link_person(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    form = await read_form(request, ("person_id", "reason"))
    labels = {"person_id": "Person", **REASON}
    given = fill(form, schemas.LinkIn, labels, needed=tuple(labels))
    if given is not None and await attempt(
        db, form, actions.link_person(db, actor, patient_id, given, now=clock.now())
    ):
        return RedirectResponse(f"/patients/{patient_id}/links?done=linked", 303)
    return await _links(request, db, actor, patient_id, look=True, form=form)


@router.post("/patients/{patient_id}/unlink", dependencies=MERGE)
async def unlink_person(request: Request, db: Db, actor: CurrentActor, patient_id: UUID) -> Response:
    form = await read_form(request, tuple(REASON))
    given = fill(form, schemas.ReasonIn, REASON, needed=tuple(REASON))
    if given is not None and await attempt(
        db, form, actions.unlink_person(db, actor, patient_id, given, now=clock.now())
    ):
        return RedirectResponse(f"/patients/{patient_id}/links?done=unlinked", 303)
    return await _links(request, db, actor, patient_id, form=form)


async def _links(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    *,
    look: bool = False,
    form: Form | None = None,
    done: str = "",
) -> Response:
    banner = await read_banner(db, actor, patient_id)
    links = await queries.read_links(db, actor, patient_id)
    look = look and banner.merged_into_id is None
    candidates = await queries.link_candidates(db, actor, patient_id) if look else None
    shown = form or Form()
    return render(
        request,
        "identity/links.html",
        actor,
        status_code=shown.status_code,
        banner=banner,
        links=links,
        candidates=candidates,
        form=shown,
        done=done,
    )
