"""S32, domain 5.14: many people press at once, on connections of their own; exactly one wins."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from cluster import Database
from factories import HOUR, NOW, Make, Values

from app.clinical.mrn import format_mrn
from app.core.ids import new_id

TRIES = 40
Try = Callable[[psycopg.Connection[Any], int], Any]


@pytest.fixture
def ward(module_database: Database) -> Iterator[tuple[Make, Database]]:
    """A committed hospital in a database of its own: what races must be seen by every connection."""
    with module_database.owner() as connection:
        yield Make(connection), module_database


def race(database: Database, hospital: Values, attempt: Try) -> Counter[str]:
    """TRIES attempts at the same instant, each as hass_app on its own connection: how each of them ended."""
    start = threading.Barrier(TRIES, timeout=60)

    def one(number: int) -> str:
        with database.app(autocommit=False) as connection:
            connection.execute(
                "SELECT set_config('hass.scope', 'hospital', false), set_config('hass.hospital_id', %s, false)",
                (str(hospital["id"]),),
            )
            connection.commit()
            start.wait()
            try:
                told = attempt(connection, number)
                connection.commit()
            except psycopg.errors.DeadlockDetected:
                connection.rollback()
                return "deadlock"
            except psycopg.errors.IntegrityError as refused:
                connection.rollback()
                return str(refused.diag.constraint_name)
            return "lost" if told == 0 else "won"

    with ThreadPoolExecutor(TRIES) as people:
        return Counter(people.map(one, range(TRIES)))


def patients(make: Make, hospital: Values, status: str = "active") -> list[Values]:
    return [make.visit(patient=make.patient(hospital=hospital), status=status) for _ in range(TRIES)]


def test_one_bed_takes_one_of_forty_patients(ward: tuple[Make, Database]) -> None:
    make, database = ward
    hospital = make.hospital()
    bed, visits = make.bed(hospital=hospital), patients(make, hospital)

    def lie_down(connection: psycopg.Connection[Any], number: int) -> int:
        visit = visits[number]
        return connection.execute(
            "UPDATE beds SET status = 'occupied', assigned_patient_id = %s, assigned_visit_id = %s,"
            " assigned_at = now() WHERE id = %s",
            (visit["patient_id"], visit["id"], bed["id"]),
        ).rowcount

    assert race(database, hospital, lie_down) == {"won": 1, "beds_stay": TRIES - 1}
    open_stays = "SELECT count(*) FROM bed_assignments WHERE bed_id = %s AND released_at IS NULL"
    assert make.connection.execute(open_stays, (bed["id"],)).fetchone() == (1,)


def test_one_patient_takes_one_of_forty_beds(ward: tuple[Make, Database]) -> None:
    make, database = ward
    hospital = make.hospital()
    visit = make.visit(patient=make.patient(hospital=hospital))
    beds = [make.bed(hospital=hospital) for _ in range(TRIES)]

    def lie_down(connection: psycopg.Connection[Any], number: int) -> int:
        return connection.execute(
            "UPDATE beds SET status = 'occupied', assigned_patient_id = %s, assigned_visit_id = %s,"
            " assigned_at = now() WHERE id = %s",
            (visit["patient_id"], visit["id"], beds[number]["id"]),
        ).rowcount

    assert race(database, hospital, lie_down) == {"won": 1, "beds_assigned_visit_id_key": TRIES - 1}


def test_one_slot_of_a_doctor_takes_one_of_forty_patients(ward: tuple[Make, Database]) -> None:
    make, database = ward
    hospital = make.hospital()
    files = [make.patient(hospital=hospital) for _ in range(TRIES)]
    doctor = make.user("doctor", hospital=hospital)

    def book(connection: psycopg.Connection[Any], number: int) -> int:
        # Not the very same minute: the slots overlap, each in its own way.
        begins = NOW + 24 * HOUR + number * HOUR / 120
        return connection.execute(
            "INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, created_by_id, scheduled_at,"
            " duration_minutes, ends_at) VALUES (%s, %s, %s, %s, %s, %s, 30, %s)",
            (
                new_id(),
                hospital["id"],
                files[number]["id"],
                doctor["id"],
                doctor["id"],
                begins,
                begins + HOUR / 2,
            ),
        ).rowcount

    ended = race(database, hospital, book)
    # Two who wrote at the same instant wait for each other, and PostgreSQL lets one of them go: a loser like the rest.
    # The act locks the doctor's row first, so that its losers get the constraint's sentence.
    assert ended.pop("won") == 1
    assert set(ended) <= {"appointments_doctor_overlap_excl", "deadlock"}
    held = "SELECT count(*) FROM appointments WHERE doctor_id = %s"
    assert make.connection.execute(held, (doctor["id"],)).fetchone() == (1,)


def test_the_slot_whose_doctor_is_locked_first_is_refused_by_its_rule(ward: tuple[Make, Database]) -> None:
    make, database = ward
    hospital = make.hospital()
    files = [make.patient(hospital=hospital) for _ in range(TRIES)]
    doctor = make.user("doctor", hospital=hospital)

    def book(connection: psycopg.Connection[Any], number: int) -> int:
        connection.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", (doctor["id"],))
        begins = NOW + 24 * HOUR
        return connection.execute(
            "INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, created_by_id, scheduled_at,"
            " duration_minutes, ends_at) VALUES (%s, %s, %s, %s, %s, %s, 30, %s)",
            (
                new_id(),
                hospital["id"],
                files[number]["id"],
                doctor["id"],
                doctor["id"],
                begins,
                begins + HOUR / 2,
            ),
        ).rowcount

    assert race(database, hospital, book) == {"won": 1, "appointments_doctor_overlap_excl": TRIES - 1}


def test_one_patient_gets_one_open_inpatient_visit(ward: tuple[Make, Database]) -> None:
    make, database = ward
    hospital = make.hospital()
    patient = make.patient(hospital=hospital)
    planned = [make.visit(patient=patient, status="planned") for _ in range(TRIES)]

    def admit(connection: psycopg.Connection[Any], number: int) -> int:
        return connection.execute(
            "UPDATE visits SET status = 'active', admission_date = now() WHERE id = %s",
            (planned[number]["id"],),
        ).rowcount

    assert race(database, hospital, admit) == {"won": 1, "visits_one_open_inpatient_key": TRIES - 1}


def test_forty_patients_get_forty_medical_record_numbers(ward: tuple[Make, Database]) -> None:
    make, database = ward
    hospital = make.hospital()
    make.mrn_counter(hospital=hospital)
    taken: list[int] = []

    def take(connection: psycopg.Connection[Any], number: int) -> int:
        row = connection.execute(
            "UPDATE mrn_counters SET last_number = last_number + 1 WHERE hospital_id = %s RETURNING last_number",
            (hospital["id"],),
        ).fetchone()
        assert row is not None
        taken.append(row[0])
        return 1

    assert race(database, hospital, take) == {"won": TRIES}
    assert sorted(taken) == list(range(1, TRIES + 1))
    assert len({format_mrn(hospital["code"], number) for number in taken}) == TRIES


def test_last_tablets_are_never_sold_twice(ward: tuple[Make, Database]) -> None:
    make, database = ward
    hospital = make.hospital()
    item = make.inventory(hospital=hospital, quantity=10)

    def issue(connection: psycopg.Connection[Any], number: int) -> int:
        return connection.execute(
            "UPDATE inventory SET quantity = quantity - 1 WHERE id = %s", (item["id"],)
        ).rowcount

    assert race(database, hospital, issue) == {"won": 10, "inventory_quantity_range_check": TRIES - 10}


def test_one_of_forty_presses_opens_a_record(ward: tuple[Make, Database]) -> None:
    """The same user presses again and again: one emergency access lives, the others are told so."""
    make, database = ward
    hospital = make.hospital()
    file = make.patient(hospital=hospital)
    doctor = make.user("doctor", hospital=hospital)

    def press(connection: psycopg.Connection[Any], _: int) -> None:
        connection.execute("SELECT set_config('hass.user_id', %s, true)", (str(doctor["id"]),))
        Make(connection).access_grant(patient=file, user=doctor)

    ended = race(database, hospital, press)
    # Two of a kind that wait for each other: PostgreSQL ends one of them, which is a loser too.
    assert ended["won"] == 1
    assert ended["won"] + ended["access_grants_one_live_excl"] + ended["deadlock"] == TRIES
