"""The web application: routers, the engine's life, and what every request passes through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.access.http import PUBLIC, declared_permission
from app.core import migrations
from app.core.database import create_engine, resolve_urls, session_factory
from app.core.files import can_keep_files
from app.core.mail import PostOffice
from app.core.settings import Settings, get_settings
from app.features.admissions import api as admissions_api
from app.features.admissions import pages as admissions_pages
from app.features.beds import api as beds_api
from app.features.beds import census_pages
from app.features.beds import pages as beds_pages
from app.features.departures import api as departures_api
from app.features.departures import pages as departures_pages
from app.features.emergency import api as emergency_api
from app.features.emergency import pages as emergency_pages
from app.features.files import api as files_api
from app.features.files import pages as files_pages
from app.features.identity import api as identity_api
from app.features.identity import pages as identity_pages
from app.features.live import api as live_api
from app.features.live import pages as live_pages
from app.features.live.hub import Hub
from app.features.notes import api as notes_api
from app.features.notes import fluid_api, fluid_pages, handover_pages
from app.features.notes import pages as notes_pages
from app.features.nursing import api as nursing_api
from app.features.nursing import call_pages
from app.features.nursing import pages as nursing_pages
from app.features.organisation import api as organisation_api
from app.features.organisation import pages as organisation_pages
from app.features.organisation import ward_pages
from app.features.portal import api as portal_api
from app.features.portal import pages as portal_pages
from app.features.records import api as records_api
from app.features.records import pages as records_pages
from app.features.registration import api as registration_api
from app.features.registration import desk_pages, register_pages
from app.features.registration import pages as registration_pages
from app.features.signin import account_pages
from app.features.signin import api as signin_api
from app.features.signin import pages as signin_pages
from app.features.staff import api as staff_api
from app.features.staff import pages as staff_pages
from app.features.trail import api as trail_api
from app.features.trail import pages as trail_pages
from app.features.transfers import api as transfers_api
from app.features.transfers import pages as transfers_pages
from app.features.visits import api as visits_api
from app.web import handlers
from app.web.guard import Guard
from app.web.middleware import Envelope
from app.web.openapi import tell_the_truth
from app.web.pages import router as kit_pages
from app.web.proxies import Origin
from app.web.rates import Rates
from app.web.static_files import assets, serve_static
from app.web.templating import environment

VERSION = "0.1.0"
API = "/api/v1"


NO_STORE = "Files can neither be read nor kept just now. Look at HASS_STORAGE_URL, or at the disk."
_WORKER_IS_LATE = text("SELECT worker_seen_at() < now() - interval '2 minutes'")

Beside = Callable[[str], AbstractAsyncContextManager[None]]


def create_app(
    engine_url: str | None = None,
    *,
    demo: bool = False,
    settings: Settings | None = None,
    pool_size: int = 10,
    beside: Beside | None = None,
) -> FastAPI:
    """The application on the database at `engine_url`; without it on the one that the settings name.

    `demo` shows the demo's logins, and says on every page that its people are invented. `settings` are
    those of this process where none are given.

    `beside` is work that goes on for as long as the application lives, on the same database.

    `app.state.ready` is True from the start; a command that still seeds or imports sets it to False
    until it is done, and /health/ready says so meanwhile."""

    chosen = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Finding the database may start the embedded server, which takes a moment and blocks.
        url = engine_url or (await asyncio.to_thread(resolve_urls)).app_url
        engine = create_engine(url, pool_size=pool_size)
        app.state.engine = engine
        app.state.sessions = session_factory(engine)
        # For verifying the trail, which requests themselves may not read; connects when it is first asked for.
        background = create_engine(url, "hass_worker", pool_size=1)
        app.state.background_sessions = session_factory(background)
        app.state.post = PostOffice(get_settings().smtp_url, keeps=app.state.demo)
        app.state.live = Hub(
            url, idle=timedelta(minutes=chosen.lock_minutes), stream_seconds=chosen.stream_seconds
        )
        assets()
        environment()
        try:
            async with beside(url) if beside else nullcontext():
                yield
        finally:
            await app.state.live.close()
            await app.state.post.settle()
            await engine.dispose()
            await background.dispose()

    app = FastAPI(
        title="HASS",
        version=VERSION,
        summary="One record that follows the patient through a network of hospitals.",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.ready = True
    app.state.demo = demo
    app.state.head = None
    handlers.install(app)
    app.router.routes.append(Route("/static/{path:path}", serve_static, name="static"))
    app.include_router(signin_api.router, prefix=API)
    app.include_router(signin_api.users, prefix=API)
    app.include_router(registration_api.router, prefix=API)
    app.include_router(organisation_api.router, prefix=API)
    for ward in (visits_api, admissions_api, departures_api, transfers_api, emergency_api):
        app.include_router(ward.router, prefix=API)
    app.include_router(staff_api.router, prefix=API)
    app.include_router(beds_api.router, prefix=API)
    app.include_router(trail_api.router, prefix=API)
    app.include_router(portal_api.router, prefix=API)
    app.include_router(records_api.router, prefix=API)
    app.include_router(notes_api.router, prefix=API)
    app.include_router(fluid_api.router, prefix=API)
    app.include_router(files_api.router, prefix=API)
    app.include_router(live_api.router, prefix=API)
    app.include_router(identity_api.router, prefix=API)
    app.include_router(nursing_api.router, prefix=API)
    for pages in (
        kit_pages,
        live_pages.router,
        signin_pages.router,
        account_pages.router,
        # Ahead of the chart and its sections, whose addresses would take theirs.
        register_pages.router,
        desk_pages.router,
        notes_pages.router,
        handover_pages.router,
        fluid_pages.router,
        records_pages.router,
        files_pages.router,
        identity_pages.router,
        registration_pages.router,
        organisation_pages.router,
    ):
        app.include_router(pages, include_in_schema=False)
    app.include_router(staff_pages.router, include_in_schema=False)
    for of_visits in (admissions_pages, departures_pages, emergency_pages, transfers_pages):
        app.include_router(of_visits.router, include_in_schema=False)
    app.include_router(ward_pages.router, include_in_schema=False)
    app.include_router(beds_pages.router, include_in_schema=False)
    app.include_router(census_pages.router, include_in_schema=False)
    app.include_router(organisation_pages.logos, include_in_schema=False)
    app.include_router(portal_pages.router, include_in_schema=False)
    app.include_router(trail_pages.router, include_in_schema=False)
    app.include_router(nursing_pages.router, include_in_schema=False)
    app.include_router(call_pages.router, include_in_schema=False)
    add_health(app)
    add_openapi(app)
    # The static files are packed already; pages and JSON are packed on the way out.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(
        Guard,
        answer=handlers.answer,
        rates=Rates(chosen.requests_per_minute, chosen.sign_ins_per_minute),
        host=(chosen.public_url or "").partition("://")[2] or None,
    )
    app.add_middleware(Envelope, on_failure=handlers.on_failure)
    app.add_middleware(Origin, proxies=chosen.proxies, is_https=chosen.is_https)
    return app


def add_health(app: FastAPI) -> None:
    @app.get("/health", tags=["health"], dependencies=[PUBLIC], summary="The process answers")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": VERSION}

    @app.get(
        "/health/ready",
        tags=["health"],
        dependencies=[PUBLIC],
        summary="Requests will be served",
        responses={503: {"description": "Not yet, or not just now; `checks` says why."}},
    )
    async def ready(request: Request) -> JSONResponse:
        state = request.app.state
        worker = "not known"
        checks = {"database": "ok", "migrations": "ok", "records": "ok" if state.ready else "being loaded"}
        try:
            checks["migrations"] = await migration_state(state.engine)
            if checks["migrations"] == "ok":
                worker = await worker_state(state.engine)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready".
            problem = handlers.problem_of(error)
            checks["database"] = problem.sentence if problem.status == 503 else handlers.AWAY
            checks["migrations"] = "not known"
        checks["storage"] = "ok" if await can_keep_files() else NO_STORE
        is_ready = all(value == "ok" for value in checks.values())
        # Patients are served without a worker too: a server without one stays in use and says what is missing.
        told = {**checks, "worker": worker}
        body = {"status": "ready" if is_ready else "not ready", "checks": told}
        return JSONResponse(body, 200 if is_ready else 503)


async def migration_state(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        found = (
            await connection.execute(text("SELECT version_num FROM alembic_version"))
        ).scalar_one_or_none()
    return "ok" if found == migrations.head() else "The tables are of another release. Run: hass migrate"


async def worker_state(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        late = await connection.scalar(_WORKER_IS_LATE)
    return "ok" if late is False else "No worker has been at work for minutes. Run: hass worker"


def add_openapi(app: FastAPI) -> None:
    app.state.openapi = lambda: schema_of(app)

    @app.get("/api/openapi.json", include_in_schema=False, dependencies=[PUBLIC])
    async def openapi(request: Request) -> Response:
        return JSONResponse(schema_of(app))


def schema_of(app: FastAPI) -> dict[str, Any]:
    """OpenAPI of the JSON routes, each operation with its permission; made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        for route in api_routes(app):
            for method in route.methods or ():
                operation = schema["paths"].get(route.path_format, {}).get(method.lower())
                if operation is not None:
                    operation["x-permission"] = declared_permission(route)
        tell_the_truth(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def api_routes(app: FastAPI) -> list[Any]:
    """Every route that a function of ours answers, pages among them, as it stands after inclusion."""
    return [route for route in iter_route_contexts(app.routes) if hasattr(route, "dependencies")]
