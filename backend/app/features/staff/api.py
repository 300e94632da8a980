"""JSON routes of people and roles."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.staff import actions, queries, schemas
from app.models.role import RoleName
from app.models.user import User
from app.web.etag import Seen, SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["organisation"], route_class=Repeatable)
MANAGE = [Needs(Permission.USER_MANAGE)]
READ = [Needs(Permission.STAFF_READ)]


@router.get("/users", dependencies=READ, summary="People within reach")
async def list_users(
    db: Db,
    actor: CurrentActor,
    q: Annotated[str, Query(max_length=200, description="Beginning of a name or of an e-mail")] = "",
    role: RoleName | None = None,
    hospital_id: UUID | None = None,
    state: schemas.Filter = "current",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=900)] = None,
) -> schemas.UserPageOut:
    return await queries.list_users(
        db, actor, q=q, role=role, hospital_id=hospital_id, state=state, limit=limit, cursor=cursor
    )


@router.post("/users", dependencies=MANAGE, summary="Invite somebody by e-mail", status_code=201)
async def invite_user(
    db: Db, actor: CurrentActor, response: Response, person: schemas.UserIn
) -> schemas.UserOut:
    """An e-mail of somebody who was removed brings that person back, with what is sent now."""
    return await _told(db, actor, response, await actions.invite_user(db, actor, person, now=clock.now()))


@router.get("/users/{user_id}", dependencies=READ, summary="One person")
async def read_user(db: Db, actor: CurrentActor, response: Response, user_id: UUID) -> schemas.UserOut:
    found = await queries.read_user(db, actor, user_id)
    send_etag(response, found.updated_at)
    return found


@router.patch("/users/{user_id}", dependencies=MANAGE, summary="Change name, title or phone")
async def change_user(
    db: Db, actor: CurrentActor, response: Response, user_id: UUID, seen: Seen, changes: schemas.UserChangeIn
) -> schemas.UserOut:
    return await _told(db, actor, response, await actions.change_user(db, actor, user_id, changes, seen=seen))


@router.post("/users/{user_id}/assign", dependencies=MANAGE, summary="Change role, region or hospital")
async def assign_user(
    db: Db, actor: CurrentActor, response: Response, user_id: UUID, seen: SeenIfAny, to: schemas.PlaceIn
) -> schemas.UserOut:
    return await _told(db, actor, response, await actions.assign_user(db, actor, user_id, to, seen=seen))


@router.post("/users/{user_id}/invite", dependencies=MANAGE, summary="Send the link to a password again")
async def resend_invitation(
    db: Db, actor: CurrentActor, response: Response, user_id: UUID
) -> schemas.UserOut:
    user = await actions.resend_invitation(db, actor, user_id, now=clock.now())
    return await _told(db, actor, response, user)


@router.post("/users/{user_id}/disable", dependencies=MANAGE, summary="Stop somebody from signing in")
async def disable_user(
    db: Db, actor: CurrentActor, response: Response, user_id: UUID, seen: SeenIfAny
) -> schemas.UserOut:
    return await _told(db, actor, response, await actions.disable_user(db, actor, user_id, seen=seen))


@router.post("/users/{user_id}/enable", dependencies=MANAGE, summary="Let somebody sign in again")
async def enable_user(
    db: Db, actor: CurrentActor, response: Response, user_id: UUID, seen: SeenIfAny
) -> schemas.UserOut:
    return await _told(db, actor, response, await actions.enable_user(db, actor, user_id, seen=seen))


@router.post("/users/{user_id}/remove", dependencies=MANAGE, summary="Remove somebody, keeping the name")
async def remove_user(
    db: Db, actor: CurrentActor, response: Response, user_id: UUID, seen: SeenIfAny
) -> schemas.UserOut:
    return await _told(db, actor, response, await actions.remove_user(db, actor, user_id, seen=seen))


@router.get("/roles", dependencies=READ, summary="Roles, and the permissions there are")
async def list_roles(db: Db, actor: CurrentActor) -> schemas.RolesOut:
    return await queries.list_roles(db, actor)


@router.get("/roles/{role_id}", dependencies=READ, summary="One role")
async def read_role(db: Db, actor: CurrentActor, response: Response, role_id: UUID) -> schemas.RoleOut:
    found = await queries.read_role(db, actor, role_id)
    send_etag(response, found.updated_at)
    return found


@router.patch(
    "/roles/{role_id}", dependencies=[Needs(Permission.ROLE_MANAGE)], summary="Change what a role may do"
)
async def change_role(
    db: Db, actor: CurrentActor, response: Response, role_id: UUID, seen: Seen, changes: schemas.RoleChangeIn
) -> schemas.RoleOut:
    await actions.change_role(db, actor, role_id, changes, seen=seen)
    return await read_role(db, actor, response, role_id)


async def _told(db: Db, actor: Actor, response: Response, user: User) -> schemas.UserOut:
    """The person as he stands now, with the version for the next change."""
    return await read_user(db, actor, response, user.id)
