"""What every reply carries, and the one line that is logged of it."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.ids import new_id
from app.web import cookies

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A year, this host only: a hospital's other machines may have plain pages still.
HSTS = "max-age=31536000"
UNKNOWN = "unknown"
log = logging.getLogger("app.web")
requests = logging.getLogger("app.requests")


class Envelope:
    """Numbers the request, adds the headers, logs one line, and turns a failure of ours into a sentence."""

    def __init__(self, app: ASGIApp, on_failure: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self.app = app
        self.on_failure = on_failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        request_id = str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        # Noted before anything is read: what a page shows is as new as this, and its stream goes on from here.
        live = getattr(scope["app"].state, "live", None)
        scope["state"]["live_since"] = live.position.text if live is not None and live.position else None
        is_https = scope["scheme"] == "https"
        status = 0
        if is_https:
            cookies.take_in(scope)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, request_id, is_https=is_https)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as failure:
            log.error("request %s failed: %s", request_id, type(failure).__name__, exc_info=failure)
            if status:
                raise
            response = await self.on_failure(Request(scope, receive), failure)
            await response(scope, receive, send_with_headers)
        finally:
            _log(scope, request_id, status, time.perf_counter() - begun)


def _add_headers(message: Message, request_id: str, *, is_https: bool) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-ID"] = request_id
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    # A page about a patient stays out of every cache unless its route says otherwise.
    headers.setdefault("Cache-Control", "no-store")
    if is_https:
        headers.setdefault("Strict-Transport-Security", HSTS)
        cookies.send_out(message)


def _log(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    if not requests.isEnabledFor(logging.INFO):
        return
    actor = scope["state"].get("actor")
    known: dict[str, Any] = {
        "request_id": request_id,
        "method": scope["method"] if scope["method"] in METHODS else UNKNOWN,
        "route": route_of(scope),
        # 0 stands for a client that went away before the reply.
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "user_id": actor.user_id if actor is not None else None,
    }
    requests.info("request", extra=known)


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def route_of(scope: Scope) -> str:
    """The address as the code writes it, `/patients/{patient_id}`: what was filled in may be a patient's."""
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return UNKNOWN
    found = _templates(scope["app"]).get(endpoint, [])
    for template in found:
        if len(found) == 1 or compile_path(template)[0].match(scope["path"]):
            return template
    return UNKNOWN


def _templates(app: Any) -> dict[Any, list[str]]:
    known: dict[Any, list[str]] | None = getattr(app.state, "route_templates", None)
    if known is None:
        known = {}
        for route in iter_route_contexts(app.routes):
            template = getattr(route, "path_format", None) or getattr(route, "path", None)
            if template is not None and (endpoint := getattr(route, "endpoint", None)) is not None:
                known.setdefault(endpoint, []).append(template)
        app.state.route_templates = known
    return known
