"""A served hospital: the demo's rows, a second hospital beside it, and browsers or programs signed in to them."""

import asyncio
import re
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from busy import make_busy_patient
from cluster import Database, TestCluster
from pwdlib.hashers.bcrypt import BcryptHasher

from app import demo
from app.core.database import create_engine, session_factory

with warnings.catch_warnings():
    # Starlette would rather have httpx2, which is not in our lock yet; httpx serves it all the same.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PASSWORDS = {login.email: login.password for login in demo.LOGINS}
ROLES = ("admin", "radmin", "manager", "doctor", "nurse", "lab", "pharma", "reception", "patient")
# A hospital of another region, with a doctor of its own and one patient; the demo's password fits the doctor.
LAKESIDE = """
WITH region AS (
  INSERT INTO regions (id, name, code) VALUES (gen_random_uuid(), 'Lake Region', 'LAKE') RETURNING id),
hospital AS (
  INSERT INTO hospitals (id, region_id, name, code, timezone)
  SELECT gen_random_uuid(), id, 'Lakeside Hospital', 'LSH', 'Europe/Oslo' FROM region RETURNING id, region_id),
person AS (
  INSERT INTO persons (id, first_name, last_name, gender)
  VALUES (gen_random_uuid(), 'Nora', 'Lakesen', 'female') RETURNING id),
doctor AS (
  INSERT INTO users (id, email, password_hash, first_name, last_name, role_id, scope, region_id, hospital_id)
  SELECT gen_random_uuid(), 'doctor@lakeside.example', u.password_hash, 'Lars', 'Vik', u.role_id, u.scope,
         hospital.region_id, hospital.id
    FROM users u, hospital WHERE u.email = 'doctor@hass.example' RETURNING id)
INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given,
                      search_given_family, gender)
SELECT gen_random_uuid(), hospital.id, person.id, 'LSH-00000012', 'Nora', 'Lakesen', 'lakesen nora', 'nora lakesen',
       'female' FROM hospital, person, doctor RETURNING id
"""


@dataclass(frozen=True)
class Hospitals:
    """The demo hospital, and Lakeside beside it."""

    database: Database
    john: UUID
    nora: UUID


async def _seed(database: Database) -> None:
    engine = create_engine(database.app_url, pool_size=1)
    try:
        await demo.build(session_factory(engine))
    finally:
        await engine.dispose()


@pytest.fixture(scope="session")
def hospitals(cluster: TestCluster, worker_id: str) -> Iterator[Hospitals]:
    """Both hospitals in one database of this worker; tests may add to it and must not count on being alone."""
    database = cluster.create(f"served_{worker_id}")
    # In a thread of its own: the tests' event loop may be at work in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _seed(database)).result()
    with database.owner() as connection:
        for email, password in PASSWORDS.items():
            # Hashed cheaply: the tests sign in hundreds of times, and what bcrypt costs is tested by itself.
            cheap = BcryptHasher(rounds=4).hash(password)
            connection.execute("UPDATE users SET password_hash = %s WHERE email = %s", (cheap, email))
        nora = connection.execute(LAKESIDE).fetchone()
        john = connection.execute("SELECT id FROM patients WHERE last_name = 'Smith'").fetchone()
    assert nora is not None
    assert john is not None
    yield Hospitals(database, john[0], nora[0])
    cluster.drop(database.name)


@pytest.fixture(scope="session")
def busy(hospitals: Hospitals) -> UUID:
    """A patient of the demo hospital with 1,000 visits and 10,000 sets of vital signs."""
    with hospitals.database.owner() as connection:
        return make_busy_patient(connection)


@pytest.fixture(scope="session")
def client(hospitals: Hospitals) -> Iterator[TestClient]:
    """A visitor's program: nobody is signed in, redirects are not followed."""
    # Here and not above: runs that never look at a page need not load the web application.
    from app.main import create_app

    with TestClient(create_app(hospitals.database.app_url), follow_redirects=False) as opened:
        yield opened


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, "the page has no form of ours"
    return found[1]


def browser(client: TestClient) -> TestClient:
    """A new browser on the same server: its own cookies, nobody signed in."""
    made = TestClient(client.app, follow_redirects=False)
    # One loop serves them all: the connections of the pool belong to it.
    made.portal = client.portal
    return made


def sign_in(page: TestClient, email: str, password: str | None = None, next: str = "/") -> Any:
    token = token_of(page.get("/login").text)
    form = {"email": email, "password": password or PASSWORDS[email], "csrf_token": token, "next": next}
    return page.post("/login", data=form)


@pytest.fixture(scope="session")
def page_as(client: TestClient) -> Callable[[str], TestClient]:
    """`page_as("nurse")`: the browser of that demo login, signed in once per worker."""
    known: dict[str, TestClient] = {}

    def open_as(name: str) -> TestClient:
        if name not in known:
            made = browser(client)
            email = name if "@" in name else f"{name}@hass.example"
            assert sign_in(made, email, PASSWORDS.get(email, "doctor123")).status_code == 303
            known[name] = made
        return known[name]

    return open_as


@pytest.fixture(scope="session")
def api_as(client: TestClient) -> Callable[[str], TestClient]:
    """`api_as("nurse")`: a program with the bearer token of that demo login."""
    known: dict[str, TestClient] = {}

    def open_as(name: str) -> TestClient:
        if name not in known:
            email = name if "@" in name else f"{name}@hass.example"
            body = {"email": email, "password": PASSWORDS.get(email, "doctor123")}
            answer = client.post("/api/v1/auth/login", json=body)
            assert answer.status_code == 200, answer.text
            made = browser(client)
            made.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            known[name] = made
        return known[name]

    return open_as
