"""Passwords: bcrypt through pwdlib, in equal time whether or not the account exists (S51)."""

import asyncio

from pwdlib import PasswordHash
from pwdlib.hashers.bcrypt import BcryptHasher

from app.core.errors import Invalid

# bcrypt reads no further; a longer password would silently be shortened.
MOST_BYTES = 72
ROUNDS = 12
_hasher = PasswordHash((BcryptHasher(rounds=ROUNDS),))


# A hash of that cost to spend the usual time on when there is no account. Written out, since making it with the
# first unknown account would take twice as long, and tell.
_NOBODY = "$2b$12$xjp3OoFt7Gxh9TkL5ic8F.dg1R3uegh7PSVIl0eVCanqaQxvNOvna"


def hash_password(password: str) -> str:
    """The bcrypt hash to store; raises Invalid for a password longer than bcrypt reads."""
    if len(password.encode()) > MOST_BYTES:
        raise Invalid(
            "password-too-long",
            f"The password is longer than {MOST_BYTES} bytes, which is all that bcrypt reads. Choose a shorter one.",
            field="password",
        )
    if "\x00" in password:
        raise Invalid(
            "password-nul", "The password holds a NUL character. Choose another one.", field="password"
        )
    return _hasher.hash(password)


def _verify(password: str, stored: str | None) -> bool:
    acceptable = len(password.encode(errors="surrogatepass")) <= MOST_BYTES and "\x00" not in password
    if stored is None or not acceptable:
        _hasher.verify("somebody", _NOBODY)
        return False
    return _hasher.verify(password, stored)


async def verify_password(password: str, stored: str | None) -> bool:
    """Whether the password fits; None for an unknown account takes just as long. Off the event loop."""
    return await asyncio.to_thread(_verify, password, stored)
