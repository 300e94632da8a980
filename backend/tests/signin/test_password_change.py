"""One's own password changed, by a program and on the page (S50, S51)."""

from typing import Any

import pytest
from somebody import FIRST, SECOND, Person, send

CHANGE, ME = "/api/v1/auth/password", "/api/v1/auth/me"


def change(person: Person, old: str = FIRST, new: str = SECOND, **more: Any) -> Any:
    return person.program().post(CHANGE, json={"old_password": old, "new_password": new, **more})


def test_change_ends_every_sign_in_and_answers_with_a_new_one(wanda: Person) -> None:
    page, program, other = wanda.page(), wanda.program(), wanda.program()
    answer = program.post(CHANGE, json={"old_password": FIRST, "new_password": SECOND})
    assert answer.status_code == 200, answer.text
    assert [each.get(ME).status_code for each in (program, other)] == [401, 401]
    assert page.get("/patients").headers["location"].startswith("/login")
    program.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    assert program.get(ME).status_code == 200
    assert wanda.log_in(FIRST).status_code == 401
    assert wanda.log_in(SECOND).status_code == 200
    reasons = wanda.sql(
        "SELECT DISTINCT end_reason FROM sessions WHERE user_id = %s AND ended_at IS NOT NULL", wanda.id
    )
    assert reasons == [("password_changed",)]


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("not the old one at all", SECOND, "old-password-wrong", "old_password"),
        (FIRST, "short", "password-too-short", "new_password"),
        (FIRST, "passwordpassword", "password-common", "new_password"),
        (FIRST, "Wanda Probe North General", "password-own-words", "new_password"),
        (FIRST, "ä" * 40, "password-too-long", "new_password"),
        (FIRST, FIRST, "password-same", "new_password"),
    ],
)
def test_a_change_that_will_not_do_is_refused_with_its_field(
    wanda: Person, old: str, new: str, code: str, field: str
) -> None:
    answer = change(wanda, old, new)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert wanda.log_in(FIRST).status_code == 200


def test_a_change_with_an_unknown_field_is_refused(wanda: Person) -> None:
    assert change(wanda, user_id="x").status_code == 422


def test_nobody_changes_a_password_without_signing_in(wanda: Person) -> None:
    body = {"old_password": FIRST, "new_password": SECOND}
    assert wanda.client.post(CHANGE, json=body).status_code == 401


def test_whoever_stole_a_sign_in_guesses_the_old_password_five_times_only(wanda: Person) -> None:
    thief = wanda.program()
    body = {"old_password": "a guess of a password", "new_password": SECOND}
    statuses = [thief.post(CHANGE, json=body).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_the_change_is_in_the_trail_without_the_hash(wanda: Person) -> None:
    change(wanda)
    rows = wanda.sql(
        "SELECT act, user_id, after_state ->> 'password_hash' FROM audit_logs WHERE resource_id = %s"
        " AND after_state ? 'password_hash' AND action = 'U'",
        wanda.id,
    )
    assert rows == [("change_password", wanda.id, "***")]


def test_the_page_changes_the_password_and_stays_signed_in(wanda: Person) -> None:
    page = wanda.page()
    before = page.cookies["hass_session"]
    answer = send(page, "/account", "/account/password", old_password=FIRST, new_password=SECOND)
    assert answer.status_code == 303, answer.text
    assert page.cookies["hass_session"] != before
    shown = page.get(answer.headers["location"])
    assert "Your password is changed" in shown.text


def test_the_page_says_what_is_wrong_and_repeats_no_password(wanda: Person) -> None:
    page = wanda.page()
    answer = send(page, "/account", "/account/password", old_password=FIRST, new_password="kurz-und-gut")
    assert answer.status_code == 422
    assert "A password has at least 15 characters; this has 12." in answer.text
    assert "kurz-und-gut" not in answer.text
    assert FIRST not in answer.text


@pytest.mark.parametrize(("old", "new"), [("", SECOND), (FIRST, "")])
def test_the_page_asks_for_what_is_missing(wanda: Person, old: str, new: str) -> None:
    answer = send(wanda.page(), "/account", "/account/password", old_password=old, new_password=new)
    assert answer.status_code == 422
    assert "Enter your" in answer.text


def test_the_page_that_must_wait_still_shows_the_account(wanda: Person) -> None:
    page = wanda.page()
    for _ in range(6):
        answer = send(page, "/account", "/account/password", old_password="a wrong one", new_password=SECOND)
    assert answer.status_code == 429
    assert "Where I am signed in" in answer.text
    assert "retry-after" in answer.headers


def test_a_form_of_another_site_changes_nothing(wanda: Person) -> None:
    answer = wanda.page().post("/account/password", data={"old_password": FIRST, "new_password": SECOND})
    assert answer.status_code == 403
    assert wanda.log_in(FIRST).status_code == 200
