"""Rules of the organisation that look beside the row: who may be switched off, what may be closed (domain 5.2)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from cluster import Database
from factories import Make, Values
from refusals import refused_by

SWITCHED_OFF: dict[str, str] = {
    "disabled": "is_active = false",
    "deleted": "is_deleted = true",
    "demoted": "role_id = %(nurse)s, scope = 'hospital', region_id = %(region)s, hospital_id = %(hospital)s",
}


def switch_off(make: Make, user: Values, how: str) -> Callable[[], Any]:
    nurse = make.user("nurse")
    values = {"nurse": nurse["role_id"], "region": nurse["region_id"], "hospital": nurse["hospital_id"]}
    statement = f"UPDATE users SET {SWITCHED_OFF[how]} WHERE id = %(id)s"
    return lambda: make.connection.execute(statement, {**values, "id": user["id"]})


@pytest.mark.parametrize("how", sorted(SWITCHED_OFF))
def test_last_super_administrator_is_not(make: Make, how: str) -> None:
    first, second = make.user("super_admin"), make.user("super_admin")
    make.user("super_admin", is_active=False)
    make.user("super_admin", is_deleted=True)
    switch_off(make, second, how)()
    assert refused_by(make, switch_off(make, first, how)) == "users_last_admin"


def test_two_super_administrators_who_switch_each_other_off_leave_one(module_database: Database) -> None:
    with module_database.owner() as connection:
        make = Make(connection)
        people = [make.user("super_admin"), make.user("super_admin")]
    start = threading.Barrier(2, timeout=60)

    def one(number: int) -> str:
        with module_database.app(autocommit=False) as mine:
            mine.execute(
                "SELECT set_config('hass.scope', 'network', false), set_config('hass.user_id', %s, false)",
                (str(people[number]["id"]),),
            )
            mine.commit()
            start.wait()
            try:
                mine.execute("UPDATE users SET is_active = false WHERE id = %s", (people[1 - number]["id"],))
                mine.commit()
            except psycopg.errors.CheckViolation as refused:
                mine.rollback()
                return str(refused.diag.constraint_name)
            return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == ["done", "users_last_admin"]


@pytest.mark.parametrize("how", sorted(SWITCHED_OFF))
def test_nobody_changes_his_own_rights(make: Make, how: str) -> None:
    user = make.user("super_admin")
    make.user("super_admin")
    change = switch_off(make, user, how)
    make.connection.execute("SELECT set_config('hass.user_id', %s, true)", (str(user["id"]),))
    assert refused_by(make, change) == "users_not_oneself"
    make.change("users", user["id"], {"phone": "+1 555 010 0199"})


@pytest.mark.parametrize("status", ["active", "on_leave"])
def test_hospital_with_an_open_visit_is_not_closed(make: Make, status: str) -> None:
    hospital = make.hospital()
    visit = make.visit(patient=make.patient(hospital=hospital))
    make.visit(patient=make.patient(hospital=hospital), status="discharged")
    if status == "on_leave":
        make.change("visits", visit["id"], {"status": "on_leave"})

    def close() -> None:
        make.change("hospitals", hospital["id"], {"is_active": False})

    assert refused_by(make, close) == "hospitals_open_visits"
    make.change("visits", visit["id"], {"status": "active"})
    leaving = {"status": "discharged", "discharge_date": visit["admission_date"]}
    make.change("visits", visit["id"], leaving)
    close()


def test_region_with_an_open_hospital_is_not_closed(make: Make) -> None:
    region = make.region()
    hospital = make.hospital(region=region)

    def close() -> None:
        make.change("regions", region["id"], {"is_active": False})

    assert refused_by(make, close) == "regions_open_hospitals"
    make.change("hospitals", hospital["id"], {"is_active": False})
    close()


def test_result_is_verified_by_a_second_person_where_the_hospital_so_sets(make: Make) -> None:
    strict = make.hospital(results_need_second_person=True)
    colleagues = [make.user("lab_tech", hospital=strict) for _ in range(2)]
    entered = make.lab_result(hospital=strict, resulted_by_id=colleagues[0]["id"])

    def verify(by: Values, result: Values = entered) -> None:
        make.change("lab_results", result["id"], {"verified_by_id": by["id"]})

    assert refused_by(make, lambda: verify(colleagues[0])) == "lab_results_second_person"
    verify(colleagues[1])
    easy = make.hospital()
    alone = make.user("lab_tech", hospital=easy)
    verify(alone, make.lab_result(hospital=easy, resulted_by_id=alone["id"]))
