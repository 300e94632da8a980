"""Links by e-mail that set a password once: an invitation, or the answer to a forgotten one (S51)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import tokens
from app.core.errors import Conflict
from app.core.ids import new_id
from app.core.mail import Letter, write_letter
from app.core.settings import get_settings
from app.models.user import LinkPurpose

__all__ = ["LIFE", "LinkPurpose", "send_password_link"]

# NIST SP 800-63B-4 leaves the life of such a link to us; a reset is used at once, an invitation within the week.
LIFE = {LinkPurpose.INVITE: timedelta(days=7), LinkPurpose.RESET: timedelta(minutes=30)}
_MAKE = text("SELECT * FROM password_link_make(:id, :user_id, :purpose, :token_hash, :expires_at)")

# Purpose > subject, what happened, what to know of the link.
_WORDS = {
    LinkPurpose.INVITE: (
        "Your account in HASS",
        "an account was made for you in HASS{place}. Choose your password here within 7 days:",
        "The link works once. You sign in with this e-mail address.",
    ),
    LinkPurpose.RESET: (
        "A new password for HASS",
        "somebody, probably you, asked for a new password in HASS. Choose it here within 30 minutes:",
        "The link works once. If it was not you, do nothing: your password stays as it is.",
    ),
}


async def send_password_link(
    session: AsyncSession, user_id: UUID, purpose: LinkPurpose, *, now: datetime
) -> None:
    """Mail the user a link that sets his password; it leaves once this transaction is committed.

    The link before it works no more. Raises Conflict for an account that cannot sign in."""
    secret = tokens.new_cookie()
    values = {
        "id": new_id(),
        "user_id": user_id,
        "purpose": purpose.value,
        "token_hash": secret.hash,
        "expires_at": now + LIFE[purpose],
    }
    row = (await session.execute(_MAKE, values)).one_or_none()
    if row is None:
        raise Conflict(
            "no-login", "This account cannot sign in: it is switched off, or has no e-mail address."
        )
    subject, why, note = _WORDS[purpose]
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    why = why.format(place=f" at {row.hospital_name}" if row.hospital_name else "")
    link = f"{get_settings().address}/password/new?link={secret.text}"
    write_letter(session, Letter(row.email, subject, f"Dear {name},\n\n{why}\n\n{link}\n\n{note}\n", now))
