"""Patients of one's own in the demo hospital, so that no test counts on being alone with one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from factories import Make, Values
from psycopg.rows import dict_row
from served import Hospitals

NORMAL: dict[str, Any] = {
    "temperature": 37.0, "heart_rate": 80, "blood_pressure_systolic": 120, "blood_pressure_diastolic": 80,
    "respiratory_rate": 16, "spo2": 97, "supplemental_oxygen": False, "consciousness": "A",
}  # fmt: skip
# Respiration 25 (3), SpO2 91 (3), pulse 131 (3): nine points.
ILL = {**NORMAL, "respiratory_rate": 25, "spo2": 91, "heart_rate": 131}


class Ward:
    """Makes visits of the demo hospital, and looks at its rows as the owner."""

    def __init__(self, hospitals: Hospitals) -> None:
        self.database = hospitals.database
        self.hospital: Values = self.rows("SELECT id, region_id, code FROM hospitals WHERE code = 'NGH'")[0]

    def rows(self, sql: str, *values: Any) -> list[Values]:
        with self.database.owner() as connection:
            cursor = connection.cursor(row_factory=dict_row).execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def visit(self, **given: Any) -> Values:
        file = {
            name: given.pop(name)
            for name in ("date_of_birth", "spo2_scale", "spo2_scale_set_at", "spo2_scale_set_by_id")
            if name in given
        }
        given.setdefault("admission_date", datetime(2026, 1, 1, tzinfo=UTC))
        with self.database.owner() as connection:
            make = Make(connection)
            patient = make.patient(hospital=self.hospital, **file)
            return make.visit(patient=patient, **given)

    def alert(self, visit: Values, **given: Any) -> Values:
        with self.database.owner() as connection:
            return Make(connection).patient_alert(
                patient={"id": visit["patient_id"], "hospital_id": visit["hospital_id"]}, **given
            )

    def user(self, email: str) -> UUID:
        found: UUID = self.rows("SELECT id FROM users WHERE email = %s", email)[0]["id"]
        return found


@pytest.fixture(scope="session")
def ward(hospitals: Hospitals) -> Ward:
    return Ward(hospitals)


@pytest.fixture
def record(api_as: Callable[[str], Any]) -> Callable[..., Any]:
    """`record(visit, heart_rate=131)`: a normal set but for what is given; a value of None leaves the sign out."""

    def send(visit: Values, by: str = "nurse", signs: dict[str, Any] = NORMAL, **given: Any) -> Any:
        body = {name: value for name, value in {**signs, **given}.items() if value is not None}
        return api_as(by).post(f"/api/v1/visits/{visit['id']}/vitals", json=body)

    return send
