"""Pages lock themselves; unlock, quick switch, and the half-typed form that stays with its author (S50)."""

from collections.abc import Callable
from typing import Any

import pytest
from served import browser, token_of
from somebody import FIRST, Person, send
from starlette.testclient import TestClient

QUIET = "UPDATE sessions SET last_used_at = now() - interval '%s minutes' WHERE user_id = %%s"


def leave_alone(person: Person, minutes: int = 16) -> None:
    """The database's own clock cannot be set; the last use is moved back instead."""
    person.sql(QUIET % minutes, person.id)


def keep(page: TestClient, at: str, form: str, **fields: str) -> Any:
    token = token_of(page.get("/account").text)
    return page.post(
        "/drafts", json={"page": at, "form": form, "fields": fields}, headers={"X-CSRF-Token": token}
    )


def drafts(page: TestClient, at: str) -> dict[str, Any]:
    answer = page.get("/drafts", params={"page": at})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_page_left_alone_locks_on_the_server(wanda: Person) -> None:
    page = wanda.page()
    leave_alone(wanda)
    answer = page.get("/patients?q=smi")
    assert (answer.status_code, answer.headers["location"]) == (303, "/lock?next=%2Fpatients%3Fq%3Dsmi")
    assert "Smith" not in answer.text
    # It does not come back by asking again.
    assert page.get("/patients").headers["location"].startswith("/lock")


def test_a_page_in_use_does_not_lock(wanda: Person) -> None:
    page = wanda.page()
    leave_alone(wanda, 14)
    assert page.get("/patients").status_code == 200
    (used,) = wanda.sql(
        "SELECT now() - last_used_at < interval '1 minute' FROM sessions WHERE user_id = %s", wanda.id
    )
    assert used == (True,)


def test_use_is_noted_once_a_minute(wanda: Person) -> None:
    page = wanda.page()
    page.get("/patients")
    noted = wanda.sql("SELECT last_used_at FROM sessions WHERE user_id = %s", wanda.id)
    page.get("/patients")
    assert wanda.sql("SELECT last_used_at FROM sessions WHERE user_id = %s", wanda.id) == noted


def test_a_program_does_not_lock(wanda: Person) -> None:
    program = wanda.program()
    leave_alone(wanda, 60)
    assert program.get("/api/v1/auth/me").status_code == 200


def test_a_fragment_of_a_locked_page_sends_the_whole_page_to_the_lock(wanda: Person) -> None:
    page = wanda.page()
    leave_alone(wanda)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/patients?q=smi"}
    answer = page.get("/patients/found?q=smi", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/lock?next=%2Fpatients%3Fq%3Dsmi"


def test_the_password_unlocks_the_page_under_a_new_cookie(wanda: Person) -> None:
    page = wanda.page()
    leave_alone(wanda)
    before = page.cookies["hass_session"]
    shown = page.get("/lock?next=/patients")
    assert "Wanda Probe" in shown.text
    answer = send(page, "/lock?next=/patients", "/lock/open", password=FIRST, next="/patients")
    assert (answer.status_code, answer.headers["location"]) == (303, "/patients")
    assert page.get("/patients").status_code == 200
    old = browser(wanda.client)
    old.cookies.set("hass_session", before)
    assert old.get("/patients").headers["location"].startswith("/login")


@pytest.mark.parametrize(("password", "status"), [("not hers", 401), ("", 422)])
def test_a_wrong_password_leaves_it_locked(wanda: Person, password: str, status: int) -> None:
    page = wanda.page()
    leave_alone(wanda)
    answer = send(page, "/lock", "/lock/open", password=password)
    assert answer.status_code == status
    assert "Still locked" in answer.text
    assert page.get("/patients").headers["location"].startswith("/lock")


def test_guessing_at_the_lock_has_to_wait_like_at_the_login(wanda: Person) -> None:
    page = wanda.page()
    leave_alone(wanda)
    statuses = [send(page, "/lock", "/lock/open", password="a guess").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert wanda.log_in().status_code == 429


def test_one_locks_the_page_by_hand(wanda: Person) -> None:
    page = wanda.page()
    answer = send(page, "/patients", "/lock", next="/patients")
    assert answer.headers["location"] == "/lock?next=%2Fpatients"
    assert page.get("/patients").headers["location"].startswith("/lock")


@pytest.mark.parametrize("next", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"])
def test_the_lock_leads_to_no_other_site(wanda: Person, next: str) -> None:
    page = wanda.page()
    leave_alone(wanda)
    assert send(page, "/lock", "/lock/open", password=FIRST, next=next).headers["location"] == "/"


def test_without_a_sign_in_the_lock_is_the_login(client: TestClient) -> None:
    assert browser(client).get("/lock?next=/patients").headers["location"] == "/login?next=%2Fpatients"


def test_somebody_else_goes_on_from_his_own_first_page(
    wanda: Person, somebody: Callable[[str], Person]
) -> None:
    page, other = wanda.page(), somebody("reception@hass.example")
    leave_alone(wanda)
    answer = send(page, "/lock?next=/patients", "/lock/switch", email=other.email, password=FIRST)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert other.email in page.get("/account").text
    row = wanda.sql("SELECT end_reason FROM sessions WHERE user_id = %s", wanda.id)
    assert row == [("switched_user",)]


def test_a_switch_that_fails_leaves_the_page_locked_and_its_author_s(
    wanda: Person, somebody: Callable[[str], Person]
) -> None:
    page, other = wanda.page(), somebody("reception@hass.example")
    leave_alone(wanda)
    answer = send(page, "/lock", "/lock/switch", email=other.email, password="not his")
    assert answer.status_code == 401
    assert other.email in answer.text
    assert send(page, "/lock", "/lock/open", password=FIRST).status_code == 303


def test_the_locked_page_ends_with_the_account(wanda: Person) -> None:
    page = wanda.page()
    leave_alone(wanda)
    wanda.sql("UPDATE users SET is_active = false WHERE id = %s", wanda.id)
    assert page.get("/lock").headers["location"] == "/login"


# Half-typed forms


def test_a_half_typed_form_comes_back_to_its_author_on_that_page_only(
    wanda: Person, somebody: Callable[[str], Person]
) -> None:
    page = wanda.page()
    assert keep(page, "/people/new", "/people", last_name="Halvor").status_code == 204
    assert drafts(page, "/people/new") == {"/people": {"last_name": "Halvor"}}
    assert drafts(page, "/people/7") == {}
    # On another computer too; and never to a colleague, at the same one or elsewhere.
    assert drafts(wanda.page(), "/people/new") == {"/people": {"last_name": "Halvor"}}
    other = somebody("nurse@hass.example")
    leave_alone(wanda)
    send(page, "/lock", "/lock/switch", email=other.email, password=FIRST)
    assert drafts(page, "/people/new") == {}


def test_a_form_that_was_sent_is_forgotten(wanda: Person) -> None:
    page = wanda.page()
    keep(page, "/people/new", "/people", last_name="Halvor")
    keep(page, "/people/new", "/people")
    assert drafts(page, "/people/new") == {}


def test_what_was_typed_is_masked_in_the_trail(wanda: Person) -> None:
    page = wanda.page()
    keep(page, "/people/new", "/people", last_name="Halvor")
    keep(page, "/people/new", "/people", last_name="Halvorsen")
    rows = wanda.sql(
        "SELECT action, before_state ->> 'fields', after_state ->> 'fields' FROM audit_logs"
        " WHERE resource_type = 'form_drafts' AND user_id = %s ORDER BY seq",
        wanda.id,
    )
    assert rows == [("C", None, "***"), ("U", "***", "***")]


def test_what_is_sent_from_a_page_that_locked_meanwhile_is_kept_and_not_carried_out(wanda: Person) -> None:
    page = wanda.page()
    token = token_of(page.get("/account").text)
    leave_alone(wanda)
    body = {"old_password": FIRST, "note": "half a thought", "csrf_token": token}
    answer = page.post("/account/password", data=body, headers={"Referer": "http://testserver/account"})
    assert answer.headers["location"] == "/lock?next=%2Faccount"
    send(page, "/lock?next=/account", "/lock/open", password=FIRST, next="/account")
    # Never a password, whatever its field is called, and not the token of the form.
    assert drafts(page, "/account") == {"/account/password": {"note": "half a thought"}}


def test_a_form_of_another_site_is_not_kept_either(wanda: Person) -> None:
    page = wanda.page()
    leave_alone(wanda)
    assert page.post("/account/password", data={"note": "planted"}).status_code == 403
    assert wanda.sql("SELECT FROM form_drafts WHERE user_id = %s", wanda.id) == []


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        b'{"page": "/x", "form": "/x"}',
        b'{"page": "/x", "form": "/x", "fields": {"a": 1}}',
        b'{"page": "x", "form": "/x", "fields": {}}',
        b'{"page": "/x", "form": "/x", "fields": {}, "user_id": "y"}',
        b'{"page": "/x", "form": "/x", "fields": {"a": "' + b"x" * 20_001 + b'"}}',
    ],
)
def test_what_is_no_form_is_refused(wanda: Person, body: bytes) -> None:
    page = wanda.page()
    token = token_of(page.get("/account").text)
    assert page.post("/drafts", content=body, headers={"X-CSRF-Token": token}).status_code == 422


def test_nobody_keeps_or_reads_a_form_without_signing_in(client: TestClient) -> None:
    visitor = browser(client)
    assert visitor.get("/drafts?page=/x").headers["location"].startswith("/login")
    token = token_of(visitor.get("/login").text)
    answer = visitor.post("/drafts", json={}, headers={"X-CSRF-Token": token})
    assert answer.headers["location"].startswith("/login")


def test_another_s_draft_is_out_of_reach_by_sql(wanda: Person, somebody: Callable[[str], Person]) -> None:
    """A colleague of the same hospital sees her own drafts and no other, whatever she asks the database."""
    keep(wanda.page(), "/people/new", "/people", last_name="Halvor")
    colleague = somebody("nurse@hass.example")
    keep(colleague.page(), "/people/new", "/people", last_name="Berg")
    with wanda.database.app(autocommit=False) as connection:
        connection.execute(
            "SELECT set_config('hass.scope', 'hospital', true), set_config('hass.user_id', %s, true)",
            (str(colleague.id),),
        )
        seen = connection.execute("SELECT user_id FROM form_drafts").fetchall()
    assert seen == [(colleague.id,)]
