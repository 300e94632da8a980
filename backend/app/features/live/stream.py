"""The wire of server-sent events: one reader's messages, until he goes, his time is over, or he does not take them."""

import asyncio
import contextlib

from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core import clock
from app.features.live.hub import Hub, Message, Reader

# Who takes nothing for so long is gone, or as good as gone.
PATIENCE_SECONDS = 30.0
RETRY_MILLISECONDS = 2_000


def wire(message: Message) -> bytes:
    position = message.position.text if message.position else None
    data = message.change.model_dump_json() if message.change else f'{{"at":"{clock.now().isoformat()}"}}'
    return format_sse_event(event=message.event, data_str=data, id=position)


class Stream(Response):
    """An answer without end, of `seconds`; with 0 it tells what was missed and ends."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, reader: Reader, *, seconds: float) -> None:
        super().__init__()
        self.hub = hub
        self.reader = reader
        self.seconds = seconds
        # A proxy that gathers answers before it passes them on would make a stream of nothing.
        self.headers["X-Accel-Buffering"] = "no"
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Read by web/connections.py: a server that stops does not wait for it.
        scope["state"]["is_endless"] = True
        try:
            await self._answer(receive, send)
        finally:
            self.hub.leave(self.reader)

    async def _answer(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        gone = asyncio.create_task(_gone(receive))
        telling = asyncio.create_task(self._tell(send))
        try:
            await asyncio.wait({gone, telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, telling):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, TimeoutError, OSError):
                await telling

    async def _tell(self, send: Send) -> None:
        await _send(send, f"retry: {RETRY_MILLISECONDS}\n\n".encode())
        until = asyncio.get_running_loop().time() + self.seconds
        async with self.hub.listening(self.reader) as reader:
            while (message := await _next(reader, until)) is not None:
                await _send(send, wire(message))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _next(reader: Reader, until: float) -> Message | None:
    """The next message; None after the last one, or when the time is over and nothing waits."""
    if not reader.queue.empty():
        return reader.queue.get_nowait()
    if reader.is_over:
        return None
    try:
        async with asyncio.timeout_at(until):
            return await reader.queue.get()
    except TimeoutError:
        return None


async def _send(send: Send, part: bytes) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await send({"type": "http.response.body", "body": part, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
