"""Attempts at a password are counted before they are looked at, in a transaction that ends before the answer (S51)."""

from dataclasses import asdict
from ipaddress import ip_network

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import tokens
from app.access.actor import Caller
from app.core.errors import TooMany

_ADMIT = text(
    "SELECT sign_in_admit(:account, CAST(:origin AS text), :request_id, CAST(:address AS inet), :agent)"
)
_SUCCEEDED = text("SELECT sign_in_succeeded(:account, CAST(:origin AS text))")
SIGN_IN, FORGOTTEN = "sign-in", "forgotten"


def account_name(email: str) -> str:
    """An e-mail as it is counted and looked up. Lowered here already: the database also takes the Turkish dotted
    capital for an i, and a spelling that finds the account but counts apart would be a row of guesses for nothing."""
    return email.strip().lower()


def _keys(kind: str, email: str, address: str | None) -> dict[str, str | None]:
    """What an attempt is counted under: hashes, so that no table holds what somebody typed."""
    origin = None
    if address is not None:
        # A household or a provider's customer holds a whole /64 of IPv6.
        origin = str(ip_network((address, 64 if ":" in address else 32), strict=False))
    return {
        "account": tokens.digest(f"{kind}:{account_name(email)}"),
        "origin": None if origin is None else tokens.digest(f"{kind}:{origin}"),
    }


async def take_turn(session: AsyncSession, email: str, caller: Caller, *, kind: str = SIGN_IN) -> None:
    """Count one attempt; raises TooMany, alike for accounts that exist and that do not.

    It commits: the count must stand however the request ends, and two attempts at once must not share one. Whoever
    had a context opens it anew."""
    wait = await session.scalar(_ADMIT, {**_keys(kind, email, caller.address), **asdict(caller)})
    await session.commit()
    if wait:
        much = f"{wait} seconds" if wait < 100 else f"{-(-wait // 60)} minutes"
        raise TooMany("too-many-attempts", f"Too many attempts. Try again in {much}.", wait)


async def turn_succeeded(session: AsyncSession, email: str, caller: Caller) -> None:
    """The attempt was the right person's: the account is counted anew."""
    await session.execute(_SUCCEEDED, _keys(SIGN_IN, email, caller.address))
