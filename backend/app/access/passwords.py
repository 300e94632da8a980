"""Passwords: bcrypt through pwdlib, in equal time whether or not the account exists (S51).

What may be chosen follows NIST SP 800-63B-4 (2025), 3.1.1.2: a password that is the only factor has at least 15
characters, none is refused for lack of a digit or a sign, and what is common or known of its owner is refused."""

import asyncio
import functools
import gzip
import re
import secrets
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from pwdlib import PasswordHash
from pwdlib.hashers.bcrypt import BcryptHasher

from app.core.errors import Invalid

# bcrypt reads no further; a longer password would silently be shortened.
MOST_BYTES = 72
ROUNDS = 12
LEAST_CHARACTERS = 15
# What must be left of a password once the words known of its owner are taken out.
LEAST_OWN = 8
LEAST_DIFFERENT = 5
# Round and round, since a long password of digits begins again after 9 or 0.
WALKS = tuple(
    way * 8
    for way in (
        "0123456789",
        "1234567890",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "qwertzuiopasdfghjklyxcvbnm",
        "azertyuiopqsdfghjklmwxcvbn",
        "1q2w3e4r5t6y7u8i9o0p",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    )
)
COMMON = Path(__file__).with_name("common_passwords.txt.gz")
_hasher = PasswordHash((BcryptHasher(rounds=ROUNDS),))


# A hash of that cost to spend the usual time on when there is no account. Written out, since making it with the
# first unknown account would take twice as long, and tell.
_NOBODY = "$2b$12$xjp3OoFt7Gxh9TkL5ic8F.dg1R3uegh7PSVIl0eVCanqaQxvNOvna"


def _normal(password: str) -> str:
    """One form for what looks the same: two keyboards write an accent in two ways (NIST SP 800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


@functools.cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(COMMON.read_bytes()).decode().split())


def _is_common(password: str) -> bool:
    """Listed or without a thought, also between digits and signs."""
    plain = password.casefold()
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    return any(each in _common() or _is_thoughtless(each) for each in (plain, bare) if each)


def _is_thoughtless(text: str) -> bool:
    """A few letters only, a piece again and again, or a walk along the alphabet, the digits or the keyboard."""
    again = any(text == (text[:size] * len(text))[: len(text)] for size in range(1, len(text) * 2 // 3 + 1))
    walk = any(text in way or text[::-1] in way for way in WALKS)
    return len(text) >= LEAST_OWN and (again or walk or len(set(text)) < LEAST_DIFFERENT)


def _of_its_owner(password: str, known: Iterable[str | None]) -> bool:
    letters = re.sub(r"[\W_]+", "", password.casefold())
    words = {
        part for text in known if text for part in re.split(r"[\W_]+", text.casefold()) if len(part) >= 3
    }
    # The longest first, so that a short word does not cut a long one in two.
    for word in sorted(words, key=len, reverse=True):
        letters = letters.replace(word, "")
    return len(letters) < LEAST_OWN


def check_new_password(password: str, known: Iterable[str | None], *, field: str = "new_password") -> None:
    """Raises Invalid, with what to do, unless it may be chosen; `known`: e-mail, names and hospital of its owner."""
    password = _normal(password)
    if len(password) < LEAST_CHARACTERS:
        raise Invalid(
            "password-too-short",
            f"A password has at least {LEAST_CHARACTERS} characters; this has {len(password)}. "
            "Four words that do not belong together are easy to keep in mind.",
            field=field,
        )
    check_storable(password, field=field)
    if _is_common(password):
        raise Invalid("password-common", "Many people choose this password. Choose another one.", field=field)
    if _of_its_owner(password, known):
        raise Invalid(
            "password-own-words",
            "This password is made of your name, your e-mail or your hospital. Choose other words.",
            field=field,
        )


def unusable_hash() -> str:
    """For an account whose user has yet to choose a password: the form of a hash, of no password that anybody knows."""
    alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    # The last letter of a bcrypt salt carries two bits only.
    salt = "".join(secrets.choice(alphabet) for _ in range(21)) + secrets.choice(".Oeu")
    return (
        f"$2b${ROUNDS}${salt}"
        + "".join(secrets.choice(alphabet) for _ in range(30))
        + secrets.choice(".CGKOSWaeimquy26")
    )


def check_storable(password: str, *, field: str = "password") -> None:
    """Raises Invalid for a password that bcrypt would not read whole."""
    if len(password.encode()) > MOST_BYTES:
        raise Invalid(
            "password-too-long",
            f"The password is longer than {MOST_BYTES} bytes, which is all that bcrypt reads. Choose a shorter one.",
            field=field,
        )
    if "\x00" in password:
        raise Invalid("password-nul", "The password holds a NUL character. Choose another one.", field=field)


def hash_password(password: str) -> str:
    """The bcrypt hash to store; raises Invalid for a password longer than bcrypt reads."""
    password = _normal(password)
    check_storable(password)
    return _hasher.hash(password)


async def make_hash(password: str) -> str:
    """As `hash_password`, off the event loop."""
    return await asyncio.to_thread(hash_password, password)


def _verify(password: str, stored: str | None) -> bool:
    password = _normal(password)
    acceptable = len(password.encode(errors="surrogatepass")) <= MOST_BYTES and "\x00" not in password
    if stored is None or not acceptable:
        _hasher.verify("somebody", _NOBODY)
        return False
    return _hasher.verify(password, stored)


async def verify_password(password: str, stored: str | None) -> bool:
    """Whether the password fits; None for an unknown account takes just as long. Off the event loop."""
    return await asyncio.to_thread(_verify, password, stored)
