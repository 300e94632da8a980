"""Signing in and out (S50, S51). A sign-in is one row of sessions; ending it ends token and cookie at once."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import passwords, tokens
from app.access.actor import Actor, Caller
from app.access.needs import needs
from app.access.permissions import Permission
from app.audit.events import LOGIN, USER_AUTHENTICATION, Event, record_after_end
from app.core.errors import NotFound, Unauthenticated
from app.core.ids import new_id
from app.features.signin.queries import IN_REACH, LockedPage
from app.features.signin.schemas import DraftIn
from app.features.signin.turns import account_name, turn_succeeded
from app.models.user import FormDraft

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
_END_OWN = text("SELECT session_end(:session, 'ended_by_other')")
_END_OTHERS = text("SELECT session_end_others(:keep)")
_END_IN_REACH = text("SELECT session_end_in_reach(:user, CAST(:session AS uuid))")
_LOCK = text("SELECT session_lock(:session)")
_UNLOCK = text("SELECT session_unlock(:session, :user, :cookie, :request_id, CAST(:address AS inet), :agent)")
_LEAVE = text("SELECT session_leave(:session, :user)")


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int


async def check(
    session: AsyncSession, email: str, password: str, *, refused: str = "sign-in refused"
) -> UUID:
    """The user whose e-mail and password these are; raises Unauthenticated, in the same time for every reason."""
    # PostgreSQL has no NUL in text; such an address cannot exist.
    row = (
        await session.execute(_FIND, {"email": account_name(email).replace("\x00", "\ufffd")})
    ).one_or_none()
    fits = await passwords.verify_password(password, row.password_hash if row else None)
    if row is None or not fits or not row.may_sign_in:
        user_id = row.user_id if row else None
        record_after_end(
            session,
            Event("E", USER_AUTHENTICATION, "users", user_id, outcome=4, outcome_desc=refused, subtype=LOGIN),
        )
        raise Unauthenticated("sign-in-refused", WRONG)
    found: UUID = row.user_id
    return found


async def sign_in(
    session: AsyncSession, email: str, password: str, *, now: datetime, caller: Caller
) -> TokenPair:
    """Tokens for a program; raises Unauthenticated. Its turn has been taken (turns.py)."""
    user_id = await check(session, email, password)
    pair = await start_for_program(session, user_id, now=now, caller=caller)
    await turn_succeeded(session, email, caller)
    return pair


async def sign_in_on_page(
    session: AsyncSession, email: str, password: str, *, now: datetime, caller: Caller
) -> str:
    """The secret of the page's cookie; raises Unauthenticated. Its turn has been taken (turns.py)."""
    user_id = await check(session, email, password)
    cookie = await start_on_page(session, user_id, now=now, caller=caller)
    await turn_succeeded(session, email, caller)
    return cookie


async def start_for_program(
    session: AsyncSession, user_id: UUID, *, now: datetime, caller: Caller
) -> TokenPair:
    """Begin a sign-in of a user who has shown who he is."""
    session_id = new_id()
    fresh = tokens.new_refresh_token(session_id)
    kept = {"id": session_id, "user_id": user_id, "refresh_hash": fresh.hash, "cookie_hash": None}
    await session.execute(_START, {**kept, "expires_at": now + tokens.REFRESH_TIME, **asdict(caller)})
    return _pair(user_id, session_id, fresh.text, now)


async def start_on_page(session: AsyncSession, user_id: UUID, *, now: datetime, caller: Caller) -> str:
    """Begin a page's sign-in of a user who has shown who he is; returns the secret of its cookie."""
    cookie = tokens.new_cookie()
    kept = {"id": new_id(), "user_id": user_id, "refresh_hash": None, "cookie_hash": cookie.hash}
    await session.execute(_START, {**kept, "expires_at": now + tokens.PAGE_TIME, **asdict(caller)})
    return cookie.text


async def refresh(
    session: AsyncSession, refresh_token: str, *, now: datetime, caller: Caller
) -> TokenPair | None:
    """A new pair for a refresh token; None when it was used before or has ended.

    None and not an error, because a reuse has just ended the whole family, and that must be committed."""
    presented = tokens.read_refresh_token(refresh_token)
    session_id = presented.session_id
    fresh = tokens.new_refresh_token(session_id, presented.mark)
    outcome = await session.scalar(
        _ROTATE,
        {
            "session": session_id,
            "presented": presented.hash,
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


async def end_own(session: AsyncSession, actor: Actor, session_id: UUID) -> None:
    """End another sign-in of one's own; raises NotFound where there is none that lives."""
    if not await session.scalar(_END_OWN, {"session": session_id}):
        raise NotFound


async def end_others(session: AsyncSession, actor: Actor) -> int:
    """End every sign-in of one's own but this; returns how many."""
    return int(await session.scalar(_END_OTHERS, {"keep": actor.session_id}) or 0)


@needs(Permission.USER_MANAGE)
async def end_of_user(session: AsyncSession, actor: Actor, user_id: UUID, session_id: UUID | None) -> int:
    """End one sign-in of a user within reach, or all of them; returns how many.

    Raises NotFound for a user out of reach, and for a sign-in that has ended or is another's."""
    ended = int(await session.scalar(_END_IN_REACH, {"user": user_id, "session": session_id}) or 0)
    if ended == 0 and (session_id is not None or not await session.scalar(IN_REACH, {"user": user_id})):
        raise NotFound
    return ended


async def lock(session: AsyncSession, actor: Actor) -> None:
    """Lock the page at once; its user unlocks it by his password."""
    await session.execute(_LOCK, {"session": actor.session_id})


async def unlock(session: AsyncSession, locked: LockedPage, password: str, *, caller: Caller) -> str:
    """Open a locked page for its user; returns the secret of its new cookie. Its turn has been taken (turns.py).

    Raises Unauthenticated, with the same sentence as a sign-in."""
    user_id = await check(session, locked.email, password, refused="unlocking refused")
    cookie = tokens.new_cookie()
    opened = await session.scalar(
        _UNLOCK, {"session": locked.session_id, "user": user_id, "cookie": cookie.hash, **asdict(caller)}
    )
    if not opened:
        raise Unauthenticated("session-ended", tokens.ENDED)
    await turn_succeeded(session, locked.email, caller)
    return cookie.text


async def switch_user(
    session: AsyncSession,
    locked: LockedPage | None,
    email: str,
    password: str,
    *,
    now: datetime,
    caller: Caller,
) -> str:
    """Sign in on a computer that somebody else left: his page ends, what he typed stays his."""
    cookie = await sign_in_on_page(session, email, password, now=now, caller=caller)
    if locked is not None:
        await session.execute(_LEAVE, {"session": locked.session_id, "user": locked.user_id})
    return cookie


async def keep_draft(session: AsyncSession, actor: Actor, draft: DraftIn) -> None:
    """Keep what was typed and not sent, for its author alone; no fields: it has been sent."""
    values = {"id": new_id(), "user_id": actor.user_id, **draft.model_dump()}
    statement = insert(FormDraft).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "page", "form"], set_={"fields": statement.excluded.fields}
        )
    )


def _pair(user_id: UUID, session_id: UUID, refresh_token: str, now: datetime) -> TokenPair:
    return TokenPair(
        tokens.issue_access_token(user_id, session_id, now),
        refresh_token,
        int(tokens.ACCESS_TIME.total_seconds()),
    )
