"""What a request may weigh and how long it may take; refused before anything of it is used."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import HassError, TooMany
from app.web.rates import Meter, Rates

MOST_BODY_BYTES = 2_000_000
MOST_ADDRESS_BYTES = 8_000
MOST_HEADER_BYTES = 32_000
# A body must be here within this time; a phone on a poor line sends two megabytes in it.
BODY_SECONDS = 30.0
TOO_MUCH = f"What was sent is larger than {MOST_BODY_BYTES // 1_000_000} MB. Send less at once."
TOO_SLOW = "What was sent did not arrive in time. Send it again on a better line."
TOO_OFTEN = "Too many requests came from here in the last minute. Wait {seconds} seconds and go on."


class Guard:
    """Refuses by size, by host name and by number; `answer` makes the sentence for a program or a reader."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        answer: Callable[[Request, Exception], Awaitable[Response]],
        rates: Rates,
        host: str | None,
    ) -> None:
        self.app = app
        self.answer = answer
        self.meter = Meter(rates)
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self.refusal(request)
        if refusal is not None:
            response = await self.answer(request, refusal)
            # The rest of a refused body is not waited for.
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        await self.app(scope, Body(receive), send)
        if scope["state"].get("actor") is not None:
            self.meter.remember(request)

    def refusal(self, request: Request) -> Exception | None:
        scope = request.scope
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MOST_ADDRESS_BYTES:
            return HassError("address-too-long", "This address is longer than is taken here.", 414)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
            return HassError("header-too-large", "The headers are larger than is taken here.", 431)
        if self.host is not None and not self.is_ours(request):
            return HassError("host-unknown", "This server is not known by that name.", 421)
        length = request.headers.get("content-length", "0")
        # int() takes signs, spaces and underscores; a length is digits.
        if not (length.isascii() and length.isdigit()) or len(length) > 18:
            return HassError("length-invalid", "The length of what was sent is no number.", 400)
        if int(length) > MOST_BODY_BYTES:
            return HassError("too-large", TOO_MUCH, 413)
        seconds = self.meter.wait(request)
        return (
            None
            if seconds is None
            else TooMany("too-many-requests", TOO_OFTEN.format(seconds=seconds), seconds)
        )

    def is_ours(self, request: Request) -> bool:
        # Health is asked by the machine beside us, which knows an address and no name.
        return request.headers.get("host", "").lower() == self.host or request.url.path.startswith("/health")


class Body:
    """The body as it comes, counted and timed; whoever reads it gets the refusal."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.size = 0
        self.is_complete = False
        self.until: float | None = None

    async def __call__(self) -> Message:
        if self.is_complete:
            # From here on it tells only that the client has gone, which may take as long as it likes.
            return await self.receive()
        now = asyncio.get_running_loop().time()
        if self.until is None:
            self.until = now + BODY_SECONDS
        try:
            message = await asyncio.wait_for(self.receive(), self.until - now)
        except TimeoutError:
            raise HTTPException(408, TOO_SLOW, {"Connection": "close"}) from None
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
            if self.size > MOST_BODY_BYTES:
                raise HTTPException(413, TOO_MUCH, {"Connection": "close"})
        return message
