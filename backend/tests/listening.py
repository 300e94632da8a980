"""The application behind real sockets, as `hass serve` runs it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from app.serving import uvicorn_config

PATIENCE_SECONDS = 20


@contextlib.contextmanager
def listening(app: Any) -> Iterator[tuple[str, int]]:
    """Host and port of a running server, in a thread of this process."""
    held = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = uvicorn.Server(uvicorn_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE_SECONDS
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started
    try:
        yield held.getsockname()[:2]
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


def exchange(address: tuple[str, int], request: bytes, *, timeout: float = 10) -> bytes:
    """What the server says to these bytes, until it closes."""
    with socket.create_connection(address, timeout=timeout) as line:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(request)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while part := line.recv(65536):
                found += part
        return found
