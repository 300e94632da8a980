"""The demo's organisation: roles, North Region, North General Hospital and its users (S40)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.passwords import hash_password
from app.access.permissions import GRANTS, ROLE_TITLES
from app.core.ids import new_id
from app.demo.logins import LOGINS
from app.models import Hospital, Region, Role, User
from app.models.role import RoleName, Scope


async def make_organisation(session: AsyncSession) -> tuple[Hospital, dict[RoleName, UUID]]:
    """What is missing of it; the hospital and the demo user of each role."""
    roles = {role.name: role for role in await session.scalars(select(Role))}
    for name in RoleName:
        if name not in roles:
            display_name, scope = ROLE_TITLES[name]
            roles[name] = Role(
                name=name,
                display_name=display_name,
                scope=scope,
                permissions=sorted(p.value for p in GRANTS[name]),
            )
            session.add(roles[name])
    hospital = await session.scalar(select(Hospital).where(Hospital.code == "NGH"))
    if hospital is None:
        hospital = await _make_hospital(session)
    await session.flush()
    return hospital, await _make_users(session, roles, hospital)


async def _make_hospital(session: AsyncSession) -> Hospital:
    region = await session.scalar(select(Region).where(Region.code == "NORTH"))
    if region is None:
        region = Region(
            id=new_id(),
            name="North Region",
            code="NORTH",
            theme_settings={"primary_color": "#0e5263", "secondary_color": "#f2b84b", "logo_url": None},
        )
        session.add(region)
    hospital = Hospital(
        id=new_id(),
        region_id=region.id,
        name="North General Hospital",
        code="NGH",
        address="100 Harbor Road, Northport",
        phone="+1 555 010 0100",
        email="desk@ngh.hass.example",
        bed_capacity=200,
        timezone="America/New_York",
    )
    session.add(hospital)
    return hospital


async def _make_users(
    session: AsyncSession, roles: dict[str, Role], hospital: Hospital
) -> dict[RoleName, UUID]:
    emails = [login.email for login in LOGINS]
    found = {user.email: user for user in await session.scalars(select(User).where(User.email.in_(emails)))}
    ids = {}
    for login in LOGINS:
        user = found.get(login.email)
        if user is None:
            role = roles[login.role]
            user = User(
                id=new_id(),
                email=login.email,
                password_hash=hash_password(login.password),
                title=login.title,
                first_name=login.first_name,
                last_name=login.last_name,
                role_id=role.id,
                scope=role.scope,
                region_id=hospital.region_id if role.scope in (Scope.REGION, Scope.HOSPITAL) else None,
                hospital_id=hospital.id if role.scope is Scope.HOSPITAL else None,
            )
            session.add(user)
        ids[login.role] = user.id
    await session.flush()
    return ids
