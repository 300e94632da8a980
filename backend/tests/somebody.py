"""A user of one's own, so that no test changes a login that the others share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from cluster import Database
from pwdlib.hashers.bcrypt import BcryptHasher
from served import Hospitals, browser, sign_in, token_of
from starlette.testclient import TestClient

FIRST = "purple kettle on the roof"
SECOND = "seven herons cross a canal"
ADD = """
INSERT INTO users (id, email, password_hash, first_name, last_name, role_id, scope, region_id, hospital_id)
SELECT gen_random_uuid(), %s, %s, 'Wanda', 'Probe', u.role_id, u.scope, u.region_id, u.hospital_id
  FROM users u WHERE u.email = %s RETURNING id
"""


@dataclass
class Person:
    """A user of the demo hospital, and what she would do."""

    id: UUID
    email: str
    client: TestClient
    database: Database

    def log_in(self, password: str = FIRST) -> Any:
        return self.client.post("/api/v1/auth/login", json={"email": self.email, "password": password})

    def program(self, password: str = FIRST) -> TestClient:
        answer = self.log_in(password)
        assert answer.status_code == 200, answer.text
        made = browser(self.client)
        made.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return made

    def page(self, password: str = FIRST) -> TestClient:
        made = browser(self.client)
        assert sign_in(made, self.email, password).status_code == 303
        return made

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with self.database.owner() as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def first_hash() -> str:
    """bcrypt is slow on purpose: hashed cheaply, and once for all of these."""
    return BcryptHasher(rounds=4).hash(FIRST)


@pytest.fixture
def somebody(client: TestClient, hospitals: Hospitals, first_hash: str) -> Callable[[str], Person]:
    def make(like: str = "nurse@hass.example") -> Person:
        email = f"{uuid4().hex[:12]}@probe.example"
        with hospitals.database.owner() as connection:
            row = connection.execute(ADD, (email, first_hash, like)).fetchone()
        assert row is not None
        return Person(row[0], email, client, hospitals.database)

    return make


@pytest.fixture
def wanda(somebody: Callable[[str], Person]) -> Person:
    """A nurse of the demo hospital."""
    return somebody("nurse@hass.example")


def send(page: TestClient, at: str, path: str, **fields: str) -> Any:
    """Open the page `at` and send a form of it to `path`."""
    return page.post(path, data={**fields, "csrf_token": token_of(page.get(at).text)})
