"""A hospital of one's own in the served database, so that its beds and visits disturb no other test."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest
from factories import Make, Values
from psycopg.rows import dict_row
from served import Hospitals
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.access.actor import Actor
from app.access.context import set_context
from app.access.permissions import GRANTS
from app.core.database import create_engine, session_factory
from app.models.role import RoleName, Scope

STAFF = ("nurse", "doctor", "manager", "reception")
_numbers = itertools.count(1)


@dataclass
class Ward:
    """Rows are committed: other connections see them, and so do the people signed in as `email("nurse")`."""

    make: Make
    hospital: Values
    users: dict[str, Values]
    engine: AsyncEngine | None = field(default=None, repr=False)

    @property
    def connection(self) -> psycopg.Connection[Any]:
        return self.make.connection

    def email(self, role: str) -> str:
        """For `page_as` and `api_as`; the doctor's password of the demo fits."""
        return str(self.users[role]["email"])

    def patient(self, **given: Any) -> Values:
        return self.make.patient(hospital=self.hospital, **given)

    def visit(self, **given: Any) -> Values:
        patient = given.pop("patient", None) or self.patient()
        return self.make.visit(patient=patient, **given)

    def bed(self, status: str = "available", visit: Values | None = None, **given: Any) -> Values:
        return self.make.bed(hospital=self.hospital, visit=visit, status=status, **given)

    def row(self, table: str, row_id: UUID) -> dict[str, Any]:
        return self.rows(f"SELECT * FROM {table} WHERE id = %s", row_id)[0]

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql, values).fetchall()

    def state(self, bed: Values) -> str:
        return str(self.row("beds", bed["id"])["status"])

    def actor(self, role: str = "nurse") -> Actor:
        user, at = self.users[role], self.hospital
        return Actor(
            user_id=user["id"],
            session_id=user["id"],
            email=user["email"],
            first_name="Wanda",
            last_name="Probe",
            title=None,
            role=role,
            role_title=role,
            scope="hospital",
            region_id=at["region_id"],
            hospital_id=at["id"],
            person_id=None,
            region_name=None,
            region_code=None,
            hospital_name=None,
            hospital_code=at["code"],
            timezone=at.get("timezone", "America/New_York"),
            permissions=frozenset(each.value for each in GRANTS[RoleName(role)]),
        )

    @asynccontextmanager
    async def session(self, role: str = "nurse") -> AsyncIterator[AsyncSession]:
        """A transaction of somebody of this hospital, on a connection of its own; committed at the end."""
        assert self.engine is not None
        at = self.hospital
        async with session_factory(self.engine).begin() as session:
            await set_context(
                session, scope=Scope.HOSPITAL, act="test", hospital_id=at["id"], region_id=at["region_id"]
            )
            told = {"user": str(self.users[role]["id"])}
            await session.execute(text("SELECT set_config('hass.user_id', :user, true)"), told)
            yield session


def build_ward(connection: psycopg.Connection[Any], *, timezone: str = "America/New_York") -> Ward:
    make = Make(connection)
    hospital = make.hospital(timezone=timezone)
    hash_row = connection.execute(
        "SELECT password_hash FROM users WHERE email = 'doctor@hass.example'"
    ).fetchone()
    assert hash_row is not None
    users = {}
    for role in STAFF:
        email = f"{role}{next(_numbers)}@ward.example"
        users[role] = make.user(role, hospital=hospital, email=email, password_hash=hash_row[0])
    return Ward(make, hospital, users)


@pytest.fixture(scope="module")
def module_ward(hospitals: Hospitals) -> Iterator[Ward]:
    with hospitals.database.owner() as connection:
        yield build_ward(connection)


@pytest.fixture
async def ward(hospitals: Hospitals, module_ward: Ward) -> AsyncIterator[Ward]:
    """The ward of the module, with a pool that opens as many connections as the test has people."""
    module_ward.engine = create_engine(hospitals.database.app_url, pool_size=40)
    yield module_ward
    await module_ward.engine.dispose()
