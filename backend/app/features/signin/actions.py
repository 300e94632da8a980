"""Signing in and out (S50, S51). A sign-in is one row of sessions; ending it ends token and cookie at once."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import passwords, tokens
from app.access.actor import Actor, Caller
from app.audit.events import LOGIN, USER_AUTHENTICATION, Event, record_after_end
from app.core.errors import Unauthenticated
from app.core.ids import new_id

WRONG = "E-mail or password is wrong."

_FIND = text("SELECT user_id, password_hash, may_sign_in FROM sign_in_find(:email)")
_START = text(
    "SELECT session_start(:id, :user_id, CAST(:refresh_hash AS text), CAST(:cookie_hash AS text), :expires_at,"
    " :request_id, CAST(:address AS inet), :agent)"
)
_ROTATE = text(
    "SELECT session_rotate(:session, :presented, :fresh, :expires_at, :request_id, CAST(:address AS inet), :agent)"
)
_USER = text("SELECT user_id FROM sessions WHERE id = :session")
_END = text("SELECT session_end(:session, 'signed_out')")


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int


async def _check(session: AsyncSession, email: str, password: str) -> UUID:
    """The user whose e-mail and password these are; raises Unauthenticated, in the same time for every reason."""
    # PostgreSQL has no NUL in text; such an address cannot exist.
    row = (await session.execute(_FIND, {"email": email.replace("\x00", "\ufffd")})).one_or_none()
    fits = await passwords.verify_password(password, row.password_hash if row else None)
    if row is None or not fits or not row.may_sign_in:
        user_id = row.user_id if row else None
        record_after_end(
            session,
            Event(
                "E",
                USER_AUTHENTICATION,
                "users",
                user_id,
                outcome=4,
                outcome_desc="sign-in refused",
                subtype=LOGIN,
            ),
        )
        raise Unauthenticated("sign-in-refused", WRONG)
    found: UUID = row.user_id
    return found


async def sign_in(
    session: AsyncSession, email: str, password: str, *, now: datetime, caller: Caller
) -> TokenPair:
    """Tokens for a program; raises Unauthenticated."""
    user_id = await _check(session, email, password)
    session_id = new_id()
    refresh = tokens.new_refresh_token(session_id)
    await session.execute(
        _START,
        {
            "id": session_id,
            "user_id": user_id,
            "refresh_hash": refresh.hash,
            "cookie_hash": None,
            "expires_at": now + tokens.REFRESH_TIME,
            **asdict(caller),
        },
    )
    return _pair(user_id, session_id, refresh.text, now)


async def sign_in_on_page(
    session: AsyncSession, email: str, password: str, *, now: datetime, caller: Caller
) -> str:
    """The secret of the page's cookie; raises Unauthenticated."""
    user_id = await _check(session, email, password)
    cookie = tokens.new_cookie()
    await session.execute(
        _START,
        {
            "id": new_id(),
            "user_id": user_id,
            "refresh_hash": None,
            "cookie_hash": cookie.hash,
            "expires_at": now + tokens.PAGE_TIME,
            **asdict(caller),
        },
    )
    return cookie.text


async def refresh(
    session: AsyncSession, refresh_token: str, *, now: datetime, caller: Caller
) -> TokenPair | None:
    """A new pair for a refresh token; None when it was used before or has ended.

    None and not an error, because a reuse has just ended the whole family, and that must be committed."""
    session_id = tokens.session_of_refresh_token(refresh_token)
    fresh = tokens.new_refresh_token(session_id)
    outcome = await session.scalar(
        _ROTATE,
        {
            "session": session_id,
            "presented": tokens.digest(refresh_token),
            "fresh": fresh.hash,
            "expires_at": now + tokens.REFRESH_TIME,
            **asdict(caller),
        },
    )
    if outcome != "rotated":
        return None
    user_id = await session.scalar(_USER, {"session": session_id})
    assert user_id is not None
    return _pair(user_id, session_id, fresh.text, now)


async def sign_out(session: AsyncSession, actor: Actor) -> None:
    """End the sign-in this request came with, at once for token and cookie."""
    await session.execute(_END, {"session": actor.session_id})


def _pair(user_id: UUID, session_id: UUID, refresh_token: str, now: datetime) -> TokenPair:
    return TokenPair(
        tokens.issue_access_token(user_id, session_id, now),
        refresh_token,
        int(tokens.ACCESS_TIME.total_seconds()),
    )
