"""Living sign-ins, listed and ended by their owner and by an administrator within reach (S50)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from served import Hospitals
from somebody import Person, send
from starlette.testclient import TestClient

OWN = "/api/v1/auth/sessions"
ME = "/api/v1/auth/me"


def listed(program: TestClient, path: str = OWN) -> list[dict[str, Any]]:
    answer = program.get(path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def of_user(person: Person) -> str:
    return f"/api/v1/users/{person.id}/sessions"


def test_one_sees_where_one_is_signed_in_and_no_secret(wanda: Person) -> None:
    wanda.page()
    program = wanda.program()
    items = listed(program)
    assert [item["kind"] for item in items] == ["program", "page"]
    assert [item["is_current"] for item in items] == [True, False]
    assert set(items[0]) == {
        "id", "kind", "created_at", "last_used_at", "expires_at", "address", "agent", "is_current",
    }  # fmt: skip
    assert items[0]["agent"] == "testclient"


def test_one_ends_another_sign_in_of_ones_own_at_once(wanda: Person) -> None:
    page, program = wanda.page(), wanda.program()
    (other,) = [item["id"] for item in listed(program) if not item["is_current"]]
    assert program.post(f"{OWN}/{other}/end").status_code == 204
    assert page.get("/patients").headers["location"].startswith("/login")
    assert program.post(f"{OWN}/{other}/end").status_code == 404
    assert len(listed(program)) == 1


def test_one_ends_all_others_and_stays(wanda: Person) -> None:
    wanda.page(), wanda.page()
    program = wanda.program()
    answer = program.post(f"{OWN}/end-others")
    assert answer.json() == {"ended": 2}
    assert [item["is_current"] for item in listed(program)] == [True]


def test_the_sign_in_of_another_is_not_there_for_its_owner_s_route(
    wanda: Person, somebody: Callable[[str], Person]
) -> None:
    other = somebody("nurse@hass.example")
    mine, theirs = wanda.program(), other.program()
    (item,) = listed(theirs)
    assert mine.post(f"{OWN}/{item['id']}/end").status_code == 404
    assert theirs.get(ME).status_code == 200


@pytest.mark.parametrize("path", [f"{OWN}/not-an-id/end", f"/api/v1/users/{UUID(int=7)}/sessions/no/end"])
def test_what_is_no_identifier_is_refused(api_as: Callable[[str], TestClient], path: str) -> None:
    assert api_as("admin").post(path).status_code == 422


@pytest.mark.parametrize("administrator", ["admin", "radmin"])
def test_an_administrator_lists_and_ends_the_sign_ins_of_a_user_within_reach(
    wanda: Person, api_as: Callable[[str], TestClient], administrator: str
) -> None:
    first, second = wanda.program(), wanda.program()
    boss = api_as(administrator)
    items = listed(boss, of_user(wanda))
    assert [item["is_current"] for item in items] == [False, False]
    assert boss.post(f"{of_user(wanda)}/{items[0]['id']}/end").status_code == 204
    assert (first.get(ME).status_code, second.get(ME).status_code) == (200, 401)
    assert boss.post(f"{of_user(wanda)}/end").json() == {"ended": 1}
    assert first.get(ME).status_code == 401
    assert boss.post(f"{of_user(wanda)}/end").json() == {"ended": 0}
    row = wanda.sql("SELECT DISTINCT end_reason FROM sessions WHERE user_id = %s", wanda.id)
    assert row == [("ended_by_other",)]
    trail = wanda.sql(
        "SELECT DISTINCT act, user_id IS NOT NULL AND user_id <> %s FROM audit_logs WHERE resource_type = 'sessions'"
        " AND after_state ->> 'end_reason' = 'ended_by_other' AND resource_id IN"
        " (SELECT id FROM sessions WHERE user_id = %s)",
        wanda.id,
        wanda.id,
    )
    assert sorted(trail) == [("end_user_session", True), ("end_user_sessions", True)]


def test_a_user_of_another_region_is_not_there(
    hospitals: Hospitals, api_as: Callable[[str], TestClient], client: TestClient
) -> None:
    with hospitals.database.owner() as connection:
        row = connection.execute("SELECT id FROM users WHERE email = 'doctor@lakeside.example'").fetchone()
    assert row is not None
    lars = api_as("doctor@lakeside.example")
    path = f"/api/v1/users/{row[0]}/sessions"
    boss = api_as("radmin")
    (current,) = [item["id"] for item in listed(lars) if item["is_current"]]
    answers = [boss.get(path), boss.post(f"{path}/end"), boss.post(f"{path}/{current}/end")]
    unknown = boss.get(f"/api/v1/users/{uuid4()}/sessions")
    assert {answer.status_code for answer in (*answers, unknown)} == {404}
    assert {answer.json()["detail"] for answer in (*answers, unknown)} == {"There is no such record here."}
    assert lars.get(ME).status_code == 200
    assert listed(api_as("admin"), path)


@pytest.mark.parametrize("name", ["manager", "doctor", "nurse", "lab", "pharma", "reception", "patient"])
def test_who_may_not_manage_users_may_not_end_their_sign_ins(
    wanda: Person, api_as: Callable[[str], TestClient], page_as: Callable[[str], TestClient], name: str
) -> None:
    program = wanda.program()
    caller = api_as(name)
    (item,) = listed(program)
    path = of_user(wanda)
    answers = [caller.get(path), caller.post(f"{path}/end"), caller.post(f"{path}/{item['id']}/end")]
    assert {answer.status_code for answer in answers} == {403}
    assert page_as(name).get(f"/users/{wanda.id}/sessions").status_code == 403
    assert program.get(ME).status_code == 200


def test_the_account_page_lists_and_ends(wanda: Person) -> None:
    other, page = wanda.page(), wanda.page()
    (elsewhere,) = wanda.sql(
        "SELECT id FROM sessions WHERE user_id = %s AND ended_at IS NULL ORDER BY created_at LIMIT 1",
        wanda.id,
    )[0]
    shown = page.get("/account").text
    assert "this sign-in" in shown
    assert f"/account/sessions/{elsewhere}/end" in shown
    assert send(page, "/account", f"/account/sessions/{elsewhere}/end").status_code == 303
    assert other.get("/patients").headers["location"].startswith("/login")
    assert send(page, "/account", f"/account/sessions/{elsewhere}/end").status_code == 404


def test_the_account_page_ends_all_others(wanda: Person) -> None:
    other, page = wanda.page(), wanda.page()
    assert send(page, "/account", "/account/sessions/end-others").status_code == 303
    assert other.get("/patients").headers["location"].startswith("/login")
    assert page.get("/patients").status_code == 200


def test_an_administrator_ends_sign_ins_on_a_page(
    wanda: Person, page_as: Callable[[str], TestClient]
) -> None:
    program = wanda.program()
    boss, at = page_as("radmin"), f"/users/{wanda.id}/sessions"
    assert "Wanda" in boss.get(at).text
    assert send(boss, at, f"{at}/end").status_code == 303
    assert program.get(ME).status_code == 401
    assert "Not signed in anywhere" in boss.get(at).text


def test_a_patient_has_an_account_page_too(page_as: Callable[[str], TestClient]) -> None:
    assert "Where I am signed in" in page_as("patient").get("/account").text


def test_the_lists_ask_the_database_twice_at_most(
    wanda: Person, api_as: Callable[[str], TestClient], queries: Callable[..., Any]
) -> None:
    program, boss = wanda.program(), api_as("admin")
    with queries(at_most=1):
        listed(program)
    with queries(at_most=2):
        listed(boss, of_user(wanda))


def test_session_check_and_context_are_one_round_trip(wanda: Person, queries: Callable[..., Any]) -> None:
    """The issue's figure: whoever asks who he is costs that one statement and no other."""
    program, page = wanda.program(), wanda.page()
    with queries(at_most=0):
        assert program.get(ME).status_code == 200
    with queries(at_most=0):
        assert page.get("/lock/stay").status_code == 204
