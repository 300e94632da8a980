"""What routes ask for: a transaction, the actor, and the declaration of what the route needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.access import tokens
from app.access.actor import Actor, Caller
from app.access.after import AfterEnd, run_after_end, take_work
from app.access.needs import require
from app.access.permissions import Permission
from app.access.refusals import trace_of
from app.core import clock
from app.core.errors import Locked, Unauthenticated
from app.core.mail import take_letters
from app.core.settings import get_settings

SESSION_COOKIE = "hass_session"
UNATTENDED_HEADER = "x-unattended"
MOST_AGENT = 300

_OPEN = text(
    "SELECT * FROM session_open(CAST(:session AS uuid), CAST(:cookie AS text), CAST(:idle AS interval), :act,"
    " :request_id, CAST(:address AS inet), :agent)"
)
_UNATTENDED = text("SELECT set_config('hass.unattended', 'on', true)")


def caller_of(request: Request) -> Caller:
    host = request.client.host if request.client else None
    try:
        address = str(ip_address(host)) if host else None
    except ValueError:
        # A server behind a local socket has no address.
        address = None
    # A header may hold any byte; the database takes neither NUL nor endless text.
    agent = request.headers.get("user-agent", "").replace("\x00", "")[:MOST_AGENT]
    return Caller(address, agent, getattr(request.state, "request_id", ""))


async def open_transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction per request, committed before the reply is sent (scope "function")."""
    sessions = request.app.state.sessions
    async with sessions() as session:
        try:
            yield session
            await session.commit()
            request.app.state.post.send(take_letters(session))
        except BaseException as error:
            await session.rollback()
            trace = trace_of(error, getattr(request.state, "actor", None), request.path_params)
            if trace is not None:
                run_after_end(session, trace)
            raise
        finally:
            if work := take_work(session):
                await _after_end(request, work)


async def _after_end(request: Request, work: list[AfterEnd]) -> None:
    async with own_transaction(request) as session:
        for each in work:
            await each(session)


@asynccontextmanager
async def own_transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """A transaction beside the request's, of nobody, that the trail can trace to the request."""
    caller = caller_of(request)
    told = {"address": caller.address or "", "agent": caller.agent, "request_id": caller.request_id}
    async with request.app.state.sessions.begin() as session:
        await session.execute(_NOBODY, {**told, "act": act_of(request)})
        yield session
    request.app.state.post.send(take_letters(session))


_NOBODY = text(
    "SELECT set_config('hass.address', :address, true), set_config('hass.agent', :agent, true),"
    " set_config('hass.request_id', :request_id, true), set_config('hass.act', :act, true)"
)

Db = Annotated[AsyncSession, Depends(open_transaction, scope="function")]


def act_of(request: Request) -> str:
    """The act's name in the trail: the route's function."""
    endpoint = request.scope.get("endpoint")
    return str(getattr(endpoint, "__name__", request.url.path))


def _credentials(request: Request) -> tuple[UUID | None, str | None]:
    """The session of the bearer token under /api, the hash of the cookie on pages; never the other way."""
    if request.url.path.startswith("/api/"):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        return tokens.read_access_token(token.strip(), clock.now()), None
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        raise Unauthenticated
    return None, tokens.digest(cookie)


def is_unattended(request: Request) -> bool:
    """Whether no hand made the request: a stream, or a page that refreshes itself. It keeps no page from locking."""
    return UNATTENDED_HEADER in request.headers or request.url.path.endswith("/events")


async def current_actor(request: Request, db: Db) -> Actor:
    """Who asks; opens the tenancy context of the transaction in the same round trip."""
    session_id, cookie_hash = _credentials(request)
    caller = caller_of(request)
    if is_unattended(request):
        await db.execute(_UNATTENDED)
    row = (
        (
            await db.execute(
                _OPEN,
                {
                    "session": session_id,
                    "cookie": cookie_hash,
                    "idle": timedelta(minutes=get_settings().lock_minutes),
                    "act": act_of(request),
                    "request_id": caller.request_id,
                    "address": caller.address,
                    "agent": caller.agent,
                },
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise Unauthenticated("session-ended", tokens.ENDED)
    known: dict[str, Any] = dict(row)
    if known.pop("is_locked"):
        raise Locked
    actor = Actor(**{**known, "permissions": frozenset(known["permissions"])})
    # Pages that must show an error still know who reads them.
    request.state.actor = actor
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]


class Declaration:
    """What a route declares of itself: a permission, any sign-in, or public."""

    permission: str

    def __init__(self, permission: str) -> None:
        self.permission = permission


class _Public(Declaration):
    async def __call__(self) -> None:
        return None


class _SignedIn(Declaration):
    async def __call__(self, actor: CurrentActor) -> None:
        return None


class _Needs(Declaration):
    def __init__(self, permission: Permission) -> None:
        super().__init__(permission.value)
        self.wanted = permission

    async def __call__(self, actor: CurrentActor) -> None:
        require(actor, self.wanted)


PUBLIC: Any = Depends(_Public("public"))
SignedIn: Any = Depends(_SignedIn("signed-in"))


def Needs(permission: Permission) -> Any:  # noqa: N802 - reads as a declaration in a route's list.
    """For `dependencies=[...]` of a route: refused with 403 before anything of the request is used."""
    return Depends(_Needs(permission))


def declared_permission(route: APIRoute) -> str | None:
    """What the route declares: a permission's key, "signed-in", "public", or None where it forgot to."""
    for dependency in route.dependencies:
        declared: object = dependency.dependency
        if isinstance(declared, Declaration):
            return declared.permission
    return None
