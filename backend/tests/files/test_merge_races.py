"""Two who merge at once, on connections of their own: one wins, nobody waits in a circle, nothing is lost."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from factories import Make, Values
from network import Login, Network

REASON = {"reason": "Same passport, same address."}
Press = Callable[[], Any]


@pytest.fixture
def manager(network: Network) -> Login:
    return network.logins["manager@a"]


@pytest.fixture
def two(network: Network) -> tuple[Values, Values]:
    make, at = network.world.make, network.world.at["a"]
    return make.patient(hospital=at), make.patient(hospital=at)


def at_once(*presses: Press) -> list[Any]:
    """Each press on a thread of its own, all at the same instant: the server gives each a connection."""
    start = threading.Barrier(len(presses), timeout=60)

    def one(press: Press) -> Any:
        start.wait()
        return press()

    with ThreadPoolExecutor(len(presses)) as people:
        return list(people.map(one, presses))


def merge(login: Login, survivor: Values, loser: Values) -> Press:
    path = f"/api/v1/patients/{survivor['id']}/merge"
    sent = {"loser_id": str(loser["id"]), **REASON}
    return lambda: login.program.post(path, json=sent)


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def patient_of(network: Network, table: str, row_id: Any) -> Any:
    row = network.world.connection.execute(
        f"SELECT patient_id FROM {table} WHERE id = %s", (row_id,)
    ).fetchone()
    return row and row[0]


def live_merges(network: Network, *files: Values) -> int:
    ids = [file["id"] for file in files]
    row = network.world.connection.execute(
        "SELECT count(*) FROM patient_merges WHERE loser_id = ANY(%s) AND undone_at IS NULL", (ids,)
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_two_merge_the_same_files_the_other_way_round(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    for file in two:
        network.world.make.visit(patient=file, status="discharged")
    answers = at_once(merge(manager, *two), merge(manager, *reversed(two)))
    assert statuses(answers) == {201: 1, 409: 1}
    assert live_merges(network, *two) == 1


def test_eight_merge_one_file_at_once(network: Network, manager: Login, two: tuple[Values, Values]) -> None:
    others = [network.world.make.patient(hospital=network.world.at["a"]) for _ in range(3)]
    into = [two[0], *others]
    answers = at_once(*(merge(manager, survivor, two[1]) for survivor in into for _ in range(2)))
    assert statuses(answers) == {201: 1, 409: 7}
    assert live_merges(network, two[1]) == 1


def test_undone_by_four_at_once_it_is_undone_once(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    visit = network.world.make.visit(patient=two[1])
    made = merge(manager, *two)().json()
    path = f"/api/v1/merges/{made['id']}/undo"
    answers = at_once(*[lambda: manager.program.post(path, json=REASON)] * 4)
    assert statuses(answers) == {200: 1, 409: 3}
    assert patient_of(network, "visits", visit["id"]) == two[1]["id"]


@pytest.mark.parametrize("turn", range(3))
def test_a_file_is_merged_while_others_write_on_it(
    network: Network, manager: Login, two: tuple[Values, Values], turn: int
) -> None:
    """Whatever comes first: what was written hangs on the survivor, or was refused with a sentence."""
    survivor, loser = two
    make = network.world.make
    visit = make.visit(patient=loser)
    nurse = network.logins["nurse@a"]
    signs = {"heart_rate": 72 + turn, "temperature": 36.8}
    allergies, alerts = (f"/api/v1/patients/{loser['id']}/{kind}" for kind in ("allergies", "alerts"))
    answers = at_once(
        merge(manager, survivor, loser),
        *[lambda: nurse.program.post(f"/api/v1/visits/{visit['id']}/vitals", json=signs)] * 3,
        lambda: nurse.program.post(allergies, json={"substance": "Latex"}),
        lambda: nurse.program.post(alerts, json={"alert_type": "falls"}),
    )
    assert answers[0].status_code == 201, answers[0].text
    assert {answer.status_code for answer in answers[1:4]} == {201}, [answer.text for answer in answers[1:4]]
    assert {answer.status_code for answer in answers[4:]} <= {201, 409}
    left = network.world.connection.execute(
        "SELECT (SELECT count(*) FROM vitals WHERE patient_id = %(loser)s)"
        "     + (SELECT count(*) FROM visits WHERE patient_id = %(loser)s)"
        "     + (SELECT count(*) FROM allergies WHERE patient_id = %(loser)s)"
        "     + (SELECT count(*) FROM patient_alerts WHERE patient_id = %(loser)s)",
        {"loser": loser["id"]},
    ).fetchone()
    assert left == (0,)


def test_two_hospitals_merge_the_same_two_people_at_once(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    """Each keeps another of the two; whoever comes second finds the people as the first left them."""
    make, at = network.world.make, network.world.at["b"]
    people = [{"id": file["person_id"], "last_name": "Muster"} for file in two]
    theirs = [make.patient(hospital=at, person=person) for person in people]
    answers = at_once(merge(manager, *two), merge(network.logins["manager@b"], *reversed(theirs)))
    assert statuses(answers) == {201: 2}
    rows = network.world.connection.execute(
        "SELECT DISTINCT person_id FROM patients WHERE id = ANY(%s)", ([f["id"] for f in (*two, *theirs)],)
    ).fetchall()
    assert len(rows) == 1
    standing = network.world.connection.execute(
        "SELECT id FROM persons WHERE id = ANY(%s) AND merged_into_id IS NULL", ([p["id"] for p in people],)
    ).fetchall()
    assert standing == rows


WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def while_merged(network: Network, change: str, values: dict[str, Any], press: Press) -> Any:
    """What `press` brings that waits for `change`, which is not yet committed when it begins."""
    with (
        network.database.owner(autocommit=False) as merging,
        network.database.owner() as watch,
        ThreadPoolExecutor(1) as pool,
    ):
        merging.execute("SET LOCAL ROLE hass_definer")
        # As the acts hold them.
        merging.execute("SELECT FROM persons WHERE id = %(person)s FOR UPDATE", values)
        merging.execute("SELECT FROM patients WHERE person_id = %(person)s FOR UPDATE", values)
        merging.execute(change, values)
        pressed = pool.submit(press)
        deadline = time.monotonic() + 30
        while watch.execute(WAITING).fetchone() == (0,) and not pressed.done():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        merging.commit()
        return pressed.result()


def test_a_file_registered_while_its_person_is_merged_is_refused(
    network: Network, two: tuple[Values, Values]
) -> None:
    """Registration has looked at the candidates already, and among them is the person that is merged now."""
    make, at = network.world.make, network.world.at["c"]
    person = make.person(first_name="Quirin", last_name="Xylophonist")
    make.patient(hospital=at, person=person)
    sent = {
        "first_name": "Quirin",
        "last_name": "Xylophonist",
        "date_of_birth": "1980-05-17",
        "gender": "female",
    }
    desk = network.logins["reception@a"].program
    answer = while_merged(
        network,
        "UPDATE persons SET merged_into_id = %(into)s WHERE id = %(person)s",
        {"person": person["id"], "into": two[0]["person_id"]},
        lambda: desk.post("/api/v1/patients", json={**sent, "person_id": str(person["id"])}),
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "patients-merged-person")


def test_a_row_for_a_file_that_is_merged_meanwhile_is_refused(
    network: Network, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    make = network.world.make
    doctor = make.staff(loser)

    def book() -> str | None:
        with network.database.owner() as connection:
            try:
                Make(connection).appointment(patient=loser, doctor=doctor)
            except psycopg.errors.IntegrityError as error:
                return error.diag.constraint_name
        return None

    change = "UPDATE patients SET merged_into_id = %(into)s, is_active = false WHERE id = %(loser)s"
    values = {"person": loser["person_id"], "into": survivor["id"], "loser": loser["id"]}
    assert while_merged(network, change, values, book) == "appointments_merged_file"
