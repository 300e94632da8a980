"""A page's POST must come from our own page: a masked token bound to the visitor's cookie.

The token is salted anew on every page, so that compressing a page tells nothing about it.
Before sign-in the binding is a random visitor cookie, afterwards the session's own cookie.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response

from app.access.http import SESSION_COOKIE
from app.core import clock
from app.core.errors import HassError
from app.core.secrets import KEPT_FOR, Key, keys

VISITOR_COOKIE = "hass_visitor"
FIELD = "csrf_token"
HEADER = "x-csrf-token"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def _binding(request: Request) -> str | None:
    return request.cookies.get(SESSION_COOKIE) or request.cookies.get(VISITOR_COOKIE)


def _sign(key: Key, salt: str, binding: str) -> str:
    return hmac.new(key.secret, f"csrf:{salt}:{binding}".encode(), hashlib.sha256).hexdigest()


def csrf_token(request: Request) -> str:
    """A token for the forms of this reply; makes the visitor's cookie when there is none yet."""
    binding = _binding(request) or getattr(request.state, "new_visitor", None)
    if binding is None:
        binding = request.state.new_visitor = secrets.token_urlsafe(24)
    salt = secrets.token_hex(8)
    return f"{salt}.{_sign(keys()[0], salt, binding)}"


def keep_visitor(request: Request, response: Response) -> None:
    """Sends the visitor's cookie that a token of this reply was bound to."""
    visitor = getattr(request.state, "new_visitor", None)
    if visitor:
        response.set_cookie(
            VISITOR_COOKIE,
            visitor,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
            path="/",
        )


def is_ours(request: Request, token: str) -> bool:
    salt, _, signature = token.partition(".")
    binding = _binding(request)
    now = clock.now()
    # A page that stood open while the key was rotated is still ours.
    return bool(binding) and any(
        hmac.compare_digest(_sign(key, salt, binding or "").encode(), signature.encode())
        for key in keys()
        if key.verifies(now, KEPT_FOR)
    )


async def same_site(request: Request) -> AsyncIterator[None]:
    """Refuses a page's POST that did not come from a form of ours."""
    try:
        if request.method not in SAFE_METHODS:
            await _require_token(request)
        yield
    finally:
        # A form may have brought files, also to a page that takes none: they are not left open.
        await request.close()


async def _require_token(request: Request) -> None:
    token = request.headers.get(HEADER)
    if token is None:
        value = (await request.form()).get(FIELD)
        token = value if isinstance(value, str) else ""
    if not is_ours(request, token):
        raise HassError(
            "form-expired", "This form is no longer valid. Reload the page and send it again.", 403
        )
