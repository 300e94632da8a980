"""Pages of people and roles: lists, invitation, one person, one role."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import NotFound
from app.core.versions import version_of
from app.features.staff import actions, queries, schemas
from app.models.role import RoleName, Scope
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form, read_many
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
READ = [Needs(Permission.STAFF_READ)]
MANAGE = [Needs(Permission.USER_MANAGE)]
ROLES = [Needs(Permission.ROLE_MANAGE)]
PLACE = {"role": "Role", "region_id": "Region", "hospital_id": "Hospital"}
NAME = {"title": "Title", "first_name": "Given name", "last_name": "Family name", "phone": "Phone"}
INVITATION = {"email": "E-mail", **NAME, **PLACE}
FILTERS = {
    "current": "Everybody with a login",
    "invited": "Not signed in yet",
    "disabled": "Disabled",
    "no_login": "Without a login",
    "removed": "Removed",
    "all": "All",
}
DONE = {
    "invited": "The invitation is on its way. The link in it works once.",
    "saved": "Saved.",
    "assigned": "Saved. The person signs in anew, with the new rights.",
    "invite": "A new link is on its way; the one before it works no more.",
    "disable": "Disabled. Every sign-in of this person has ended.",
    "enable": "Enabled. The person can sign in again.",
    "remove": "Removed. What this person wrote keeps its name.",
}


@router.get("/staff", dependencies=READ)
async def list_staff(
    request: Request,
    db: Db,
    actor: CurrentActor,
    q: Annotated[str, Query(max_length=200)] = "",
    role: Annotated[str, Query(max_length=40)] = "",
    state: schemas.Filter = "current",
    cursor: Annotated[str | None, Query(max_length=900)] = None,
) -> Response:
    wanted = RoleName(role) if role in set(RoleName) else None
    page = await queries.list_users(db, actor, q=q, role=wanted, state=state, cursor=cursor)
    roles = await queries.list_roles(db, actor)
    template = "staff/rows.html" if is_fragment(request) and cursor else "staff/list.html"
    form = Form({"q": q, "role": role, "state": state})
    named = [(each.name, each.display_name) for each in roles.items]
    return render(
        request,
        template,
        actor,
        page=page,
        form=form,
        roles=named,
        filters=FILTERS.items(),
        may_manage=actor.can(Permission.USER_MANAGE),
    )


@router.get("/staff/new", dependencies=MANAGE)
async def show_invitation(request: Request, db: Db, actor: CurrentActor) -> Response:
    return await _invitation(request, db, actor, Form(dict.fromkeys(INVITATION, "")))


@router.post("/staff/new", dependencies=MANAGE)
async def invite_user(request: Request, db: Db, actor: CurrentActor) -> Response:
    form = await read_form(request, tuple(INVITATION))
    person = fill(form, schemas.UserIn, INVITATION, needed=("email", "last_name", "role"))
    if person is not None:
        made: list[UUID] = []

        async def invite() -> None:
            made.append((await actions.invite_user(db, actor, person, now=clock.now())).id)

        if await attempt(db, form, invite()):
            return RedirectResponse(f"/staff/{made[0]}?done=invited", 303)
    return await _invitation(request, db, actor, form)


async def _invitation(request: Request, db: AsyncSession, actor: Actor, form: Form) -> Response:
    return render(
        request,
        "staff/new.html",
        actor,
        status_code=form.status_code,
        form=form,
        **await _places(db, actor),
    )


async def _places(db: AsyncSession, actor: Actor) -> dict[str, Any]:
    """The roles that the actor may give, and where."""
    reach = actions.REACH[Scope(actor.scope)]
    listed = (await queries.list_roles(db, actor)).items
    roles = [
        (each.name, each.display_name)
        for each in listed
        if each.name != RoleName.PATIENT and actions.REACH[Scope(each.scope)] <= reach
    ]
    regions, hospitals = await queries.places(db, actor)
    return {"roles": roles, "regions": regions, "hospitals": hospitals}


@router.get("/staff/{user_id}", dependencies=READ)
async def show_user(
    request: Request,
    db: Db,
    actor: CurrentActor,
    user_id: UUID,
    done: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    return await _person(request, db, actor, user_id, done=DONE.get(done, ""))


async def _person(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    user_id: UUID,
    *,
    name: Form | None = None,
    place: Form | None = None,
    done: str = "",
) -> Response:
    """The person as he stands now; a form that was refused keeps what was typed."""
    user = await queries.read_user(db, actor, user_id)
    kept = {key: str(getattr(user, key) or "") for key in (*NAME, *PLACE)}
    refused = name or place
    return render(
        request,
        "staff/person.html",
        actor,
        status_code=refused.status_code if refused else 200,
        user=user,
        version=version_of(user.updated_at),
        name=name or Form(kept),
        place=place or Form(kept),
        done=done,
        is_self=user.id == actor.user_id,
        may_manage=actor.can(Permission.USER_MANAGE),
        **await _places(db, actor),
    )


@router.post("/staff/{user_id}", dependencies=MANAGE)
async def change_user(request: Request, db: Db, actor: CurrentActor, user_id: UUID) -> Response:
    form = await read_form(request, (*NAME, "version"))
    changes = fill(form, schemas.UserChangeIn, NAME, needed=("last_name",))
    seen = form.values["version"] or None
    if changes is not None and await attempt(
        db, form, actions.change_user(db, actor, user_id, changes, seen=seen)
    ):
        return RedirectResponse(f"/staff/{user_id}?done=saved", 303)
    return await _person(request, db, actor, user_id, name=form)


@router.post("/staff/{user_id}/assign", dependencies=MANAGE)
async def assign_user(request: Request, db: Db, actor: CurrentActor, user_id: UUID) -> Response:
    form = await read_form(request, (*PLACE, "version"))
    to = fill(form, schemas.PlaceIn, PLACE, needed=("role",))
    seen = form.values["version"] or None
    if to is not None and await attempt(db, form, actions.assign_user(db, actor, user_id, to, seen=seen)):
        return RedirectResponse(f"/staff/{user_id}?done=assigned", 303)
    return await _person(request, db, actor, user_id, place=form)


Act = Callable[..., Awaitable[object]]
ACTS: dict[str, Act] = {
    "disable": actions.disable_user,
    "enable": actions.enable_user,
    "remove": actions.remove_user,
}


@router.post("/staff/{user_id}/{act}", dependencies=MANAGE)
async def act_on_user(request: Request, db: Db, actor: CurrentActor, user_id: UUID, act: str) -> Response:
    """Disable, enable, remove, or send the link again."""
    form = Form()
    if act == "invite":
        acted = actions.resend_invitation(db, actor, user_id, now=clock.now())
        went = await attempt(db, form, acted)
    elif act in ACTS:
        went = await attempt(db, form, ACTS[act](db, actor, user_id))
    else:
        raise NotFound
    if went:
        return RedirectResponse(f"/staff/{user_id}?done={act}", 303)
    return await _person(request, db, actor, user_id, name=form)


@router.get("/roles", dependencies=READ)
async def list_roles(request: Request, db: Db, actor: CurrentActor) -> Response:
    roles = await queries.list_roles(db, actor)
    return render(
        request, "staff/roles.html", actor, roles=roles.items, may_manage=actor.can(Permission.ROLE_MANAGE)
    )


@router.get("/roles/{role_id}", dependencies=READ)
async def show_role(
    request: Request,
    db: Db,
    actor: CurrentActor,
    role_id: UUID,
    done: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    return await _role(request, db, actor, role_id, Form(), done=DONE.get(done, ""))


@router.post("/roles/{role_id}", dependencies=ROLES)
async def change_role(request: Request, db: Db, actor: CurrentActor, role_id: UUID) -> Response:
    form = await read_form(request, ("version",))
    ticked = await read_many(request, "permissions")
    changes = schemas.RoleChangeIn(permissions=ticked[:200])
    seen = form.values["version"] or None
    if await attempt(db, form, actions.change_role(db, actor, role_id, changes, seen=seen)):
        return RedirectResponse(f"/roles/{role_id}?done=saved", 303)
    return await _role(request, db, actor, role_id, form, ticked=ticked)


async def _role(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    role_id: UUID,
    form: Form,
    *,
    ticked: list[str] | None = None,
    done: str = "",
) -> Response:
    role = await queries.read_role(db, actor, role_id)
    return render(
        request,
        "staff/role.html",
        actor,
        status_code=form.status_code,
        role=role,
        version=version_of(role.updated_at),
        form=form,
        ticked=set(role.permissions if ticked is None else ticked),
        permissions=list(Permission),
        may_manage=actor.can(Permission.ROLE_MANAGE),
        done=done,
    )
