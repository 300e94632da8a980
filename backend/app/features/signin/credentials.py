"""Changing a password, and setting a forgotten one by a link (S51). Every sign-in begun with the old one ends."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import passwords, tokens
from app.access.actor import Actor, Caller
from app.core.errors import HassError, Invalid, Unauthenticated
from app.features.signin import actions
from app.features.signin.links import LinkPurpose, send_password_link
from app.features.signin.queries import OpenLink
from app.features.signin.turns import account_name, turn_succeeded

ASKED = "If this e-mail belongs to an account, a link to choose a new password is on its way. It works for 30 minutes."
NO_MAIL = "HASS cannot send e-mail here. Ask the administrator of your hospital for a new password."
CLOSED = "This link works no more: it was used, replaced by a newer one, or is too old. Ask for a new one."

_FIND = text("SELECT user_id, may_sign_in FROM sign_in_find(:email)")
_CHANGE = text("SELECT password_change(:hash)")
_USE = text("SELECT password_link_use(:token_hash, :hash, :request_id, CAST(:address AS inet), :agent)")


def known_of(actor: Actor) -> tuple[str | None, ...]:
    """Words that must not be the actor's password."""
    return (actor.email, actor.first_name, actor.last_name, actor.hospital_name, actor.region_name)


async def change_password(session: AsyncSession, actor: Actor, old: str, new: str, *, caller: Caller) -> None:
    """Set the actor's password; every sign-in of his ends, so the face begins a new one.

    Its turn has been taken (turns.py). Raises Invalid when the old one is wrong or the new one may not be chosen."""
    passwords.check_new_password(new, known_of(actor))
    try:
        await actions.check(session, actor.email, old, refused="change of password refused")
    except Unauthenticated as error:
        # Not 401: the sign-in itself is sound, and a program would go and refresh it.
        raise Invalid("old-password-wrong", "The old password is wrong.", field="old_password") from error
    if old == new:
        raise Invalid("password-same", "This is the old password. Choose a new one.", field="new_password")
    await session.execute(_CHANGE, {"hash": await passwords.make_hash(new)})
    await turn_succeeded(session, actor.email, caller)


async def answer_forgotten(session: AsyncSession, email: str, *, now: datetime) -> None:
    """Mail a link where the address has an account that can sign in; nobody waits for this, so nobody can time it."""
    row = (
        await session.execute(_FIND, {"email": account_name(email).replace("\x00", "\ufffd")})
    ).one_or_none()
    if row is not None and row.may_sign_in:
        await send_password_link(session, row.user_id, LinkPurpose.RESET, now=now)


async def set_by_link(
    session: AsyncSession, link: str, found: OpenLink | None, new: str, *, caller: Caller
) -> None:
    """Set the password of the link's user and close the link; raises HassError 410 for one that works no more."""
    if found is not None:
        passwords.check_new_password(new, found.known)
        values = {"token_hash": tokens.digest(link), "hash": await passwords.make_hash(new), **asdict(caller)}
        if await session.scalar(_USE, values) is not None:
            return
    raise HassError("link-closed", CLOSED, 410)
