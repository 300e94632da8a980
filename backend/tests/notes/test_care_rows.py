"""Who cares for whom, as the database keeps it: the doctor in charge follows the visit, and care ends with it."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from factories import HOUR, NOW, Make, Values


@pytest.fixture
def make(owner: psycopg.Connection[Any]) -> Make:
    return Make(owner)


def caring(make: Make, visit: Values) -> list[tuple[str, UUID]]:
    return make.connection.execute(
        "SELECT role, user_id FROM care_assignments WHERE visit_id = %s AND until_at IS NULL ORDER BY role, from_at",
        (visit["id"],),
    ).fetchall()


def doctor(make: Make, visit: Values) -> UUID:
    row_id: UUID = make.user("doctor", hospital=make.hospital_of(visit))["id"]
    return row_id


def test_doctor_in_charge_cares_from_when_the_visit_is_open(make: Make) -> None:
    visit = make.visit(status="planned")
    first, second = doctor(make, visit), doctor(make, visit)
    make.change("visits", visit["id"], {"attending_doctor_id": first})
    assert caring(make, visit) == []
    make.change("visits", visit["id"], {"status": "active", "admission_date": NOW})
    assert caring(make, visit) == [("attending", first)]
    make.change("visits", visit["id"], {"attending_doctor_id": second})
    make.change("visits", visit["id"], {"status": "on_leave"})
    assert caring(make, visit) == [("attending", second)]
    make.change("visits", visit["id"], {"attending_doctor_id": first})
    make.change("visits", visit["id"], {"attending_doctor_id": None})
    assert caring(make, visit) == []


def test_care_ends_with_the_visit_and_comes_back_when_the_discharge_is_cancelled(make: Make) -> None:
    visit = make.visit()
    charge = doctor(make, visit)
    make.change("visits", visit["id"], {"attending_doctor_id": charge})
    make.care_assignment(visit=visit)
    assert [role for role, _ in caring(make, visit)] == ["attending", "nurse"]
    make.change("visits", visit["id"], {"status": "discharged", "discharge_date": NOW})
    assert caring(make, visit) == []
    make.change("visits", visit["id"], {"status": "active", "discharge_date": None})
    assert caring(make, visit) == [("attending", charge)]


def test_application_ends_care_once_and_changes_nothing_else_of_it(make: Make) -> None:
    visit = make.visit()
    care = make.care_assignment(visit=visit)
    make.change("care_assignments", care["id"], {"until_at": NOW})
    with pytest.raises(psycopg.errors.CheckViolation) as caught, make.connection.transaction():
        make.change("care_assignments", care["id"], {"until_at": NOW + HOUR})
    assert caught.value.diag.constraint_name == "care_assignments_fixed"
    make.connection.execute("SET LOCAL ROLE hass_app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), make.connection.transaction():
        make.connection.execute("UPDATE care_assignments SET user_id = user_id")
