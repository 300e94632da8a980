"""Serving the web application: the port first, then the database, then uvicorn until it is told to stop."""

import errno
import os
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

from app.core import migrations
from app.core.database import LOGIN_RIGHTS, Urls, check_rights, connect
from app.core.errors import HassError

LISTEN_BACKLOG = 2048
GRACE_SECONDS = 10


def take_port(host: str, port: int) -> socket.socket:
    """Bind the address before anything slow is done, so that a taken port is said at once.

    It does not listen yet: whoever connects before the server is ready is refused, not kept waiting.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise HassError(
            "host-unknown", f"The host {host} cannot be resolved: {error.strerror}.", 500
        ) from error
    held = socket.socket(family, kind)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(address)
    except OSError as error:
        held.close()
        if error.errno == errno.EADDRINUSE:
            sentence = (
                f"Port {port} is in use by another program. Choose another one, for example PORT={port + 1}."
            )
        elif error.errno == errno.EACCES:
            sentence = f"Port {port} is the administrator's. Choose one above 1023, for example PORT=8000."
        else:
            sentence = f"The server cannot listen on {host}:{port}: {error.strerror}."
        raise HassError("port-unavailable", sentence, 500) from error
    return held


def check_database(urls: Urls, *, refuse_powerful: bool = True) -> None:
    """Refuse a database that is not ready, and to serve through a login that it would not hold back."""
    with connect(urls.app_url, autocommit=True) as connection:
        rights = login_rights(connection, "hass_app")
        check_rights(rights, "hass_app", refuse_powerful=refuse_powerful)
        connection.execute("SET ROLE hass_app")
        migrations.check_current(migrations.current(connection))


def refuse_demo_passwords(urls: Urls) -> None:
    """Outside the demo nobody serves a database where one of the nine well-known passwords works (S41)."""
    from pwdlib.hashers.bcrypt import BcryptHasher

    from app.core.settings import get_settings
    from app.demo import LOGINS

    if get_settings().demo:
        return
    hasher = BcryptHasher()
    with connect(urls.app_url, autocommit=True, role="hass_app") as connection:
        for login in LOGINS:
            row = connection.execute(
                "SELECT password_hash, may_sign_in FROM sign_in_find(%s)", [login.email]
            ).fetchone()
            if row and row[1] and row[0] and hasher.verify(login.password, row[0]):
                raise HassError(
                    "demo-passwords",
                    f"The demo's well-known password of {login.email} works in this database, so anyone could sign "
                    "in. Change the passwords of the demo's users or disable them; to show the demo run: hass demo",
                    500,
                )


def login_rights(connection: Any, role: str) -> dict[str, Any]:
    """What the login of this connection may do, of which `check_rights` makes a sentence."""
    from psycopg import RawCursor
    from psycopg.rows import dict_row

    with RawCursor(connection, row_factory=dict_row) as cursor:
        return dict(cursor.execute(LOGIN_RIGHTS, [role]).fetchone() or {})


def serve(
    urls: Urls, listening: socket.socket, on_ready: Callable[[str], None], *, log_level: str = "info"
) -> None:
    """Serve until INT or TERM; both end with status 0 once running requests are answered."""
    import uvicorn

    from app.core.settings import get_settings
    from app.main import create_app
    from app.worker import working

    host, port = listening.getsockname()[:2]

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            # A second Ctrl-C would skip closing the connections; the grace period ends the wait in any case.
            self.force_exit = False

    config = uvicorn.Config(
        create_app(urls.app_url, demo=get_settings().demo, beside=working),
        lifespan="on",
        log_level=log_level,
        # Request lines hold what was searched for, names of patients among it.
        access_log=False,
        server_header=False,
        backlog=LISTEN_BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = Server(config)
    try:
        server.run(sockets=[listening])
    except (KeyboardInterrupt, SystemExit):
        # uvicorn raises the signal that stopped it once more; by then it has done its work.
        if not server.started:
            raise
        return
    if not server.started:
        raise HassError("server-failed", "The web server did not start; the reason stands above.", 500)


def environment_of_demo() -> None:
    """The demo's passwords are allowed in this process only."""
    from app.core.settings import get_settings

    os.environ["HASS_DEMO"] = "1"
    get_settings.cache_clear()
