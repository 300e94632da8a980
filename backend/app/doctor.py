"""`hass doctor`: which database is used, whether all is as it should be, and what to do where it is not."""

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import conninfo

from app.audit.keys import audit_key, known_head
from app.core import migrations
from app.core.database import Urls, check_rights, connect, open_database
from app.core.errors import HassError
from app.core.mail import PostOffice
from app.core.postgres_programs import find_programs, server_user
from app.core.secrets import key_file, keys
from app.core.settings import Settings, get_settings
from app.serving import (
    login_rights,
    refuse_default_key,
    refuse_demo_passwords,
    refuse_plain_http,
    take_port,
)

WORKER_SECONDS = 120
LEAST_FREE_BYTES = 1_000_000_000
EXTENSIONS = ("btree_gist", "citext", "pg_trgm")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    sentence: str
    is_wrong: bool = False


def examine() -> list[Finding]:
    """Every finding; one that is wrong never keeps the others from being made."""
    findings = list(_attempt("HASS", _release))
    try:
        settings = get_settings()
    except HassError as error:
        return [*findings, Finding("settings", error.sentence, is_wrong=True)]
    findings += _attempt("home", lambda: _home(settings))
    findings += _attempt("signing key", _key)
    findings += _attempt("mail", lambda: _mail(settings))
    findings += _attempt("address", lambda: _browsers(settings))
    findings += _attempt("database", lambda: _database(settings))
    findings += _attempt("port", lambda: _port(settings))
    findings += _attempt("browser", _browser)
    return findings


def _attempt(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except HassError as error:
        yield Finding(subject, error.sentence, is_wrong=True)
    except OSError as error:
        yield Finding(subject, f"{error.strerror or error} ({error.filename or 'no file'}).", is_wrong=True)


def _release() -> Iterator[Finding]:
    from importlib.metadata import version

    yield Finding("HASS", f"Release {version('hass')} on Python {platform.python_version()}.")


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield Finding("home", f"{home} does not exist yet; it is made when it is needed.")
        return
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "home",
            f"{home} belongs to another user. Set HASS_HOME to a folder of your own, or run as its owner.",
            is_wrong=True,
        )
        return
    free = shutil.disk_usage(home).free
    yield Finding(
        "home",
        f"{home} has {free / 1e9:.1f} GB free."
        + ("" if free > LEAST_FREE_BYTES else " That is little: make room on this disk."),
        is_wrong=free <= LEAST_FREE_BYTES,
    )


def _key() -> Iterator[Finding]:
    path = key_file()
    if get_settings().secret_file is None and not path.exists():
        yield Finding("signing key", f"{path} does not exist yet; it is made when it is needed.")
        return
    found = keys()
    refuse_default_key(get_settings())
    older = f" It holds {len(found) - 1} older for what they signed." if len(found) > 1 else ""
    yield Finding("signing key", f"{path} can be read, and by its owner only.{older}")


def _mail(settings: Settings) -> Iterator[Finding]:
    if PostOffice(settings.smtp_url, keeps=False).delivers:
        yield Finding("mail", f"Mails go through HASS_SMTP_URL; their links begin with {settings.address}.")
    else:
        yield Finding(
            "mail",
            "HASS_SMTP_URL is not set: nobody is mailed, and a forgotten password needs an administrator.",
        )


def _browsers(settings: Settings) -> Iterator[Finding]:
    refuse_plain_http("127.0.0.1", settings)
    if settings.is_https:
        yield Finding("address", f"Browsers come to {settings.public_url}; cookies are sent over https only.")
    elif settings.proxies:
        yield Finding(
            "address", f"The proxies {', '.join(settings.proxies)} say whether a caller uses https."
        )
    else:
        yield Finding(
            "address", "HASS_PUBLIC_URL is not set, so hass serve listens to this machine only (127.0.0.1)."
        )


def _demo(urls: Urls, *, is_embedded: bool) -> Iterator[Finding]:
    try:
        refuse_demo_passwords(urls)
    except HassError as error:
        # The demo's own database holds its logins by right.
        yield Finding("demo passwords", error.sentence, is_wrong=not is_embedded)


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.is_embedded:
        yield from _embedded(settings)
    # Opening parses the address, so that a mistyped one is said before it is shown.
    with open_database() as urls:
        if not settings.is_embedded:
            yield Finding("database", f"HASS_DATABASE_URL names {_place(urls.app_url)}.")
        yield from _server(urls)


def _embedded(settings: Settings) -> Iterator[Finding]:
    root = settings.home / "postgres"
    user = server_user(root)
    programs = find_programs(settings.pg_bin, root, user) if root.exists() else None
    where = f" with the programs in {programs.bin}" if programs else ""
    as_whom = f", run as the user {user.name}" if user.name else ""
    yield Finding(
        "database",
        f"HASS_DATABASE_URL is not set, so the embedded PostgreSQL in {root} is used{where}{as_whom}.",
    )


def _place(url: str) -> str:
    known = conninfo.conninfo_to_dict(url)
    host, port = known.get("host") or "the local socket", known.get("port") or 5432
    return f"the database {known.get('dbname')} on {host}:{port}, login {known.get('user')}"


def _server(urls: Urls) -> Iterator[Finding]:
    with connect(urls.app_url, autocommit=True) as connection:
        version = connection.info.parameter_status("server_version")
        rights = login_rights(connection, "hass_app")
        yield Finding("server", f"PostgreSQL {version} answers.")
        yield from _attempt("extensions", lambda: _extensions(connection))
        yield from _attempt("login", lambda: _login(rights))
        yield from _attempt("tables", lambda: _tables(connection, rights))
        has_tables = migrations.current(connection) == migrations.head()
    if has_tables:
        yield from _attempt("demo passwords", lambda: _demo(urls, is_embedded=urls.is_embedded))
        yield from _attempt("worker", lambda: _worker(urls))
    yield from _attempt("audit trail", lambda: _trail(urls))
    yield from _attempt("owner", lambda: _owner(urls))


def _extensions(connection: Any) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT name FROM pg_available_extensions WHERE name = ANY (%s)", [list(EXTENSIONS)]
    ).fetchall()
    missing = sorted(set(EXTENSIONS) - {row[0] for row in rows})
    if missing:
        yield Finding(
            "extensions",
            f"The server lacks {', '.join(missing)}. Install PostgreSQL's contrib package on it.",
            is_wrong=True,
        )
    else:
        yield Finding("extensions", f"{', '.join(EXTENSIONS)} are available.")


def _login(rights: dict[str, Any]) -> Iterator[Finding]:
    check_rights(rights, "hass_app", refuse_powerful=True)
    yield Finding("login", f"{rights['login']} may act as hass_app and cannot reach past row-level security.")


def _tables(connection: Any, rights: dict[str, Any]) -> Iterator[Finding]:
    if rights["may_act"]:
        connection.execute("SET ROLE hass_app")
    found = migrations.current(connection)
    migrations.check_current(found)
    yield Finding("tables", f"The migrations are complete (revision {found}).")


def _trail(urls: Urls) -> Iterator[Finding]:
    """How far the trail is sealed, as far as this machine and the database know without comparing every row."""
    with connect(urls.app_url, role="hass_worker") as connection:
        if migrations.current(connection) != migrations.head():
            return
        connection.execute("SELECT set_config('hass.scope', 'network', true)")
        last = connection.execute(
            "SELECT number, upper_transaction, after_seq FROM audit_seals ORDER BY number DESC LIMIT 1"
        ).fetchone()
        state = connection.execute(
            "SELECT waiting, now() - oldest > interval '10 minutes', in_default, months_ahead"
            " FROM audit_waiting(%s, %s)",
            [last[1], last[2]] if last else [-(2**63), 0],
        ).fetchone()
    assert state is not None
    waiting, is_late, in_default, months_ahead = state
    number, head = last[0] if last else 0, known_head()
    if head is not None and head.number > number:
        yield Finding(
            "audit trail",
            f"Seal {head.number} was made and is gone. Run: hass audit verify",
            is_wrong=True,
        )
    elif is_late:
        yield Finding(
            "audit trail",
            f"{waiting} rows are unsealed, some for more than ten minutes. A server that runs seals them, unless a "
            "transaction stays open; by hand: hass audit seal",
            is_wrong=True,
        )
    else:
        yield Finding("audit trail", f"{number} seals, {waiting} rows not sealed yet.")
    if in_default or months_ahead < 1:
        yield Finding(
            "audit trail",
            f"{in_default} rows lie outside the months made ahead, of which {months_ahead} are left. Let the server "
            "run for a moment, or see docs/explanation/audit.md.",
            is_wrong=True,
        )
    if last:
        audit_key(make=False)


def _worker(urls: Urls) -> Iterator[Finding]:
    """Whether anybody does the background jobs; a server that is stopped has none, and that is as it should be."""
    with connect(urls.app_url, role="hass_app") as connection:
        row = connection.execute("SELECT extract(epoch FROM now() - worker_seen_at())::integer").fetchone()
    seconds = row[0] if row else None
    if seconds is not None and seconds < WORKER_SECONDS:
        yield Finding("worker", f"A worker was at work {seconds} seconds ago.")
    elif get_settings().jobs_in_server:
        yield Finding("worker", "No worker is at work. The server brings one when it runs.")
    else:
        yield Finding("worker", "No worker has been at work for minutes. Run: hass worker", is_wrong=True)


def _owner(urls: Urls) -> Iterator[Finding]:
    with connect(urls.owner_url, autocommit=True) as connection:
        rights = login_rights(connection, "hass_owner")
        may_create = connection.execute(
            "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = session_user"
        ).fetchone()
    if rights["may_act"] or (not rights["role_exists"] and may_create and may_create[0]):
        yield Finding("owner", f"{rights['login']} may migrate the tables.")
    else:
        yield Finding(
            "owner",
            f"{rights['login']} may not migrate the tables: it is no member of hass_owner and cannot "
            "make roles. Set HASS_OWNER_DATABASE_URL to a login that is.",
            is_wrong=not rights["role_exists"],
        )


def _port(settings: Settings) -> Iterator[Finding]:
    try:
        take_port("127.0.0.1", settings.port).close()
    except HassError as error:
        with socket.socket() as probe:
            probe.settimeout(1)
            in_use = probe.connect_ex(("127.0.0.1", settings.port)) == 0
        if in_use:
            yield Finding("port", f"{error.sentence} (If HASS itself runs there, all is well.)")
        else:
            yield Finding("port", error.sentence, is_wrong=True)
        return
    yield Finding("port", f"{settings.port} is free.")


def find_browser() -> Path | None:
    """The Chromium that the browser tests drive."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    return None


def _browser() -> Iterator[Finding]:
    if found := find_browser():
        yield Finding("browser", f"{found} can run the browser tests.")
    else:
        yield Finding(
            "browser", "No Chromium here; only the browser tests need it (Debian: apt-get install chromium)."
        )
