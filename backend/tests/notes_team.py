"""A team of a hospital of its own: two nurses, two doctors, and what they do by the JSON routes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from factories import HOUR, NOW, Values
from starlette.testclient import TestClient
from ward_world import Ward


def code(answer: Any) -> tuple[int, str]:
    """The status and the stable code of a refusal."""
    return answer.status_code, answer.json().get("code")


@dataclass
class Team:
    """Who works here, as programs: `team.nurse`, `team.other_nurse`, `team.doctor`, `team.manager` ..."""

    ward: Ward
    programs: dict[str, TestClient]
    people: dict[str, Values]
    page_as: Callable[[str], TestClient]

    def __getattr__(self, name: str) -> TestClient:
        try:
            return self.programs[name]
        except KeyError:
            raise AttributeError(name) from None

    def page(self, name: str) -> TestClient:
        """The browser of that person."""
        return self.page_as(str(self.people[name]["email"]))

    def id(self, name: str) -> str:
        return str(self.people[name]["id"])

    def visit(self, *, cared_by: str | None = None, **given: Any) -> Values:
        """An open visit since two days; `cared_by` nurses it."""
        given.setdefault("admission_date", NOW - 48 * HOUR)
        visit = self.ward.visit(**given)
        if cared_by is not None:
            self.ward.make.care_assignment(visit=visit, user=self.people[cared_by])
        return visit

    def caring(self, visit: Values, role: str = "nurse") -> list[str]:
        found = self.ward.rows(
            "SELECT user_id FROM care_assignments WHERE visit_id = %s AND role = %s AND until_at IS NULL"
            " ORDER BY from_at, id",
            visit["id"],
            role,
        )
        names = {person["id"]: name for name, person in self.people.items()}
        return [names[row["user_id"]] for row in found]


@pytest.fixture(scope="module")
def team(
    module_ward: Ward, api_as: Callable[[str], TestClient], page_as: Callable[[str], TestClient]
) -> Team:
    people = dict(module_ward.users)
    for role in ("nurse", "doctor"):
        known = module_ward.row("users", people[role]["id"])
        people[f"other_{role}"] = module_ward.make.user(
            role,
            hospital=module_ward.hospital,
            email=f"other.{people[role]['email']}",
            password_hash=known["password_hash"],
        )
    programs = {name: api_as(str(person["email"])) for name, person in people.items()}
    return Team(module_ward, programs, people, page_as)
