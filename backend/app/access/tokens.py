"""Access tokens (signed, 15 minutes), refresh tokens and page cookies (random, stored hashed)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt

from app.core.errors import Unauthenticated
from app.core.secrets import keys

ACCESS_TIME = timedelta(minutes=15)
REFRESH_TIME = timedelta(days=7)
# A page's sign-in lasts a long shift.
PAGE_TIME = timedelta(hours=14)
ALGORITHM = "HS256"
AUDIENCE = "hass-api"
ENDED = "Your sign-in has ended. Sign in again."


@dataclass(frozen=True)
class Secret:
    """What the client holds, and the hash that the database holds."""

    text: str
    hash: str


def digest(text: str) -> str:
    """SHA-256, hex: the secrets are random, so a slow hash would add nothing."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def new_cookie() -> Secret:
    text = secrets.token_urlsafe(32)
    return Secret(text, digest(text))


@dataclass(frozen=True)
class RefreshToken:
    """`session.mark.secret`. The mark is the family's, secret too and the same in each of its tokens: an older token
    is told by it from a forged one, since ids of sign-ins are known to others. `hash` is that of mark and whole."""

    session_id: UUID
    mark: str
    secret: str

    @property
    def text(self) -> str:
        return f"{self.session_id.hex}.{self.mark}.{self.secret}"

    @property
    def hash(self) -> str:
        return f"{digest(self.mark)}:{digest(self.text)}"


def new_refresh_token(session_id: UUID, mark: str | None = None) -> RefreshToken:
    """The first of a family, or with the family's mark the next."""
    return RefreshToken(session_id, mark or secrets.token_urlsafe(16), secrets.token_urlsafe(32))


def read_refresh_token(token: str) -> RefreshToken:
    """Raises Unauthenticated for anything that has not the form of one."""
    try:
        session, mark, secret = token.split(".")
        if not mark or not secret:
            raise ValueError
        return RefreshToken(UUID(hex=session), mark, secret)
    except ValueError as error:
        raise Unauthenticated("session-ended", ENDED) from error


def issue_access_token(user_id: UUID, session_id: UUID, now: datetime) -> str:
    claims = {
        "sub": str(user_id),
        "sid": str(session_id),
        "iat": int(now.timestamp()),
        "exp": int((now + ACCESS_TIME).timestamp()),
        "aud": AUDIENCE,
    }
    key = keys()[0]
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.id})


def _key_of(token: str, now: datetime) -> bytes:
    """The key that the token names; one that was retired counts until its last token has expired."""
    named = jwt.get_unverified_header(token).get("kid")
    for key in keys():
        if key.id == named and key.verifies(now, ACCESS_TIME):
            return key.secret
    raise jwt.InvalidKeyError("no such key")


def read_access_token(token: str, now: datetime) -> UUID:
    """The session an access token stands for; raises Unauthenticated when it is forged, expired or not ours."""
    try:
        claims = jwt.decode(
            token,
            _key_of(token, now),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            # Our own clock decides, so that tests can hold it.
            options={"require": ["sub", "sid", "exp", "aud"], "verify_exp": False, "verify_iat": False},
        )
        if int(claims["exp"]) <= now.timestamp():
            raise Unauthenticated(
                "token-expired", "The access token has expired. Refresh it or sign in again."
            )
        return UUID(str(claims["sid"]))
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Unauthenticated(
            "token-invalid", "The access token is not one of ours. Sign in again."
        ) from error
