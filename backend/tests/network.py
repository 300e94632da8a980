"""A served network: two regions, three hospitals, the same person in two of them, a login of every role in each.

`at["a"]` and `at["b"]` share the region `north`; `at["c"]` stands in `south` (tests/tenancy_world.py)."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import bcrypt
import psycopg
import pytest
from cluster import Database, TestCluster
from factories import MODELS, NOW, Make, Values
from served import browser, sign_in, token_of
from tenancy_world import CLINICAL, World, build

from app.access.permissions import GRANTS
from app.audit.keys import audit_key
from app.models.role import RoleName

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PASSWORD = "correct horse battery staple"
STAFF = ("doctor", "nurse", "lab_tech", "pharmacist", "reception", "manager")
ORGANISATION = {"regions", "hospitals", "users", "sessions"}
# Rows that are nobody's to hide: roles are readable in any context.
OPEN = {"roles"}


@dataclass
class Login:
    """Somebody signed in on both faces, and where he stands."""

    name: str
    role: str
    user: Values
    program: TestClient
    page: TestClient
    csrf: str

    @property
    def scope(self) -> str:
        return str(self.user["scope"])

    def may(self, permission: str | None) -> bool:
        if permission in ("signed-in", "public"):
            return True
        return permission in {granted.value for granted in GRANTS[RoleName(self.role)]}


@dataclass
class Network:
    world: World
    database: Database
    client: TestClient
    logins: dict[str, Login] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    names: dict[UUID, str] = field(default_factory=dict)
    # By login: worked out once, since every reply is searched for them.
    _hidden: dict[str, set[str]] = field(default_factory=dict)
    _unnamed: dict[str, set[str]] = field(default_factory=dict)

    def learn(self) -> None:
        """Read every row there is, past the policies, with whose it is."""
        with self.database.owner() as connection:
            self.rows = {table: _owned(connection, table) for table in MODELS}
            found = connection.execute(
                "SELECT id, last_name FROM patients UNION ALL SELECT id, last_name FROM users"
            )
            self.names = dict(found.fetchall())
        self._hidden.clear()
        self._unnamed.clear()

    def is_foreign(self, login: Login, table: str, row: dict[str, Any]) -> bool:
        """Whether the row must stay out of this login's reach: read off domain 5.2, not off the policies."""
        if table in OPEN or (table == "users" and row["id"] == login.user["id"]):
            return False
        if login.scope == "network":
            return table not in ORGANISATION | {"audit_logs", "notifications"}
        if login.scope == "region":
            if table in CLINICAL or table == "emr_global":
                return True
            return row["region_id"] is not None and row["region_id"] != login.user["region_id"]
        if login.scope == "hospital":
            if table == "regions":
                return row["id"] != login.user["region_id"]
            return row["hospital_id"] is not None and row["hospital_id"] != login.user["hospital_id"]
        own_files = {each["id"] for each in (self.world.file["shared_a"], self.world.file["shared_b"])}
        if table in ("hospitals", "regions", "persons", "person_identifiers", "emr_global"):
            return False
        if row["user_id"] == login.user["id"]:
            return False
        return (row["patient_id"] or row["id"]) not in own_files

    def foreign(self, login: Login, table: str) -> list[UUID]:
        """Ids out of reach, one of each hospital: of the own region, of the other, of another patient."""
        by_place = {
            (row["hospital_id"], row["region_id"]): row["id"]
            for row in self.rows[table]
            if self.is_foreign(login, table, row)
        }
        return list(by_place.values())

    def within(self, login: Login, table: str) -> UUID | None:
        if table == "users":
            return UUID(str(login.user["id"]))
        mine = {login.user["hospital_id"], login.user["region_id"]} - {None}
        within = [row for row in self.rows[table] if not self.is_foreign(login, table, row)]
        near = [row for row in within if {row["hospital_id"], row["region_id"]} & mine]
        return next((row["id"] for row in near or within), None)

    def hidden_ids(self, login: Login) -> set[str]:
        if login.name not in self._hidden:
            self._hidden[login.name] = {
                str(row["id"])
                for table, rows in self.rows.items()
                for row in rows
                if self.is_foreign(login, table, row)
            }
        return self._hidden[login.name]

    def hidden_names(self, login: Login) -> set[str]:
        """Family names of people out of reach, each given once in this network. Patients read who treats them."""
        tables = ("patients",) if login.scope == "self" else ("patients", "users")
        if login.name not in self._unnamed:
            rows = [(table, row) for table in tables for row in self.rows[table]]
            seen = {self.names[row["id"]] for table, row in rows if not self.is_foreign(login, table, row)}
            hidden = {self.names[row["id"]] for table, row in rows if self.is_foreign(login, table, row)}
            self._unnamed[login.name] = hidden - seen
        return self._unnamed[login.name]


NONE = "NULL::uuid"
# Whose the rows of a table are, where no column says it: (hospital, region, patient, what is joined).
WHOSE: dict[str, tuple[str, str, str, str]] = {
    "hospitals": ("t.id", "t.region_id", NONE, ""),
    "regions": (NONE, "t.id", NONE, ""),
    "users": ("t.hospital_id", "t.region_id", NONE, ""),
    # Both hospitals see a request; within reach of whoever is none of them it is nobody's.
    "transfer_requests": ("t.from_hospital_id", NONE, "t.patient_id", ""),
}
OF_USER = ("u.hospital_id", "u.region_id", NONE, "LEFT JOIN users u ON u.id = t.user_id")
OF_HOSPITAL = "LEFT JOIN hospitals h ON h.id = t.{column}"


def _owned(connection: psycopg.Connection[Any], table: str) -> list[dict[str, Any]]:
    columns = MODELS[table].__table__.columns
    column = next((name for name in ("hospital_id", "source_hospital_id") if name in columns), None)
    patient = "t.patient_id" if "patient_id" in columns else NONE
    user = next((f"t.{name}" for name in ("user_id", "recipient_user_id") if name in columns), NONE)
    hospital, region, of_patient, joined = NONE, NONE, patient, ""
    if table in WHOSE:
        hospital, region, of_patient, joined = WHOSE[table]
    elif column is not None:
        hospital, region, joined = f"t.{column}", "h.region_id", OF_HOSPITAL.format(column=column)
    elif "user_id" in columns:
        hospital, region, of_patient, joined = OF_USER
    cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
    return cursor.execute(
        f"SELECT t.id, t.updated_at, {hospital} AS hospital_id, {region} AS region_id, {of_patient} AS patient_id,"
        f" {user} AS user_id"
        f"  FROM {table} t {joined} ORDER BY t.id"
    ).fetchall()


def _people(world: World, password_hash: str) -> Iterator[tuple[str, str, Values]]:
    make, known = world.make, {"password_hash": password_hash}
    for place, hospital in world.at.items():
        for role in STAFF:
            yield f"{role}@{place}", role, make.user(role, hospital=hospital, **known)
    for place, region in world.region.items():
        yield f"regional_admin@{place}", "regional_admin", make.user("regional_admin", region=region, **known)
    yield "super_admin", "super_admin", make.user("super_admin", **known)
    world.connection.execute(
        "UPDATE users SET password_hash = %s WHERE id = %s", (password_hash, world.portal["id"])
    )
    yield "patient", "patient", {**world.portal, "scope": "self"}


def _publish(world: World) -> None:
    """b and c have published records; b's are of the person that a knows too."""
    for file, place, degree in (("shared_b", "b", "N"), ("shared_b", "b", "R"), ("c", "c", "N")):
        record = world.make.emr_local(visit=world.visit[file])
        person = world.person["shared" if file == "shared_b" else f"of_{place}"]
        world.make.emr_global(
            record=record, person=person, confidentiality=degree, status="synced", synced_at=NOW
        )


# The names of the roles whose login calls: those of hospital a, of its region, of the network, and the patient.
CALLERS = (*(f"{role}@a" for role in STAFF), "regional_admin@north", "super_admin", "patient")


@pytest.fixture(scope="session")
def network(cluster: TestCluster, worker_id: str) -> Iterator[Network]:
    """Tests may add to it and must not count on being alone; `learn()` reads anew what there is."""
    from app.main import create_app

    database = cluster.create(f"network_{worker_id}")
    # Four rounds: bcrypt is not what is tested here.
    password_hash = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    # The world's seals are invented, so verifying finds fault with them; it needs a key to say so.
    audit_key(make=True)
    with database.owner() as connection:
        world = build(Make(connection))
        _publish(world)
        people = list(_people(world, password_hash))
        with TestClient(create_app(database.app_url), follow_redirects=False) as client:
            made = Network(world, database, client)
            for name, role, user in people:
                if name in CALLERS or name.endswith("@b"):
                    made.logins[name] = _signed_in(client, name, role, user)
            made.learn()
            yield made
    cluster.drop(database.name)


def _signed_in(client: TestClient, name: str, role: str, user: Values) -> Login:
    answer = client.post("/api/v1/auth/login", json={"email": user["email"], "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    program, page = browser(client), browser(client)
    program.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert sign_in(page, user["email"], PASSWORD).status_code == 303
    return Login(name, role, user, program, page, token_of(page.get("/", follow_redirects=True).text))


# What differs between two replies that say the same.
NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TOKENS = re.compile(r'name="csrf_token" value="[^"]*"')


def same_words(text: str) -> str:
    """A reply without its request number, the id that was asked for, and its form's token."""
    return TOKENS.sub("TOKEN", NUMBERS.sub("ID", text))
