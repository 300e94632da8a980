"""The database connection: which server, as whom, and with which rights."""

import atexit
import contextlib
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import asyncpg
import orjson
import psycopg
from psycopg import conninfo, sql
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.core.embedded_postgres import Progress, embedded_server
from app.core.errors import HassError
from app.core.settings import get_settings

ActingRole = Literal["hass_app", "hass_worker", "hass_owner"]
OLDEST_SERVER = 150000
CONNECT_TIMEOUT_SECONDS = 10
# Who waits longer for a free connection is told to come back, before he gives up or asks twice.
POOL_WAIT_SECONDS = 8

# What libpq knows and asyncpg does not; asyncpg would send these to the server as settings.
LIBPQ_ONLY = {
    "channel_binding", "client_encoding", "fallback_application_name", "gssdelegation", "gssencmode",
    "hostaddr", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
    "load_balance_hosts", "replication", "require_auth", "requirepeer", "requiressl", "sslcompression",
    "sslsni", "tcp_user_timeout",
}  # fmt: skip


@dataclass(frozen=True)
class Urls:
    """Two logins of one database, as libpq URLs."""

    app_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    is_embedded: bool = False


@contextlib.contextmanager
def open_database(progress: Progress | None = None) -> Iterator[Urls]:
    """The database to use; the embedded server, where that is it, runs until the block is left."""
    settings = get_settings()
    if settings.database_url is None and settings.owner_database_url is not None:
        raise HassError(
            "database-url-missing",
            "HASS_OWNER_DATABASE_URL is set, but HASS_DATABASE_URL is not. Set both for a server of your own, "
            "or neither for the embedded database.",
            500,
        )
    if settings.database_url is not None:
        owner_url = settings.owner_database_url or settings.database_url
        _parse(owner_url)
        with connect(settings.database_url) as connection:
            info = connection.info
            check_version(info.server_version, str(info.parameter_status("server_version")))
            check_encoding(str(info.dbname), str(info.parameter_status("server_encoding")))
        yield Urls(settings.database_url, owner_url)
        return
    with embedded_server(settings.home, *([progress] if progress else [])) as server:
        yield Urls(server.app_url, server.owner_url, is_embedded=True)


@functools.lru_cache(maxsize=1)
def resolve_urls() -> Urls:
    """As `open_database`, but the embedded server is held until this process ends."""
    held = contextlib.ExitStack()
    urls = held.enter_context(open_database())
    atexit.register(held.close)
    return urls


def create_engine(
    url: str, role: ActingRole = "hass_app", *, refuse_powerful: bool = True, pool_size: int = 10
) -> AsyncEngine:
    """An engine whose every connection acts as that role.

    `refuse_powerful`: a login that could reach past row-level security is refused, as serving and
    working must do; seed and import pass False, since they may run as the owner's login.
    """
    arguments = _asyncpg_arguments(url)

    async def connect(*_: object, **__: object) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(**arguments)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(url, error) from error
        try:
            row = await connection.fetchrow(LOGIN_RIGHTS, role)
            check_rights(dict(row or {}), role, refuse_powerful=refuse_powerful)
            await connection.execute(f'SET ROLE "{role}"')
        except BaseException:
            await connection.close()
            raise
        return connection

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        # An error must not carry the values of its statement into a log: they are a patient's.
        hide_parameters=True,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose rows stay readable after the commit at the edge."""
    return async_sessionmaker(engine, expire_on_commit=False)


def connect(url: str, *, autocommit: bool = False, role: str | None = None) -> psycopg.Connection[Any]:
    """A plain synchronous connection, for migrations and the command line."""
    parameters = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": "hass", **_parse(url)}
    try:
        connection = psycopg.connect(autocommit=autocommit, **parameters)
    except psycopg.OperationalError as error:
        raise unreachable(url, error) from error
    if role is not None:
        try:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            if not autocommit:
                connection.commit()
        except psycopg.Error as error:
            connection.close()
            raise cannot_act_as(role, str(parameters.get("user"))) from error
    return connection


# One round trip tells all about the login; to_regrole is NULL where the role does not exist. From PostgreSQL 16 a
# member may lack the right to act as the role: whoever makes a role is such a member of it.
LOGIN_RIGHTS = """
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('server_version') AS version_text,
           session_user::text AS login,
           r.rolsuper AS is_superuser,
           r.rolbypassrls AS bypasses_rls,
           coalesce(pg_has_role(session_user, to_regrole('hass_owner'), 'MEMBER'), false) AS is_owner,
           to_regrole($1::text) IS NOT NULL AS role_exists,
           coalesce(pg_has_role(session_user, to_regrole($1::text), CASE
             WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), false) AS may_act
      FROM pg_catalog.pg_roles r WHERE r.rolname = session_user
"""


def check_rights(rights: Mapping[str, Any], role: str, *, refuse_powerful: bool) -> None:
    check_version(int(rights["version"]), str(rights["version_text"]))
    login = rights["login"]
    if not rights["role_exists"]:
        raise HassError("not-migrated", "The database has no tables of HASS yet. Run: hass migrate", 503)
    if refuse_powerful:
        reason = powerful_because(rights)
        if reason is not None:
            raise HassError(
                "login-too-powerful",
                f"The database login {login} {reason}, so the database would not hold it back. "
                "Give HASS_DATABASE_URL a plain login, and HASS_OWNER_DATABASE_URL this one.",
                503,
            )
    if not rights["may_act"]:
        raise cannot_act_as(role, str(login))


def powerful_because(rights: Mapping[str, Any]) -> str | None:
    """Why a login must not serve: it could reach past row-level security."""
    if rights["is_superuser"]:
        return "is a superuser"
    if rights["bypasses_rls"]:
        return "bypasses row-level security"
    if rights["is_owner"]:
        return "is a member of hass_owner"
    return None


def check_version(version: int, text: str) -> None:
    if version < OLDEST_SERVER:
        raise HassError(
            "postgres-too-old",
            f"The database server is PostgreSQL {text}; HASS needs 15 or newer. Use a newer server.",
            503,
        )


def check_encoding(database: str, encoding: str) -> None:
    if encoding != "UTF8":
        raise HassError(
            "database-not-utf8",
            f"The database {database} has the encoding {encoding}, which cannot hold every name. Make one for HASS "
            "with: CREATE DATABASE hass ENCODING 'UTF8' TEMPLATE template0",
            503,
        )


def cannot_act_as(role: str, login: str) -> HassError:
    return HassError(
        "login-too-weak",
        f"The database login {login} may not act as {role}. Let an administrator run: "
        f'GRANT {role} TO "{login}" (hass migrate does it for the login in HASS_DATABASE_URL).',
        503,
    )


def unreachable(url: str, error: Exception) -> HassError:
    """A sentence for a server that does not answer or does not let us in; the password never stands in it."""
    known = _parse(url)
    where = f"{known.get('host') or 'the local socket'}:{known.get('port') or 5432}"
    reason = (
        re.sub(r"\s+", " ", str(error)).strip().removeprefix("connection failed: ") or type(error).__name__
    )
    password = known.get("password")
    if password:
        reason = reason.replace(str(password), "***")
    advice = (
        "Stop HASS and start it again"
        if get_settings().is_embedded
        else "Check that it runs, and its address in HASS_DATABASE_URL and HASS_OWNER_DATABASE_URL"
    )
    return HassError(
        "database-unreachable",
        f"The database at {where} cannot be used: {reason.rstrip('.?')}. {advice}.",
        503,
    )


def explain(error: BaseException) -> HassError | None:
    """The sentence for a fault of the server that can meet any statement; None for a fault of ours."""
    original = getattr(error, "orig", None) or error
    state = getattr(original, "sqlstate", None) or ""
    for prefix, (code, sentence) in SERVER_FAULTS.items():
        if state.startswith(prefix):
            return HassError(code, sentence, 503)
    lost = isinstance(original, psycopg.OperationalError | ConnectionError | asyncpg.InterfaceError)
    # Under SQLAlchemy the driver's own error is wrapped, but it knows a dead connection when it sees one.
    if lost or getattr(error, "connection_invalidated", False):
        return HassError("database-lost", SERVER_FAULTS["08"][1], 503)
    return None


# By SQLSTATE, the longest prefix first.
SERVER_FAULTS: Mapping[str, tuple[str, str]] = {
    "53100": ("disk-full", "The disk of the database is full: nothing was changed. Make room and try again."),
    "53300": ("too-many-connections", "The database has no free connection. Try again in a moment."),
    "53": (
        "database-exhausted",
        "The database is out of memory or disk: nothing was changed.",
    ),
    "57P": ("database-stopping", "The database is starting or stopping. Try again in a moment."),
    "08": ("database-lost", "The connection to the database was lost: nothing was changed. Try again."),
    "25006": ("database-read-only", "The database accepts no changes (a standby?). Use the primary server."),
    "58": ("database-broken", "The database cannot read or write its files. Look at its log and its disk."),
}


def _parse(url: str) -> dict[str, Any]:
    try:
        return dict(conninfo.conninfo_to_dict(url))
    except psycopg.Error as error:
        raise HassError(
            "database-url-invalid",
            "HASS_DATABASE_URL (or HASS_OWNER_DATABASE_URL) is not a PostgreSQL address like "
            "postgresql://user:password@host:5432/hass. Write special characters of the password as %XX.",
            500,
        ) from error


def _asyncpg_arguments(url: str) -> dict[str, Any]:
    """What asyncpg needs to reach the server that a libpq URL names."""
    known = {
        key: str(value) for key, value in _parse(url).items() if key not in LIBPQ_ONLY and value is not None
    }
    timeout = float(known.pop("connect_timeout", CONNECT_TIMEOUT_SECONDS))
    known.setdefault("application_name", "hass")
    return {"dsn": f"postgresql://?{urlencode(known)}", "timeout": timeout or CONNECT_TIMEOUT_SECONDS}
