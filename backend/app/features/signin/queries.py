"""Reads about sign-ins: whose a page is, which of them live, what was kept of a form."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import tokens
from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.errors import NotFound
from app.features.signin.schemas import SessionOut, SessionsOut
from app.models.user import FormDraft, User

MOST_SESSIONS = 100
# What nobody came back for within a week is not put before him any more.
DRAFT_LIFE = timedelta(days=7)
IN_REACH = text("SELECT user_in_reach(:user)")
_OF_COOKIE = text("SELECT * FROM session_of_cookie(:cookie)")
_LIVING = text("SELECT * FROM sessions_in_reach(:user) LIMIT :most")
_LINK = text("SELECT * FROM password_link_find(:token_hash)")


@dataclass(frozen=True)
class LockedPage:
    """A page that somebody left, and whose it is."""

    session_id: UUID
    user_id: UUID
    email: str
    first_name: str | None
    last_name: str
    title: str | None
    role_title: str

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part)


@dataclass(frozen=True)
class OpenLink:
    """A link that still sets a password, and the words that must not be it."""

    user_id: UUID
    purpose: str
    email: str
    first_name: str | None
    last_name: str
    hospital_name: str | None
    region_name: str | None

    @property
    def known(self) -> tuple[str | None, ...]:
        return (self.email, self.first_name, self.last_name, self.hospital_name, self.region_name)


async def page_of_cookie(session: AsyncSession, cookie: str | None) -> LockedPage | None:
    """The page a cookie belongs to, locked or not; None once its sign-in has ended."""
    if not cookie:
        return None
    row = (await session.execute(_OF_COOKIE, {"cookie": tokens.digest(cookie)})).mappings().one_or_none()
    return None if row is None else LockedPage(**row)


async def open_link(session: AsyncSession, link: str) -> OpenLink | None:
    """None for a link that was used, was replaced, has lapsed, or never was one."""
    row = (await session.execute(_LINK, {"token_hash": tokens.digest(link)})).mappings().one_or_none()
    return None if row is None else OpenLink(**row)


async def list_own(session: AsyncSession, actor: Actor) -> SessionsOut:
    """The living sign-ins of the actor, the newest first."""
    return await _living(session, actor, actor.user_id)


@needs(Permission.USER_MANAGE)
async def list_of_user(session: AsyncSession, actor: Actor, user_id: UUID) -> SessionsOut:
    """The living sign-ins of a user within reach; raises NotFound for any other."""
    if not await session.scalar(IN_REACH, {"user": user_id}):
        raise NotFound
    return await _living(session, actor, user_id)


async def _living(session: AsyncSession, actor: Actor, user_id: UUID) -> SessionsOut:
    rows = (await session.execute(_LIVING, {"user": user_id, "most": MOST_SESSIONS})).all()
    return SessionsOut(
        items=[
            SessionOut(
                id=row.id,
                kind="page" if row.is_page else "program",
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                expires_at=row.expires_at,
                address=row.ip_address,
                agent=row.user_agent,
                is_current=row.id == actor.session_id,
            )
            for row in rows
        ],
        next_cursor=None,
    )


@needs(Permission.USER_MANAGE)
async def find_user(session: AsyncSession, actor: Actor, user_id: UUID) -> User:
    """Whose sign-ins a page shows; raises NotFound out of reach."""
    found = await session.scalar(select(User).where(User.id == user_id))
    if found is None:
        raise NotFound
    return found


async def drafts_of_page(
    session: AsyncSession, actor: Actor, page: str, *, now: datetime
) -> dict[str, dict[str, Any]]:
    """What the actor typed on that page and did not send: form > name > value."""
    statement = select(FormDraft.form, FormDraft.fields).where(
        FormDraft.user_id == actor.user_id, FormDraft.page == page, FormDraft.updated_at > now - DRAFT_LIFE
    )
    return {form: fields for form, fields in (await session.execute(statement)).all() if fields}
