"""S52: every route, found from the application, called as each of the nine roles and as nobody.

What must come back follows from two things only: the permission that the route declares, and what the role starts with
(domain 5.2, written down by hand in test_permissions.py). A route that is new is called without being listed; if its
address holds a parameter that is new too, the test says where to add a sample. What the calls write is rolled back."""

import importlib
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from served import Hospitals, token_of
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

import app.features
from app.access.after import take_work
from app.access.http import SESSION_COOKIE, declared_permission, open_transaction
from app.access.permissions import GRANTS
from app.main import api_routes, create_app
from app.models.role import RoleName

As = Callable[[str], TestClient]
# The demo's logins by role; nobody is the tenth caller.
LOGINS = {
    RoleName.SUPER_ADMIN: "admin", RoleName.REGIONAL_ADMIN: "radmin", RoleName.MANAGER: "manager",
    RoleName.DOCTOR: "doctor", RoleName.NURSE: "nurse", RoleName.LAB_TECH: "lab", RoleName.PHARMACIST: "pharma",
    RoleName.RECEPTION: "reception", RoleName.PATIENT: "patient",
}  # fmt: skip
# Parameter of an address > the statement that finds its sample, or the sample itself. Where one name stands for
# different things, the key is (path, parameter).
SAMPLES: dict[str | tuple[str, str], str] = {
    "act": "disable",
    "alert_id": "00000000-0000-7000-8000-000000000000",
    "allergy_id": "SELECT id FROM allergies LIMIT 1",
    "bed_id": "SELECT id FROM beds WHERE status = 'available' LIMIT 1",
    "care_id": "SELECT id FROM care_assignments LIMIT 1",
    # Nobody wrote or handed over anything in the demo yet.
    "fluid_id": "00000000-0000-7000-8000-000000000000",
    "handover_id": "00000000-0000-7000-8000-000000000000",
    "note_id": "00000000-0000-7000-8000-000000000000",
    # No score of the demo has called for help.
    "escalation_id": "00000000-0000-7000-8000-000000000000",
    # The demo hospital has seen no emergency.
    "grant_id": "00000000-0000-7000-8000-000000000000",
    "hospital_id": "SELECT id FROM hospitals WHERE code = 'NGH'",
    # Nobody has merged files in the demo hospital.
    "merge_id": "00000000-0000-7000-8000-000000000000",
    "patient_id": "SELECT id FROM patients WHERE last_name = 'Smith'",
    "region_id": "SELECT id FROM regions WHERE code = 'NORTH'",
    "transfer_id": "00000000-0000-7000-8000-000000000000",
    "diagnosis_id": "00000000-0000-7000-8000-000000000000",
    "result_id": "00000000-0000-7000-8000-000000000000",
    "role_id": "SELECT id FROM roles WHERE name = 'pharmacist'",
    "section": "visits",
    "id": "SELECT id FROM users WHERE email = 'reception@hass.example'",
    "session_id": "SELECT id FROM sessions ORDER BY created_at LIMIT 1",
    "user_id": "SELECT id FROM users WHERE email = 'reception@hass.example'",
    "vitals_id": "SELECT id FROM vitals LIMIT 1",
    "visit_id": "SELECT id FROM visits WHERE status = 'active' LIMIT 1",
    ("/account/sessions/{id}/end", "id"): "SELECT id FROM sessions ORDER BY created_at LIMIT 1",
    ("/api/v1/auth/sessions/{id}/end", "id"): "SELECT id FROM sessions ORDER BY created_at LIMIT 1",
    ("/logo/{name}", "name"): f"{'0' * 64}.png",
    ("/theme/{name}", "name"): "0e5263.css",
}
# Bodies for routes that would otherwise never get past the look at what was sent: "METHOD path" > JSON or form.
BODIES: dict[str, dict[str, Any]] = {
    "POST /login": {"email": "nobody@test.example", "password": "none of them"},
    "POST /api/v1/auth/login": {"email": "nobody@test.example", "password": "none of them"},
    "POST /api/v1/regions": {"name": "Matrix Region", "code": "MATRIX"},
}
# What a sample asks for beside the route's own permission: a section of the chart has its own.
ALSO = {"GET /patients/{patient_id}/{section}": "visit.read"}
# Public routes that answer 401 or 403 because of what was sent, not because of who sends it.
REFUSES_BY_ITSELF = {"POST /login", "POST /api/v1/auth/login", "POST /api/v1/auth/refresh"}
# What sends a person who is signed in, or anybody whose page is not locked, to the login page.
ENDS_AT_LOGIN = {"POST /logout", "GET /lock", "POST /lock/open"}
WHERE = "tests/access/test_matrix.py"


def routes() -> list[tuple[str, str, str | None]]:
    """(method, path, what it declares) of every route that a function of ours answers."""
    made = create_app("postgresql://nowhere/none")
    return sorted(
        (method, route.path_format, declared_permission(route))
        for route in api_routes(made)
        for method in sorted(route.methods - {"HEAD", "OPTIONS"})
    )


ROUTES = routes()


@dataclass
class Callers:
    """The application with transactions that are always rolled back, and who may be asked to call it."""

    client: TestClient
    tokens: dict[str, str]
    cookies: dict[str, str]
    samples: dict[str | tuple[str, str], str]
    csrf: dict[str, tuple[str, str]] = field(default_factory=dict)

    def call(self, method: str, path: str, who: str) -> Any:
        # Unpacked, since nobody reads the pages closely.
        headers = {"Accept-Encoding": "identity"}
        body = BODIES.get(f"{method} {path}", {})
        sent: dict[str, Any] = {}
        if path.startswith("/api/v1"):
            if who in self.tokens:
                headers["Authorization"] = self.tokens[who]
            if method in ("PATCH", "PUT"):
                headers["If-Match"] = "*"
            if method != "GET":
                sent["json"] = body
        else:
            cookie, token = self._form(who)
            headers["Cookie"] = cookie
            if method != "GET":
                sent["data"] = {**body, "csrf_token": token}
        answer = self.client.request(method, self._fill(path), headers=headers, **sent)
        self.client.cookies.clear()
        return answer

    def _form(self, who: str) -> tuple[str, str]:
        """The cookies of this caller, and a token that his forms carry."""
        if who not in self.csrf:
            mine = f"{SESSION_COOKIE}={self.cookies[who]}" if who in self.cookies else ""
            page = self.client.get("/login", headers={"Cookie": mine})
            visitor = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
            self.client.cookies.clear()
            self.csrf[who] = (mine or visitor, token_of(page.text))
        return self.csrf[who]

    def _fill(self, path: str) -> str:
        filled = path
        for part in path.split("/"):
            if not part.startswith("{"):
                continue
            name = part[1:-1].split(":")[0]
            sample = self.samples.get((path, name)) or self.samples.get(name)
            assert sample, f"{path}: add a sample for {{{name}}} to SAMPLES in {WHERE}."
            filled = filled.replace(part, sample)
        return filled


async def rolled_back(request: Request) -> AsyncIterator[AsyncSession]:
    """In place of the transaction of a request: everything happens, nothing stays."""
    async with request.app.state.sessions() as session:
        try:
            yield session
        finally:
            take_work(session)
            await session.rollback()


@pytest.fixture(scope="module")
def callers(hospitals: Hospitals, page_as: As, api_as: As) -> Iterator[Callers]:
    made = create_app(hospitals.database.app_url)
    made.dependency_overrides[open_transaction] = rolled_back
    tokens = {role.value: api_as(login).headers["Authorization"] for role, login in LOGINS.items()}
    cookies = {role.value: page_as(login).cookies[SESSION_COOKIE] for role, login in LOGINS.items()}
    with hospitals.database.owner() as connection:
        samples = {}
        for name, sample in SAMPLES.items():
            row = connection.execute(sample).fetchone() if sample.startswith("SELECT") else (sample,)
            assert row is not None, f"The sample of {name} finds nothing."
            samples[name] = str(row[0])
    with TestClient(made, follow_redirects=False) as client:
        yield Callers(client, tokens, cookies, samples)


def is_turned_away(answer: Any) -> bool:
    """Not signed in: 401 for a program, the login page for a reader."""
    to_login = answer.status_code == 303 and answer.headers["location"].startswith("/login")
    return bool(answer.status_code == 401 or to_login)


def names_what_is_missing(answer: Any, permission: str) -> bool:
    if answer.headers["content-type"].startswith("application/problem+json"):
        return bool(answer.json()["permission"] == permission)
    return f"“{permission}”" in answer.text


@pytest.mark.parametrize(("method", "path", "declared"), ROUTES, ids=[f"{m} {p}" for m, p, _ in ROUTES])
def test_route_answers_each_role_as_it_declares(
    callers: Callers, method: str, path: str, declared: str | None
) -> None:
    assert declared is not None, (
        f"{method} {path} declares neither a permission, nor any sign-in, nor public."
    )
    by_itself = f"{method} {path}" in REFUSES_BY_ITSELF
    ends_there = by_itself or f"{method} {path}" in ENDS_AT_LOGIN
    asked = [declared, *([ALSO[f"{method} {path}"]] if f"{method} {path}" in ALSO else [])]
    for role in RoleName:
        answer = callers.call(method, path, role.value)
        told = f"{method} {path} as {role.value}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, told
        granted = {"public", "signed-in", *(each.value for each in GRANTS[role])}
        missing = next((each for each in asked if each not in granted), None)
        if missing is None:
            assert ends_there or not is_turned_away(answer), told
            assert answer.status_code != 403, told
        else:
            assert answer.status_code == 403, told
            assert names_what_is_missing(answer, missing), told
    answer = callers.call(method, path, "nobody")
    told = f"{method} {path} as nobody: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code < 500, told
    assert answer.status_code != 403, told
    assert ends_there or is_turned_away(answer) == (declared != "public"), told


def test_nothing_but_the_static_files_answers_without_a_declaration() -> None:
    """A route added past FastAPI's door would carry no declaration that could be read."""
    made = create_app("postgresql://nowhere/none")
    plain = {route.path for route in made.router.routes if type(route) is Route}
    assert plain == {"/static/{path:path}"}
    assert not [route for route in made.router.routes if type(route).__name__ in ("Mount", "WebSocketRoute")]


def test_every_sample_is_of_use() -> None:
    named = {
        (path, part[1:-1].split(":")[0])
        for _, path, _ in ROUTES
        for part in path.split("/")
        if part.startswith("{")
    }
    for key in SAMPLES:
        assert key in named or key in {name for _, name in named}, f"{key} stands in no address any more."
    assert set(BODIES) | set(ALSO) | REFUSES_BY_ITSELF | ENDS_AT_LOGIN <= {
        f"{method} {path}" for method, path, _ in ROUTES
    }


# Acts upon one's own sign-in: whoever is signed in may.
OF_ONES_OWN = {"signin"}


def test_every_act_and_read_carries_its_own_permission() -> None:
    """Whatever takes the actor is refused without a right, through whichever face it is called."""
    folder = Path(app.features.__file__).parent
    for path in sorted([*folder.glob("*/*actions.py"), *folder.glob("*/queries.py")]):
        if path.parent.name in OF_ONES_OWN:
            continue
        module = importlib.import_module(f"app.features.{path.parent.name}.{path.stem}")
        for name, act in vars(module).items():
            ours = inspect.iscoroutinefunction(act) and act.__module__ == module.__name__
            if ours and not name.startswith("_") and "actor" in inspect.signature(act).parameters:
                assert hasattr(act, "permission"), f"{path.parent.name}.{path.stem}.{name} lacks @needs."


def test_act_asks_for_no_less_than_the_route_that_calls_it() -> None:
    """Else the guard on the act would be one in name only."""
    checked = 0
    for route in api_routes(create_app("postgresql://nowhere/none")):
        module, declared = inspect.getmodule(route.endpoint), declared_permission(route)
        if route.methods <= {"GET", "HEAD"} or declared in (None, "public", "signed-in"):
            continue
        called = set(re.findall(r"(\w*actions)\.(\w+)\(", inspect.getsource(route.endpoint)))
        needed = {getattr(getattr(module, acts), name).permission.value for acts, name in called}
        checked += bool(needed)
        assert needed <= {declared}, f"{route.path_format} declares {declared}, its act {needed}"
    assert checked > 20
