"""Emergency access in the database: the policy on emr_global reads the grant (domain 5.10, 5.12)."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from factories import HOUR, NOW, Make, Values
from tenancy_world import World, build

CONFIDENTIAL = ("N", "R", "V")


@pytest.fixture(scope="module")
def world(warm_connection: psycopg.Connection[Any]) -> Iterator[World]:
    """The shared person has nothing open at a; b has published a record of her of each confidentiality."""
    with warm_connection.transaction(force_rollback=True):
        made = build(Make(warm_connection))
        published = {"person": made.person["shared"], "status": "synced", "synced_at": NOW}
        for degree in CONFIDENTIAL:
            record = made.make.emr_local(visit=made.visit["shared_b"])
            made.make.emr_global(record=record, confidentiality=degree, **published)
        other = made.make.emr_local(visit=made.visit["b"])
        made.make.emr_global(record=other, **{**published, "person": made.person["of_b"]})
        made.connection.execute(
            "DELETE FROM appointments WHERE patient_id = %s", (made.file["shared_a"]["id"],)
        )
        yield made


def read(world: World, user: Values, hospital: str = "a") -> list[str]:
    at = world.at[hospital]
    with world.seen_as("hospital", hospital_id=at["id"], region_id=at["region_id"], user_id=user["id"]):
        found = world.connection.execute(
            "SELECT confidentiality FROM emr_global WHERE source_hospital_id <> %s ORDER BY 1", (at["id"],)
        )
        return [row[0] for row in found.fetchall()]


@pytest.fixture
def doctor(world: World) -> Iterator[Values]:
    """A doctor of a; what a test writes is rolled back."""
    with world.connection.transaction(force_rollback=True):
        yield world.make.user("doctor", hospital=world.at["a"])


def test_without_a_grant_and_without_treatment_nothing_is_read(world: World, doctor: Values) -> None:
    assert read(world, doctor) == []


def test_live_grant_opens_the_persons_records_confidential_ones_too(world: World, doctor: Values) -> None:
    world.make.access_grant(patient=world.file["shared_a"], user=doctor)
    assert read(world, doctor) == list(CONFIDENTIAL)


def test_grant_opens_nothing_to_a_colleague(world: World, doctor: Values) -> None:
    world.make.access_grant(patient=world.file["shared_a"], user=doctor)
    assert read(world, world.make.user("doctor", hospital=world.at["a"])) == []


def test_treatment_alone_keeps_confidential_records_closed(world: World, doctor: Values) -> None:
    world.make.visit(patient=world.file["shared_a"])
    assert read(world, doctor) == ["N"]


@pytest.mark.parametrize(
    "over", [{"granted_at": NOW - 2 * HOUR}, {"granted_at": NOW - HOUR / 2, "ended_at": NOW - HOUR / 4}]
)
def test_grant_that_has_expired_or_ended_opens_nothing(world: World, doctor: Values, over: Values) -> None:
    world.make.access_grant(patient=world.file["shared_a"], user=doctor, **over)
    assert read(world, doctor) == []


def test_grant_does_not_go_along_to_another_hospital(world: World, doctor: Values) -> None:
    """A user who moves to another hospital leaves the grants of the old one behind."""
    world.make.access_grant(patient=world.file["shared_a"], user=doctor)
    assert read(world, doctor, "c") == []


@pytest.mark.parametrize("status", ["pending", "failed", "withdrawn", "superseded"])
def test_grant_opens_published_versions_only(world: World, doctor: Values, status: str) -> None:
    world.make.access_grant(patient=world.file["shared_a"], user=doctor)
    world.connection.execute(
        "UPDATE emr_global SET status = %s WHERE person_id = %s", (status, world.person["shared"]["id"])
    )
    assert read(world, doctor) == []


def test_nobody_opens_a_record_for_somebody_else_or_reviews_it_in_the_same_breath(
    world: World, doctor: Values
) -> None:
    colleague = world.make.user("doctor", hospital=world.at["a"])
    manager = world.make.user("manager", hospital=world.at["a"])
    reach = {"hospital_id": world.at["a"]["id"], "user_id": doctor["id"]}
    done = {"reviewed_at": NOW + HOUR, "reviewed_by_id": manager["id"], "review_outcome": "justified"}
    with world.seen_as("hospital", **reach):
        with world.refused():
            world.make.access_grant(patient=world.file["shared_a"], user=colleague)
        with world.refused():
            world.make.access_grant(patient=world.file["shared_a"], user=doctor, **done)
        world.make.access_grant(patient=world.file["shared_a"], user=doctor)


def test_nobody_opens_a_record_for_later_so_that_an_hour_stays_an_hour(world: World, doctor: Values) -> None:
    reach = {"hospital_id": world.at["a"]["id"], "user_id": doctor["id"]}
    with world.seen_as("hospital", **reach), world.refused():
        world.make.access_grant(patient=world.file["shared_a"], user=doctor, granted_at=NOW + 2 * HOUR)


def test_a_review_bears_the_name_of_whoever_wrote_it(world: World, doctor: Values) -> None:
    reviewer = world.make.user("doctor", hospital=world.at["a"])
    grant = world.make.access_grant(
        patient=world.file["shared_a"], user=doctor, granted_at=NOW - 3 * HOUR, expires_at=NOW - 2 * HOUR
    )
    review = (
        "UPDATE access_grants SET reviewed_at = now(), reviewed_by_id = %s, review_outcome = 'justified'"
        " WHERE id = %s"
    )
    at = world.at["a"]["id"]
    with world.seen_as("hospital", hospital_id=at, user_id=doctor["id"]), world.refused():
        world.connection.execute(review, (reviewer["id"], grant["id"]))
    with world.seen_as("hospital", hospital_id=at, user_id=reviewer["id"]):
        assert world.connection.execute(review, (reviewer["id"], grant["id"])).rowcount == 1


def test_grant_is_for_the_person_of_the_file(world: World, doctor: Values) -> None:
    wrong = {**world.file["shared_a"], "person_id": world.person["of_b"]["id"]}
    with pytest.raises(psycopg.errors.ForeignKeyViolation), world.connection.transaction():
        world.make.access_grant(patient=wrong, user=doctor)


def test_name_of_a_holder_is_told_to_the_patient_alone(world: World, doctor: Values) -> None:
    world.make.access_grant(patient=world.file["shared_a"], user=doctor)
    stranger = world.make.user("doctor", hospital=world.at["a"])
    asked = "SELECT name, role_title FROM grant_holder(%s)"
    with world.patient():
        assert world.connection.execute(asked, (doctor["id"],)).fetchall() == [
            (f"Ada {doctor['last_name']}", "Doctor")
        ]
        assert world.connection.execute(asked, (stranger["id"],)).fetchall() == []
    with world.staff_of("a"):
        assert world.connection.execute(asked, (doctor["id"],)).fetchall() == []
