"""A hospital to attack: every act is tried in full and then rolled back, so that the next attacker meets the same."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from served import ROLES, Hospitals
from somebody import first_hash, somebody, wanda
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.testclient import TestClient

from app.access.after import take_work
from app.access.http import SESSION_COOKIE, open_transaction
from app.main import api_routes, create_app

__all__ = ["first_hash", "somebody", "wanda"]
As = Callable[[str], TestClient]
NOBODY = "nobody"
CALLERS = (*ROLES, NOBODY)


async def rolled_back(request: Request) -> AsyncIterator[AsyncSession]:
    """In place of the transaction of a request: everything is checked as a commit would, nothing stays."""
    async with request.app.state.sessions() as session:
        # An act that commits by itself, as a reused refresh token does, must leave nothing either.
        session.commit = session.flush
        try:
            yield session
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        finally:
            take_work(session)
            await session.rollback()


@dataclass
class Target:
    """The application under attack, and what each role shows to get in."""

    client: TestClient
    tokens: dict[str, str]
    cookies: dict[str, str]

    def send(self, method: str, path: str, who: str = NOBODY, **sent: Any) -> Any:
        """A program's request under /api, a page's request elsewhere."""
        headers = {**sent.pop("headers", {})}
        if path.startswith("/api/") and who in self.tokens:
            headers.setdefault("Authorization", self.tokens[who])
        elif who in self.cookies:
            headers.setdefault("Cookie", f"{SESSION_COOKIE}={self.cookies[who]}")
        answer = self.client.request(method, path, headers=headers, **sent)
        self.client.cookies.clear()
        return answer


@pytest.fixture(scope="module")
def target(hospitals: Hospitals, page_as: As, api_as: As) -> Iterator[Target]:
    made = create_app(hospitals.database.app_url)
    made.dependency_overrides[open_transaction] = rolled_back
    with TestClient(made, follow_redirects=False, raise_server_exceptions=False) as client:
        yield Target(
            client,
            {role: api_as(role).headers["Authorization"] for role in ROLES},
            {role: page_as(role).cookies[SESSION_COOKIE] for role in ROLES},
        )


def routes() -> list[tuple[str, str]]:
    """(method, path) of every route that a function of ours answers; new ones are attacked without being listed."""
    made = create_app("postgresql://nowhere/none")
    return sorted(
        (method, route.path_format)
        for route in api_routes(made)
        for method in route.methods - {"HEAD", "OPTIONS"}
    )
