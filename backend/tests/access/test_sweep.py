"""Every route, as each role, with ids of another hospital, another region and another patient: never a row.

Routes are found, not listed: one that is added tomorrow is swept tomorrow (tests/route_samples.py)."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from network import CALLERS, NUMBERS, Login, Network, same_words
from route_samples import RouteCase, route_cases

from app.main import create_app

CASES = route_cases(create_app("postgresql://nowhere/none"))
WITH_ROWS = [case for case in CASES if case.parameters or case.query_rows or case.body_rows]
READS = [case for case in CASES if case.method == "GET"]
# A published record of a person under treatment tells which hospital it comes from (S28).
TELLS_OF_OTHERS = "global-records"


def call(login: Login, case: RouteCase, ids: dict[str, UUID]) -> Any:
    face = login.program if case.is_json else login.page
    headers = {} if case.is_json else {"X-CSRF-Token": login.csrf}
    if case.method in ("PUT", "PATCH"):
        headers["If-Match"] = '"0"'
    body = case.body(ids) if case.method != "GET" else {}
    sent = {"json": body} if case.is_json else {"data": body}
    query = {name: str(ids[name]) for name in case.query_rows}
    # A reader follows where the page sends him.
    return face.request(
        case.method,
        case.url(ids),
        params=query,
        headers=headers,
        follow_redirects=case.method == "GET",
        **(sent if body or case.body_fields else {}),
    )


def missing_right(answer: Any, case: RouteCase) -> str | None:
    if case.is_json:
        found = answer.json().get("permission")
        return None if found is None else str(found)
    match = re.search(r"The missing right is “([^”]+)”", answer.text)
    return match[1] if match else None


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("case", WITH_ROWS, ids=lambda case: case.label)
def test_row_out_of_reach_answers_as_one_that_is_not_there(
    case: RouteCase, name: str, network: Network
) -> None:
    login = network.logins[name]
    nowhere = {parameter: uuid4() for parameter in case.rows}
    if case.permission == "public" or not case.rows:
        return
    if not login.may(case.permission):
        answer = call(login, case, nowhere)
        assert (answer.status_code, missing_right(answer, case)) == (403, case.permission), answer.text[:300]
    for parameter in case.rows:
        wanted = call(login, case, {**own_ids(network, login, case), parameter: nowhere[parameter]})
        for foreign in network.foreign(login, case.table(parameter)):
            answer = call(login, case, {**own_ids(network, login, case), parameter: foreign})
            where = f"{case.label} as {name} with {parameter} of another tenant"
            assert answer.status_code == wanted.status_code, where
            # What succeeds in spite of it has made something within reach, and took nothing from the foreign row.
            if answer.status_code >= 400:
                assert same_words(answer.text) == same_words(wanted.text), where
            if not login.may(case.permission):
                assert answer.status_code == 403, where
            elif parameter in case.parameters and answer.status_code == 403:
                # The act asks for more than its route: that is refused too, whatever the id.
                assert not login.may(missing_right(answer, case)), where
            elif parameter in case.parameters:
                assert answer.status_code == 404, where
            assert_nothing_leaks(answer.text, network, login, case, sent={str(foreign)})


def own_ids(network: Network, login: Login, case: RouteCase) -> dict[str, UUID]:
    """An id within reach for every parameter; where there is none, one that nowhere exists."""
    return {name: network.within(login, case.table(name)) or uuid4() for name in case.rows}


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("case", READS, ids=lambda case: case.label)
def test_reading_what_is_within_reach_shows_nothing_else(
    case: RouteCase, name: str, network: Network
) -> None:
    login = network.logins[name]
    answer = call(login, case, own_ids(network, login, case))
    assert answer.status_code < 500, answer.text[:300]
    if not login.may(case.permission):
        assert answer.status_code == 403
    assert_nothing_leaks(answer.text, network, login, case)


def assert_nothing_leaks(
    text: str,
    network: Network,
    login: Login,
    case: RouteCase,
    *,
    sent: set[str] | frozenset[str] = frozenset(),
) -> None:
    hidden = network.hidden_ids(login) - sent
    if case.path.endswith(TELLS_OF_OTHERS):
        hidden -= {str(row["id"]) for table in ("emr_global", "hospitals") for row in network.rows[table]}
    assert not set(NUMBERS.findall(text)) & hidden, f"{case.label} shows {login.name} rows out of reach"
    words = set(re.findall(r"\w+", text))
    assert not words & network.hidden_names(login), f"{case.label} names people out of reach to {login.name}"


def test_sweep_has_changed_no_row_of_another_tenant(network: Network) -> None:
    """Whatever the calls above tried: the rows of b and c are those that the network was made with."""
    before = {table: rows_of_others(network, table) for table in network.rows}
    network.learn()
    for table in set(before) - {"audit_logs", "sessions"}:
        assert rows_of_others(network, table) == before[table], table


def rows_of_others(network: Network, table: str) -> set[tuple[UUID, Any]]:
    """The rows of b, of c and of the region of c, each with the instant of its last change."""
    places = {network.world.at[place]["id"] for place in ("b", "c")} | {network.world.region["south"]["id"]}
    rows = [row for row in network.rows[table] if {row["hospital_id"], row["region_id"]} & places]
    return {(row["id"], row["updated_at"]) for row in rows}
