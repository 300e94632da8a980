"""A connection that sends its request too slowly, or headers without end, is closed: it holds a socket and memory."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# From the opening of a connection, and from the first byte of each request, to the end of its headers.
HEADER_SECONDS = 15.0
MOST_HEAD_BYTES = 64_000


class Connection(HttpToolsProtocol):
    """uvicorn's own, with an end to patience before the application has seen anything."""

    waiting: asyncio.TimerHandle | None = None
    head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self.waiting is not None:
            self.head_bytes += len(data)
        super().data_received(data)
        # What came with the end of the headers was body, and is counted as such.
        if self.waiting is not None and self.head_bytes > MOST_HEAD_BYTES:
            self._give_up()

    def shutdown(self) -> None:
        """A stream has no end to wait for; its reader comes back to the next server by himself."""
        if self.cycle is not None and self.cycle.scope.get("state", {}).get("is_endless"):
            self.transport.close()
        super().shutdown()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self.head_bytes = 0
        self.waiting = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def _give_up(self) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.close()
