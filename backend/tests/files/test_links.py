"""A file is linked to a person of the network and unlinked; nobody sees the other hospital's file for it (S28)."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from factories import Values
from network import Login, Network

REASON = {"reason": "Same passport."}
_numbers = count(1)


@pytest.fixture
def manager(network: Network) -> Login:
    return network.logins["manager@a"]


@pytest.fixture
def pair(network: Network) -> tuple[Values, Values]:
    """A file at a, and one at b, under one name that nobody else has, each of a person of its own."""
    make, at = network.world.make, network.world.at
    letters = "".join(chr(97 + int(digit)) for digit in f"{next(_numbers):03}")
    named = {"first_name": "Quirin", "last_name": f"Xylo{letters}zwei"}
    return tuple(make.patient(hospital=at[name], person=make.person(**named)) for name in ("a", "b"))  # type: ignore[return-value]


def path(file: Values, what: str) -> str:
    return f"/api/v1/patients/{file['id']}/{what}"


def candidates(login: Login, file: Values) -> list[dict[str, Any]]:
    answer = login.program.post(path(file, "link-candidates"))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def link(login: Login, file: Values, person: Any) -> Any:
    return login.program.post(path(file, "link"), json={"person_id": str(person), **REASON})


def column(network: Network, table: str, row_id: Any, name: str) -> Any:
    row = network.world.connection.execute(f"SELECT {name} FROM {table} WHERE id = %s", (row_id,)).fetchone()
    assert row is not None
    return row[0]


def test_candidates_tell_a_name_and_a_hospital_and_nothing_of_the_other_file(
    network: Network, manager: Login, pair: tuple[Values, Values]
) -> None:
    mine, theirs = pair
    (found,) = candidates(manager, mine)
    assert found["person_id"] == str(theirs["person_id"])
    assert found["hospital_name"] == network.world.at["b"]["name"]
    assert set(found) == {
        "person_id", "name", "birth_year", "gender", "hospital_name", "score", "has_file_here",
    }  # fmt: skip


def test_a_linked_file_is_of_the_same_person_and_the_journal_says_who_and_why(
    network: Network, manager: Login, pair: tuple[Values, Values]
) -> None:
    mine, theirs = pair
    number = network.world.make.person_identifier(person={"id": mine["person_id"]})
    answer = link(manager, mine, theirs["person_id"])
    assert answer.status_code == 200, answer.text
    linked = answer.json()
    assert linked["person_id"] == str(theirs["person_id"])
    assert linked["other_hospitals"] == [network.world.at["b"]["name"]]
    (entry,) = linked["items"]
    assert (entry["act"], entry["reason"]) == ("link", REASON["reason"])
    assert entry["linked_by"].endswith(str(manager.user["last_name"]))
    # Nothing is left of the person before: her number and what she was called lead to the other.
    assert column(network, "persons", mine["person_id"], "merged_into_id") == theirs["person_id"]
    assert column(network, "person_identifiers", number["id"], "person_id") == theirs["person_id"]


def test_unlinked_the_file_is_of_its_own_person_again(
    network: Network, manager: Login, pair: tuple[Values, Values]
) -> None:
    mine, theirs = pair
    number = network.world.make.person_identifier(person={"id": mine["person_id"]})
    link(manager, mine, theirs["person_id"])
    answer = manager.program.post(path(mine, "unlink"), json=REASON)
    assert answer.status_code == 200, answer.text
    assert answer.json()["person_id"] == str(mine["person_id"])
    assert answer.json()["other_hospitals"] == []
    assert [item["act"] for item in answer.json()["items"]] == ["unlink", "link"]
    assert column(network, "persons", mine["person_id"], "merged_into_id") is None
    assert column(network, "person_identifiers", number["id"], "person_id") == mine["person_id"]
    again = manager.program.post(path(mine, "unlink"), json=REASON)
    assert (again.status_code, again.json()["code"]) == (409, "not-linked")


def test_a_file_that_was_registered_for_a_known_person_gets_a_new_one(
    network: Network, manager: Login
) -> None:
    make, at = network.world.make, network.world.at
    person = make.person()
    mine, theirs = (make.patient(hospital=at[name], person=person) for name in ("a", "b"))
    visit = make.visit(patient=mine, status="discharged")
    published = make.emr_global(record=make.emr_local(visit=visit), person=person)
    answer = manager.program.post(path(mine, "unlink"), json=REASON)
    assert answer.status_code == 200, answer.text
    own = UUID(answer.json()["person_id"])
    assert own != person["id"]
    assert column(network, "persons", own, "last_name") == mine["last_name"]
    # What this hospital published is of the new person; the other hospital's file stays as it was.
    assert column(network, "emr_global", published["id"], "person_id") == own
    assert column(network, "patients", theirs["id"], "person_id") == person["id"]


def test_a_person_with_a_file_here_is_merged_and_not_linked(
    network: Network, manager: Login, pair: tuple[Values, Values]
) -> None:
    mine = pair[0]
    twin = network.world.make.person(first_name=mine["first_name"], last_name=mine["last_name"])
    network.world.make.patient(hospital=network.world.at["a"], person=twin)
    answer = link(manager, mine, twin["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "file-exists")


def test_nobody_links_to_a_person_who_is_no_candidate(
    network: Network, manager: Login, pair: tuple[Values, Values]
) -> None:
    stranger = network.world.person["of_c"]["id"]
    answer = link(manager, pair[0], stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "person-not-found")


@pytest.mark.parametrize("role", ["doctor", "nurse", "reception"])
def test_only_the_manager_looks_and_links(network: Network, pair: tuple[Values, Values], role: str) -> None:
    login = network.logins[f"{role}@a"]
    assert login.program.get(path(pair[0], "links")).status_code == 403
    assert login.program.post(path(pair[0], "link-candidates")).status_code == 403
    assert link(login, pair[0], pair[1]["person_id"]).status_code == 403


def test_another_hospitals_file_is_not_there(manager: Login, pair: tuple[Values, Values]) -> None:
    theirs = pair[1]
    assert manager.program.get(path(theirs, "links")).status_code == 404
    assert manager.program.post(path(theirs, "link-candidates")).status_code == 404
    assert link(manager, theirs, pair[0]["person_id"]).status_code == 404
    assert manager.program.post(path(theirs, "unlink"), json=REASON).status_code == 404


def test_linked_the_two_hospitals_still_do_not_see_each_others_files(
    network: Network, manager: Login, pair: tuple[Values, Values]
) -> None:
    mine, theirs = pair
    link(manager, mine, theirs["person_id"])
    for login, other in ((manager, theirs), (network.logins["reception@b"], mine)):
        assert login.program.get(f"/api/v1/patients/{other['id']}/chart").status_code == 404
        found = login.program.get("/api/v1/patients", params={"q": mine["last_name"]}).json()["items"]
        assert str(other["id"]) not in {item["id"] for item in found}
