"""Reads of people and roles; the policies decide how many of them the actor reaches."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.cursors import read_cursor, read_key, write_cursor
from app.core.errors import NotFound
from app.features.staff.schemas import (
    Filter,
    PermissionOut,
    RoleOut,
    RolesOut,
    State,
    UserOut,
    UserPageOut,
)
from app.models.hospital import Hospital
from app.models.region import Region
from app.models.role import Role, RoleName
from app.models.user import User

MOST_ROWS = 100
Found = Row[User, Role, str, str]
NEVER_SIGNED_IN = and_(
    User.last_login.is_(None),
    User.password_changed_at.is_(None),
    User.is_active,
    ~User.is_deleted,
    User.email.is_not(None),
)
FILTERS = {
    "current": and_(~User.is_deleted, User.email.is_not(None)),
    "invited": NEVER_SIGNED_IN,
    "disabled": and_(~User.is_deleted, ~User.is_active),
    "removed": User.is_deleted,
    "no_login": and_(~User.is_deleted, User.email.is_(None)),
    "all": User.id.is_not(None),
}


def _people() -> Select[User, Role, str, str]:
    return (
        select(User, Role, Hospital.name, Region.name)
        .join(Role, Role.id == User.role_id)
        .outerjoin(Hospital, Hospital.id == User.hospital_id)
        .outerjoin(Region, Region.id == User.region_id)
    )


def state_of(user: User) -> State:
    if user.is_deleted:
        return "removed"
    if user.email is None:
        return "no_login"
    if not user.is_active:
        return "disabled"
    return "invited" if user.last_login is None and user.password_changed_at is None else "active"


def _out(found: Found) -> UserOut:
    user, role, hospital_name, region_name = found
    return UserOut(
        id=user.id,
        email=user.email,
        title=user.title,
        first_name=user.first_name,
        last_name=user.last_name,
        phone=user.phone,
        role=role.name,
        role_title=role.display_name,
        scope=role.scope.value,
        region_id=user.region_id,
        region_name=region_name,
        hospital_id=user.hospital_id,
        hospital_name=hospital_name,
        state=state_of(user),
        is_active=user.is_active,
        is_deleted=user.is_deleted,
        last_login=user.last_login,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


@needs(Permission.STAFF_READ)
async def list_users(
    session: AsyncSession,
    actor: Actor,
    *,
    q: str = "",
    role: RoleName | None = None,
    hospital_id: UUID | None = None,
    state: Filter = "current",
    limit: int = 50,
    cursor: str | None = None,
) -> UserPageOut:
    """People by family name; `q` is the beginning of a name or of an e-mail."""
    limit = min(limit, MOST_ROWS)
    given = func.coalesce(User.first_name, "")
    statement = _people().where(FILTERS[state]).order_by(User.last_name, given, User.id).limit(limit + 1)
    if words := q.replace("\x00", "").strip():
        columns = (User.last_name, User.first_name, User.email)
        statement = statement.where(or_(*(column.istartswith(words, autoescape=True) for column in columns)))
    if role is not None:
        statement = statement.where(Role.name == role.value)
    if hospital_id is not None:
        statement = statement.where(User.hospital_id == hospital_id)
    last_name, first_name, after = read_cursor(cursor, 3)
    if after is not None:
        key = tuple_(User.last_name, given, User.id)
        statement = statement.where(key > tuple_(last_name or "", first_name or "", read_key(after)))
    found: Sequence[Found] = (await session.execute(statement)).all()
    page = [_out(each) for each in found[:limit]]
    more = len(found) > limit
    return UserPageOut(
        items=page,
        next_cursor=write_cursor(page[-1].last_name, page[-1].first_name, page[-1].id) if more else None,
    )


@needs(Permission.STAFF_READ)
async def read_user(session: AsyncSession, actor: Actor, user_id: UUID) -> UserOut:
    found = (await session.execute(_people().where(User.id == user_id))).one_or_none()
    if found is None:
        raise NotFound("user-not-found", "There is no such person here.")
    return _out(found)


def _roles() -> Select[Role, int]:
    people = (
        select(func.count())
        .where(User.role_id == Role.id, ~User.is_deleted, User.is_active, User.email.is_not(None))
        .scalar_subquery()
    )
    return select(Role, people)


def _role_out(role: Role, people: int) -> RoleOut:
    return RoleOut(
        id=role.id,
        name=role.name,
        display_name=role.display_name,
        scope=role.scope.value,
        permissions=sorted(role.permissions),
        people=people,
        updated_at=role.updated_at,
    )


@needs(Permission.STAFF_READ)
async def list_roles(session: AsyncSession, actor: Actor) -> RolesOut:
    """The nine roles in the order of their reach, each with how many people within the actor's reach hold it."""
    order = {name.value: place for place, name in enumerate(RoleName)}
    found = [_role_out(role, people) for role, people in (await session.execute(_roles())).all()]
    known = [
        PermissionOut(key=each.value, label=each.label, description=each.description) for each in Permission
    ]
    return RolesOut(
        items=sorted(found, key=lambda role: (order.get(role.name, len(order)), role.name)),
        known_permissions=known,
    )


@needs(Permission.STAFF_READ)
async def read_role(session: AsyncSession, actor: Actor, role_id: UUID) -> RoleOut:
    found = (await session.execute(_roles().where(Role.id == role_id))).one_or_none()
    if found is None:
        raise NotFound("role-not-found", "There is no such role.")
    return _role_out(found[0], found[1])


@needs(Permission.STAFF_READ)
async def places(
    session: AsyncSession, actor: Actor
) -> tuple[list[tuple[UUID, str]], list[tuple[UUID, str]]]:
    """The open regions and the open hospitals within reach, by name, to choose from."""
    statement = (
        select(Region.id, Region.name, Hospital.id, Hospital.name)
        .outerjoin(Hospital, and_(Hospital.region_id == Region.id, Hospital.is_active))
        .where(Region.is_active)
        .order_by(Region.name, Region.id, Hospital.name, Hospital.id)
    )
    regions: dict[UUID, str] = {}
    hospitals: list[tuple[UUID, str]] = []
    for region_id, region, hospital_id, hospital in (await session.execute(statement)).all():
        regions[region_id] = region
        if hospital_id is not None:
            hospitals.append((hospital_id, f"{hospital}, {region}"))
    return list(regions.items()), hospitals
