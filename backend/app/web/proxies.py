"""Who really calls: behind a proxy its word about address and scheme counts, from anybody else it is ignored."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


class Origin:
    """Sets the caller's address and the scheme; without trusted proxies the peer's address stands.

    `is_https`: browsers come by https only, whoever ends it in front of us, so cookies are secure."""

    def __init__(self, app: ASGIApp, *, proxies: Sequence[str], is_https: bool) -> None:
        self.app = app
        self.is_https = is_https
        self.entry: ASGIApp = self.arrive
        if proxies:
            self.entry = ProxyHeadersMiddleware(self.arrive, list(proxies))  # type: ignore[arg-type, assignment]  # uvicorn types the same protocol its own way.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.entry(scope, receive, send)

    async def arrive(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.is_https and scope["type"] == "http":
            scope["scheme"] = "https"
        await self.app(scope, receive, send)
