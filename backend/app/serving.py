"""Serving the web application: the port first, then the database, then uvicorn until it is told to stop."""

import errno
import os
import socket
from collections.abc import Callable
from ipaddress import ip_address
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from app.core import migrations
from app.core.database import LOGIN_RIGHTS, Urls, check_rights, connect
from app.core.errors import HassError
from app.core.secrets import signing_key
from app.core.settings import Settings, get_settings

LISTEN_BACKLOG = 2048
# A random key of 32 bytes has at least as many different ones, written as hex or as base64.
LEAST_LETTERS = 10
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


def refuse_plain_http(host: str, settings: Settings) -> None:
    """Outside the demo nobody listens to others where a sign-in would travel readably."""
    if settings.demo:
        return
    public = urlsplit(settings.public_url or "")
    if public.scheme == "http" and not is_loopback(public.hostname or ""):
        raise HassError(
            "http-public",
            f"HASS_PUBLIC_URL is {settings.public_url}: sign-ins would travel over plain HTTP. Put a proxy that "
            "speaks TLS before the server, and begin the address with https://",
            500,
        )
    # Trusted proxies do not help: whoever comes past them would get a cookie over plain HTTP.
    if not is_loopback(host) and not settings.is_https:
        raise HassError(
            "http-public",
            f"On {host} others reach the server, and their sign-ins would travel over plain HTTP. Put a proxy that "
            "speaks TLS before it and set HASS_PUBLIC_URL=https://..., or listen on 127.0.0.1.",
            500,
        )


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_default_key(settings: Settings) -> None:
    """Outside the demo nobody signs with a key that others can guess; a short or an open one is refused anyway."""
    key = signing_key()
    if settings.demo:
        return
    looks_made_up = any(
        word in key.lower() for word in (b"change", b"secret", b"default", b"password", b"example")
    )
    if looks_made_up or len(set(key)) < LEAST_LETTERS:
        raise HassError(
            "secret-default",
            "The signing key is a placeholder that others can guess. Unset HASS_SECRET_FILE, so that a random one "
            "is made, or write 32 random bytes into that file.",
            500,
        )


def refuse_demo_passwords(urls: Urls) -> None:
    """Outside the demo nobody serves a database where one of the nine well-known passwords works (S41)."""
    from pwdlib.hashers.bcrypt import BcryptHasher

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

    from app.core import logs
    from app.main import create_app
    from app.worker import working

    host, port = listening.getsockname()[:2]
    environment_of_port(port)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            # A second Ctrl-C would skip closing the connections; the grace period ends the wait in any case.
            self.force_exit = False

    logs.configure(log_level)
    settings = get_settings()
    beside = working if settings.demo or settings.jobs_in_server else None
    app = create_app(urls.app_url, demo=settings.demo, beside=beside)
    server = Server(uvicorn_config(app))
    try:
        server.run(sockets=[listening])
    except (KeyboardInterrupt, SystemExit):
        # uvicorn raises the signal that stopped it once more; by then it has done its work.
        if not server.started:
            raise
        return
    if not server.started:
        raise HassError("server-failed", "The web server did not start; the reason stands above.", 500)


def uvicorn_config(app: Any) -> Any:
    """How uvicorn serves: our connections and our log, and nobody's word about who calls but a trusted proxy's."""
    import uvicorn

    return uvicorn.Config(
        app,
        lifespan="on",
        http=_connection(),
        ws="none",
        log_config=None,
        # Request lines hold what was searched for, names of patients among it.
        access_log=False,
        # HASS_TRUSTED_PROXIES is read by the application; uvicorn would believe every program of this machine.
        proxy_headers=False,
        server_header=False,
        backlog=LISTEN_BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _connection() -> Any:
    try:
        from app.web.connections import Connection
    except ImportError:
        # Where httptools is not to be had, uvicorn's other protocol bounds the headers by itself.
        return "h11"
    return Connection


def environment_of_port(port: int) -> None:
    """Links in mails name the port that is served, whichever option chose it."""
    os.environ["PORT"] = str(port)
    get_settings.cache_clear()


def environment_of_demo() -> None:
    """The demo's passwords are allowed in this process only."""
    os.environ["HASS_DEMO"] = "1"
    get_settings.cache_clear()
