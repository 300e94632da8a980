"""A ward to admit to: patients, beds and people of a hospital of the network, made for one test at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from factories import NOW, Make, Values
from network import Login, Network


@dataclass
class Ward:
    """Hospital a: who works there, and rows that are committed as soon as they are made."""

    network: Network
    make: Make

    def login(self, role: str, place: str = "a") -> Login:
        return self.network.logins[f"{role}@{place}"]

    def hospital(self, place: str = "a") -> Values:
        return self.network.world.at[place]

    def patient(self, place: str = "a", **given: Any) -> Values:
        return self.make.patient(hospital=self.hospital(place), **given)

    def visit(self, status: str = "active", **given: Any) -> Values:
        return self.make.visit(patient=given.pop("patient", None) or self.patient(), status=status, **given)

    def bed(self, place: str = "a", **given: Any) -> Values:
        return self.make.bed(hospital=self.hospital(place), **given)

    def act(self, role: str, path: str, body: Any = None, *, place: str = "a", method: str = "POST") -> Any:
        """Call `/api/v1<path>` as that role."""
        send: Callable[..., Any] = self.login(role, place).program.request
        headers = {"If-Match": "*"} if method in ("PATCH", "PUT") else {}
        return send(
            method, f"/api/v1{path}", json={} if body is None and method != "GET" else body, headers=headers
        )

    def read(self, role: str, path: str, *, place: str = "a") -> Any:
        return self.login(role, place).program.get(f"/api/v1{path}")

    def row(self, table: str, row_id: Any) -> Values:
        cursor = self.make.connection.cursor(row_factory=psycopg.rows.dict_row)
        found = cursor.execute(f"SELECT * FROM {table} WHERE id = %s", (row_id,)).fetchone()
        assert found is not None
        return found

    def bed_of(self, visit: Values) -> Values | None:
        cursor = self.make.connection.cursor(row_factory=psycopg.rows.dict_row)
        return cursor.execute("SELECT * FROM beds WHERE assigned_visit_id = %s", (visit["id"],)).fetchone()


@pytest.fixture(scope="session")
def ward_connection(network: Network) -> Any:
    with network.database.owner() as connection:
        yield connection


@pytest.fixture
def ward(network: Network, ward_connection: Any) -> Ward:
    return Ward(network, Make(ward_connection))


ELEMENTS = (
    "reason_for_hospitalization", "procedures", "care_provided", "condition_at_discharge", "information_given",
    "follow_up",
)  # fmt: skip


def summary(**given: Any) -> Values:
    return {**{name: f"{name}, in words" for name in ELEMENTS}, "disposition": "home", **given}


def ready(ward: Ward, *, without: str = "", **given: Any) -> tuple[Values, Values]:
    """A visit in a bed with everything that a departure asks for, but `without`."""
    visit = ward.visit(**given)
    bed = ward.make.bed(visit=visit, status="occupied")
    doctor = {"by": ward.login("doctor").user["id"]}
    if without != "final_diagnosis":
        ward.make.diagnosis(visit=visit)
    if without != "summary":
        told = summary()
        if without.startswith("summary."):
            told.pop(without.removeprefix("summary."), None)
        signature = (
            {"signed_at": NOW, "signed_by_id": doctor["by"]} if not without.startswith("summary") else {}
        )
        empty = dict.fromkeys((*ELEMENTS, "disposition"))
        ward.make.discharge_summary(visit=visit, **{**empty, **told}, **signature)
    if without != "discharge_order":
        ordered = {"discharge_ordered_at": NOW, "discharge_ordered_by_id": doctor["by"]}
        ward.make.change("visits", visit["id"], ordered)
    return visit, bed
