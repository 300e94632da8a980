"""Pages of the organisation: regions with their theme, and hospitals."""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import PUBLIC, CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core.errors import NotFound
from app.core.files import read_file
from app.core.versions import version_of
from app.features.organisation import actions, queries, schemas
from app.features.organisation.rules import MOST_BYTES, NAME, TYPES
from app.web import theme
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form
from app.web.static_files import A_YEAR
from app.web.templating import render

router = APIRouter(prefix="/organisation", dependencies=[Depends(same_site)])
READ = [Needs(Permission.HOSPITAL_READ)]
REGIONS = [Needs(Permission.REGION_MANAGE)]
HOSPITALS = [Needs(Permission.HOSPITAL_MANAGE)]
THEME = [Needs(Permission.REGION_THEME)]
REGION = {"name": "Name", "code": "Code"}
COLOURS = {"primary_color": "Main colour", "secondary_color": "Colour of the mark"}
SECOND_PERSON = "results_need_second_person"
HOSPITAL = {
    "name": "Name",
    "address": "Address",
    "phone": "Phone",
    "email": "E-mail",
    "bed_capacity": "Licensed beds",
    "timezone": "Time zone",
    SECOND_PERSON: "Verification",
}
NEW_HOSPITAL = {"region_id": "Region", "code": "Code", **HOSPITAL}
DONE = {
    "opened": "Opened.",
    "saved": "Saved.",
    "themed": "Saved. Everybody of the region sees the colours with the next page.",
    "closed": "Closed. It stays on the list, and what was recorded stays.",
}
Done = Annotated[str, Query(max_length=40)]


@router.get("", dependencies=READ)
async def show_organisation(request: Request, db: Db, actor: CurrentActor) -> Response:
    regions = await queries.list_regions(db, actor)
    figures = await queries.read_metrics(db, actor) if actor.can(Permission.METRICS_READ) else None
    return render(
        request,
        "organisation/home.html",
        actor,
        regions=regions,
        figures=figures,
        may_open_regions=actor.can(Permission.REGION_MANAGE),
        may_open_hospitals=actor.can(Permission.HOSPITAL_MANAGE),
    )


@router.get("/regions/new", dependencies=REGIONS)
async def show_new_region(request: Request, actor: CurrentActor) -> Response:
    return render(request, "organisation/new_region.html", actor, form=Form(dict.fromkeys(REGION, "")))


@router.post("/regions/new", dependencies=REGIONS)
async def open_region(request: Request, db: Db, actor: CurrentActor) -> Response:
    form = await read_form(request, tuple(REGION))
    form.values["code"] = form.values["code"].upper()
    wanted = fill(form, schemas.RegionIn, REGION, needed=tuple(REGION))
    if wanted is not None:
        made: list[UUID] = []

        async def act() -> None:
            made.append((await actions.open_region(db, actor, wanted)).id)

        if await attempt(db, form, act()):
            return RedirectResponse(f"/organisation/regions/{made[0]}?done=opened", 303)
    return render(request, "organisation/new_region.html", actor, status_code=form.status_code, form=form)


@router.get("/regions/{region_id}", dependencies=READ)
async def show_region(
    request: Request, db: Db, actor: CurrentActor, region_id: UUID, done: Done = ""
) -> Response:
    return await _region(request, db, actor, region_id, done=DONE.get(done, ""))


@router.post("/regions/{region_id}", dependencies=REGIONS)
async def rename_region(request: Request, db: Db, actor: CurrentActor, region_id: UUID) -> Response:
    form = await read_form(request, ("name", "version"))
    changes = fill(form, schemas.RegionChangeIn, {"name": "Name"}, needed=("name",))
    seen = form.values["version"] or None
    if changes is not None and await attempt(
        db, form, actions.rename_region(db, actor, region_id, changes, seen=seen)
    ):
        return RedirectResponse(f"/organisation/regions/{region_id}?done=saved", 303)
    return await _region(request, db, actor, region_id, form=form)


@router.post("/regions/{region_id}/close", dependencies=REGIONS)
async def close_region(request: Request, db: Db, actor: CurrentActor, region_id: UUID) -> Response:
    act = actions.close_region(db, actor, region_id)
    return await _acted_on_region(request, db, actor, region_id, act, "closed")


@router.post("/regions/{region_id}/open", dependencies=REGIONS)
async def reopen_region(request: Request, db: Db, actor: CurrentActor, region_id: UUID) -> Response:
    act = actions.reopen_region(db, actor, region_id)
    return await _acted_on_region(request, db, actor, region_id, act, "opened")


async def _acted_on_region(
    request: Request, db: AsyncSession, actor: Actor, region_id: UUID, act: Awaitable[object], done: str
) -> Response:
    form = Form()
    if await attempt(db, form, act):
        return RedirectResponse(f"/organisation/regions/{region_id}?done={done}", 303)
    return await _region(request, db, actor, region_id, form=form)


async def _region(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    region_id: UUID,
    *,
    form: Form | None = None,
    done: str = "",
) -> Response:
    region = await queries.read_region(db, actor, region_id)
    figures = (
        await queries.read_metrics(db, actor, region_id=region_id)
        if actor.can(Permission.METRICS_READ)
        else None
    )
    shown = form or Form()
    shown.values.setdefault("name", region.name)
    return render(
        request,
        "organisation/region.html",
        actor,
        status_code=shown.status_code,
        region=region,
        version=version_of(region.updated_at),
        figures=figures,
        form=shown,
        done=done,
        may_manage=actor.can(Permission.REGION_MANAGE),
        may_theme=actor.can(Permission.REGION_THEME),
        may_open_hospitals=actor.can(Permission.HOSPITAL_MANAGE),
    )


@router.get("/regions/{region_id}/theme", dependencies=THEME)
async def show_theme(request: Request, db: Db, actor: CurrentActor, region_id: UUID) -> Response:
    region = await queries.read_region(db, actor, region_id)
    kept = {"primary_color": region.primary_color or "", "secondary_color": region.secondary_color or ""}
    return _theme(request, actor, region, Form(kept))


@router.post("/regions/{region_id}/theme", dependencies=THEME)
async def choose_theme(request: Request, db: Db, actor: CurrentActor, region_id: UUID) -> Response:
    """Saves the colours, or shows the page in them when they are only to be tried."""
    form = await read_form(request, (*COLOURS, "version", "only_try"))
    wanted = fill(form, schemas.ThemeIn, COLOURS, needed=("primary_color",))
    seen = form.values["version"] or None
    only_try = bool(form.values["only_try"])
    if (
        wanted is not None
        and not only_try
        and await attempt(db, form, actions.choose_theme(db, actor, region_id, wanted, seen=seen))
    ):
        return RedirectResponse(f"/organisation/regions/{region_id}?done=themed", 303)
    region = await queries.read_region(db, actor, region_id)
    if wanted is not None and only_try and theme.parse(wanted.primary_color) is None:
        form.errors["primary_color"], form.status_code = theme.NO_COLOUR, 422
    return _theme(request, actor, region, form, is_trial=only_try and not form.errors)


def _theme(
    request: Request, actor: Actor, region: schemas.RegionOut, form: Form, *, is_trial: bool = False
) -> Response:
    primary = theme.parse(form.values["primary_color"])
    secondary = theme.parse(form.values["secondary_color"])
    return render(
        request,
        "organisation/theme.html",
        actor,
        status_code=form.status_code,
        region=region,
        version=version_of(region.updated_at),
        form=form,
        is_trial=is_trial,
        sheet=theme.theme_url({"primary_color": primary, "secondary_color": secondary}),
        pairs=theme.pairs_of(theme.theme_from(primary, secondary)) if primary else [],
        is_alarm=primary is not None and theme.is_alarm(primary),
    )


@router.post("/regions/{region_id}/logo", dependencies=THEME)
async def choose_logo(request: Request, db: Db, actor: CurrentActor, region_id: UUID) -> Response:
    """The picture that was chosen, or none any more."""
    form = Form({"logo": ""})
    async with request.form() as sent:
        chosen, remove = sent.get("logo"), bool(sent.get("remove"))
        picture = await chosen.read(MOST_BYTES + 1) if isinstance(chosen, UploadFile) else b""
    act = (
        actions.remove_logo(db, actor, region_id)
        if remove
        else actions.choose_logo(db, actor, region_id, picture)
    )
    if await attempt(db, form, act):
        return RedirectResponse(f"/organisation/regions/{region_id}?done=saved", 303)
    region = await queries.read_region(db, actor, region_id)
    form.values |= {
        "primary_color": region.primary_color or "",
        "secondary_color": region.secondary_color or "",
    }
    return _theme(request, actor, region, form)


logos = APIRouter()


@logos.get("/logo/{name}", dependencies=[PUBLIC])
async def show_logo(name: str) -> Response:
    """A region's logo. Its name comes from its content, so the reply never changes."""
    kind = NAME.fullmatch(name)
    picture = await read_file(f"logos/{name}") if kind else None
    if kind is None or picture is None:
        raise NotFound
    return Response(picture, media_type=TYPES[kind[1]], headers={"Cache-Control": A_YEAR})


@router.get("/hospitals/new", dependencies=HOSPITALS)
async def show_new_hospital(
    request: Request, db: Db, actor: CurrentActor, region_id: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    form = Form({**dict.fromkeys(NEW_HOSPITAL, ""), "region_id": region_id, "bed_capacity": "0"})
    return await _new_hospital(request, db, actor, form)


@router.post("/hospitals/new", dependencies=HOSPITALS)
async def open_hospital(request: Request, db: Db, actor: CurrentActor) -> Response:
    form = await _read_hospital(request, tuple(NEW_HOSPITAL))
    form.values["code"] = form.values["code"].upper()
    needed = ("region_id", "code", "name", "bed_capacity", "timezone")
    wanted = fill(form, schemas.HospitalIn, NEW_HOSPITAL, needed=needed)
    if wanted is not None:
        made: list[UUID] = []

        async def act() -> None:
            made.append((await actions.open_hospital(db, actor, wanted)).id)

        if await attempt(db, form, act()):
            return RedirectResponse(f"/organisation/hospitals/{made[0]}?done=opened", 303)
    return await _new_hospital(request, db, actor, form)


async def _read_hospital(request: Request, names: tuple[str, ...]) -> Form:
    """A box that is not ticked is not sent: it means no."""
    form = await read_form(request, names)
    form.values[SECOND_PERSON] = "true" if form.values[SECOND_PERSON] else "false"
    return form


async def _new_hospital(request: Request, db: AsyncSession, actor: Actor, form: Form) -> Response:
    regions = [(each.id, each.name) for each in await queries.list_regions(db, actor) if each.is_active]
    return render(
        request,
        "organisation/new_hospital.html",
        actor,
        status_code=form.status_code,
        form=form,
        regions=regions,
    )


@router.get("/hospitals/{hospital_id}", dependencies=READ)
async def show_hospital(
    request: Request, db: Db, actor: CurrentActor, hospital_id: UUID, done: Done = ""
) -> Response:
    return await _hospital(request, db, actor, hospital_id, done=DONE.get(done, ""))


@router.post("/hospitals/{hospital_id}", dependencies=HOSPITALS)
async def change_hospital(request: Request, db: Db, actor: CurrentActor, hospital_id: UUID) -> Response:
    form = await _read_hospital(request, (*HOSPITAL, "version"))
    changes = fill(form, schemas.HospitalChangeIn, HOSPITAL, needed=("name", "bed_capacity", "timezone"))
    seen = form.values["version"] or None
    if changes is not None and await attempt(
        db, form, actions.change_hospital(db, actor, hospital_id, changes, seen=seen)
    ):
        return RedirectResponse(f"/organisation/hospitals/{hospital_id}?done=saved", 303)
    return await _hospital(request, db, actor, hospital_id, form=form)


@router.post("/hospitals/{hospital_id}/close", dependencies=HOSPITALS)
async def close_hospital(request: Request, db: Db, actor: CurrentActor, hospital_id: UUID) -> Response:
    act = actions.close_hospital(db, actor, hospital_id)
    return await _acted_on_hospital(request, db, actor, hospital_id, act, "closed")


@router.post("/hospitals/{hospital_id}/open", dependencies=HOSPITALS)
async def reopen_hospital(request: Request, db: Db, actor: CurrentActor, hospital_id: UUID) -> Response:
    act = actions.reopen_hospital(db, actor, hospital_id)
    return await _acted_on_hospital(request, db, actor, hospital_id, act, "opened")


async def _acted_on_hospital(
    request: Request, db: AsyncSession, actor: Actor, hospital_id: UUID, act: Awaitable[object], done: str
) -> Response:
    form = Form()
    if await attempt(db, form, act):
        return RedirectResponse(f"/organisation/hospitals/{hospital_id}?done={done}", 303)
    return await _hospital(request, db, actor, hospital_id, form=form)


async def _hospital(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    hospital_id: UUID,
    *,
    form: Form | None = None,
    done: str = "",
) -> Response:
    hospital = await queries.read_hospital(db, actor, hospital_id)
    figures = (
        (await queries.read_metrics(db, actor, hospital_id=hospital_id)).hospitals[0]
        if actor.can(Permission.METRICS_READ)
        else None
    )
    kept = {name: getattr(hospital, name) for name in HOSPITAL}
    shown = form or Form()
    for name, value in kept.items():
        words = str(value).lower() if isinstance(value, bool) else str(value if value is not None else "")
        shown.values.setdefault(name, words)
    return render(
        request,
        "organisation/hospital.html",
        actor,
        status_code=shown.status_code,
        hospital=hospital,
        version=version_of(hospital.updated_at),
        figures=figures,
        form=shown,
        done=done,
        may_manage=actor.can(Permission.HOSPITAL_MANAGE),
    )
