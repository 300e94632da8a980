"""Sample values for every parameter of every route, so that generated tests can call routes they have never seen.

A route with a parameter or a field that is not listed here fails them with a sentence that says so."""

import itertools
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from pydantic import BaseModel

from app.access.http import declared_permission
from app.main import api_routes


@dataclass(frozen=True)
class Row:
    """The id of a row of `table`: there is one within reach, one out of reach, and one that nowhere exists."""

    table: str


# Parameters in paths, queries and bodies that name a row.
ROWS: dict[str, Row] = {
    "alert_id": Row("patient_alerts"),
    "amend": Row("vitals"),
    "allergy_id": Row("allergies"),
    "bed_id": Row("beds"),
    "care_id": Row("care_assignments"),
    "attending_doctor_id": Row("users"),
    "certified_by_id": Row("users"),
    "diagnosis_id": Row("diagnoses"),
    "doctor_id": Row("users"),
    "fluid_id": Row("fluid_entries"),
    "escalation_id": Row("escalations"),
    "grant_id": Row("access_grants"),
    "handover_id": Row("handovers"),
    "hospital_id": Row("hospitals"),
    "note_id": Row("nurse_logs"),
    "transfer_id": Row("transfer_requests"),
    "to_user_id": Row("users"),
    "not_these": Row("persons"),
    "move": Row("visits"),
    "loser_id": Row("patients"),
    "merge_id": Row("patient_merges"),
    "other": Row("patients"),
    "notification_id": Row("notifications"),
    "patient_id": Row("patients"),
    "person_id": Row("persons"),
    "region_id": Row("regions"),
    "resource_id": Row("patients"),
    "result_id": Row("lab_results"),
    "role_id": Row("roles"),
    "session_id": Row("sessions"),
    "user_id": Row("users"),
    "visit": Row("visits"),
    "visit_id": Row("visits"),
    "vitals_id": Row("vitals"),
}

# A parameter called only "id" names a row of what stands before it in the path.
COLLECTIONS: dict[str, Row] = {
    "sessions": Row("sessions"),
    "users": Row("users"),
}

# Path parameters that are words and name no row.
WORDS: dict[str, str] = {
    "act": "disable",
    "name": "336699.css",
    "section": "visits",
}

_numbers = itertools.count(1)
# Fields of bodies and forms that must be there, and for each change at least one that may; a function where a value
# may be used once only.
FIELDS: dict[str, Any] = {
    "alert_type": "falls",
    "bed_numbers": lambda: [f"B{next(_numbers)}"],
    "code": lambda: f"SWEPT{next(_numbers)}",
    "content": "Slept well.",
    "direction": "in",
    "diagnoses.role": "final",
    "diagnoses.code": "I10",
    "died_at": "2026-01-01T00:00:00Z",
    "email": lambda: f"somebody{next(_numbers)}@swept.example",
    "kind": "oral",
    "last_name": "Examplename",
    "level": 3,
    "log_type": "note",
    "to_hospital": "NONE",
    "logged_at": "2026-01-01T00:00:00Z",
    "name": "Swept",
    "new_name": "Other ward",
    "outcome": "justified",
    "password": "a password that fits nobody",
    "permissions": ["patient.read"],
    "primary_color": "#336699",
    "reason": "Unconscious, no history known.",
    "refresh_token": "0" * 32 + ".none.none",
    "role": "nurse",
    "scale": 2,
    "shade": "dark",
    "synthesis": "Watch the saturation tonight.",
    "substance": lambda: f"Substance {next(_numbers)}",
    "timezone": "Europe/Oslo",
    "handover": "Chest pain since noon.",
    "until": "2100-01-01T00:00:00Z",
    "volume_ml": 200,
    "reason_for_visit": "Chest pain",
    "visit_type": "outpatient",
    "ward": "3 West",
}

HERE = "tests/route_samples.py"


class NoSample(AssertionError):
    """A route asks for something that stands in no table of this file."""

    def __init__(self, route: "RouteCase", name: str, table: str) -> None:
        super().__init__(
            f"{route.label} asks for {name!r}, which has no sample value. Add it to {table} in {HERE}."
        )


@dataclass(frozen=True)
class RouteCase:
    """One method of one route, with what it asks for."""

    method: str
    path: str
    permission: str | None
    route: Any = field(repr=False, compare=False)

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_json(self) -> bool:
        return self.path.startswith("/api/v1/")

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)(?::\w+)?\}", self.path)

    @property
    def query_rows(self) -> list[str]:
        """Query parameters that name a row."""
        return [each.name for each in self.route.dependant.query_params if _names_row(each)]

    @property
    def body_fields(self) -> dict[str, tuple[Any, bool]]:
        """Field > (its type, whether it must be there)."""
        found: dict[str, tuple[Any, bool]] = {}
        for each in self.route.dependant.body_params:
            kind = each.field_info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= {
                    name: (info.annotation, info.is_required()) for name, info in kind.model_fields.items()
                }
            else:
                found[each.name] = (kind, each.field_info.is_required())
        return found

    @property
    def body_rows(self) -> list[str]:
        """Fields of the body or form that name a row."""
        return [name for name, (kind, _) in self.body_fields.items() if name in ROWS or _is_uuid(kind)]

    @property
    def rows(self) -> list[str]:
        return [*(name for name in self.parameters if self.is_row(name)), *self.query_rows, *self.body_rows]

    def is_row(self, name: str) -> bool:
        """Whether a path parameter names a row; fails where no table of this file knows it."""
        return name not in WORDS and self.table(name) is not None

    def table(self, name: str) -> str:
        """The table whose row a parameter or field names."""
        row = ROWS.get(name)
        if name == "id" and (before := re.search(r"(\w+)/\{id\}", self.path)):
            row = COLLECTIONS.get(before[1])
        if row is None:
            raise NoSample(self, name, "ROWS, COLLECTIONS or WORDS")
        return row.table

    def url(self, ids: Mapping[str, UUID]) -> str:
        values = {name: ids[name] if self.is_row(name) else WORDS[name] for name in self.parameters}
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: str(values[match[1]]), self.path)

    def body(self, ids: Mapping[str, UUID]) -> dict[str, Any]:
        """What must be there, and every field that names a row."""
        sent: dict[str, Any] = {}
        for name, (kind, needed) in self.body_fields.items():
            if name in self.body_rows:
                sent[name] = [str(ids[name])] if typing.get_origin(kind) is list else str(ids[name])
            elif needed:
                # One word may mean two things: the last part of the address tells them apart.
                own = f"{self.path.rsplit('/', 1)[-1]}.{name}"
                if name not in FIELDS and own not in FIELDS:
                    raise NoSample(self, name, "FIELDS")
                sent[name] = sample(own if own in FIELDS else name)
        if self.method == "PATCH" and not sent:
            sent = {name: sample(name) for name in self.body_fields if name in FIELDS}
        if self.method == "PATCH" and not sent:
            raise NoSample(self, " or ".join(self.body_fields), "FIELDS")
        return sent


def sample(name: str) -> Any:
    """The value of a field, new where it may be used once only."""
    value = FIELDS[name]
    return value() if callable(value) else value


def _is_uuid(kind: Any) -> bool:
    return kind is UUID or UUID in typing.get_args(kind)


def _names_row(parameter: Any) -> bool:
    return parameter.name in ROWS or _is_uuid(parameter.field_info.annotation)


def route_cases(app: FastAPI) -> list[RouteCase]:
    """Every route that a function of ours answers, method by method, in one order."""
    return sorted(_cases(app), key=lambda case: (case.path, case.method))


def _cases(app: FastAPI) -> Iterator[RouteCase]:
    for route in api_routes(app):
        for method in sorted(set(route.methods or ()) - {"HEAD"}):
            yield RouteCase(method, route.path_format, declared_permission(route), route)
