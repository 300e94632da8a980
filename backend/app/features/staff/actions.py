"""People: invited, moved, switched off, removed, brought back; and what a role may do (domain 5.2).

What the database refuses by itself has no second guard here: the last super administrator, the rights that his role
keeps, an e-mail that is taken beyond the actor's reach."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.passwords import unusable_hash
from app.access.permissions import Permission
from app.core.errors import BeyondReach, Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.signin.links import LinkPurpose, send_password_link
from app.features.staff.schemas import PlaceIn, RoleChangeIn, UserChangeIn, UserIn
from app.models.hospital import Hospital
from app.models.region import Region
from app.models.role import Role, RoleName, Scope
from app.models.user import User

# How far a scope reaches; nobody places a person further than he reaches himself.
REACH = {Scope.SELF: 0, Scope.HOSPITAL: 1, Scope.REGION: 2, Scope.NETWORK: 3}
MOST_NAMED = 5


@dataclass(frozen=True)
class Place:
    """A role with the region and hospital that its scope asks for."""

    role: Role
    region_id: UUID | None = None
    hospital_id: UUID | None = None


@needs(Permission.USER_MANAGE)
async def invite_user(session: AsyncSession, actor: Actor, person: UserIn, *, now: datetime) -> User:
    """A new person, or one who was removed and comes back under the same e-mail; the link to a password follows."""
    place = await _place(session, actor, person)
    user = await session.scalar(select(User).where(User.email == person.email).with_for_update())
    if user is not None and not user.is_deleted:
        raise Conflict(
            "email-taken",
            "Somebody here has this e-mail already. Look for the person in the list.",
            field="email",
        )
    # No password fits it: the link is the only way in.
    unknown = unusable_hash()
    if user is None:
        user = User(id=new_id(), email=person.email, password_hash=unknown, scope=place.role.scope)
        session.add(user)
    else:
        user.password_hash, user.password_changed_at, user.last_login = unknown, None, None
        user.is_deleted, user.is_active = False, True
    user.title, user.first_name, user.last_name = person.title, person.first_name, person.last_name
    user.phone = person.phone
    _put(user, place)
    await session.flush()
    await send_password_link(session, user.id, LinkPurpose.INVITE, now=now)
    return user


@needs(Permission.USER_MANAGE)
async def resend_invitation(session: AsyncSession, actor: Actor, user_id: UUID, *, now: datetime) -> User:
    """A fresh link to a password; whoever has signed in before uses it to choose a new one."""
    user = await _person(session, user_id)
    if user.email is None or user.is_deleted or not user.is_active:
        raise Conflict("no-login", "This person cannot sign in. Enable the login first, or invite anew.")
    is_new = user.last_login is None and user.password_changed_at is None
    await send_password_link(session, user.id, LinkPurpose.INVITE if is_new else LinkPurpose.RESET, now=now)
    return user


@needs(Permission.USER_MANAGE)
async def change_user(
    session: AsyncSession, actor: Actor, user_id: UUID, changes: UserChangeIn, *, seen: str | None = None
) -> User:
    """Name, title and phone; what was not sent stays."""
    user = await _person(session, user_id, seen)
    given = changes.model_fields_set
    for name in ("title", "first_name", "last_name", "phone"):
        if name in given:
            setattr(user, name, getattr(changes, name))
    await session.flush()
    return user


@needs(Permission.USER_MANAGE)
async def assign_user(
    session: AsyncSession, actor: Actor, user_id: UUID, to: PlaceIn, *, seen: str | None = None
) -> User:
    """Another role, region or hospital; the person's sign-ins end with it."""
    user = await _person(session, user_id, seen)
    _not_oneself(actor, user)
    if user.scope is Scope.SELF:
        raise Conflict("role-of-patients", "A patient's login stays a patient's. Invite the person as staff.")
    if user.is_deleted:
        raise Conflict("user-removed", "This person was removed. Invite the e-mail again to bring him back.")
    _put(user, await _place(session, actor, to))
    await session.flush()
    return user


@needs(Permission.USER_MANAGE)
async def disable_user(
    session: AsyncSession, actor: Actor, user_id: UUID, *, seen: str | None = None
) -> User:
    """Nothing is signed in to any more, at once; the person stays on the list."""
    user = await _person(session, user_id, seen)
    _not_oneself(actor, user)
    user.is_active = False
    await session.flush()
    return user


@needs(Permission.USER_MANAGE)
async def enable_user(session: AsyncSession, actor: Actor, user_id: UUID, *, seen: str | None = None) -> User:
    user = await _person(session, user_id, seen)
    _not_oneself(actor, user)
    if user.is_deleted:
        raise Conflict("user-removed", "This person was removed. Invite the e-mail again to bring him back.")
    user.is_active = True
    await session.flush()
    return user


@needs(Permission.USER_MANAGE)
async def remove_user(session: AsyncSession, actor: Actor, user_id: UUID, *, seen: str | None = None) -> User:
    """The row stays, so that what the person wrote keeps its name; the e-mail stays his."""
    user = await _person(session, user_id, seen)
    _not_oneself(actor, user)
    user.is_deleted, user.is_active = True, False
    await session.flush()
    return user


@needs(Permission.ROLE_MANAGE)
async def change_role(
    session: AsyncSession, actor: Actor, role_id: UUID, changes: RoleChangeIn, *, seen: str | None = None
) -> Role:
    """What the role may do from the next request of its people on; raises Invalid for a key that is not known."""
    role = await session.scalar(select(Role).where(Role.id == role_id).with_for_update())
    if role is None:
        raise NotFound("role-not-found", "There is no such role.")
    require_unchanged(role.updated_at, seen)
    if changes.permissions is not None:
        role.permissions = known_permissions(changes.permissions)
    if changes.display_name is not None:
        role.display_name = changes.display_name
    await session.flush()
    return role


def known_permissions(keys: list[str]) -> list[str]:
    """The keys once each and in order; raises Invalid, naming those that HASS does not know."""
    unknown = sorted(set(keys) - {permission.value for permission in Permission})
    if unknown:
        named = ", ".join(f"“{key[:60]}”" for key in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
        raise Invalid(
            "permission-unknown",
            f"HASS knows no permission {named}{more}. The page of a role lists all that there are.",
            field="permissions",
        )
    return sorted(set(keys))


def _put(user: User, place: Place) -> None:
    user.role_id, user.scope = place.role.id, place.role.scope
    user.region_id, user.hospital_id = place.region_id, place.hospital_id


async def _person(session: AsyncSession, user_id: UUID, seen: str | None = None) -> User:
    """Locked: two administrators change one person at the same time."""
    user = await session.scalar(select(User).where(User.id == user_id).with_for_update())
    if user is None:
        raise NotFound("user-not-found", "There is no such person here.")
    require_unchanged(user.updated_at, seen)
    return user


def _not_oneself(actor: Actor, user: User) -> None:
    if user.id == actor.user_id:
        raise Conflict(
            "not-oneself", "Nobody changes his own role or switches himself off. Ask another administrator."
        )


async def _place(session: AsyncSession, actor: Actor, wanted: PlaceIn) -> Place:
    """The role with what its scope asks for, within the actor's reach; raises Invalid, NotFound or BeyondReach."""
    role = await session.scalar(select(Role).where(Role.name == wanted.role.value))
    if role is None:
        raise NotFound("role-not-found", "There is no such role.")
    if wanted.role is RoleName.PATIENT:
        raise Invalid(
            "role-of-patients", "A patient's login is made from the patient's file, not here.", field="role"
        )
    if REACH[role.scope] > REACH[Scope(actor.scope)]:
        raise BeyondReach(
            "beyond-reach",
            f"Only somebody who reaches that far can make a {role.display_name.lower()}.",
            field="role",
        )
    if role.scope is Scope.NETWORK:
        return Place(role)
    if role.scope is Scope.REGION:
        region_id = wanted.region_id or (actor.region_id if actor.scope == Scope.REGION else None)
        found = await session.scalar(select(Region).where(Region.id == region_id, Region.is_active))
        if found is None:
            raise Invalid(
                "region-needed", "Choose the region that this person administers.", field="region_id"
            )
        return Place(role, found.id)
    hospital_id = wanted.hospital_id or (actor.hospital_id if actor.scope == Scope.HOSPITAL else None)
    hospital = await session.scalar(select(Hospital).where(Hospital.id == hospital_id, Hospital.is_active))
    if hospital is None:
        raise Invalid(
            "hospital-needed", "Choose the hospital that this person works in.", field="hospital_id"
        )
    return Place(role, hospital.region_id, hospital.id)
