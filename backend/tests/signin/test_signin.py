"""Signing in, refreshing and signing out (S50, S51), by JSON and by cookie."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from served import Hospitals, browser, sign_in
from somebody import Person
from starlette.testclient import TestClient

from app.access import passwords, tokens
from app.core import clock
from app.core.errors import Invalid
from app.core.secrets import keys, signing_key

LOGIN, REFRESH, ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/me"
NURSE = {"email": "nurse@hass.example", "password": "nurse123"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def pair(client: TestClient) -> dict[str, Any]:
    """The nurse's tokens, fresh for this test."""
    answer = client.post(LOGIN, json=NURSE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_login_answers_with_a_pair_of_tokens(pair: dict[str, Any]) -> None:
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)


def test_email_is_read_without_regard_to_case(client: TestClient) -> None:
    assert client.post(LOGIN, json={**NURSE, "email": " Nurse@HASS.example "}).status_code == 200


def test_me_tells_who_is_signed_in(client: TestClient, pair: dict[str, Any]) -> None:
    me = client.get(ME, headers=bearer(pair["access_token"])).json()
    assert set(me) == {
        "id",
        "email",
        "first_name",
        "last_name",
        "role",
        "permissions",
        "region_id",
        "hospital_id",
    }
    assert (me["email"], me["role"]) == ("nurse@hass.example", "nurse")
    assert "vitals.record" in me["permissions"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("nurse@hass.example", "nurse124"),
        ("nobody@hass.example", "nurse123"),
        ("nurse@hass.example", "x" * 73),
        ("nurse@hass.example", "nurse123\x00"),
        ("nurse@hass.example\x00", "nurse123"),
        ("' OR 1=1 --", "nurse123"),
    ],
    ids=["wrong", "unknown", "73 bytes", "NUL in password", "NUL in e-mail", "SQL"],
)
def test_every_reason_to_refuse_a_login_gives_the_same_answer(
    client: TestClient, email: str, password: str
) -> None:
    answer = client.post(LOGIN, json={"email": email, "password": password})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "E-mail or password is wrong."


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@b"}, {**NURSE, "role": "admin"}, [], "x", {"email": 1, "password": 2}]
)
def test_a_body_that_is_no_login_is_told_what_is_needed(client: TestClient, body: Any) -> None:
    answer = client.post(LOGIN, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_refused_login_stands_in_the_audit_trail_although_its_transaction_rolled_back(
    client: TestClient, hospitals: Hospitals
) -> None:
    agent = f"test-{uuid4()}"
    client.post(LOGIN, json={**NURSE, "password": "wrong"}, headers={"User-Agent": agent})
    with hospitals.database.owner() as connection:
        rows = connection.execute(
            "SELECT action, act, event_type, outcome, user_id, resource_id IS NOT NULL, request_id IS NOT NULL"
            " FROM audit_logs WHERE user_agent = %s AND resource_type <> 'sign_in_delays'",
            [agent],
        ).fetchall()
    assert rows == [("E", "sign_in", "110114", 4, None, True, True)]


def test_secrets_stand_hashed_in_the_session_and_masked_in_the_trail(
    pair: dict[str, Any], hospitals: Hospitals
) -> None:
    with hospitals.database.owner() as connection:
        stored = connection.execute(
            "SELECT refresh_hash FROM sessions WHERE refresh_hash = %s",
            [tokens.read_refresh_token(pair["refresh_token"]).hash],
        ).fetchall()
        assert len(stored) == 1
        shown = connection.execute(
            "SELECT DISTINCT after_state ->> 'refresh_hash' FROM audit_logs WHERE resource_type = 'sessions'"
            " AND after_state ->> 'refresh_hash' IS NOT NULL"
        ).fetchall()
    assert shown == [("***",)]


def test_the_trail_says_whence_a_sign_in_and_its_refresh_came(
    client: TestClient, hospitals: Hospitals
) -> None:
    agent = {"User-Agent": f"test-{uuid4()}"}
    pair = client.post(LOGIN, json=NURSE, headers=agent).json()
    client.post(REFRESH, json={"refresh_token": pair["refresh_token"]}, headers=agent)
    with hospitals.database.owner() as connection:
        rows = connection.execute(
            "SELECT act, resource_type, user_id IS NOT NULL AND hospital_id IS NOT NULL AND region_id IS NOT NULL"
            " AND request_id <> '' FROM audit_logs WHERE user_agent = %s"
            " AND resource_type <> 'sign_in_delays' ORDER BY seq",
            list(agent.values()),
        ).fetchall()
    assert rows == [("sign_in", "sessions", True), ("sign_in", "users", True), ("refresh", "sessions", True)]


def test_an_unknown_account_is_checked_against_a_hash_of_the_usual_cost() -> None:
    """Timed tests lie; what takes the time is the cost, and that the hash is made before anybody asks."""
    assert f"$2b${passwords.ROUNDS}$" == passwords._NOBODY[:7]
    assert len(passwords._NOBODY) == 60


def test_a_refresh_token_is_exchanged_for_a_new_pair(client: TestClient, pair: dict[str, Any]) -> None:
    fresh = client.post(REFRESH, json={"refresh_token": pair["refresh_token"]})
    assert fresh.status_code == 200
    assert fresh.json()["refresh_token"] != pair["refresh_token"]
    assert client.get(ME, headers=bearer(fresh.json()["access_token"])).status_code == 200


def test_a_refresh_token_used_twice_ends_its_whole_family(client: TestClient, pair: dict[str, Any]) -> None:
    fresh = client.post(REFRESH, json={"refresh_token": pair["refresh_token"]}).json()
    assert client.post(REFRESH, json={"refresh_token": pair["refresh_token"]}).status_code == 401
    assert client.post(REFRESH, json={"refresh_token": fresh["refresh_token"]}).status_code == 401
    assert client.get(ME, headers=bearer(fresh["access_token"])).status_code == 401


def test_of_two_refreshes_at_once_at_most_one_gets_tokens(client: TestClient, pair: dict[str, Any]) -> None:
    browsers = [browser(client) for _ in range(8)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(
            pool.map(lambda each: each.post(REFRESH, json={"refresh_token": pair["refresh_token"]}), browsers)
        )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [401] * 7


@pytest.mark.parametrize(
    "token", ["", "x", "x.y", f"{UUID(int=1).hex}.secret", f"{UUID(int=1).hex}.", "\x00", "a" * 401]
)
def test_what_is_no_refresh_token_is_refused(client: TestClient, token: str) -> None:
    assert client.post(REFRESH, json={"refresh_token": token}).status_code in (401, 422)


def test_signing_out_ends_access_and_refresh_token_at_once(client: TestClient, pair: dict[str, Any]) -> None:
    assert client.post("/api/v1/auth/logout", headers=bearer(pair["access_token"])).status_code == 204
    assert client.get(ME, headers=bearer(pair["access_token"])).status_code == 401
    assert client.post(REFRESH, json={"refresh_token": pair["refresh_token"]}).status_code == 401


def test_signing_out_on_a_page_ends_its_cookie(client: TestClient) -> None:
    page = browser(client)
    sign_in(page, "nurse@hass.example")
    stolen = dict(page.cookies)
    token = page.get("/patients").text.split('name="csrf_token" value="')[1].split('"')[0]
    assert page.post("/logout", data={"csrf_token": token}).status_code == 303
    thief = browser(client)
    thief.cookies.update(stolen)
    assert thief.get("/patients").headers["location"].startswith("/login")


@pytest.mark.parametrize("change", ["is_active = false", "is_deleted = true", "password_changed_at = now()"])
def test_a_change_of_the_account_ends_its_tokens_at_once(wanda: Person, change: str) -> None:
    pair = wanda.log_in().json()
    wanda.sql(f"UPDATE users SET {change} WHERE id = %s", wanda.id)
    assert wanda.client.get(ME, headers=bearer(pair["access_token"])).status_code == 401
    assert wanda.client.post(REFRESH, json={"refresh_token": pair["refresh_token"]}).status_code == 401


def test_a_disabled_account_cannot_sign_in(wanda: Person) -> None:
    wanda.sql("UPDATE users SET is_active = false WHERE id = %s", wanda.id)
    assert wanda.log_in().status_code == 401


def test_access_token_ends_after_a_quarter_of_an_hour(client: TestClient, pair: dict[str, Any]) -> None:
    clock.fix(datetime.now(UTC) + timedelta(minutes=15, seconds=1))
    try:
        with pytest.raises(Exception, match="expired"):
            tokens.read_access_token(pair["access_token"], clock.now())
    finally:
        clock.fix(None)


def named() -> dict[str, str]:
    """The header that names the key in use, so that nothing but the claim in question is wrong."""
    return {"kid": keys()[0].id}


def _claims(**changes: Any) -> dict[str, Any]:
    soon = int((datetime.now(UTC) + timedelta(minutes=5)).timestamp())
    return {"sub": str(uuid4()), "sid": str(uuid4()), "exp": soon, "aud": "hass-api", **changes}


@pytest.mark.parametrize(
    "forge",
    [
        lambda: jwt.encode(_claims(), None, algorithm="none"),
        lambda: jwt.encode(_claims(), "x" * 32, algorithm="HS256", headers=named()),
        lambda: jwt.encode(_claims(), signing_key(), algorithm="HS256"),
        lambda: jwt.encode(_claims(), signing_key(), algorithm="HS256", headers={"kid": "../secret.key"}),
        lambda: jwt.encode(_claims(aud="other"), signing_key(), algorithm="HS256", headers=named()),
        lambda: jwt.encode(_claims(sid="x"), signing_key(), algorithm="HS256", headers=named()),
        lambda: jwt.encode(_claims(exp="soon"), signing_key(), algorithm="HS256", headers=named()),
        lambda: jwt.encode({"sub": "x"}, signing_key(), algorithm="HS256", headers=named()),
        lambda: "a.b.c",
        lambda: "",
    ],
    ids=[
        "no algorithm",
        "another key",
        "no key named",
        "an unknown key named",
        "another audience",
        "no session id",
        "odd expiry",
        "no claims",
        "garbage",
        "empty",
    ],
)
def test_a_forged_access_token_is_refused(client: TestClient, forge: Callable[[], str]) -> None:
    assert client.get(ME, headers=bearer(forge())).status_code == 401


def test_the_cookie_of_a_page_opens_nothing_under_api(client: TestClient) -> None:
    page = browser(client)
    sign_in(page, "nurse@hass.example")
    assert page.get("/patients").status_code == 200
    assert page.get(ME).status_code == 401


def test_a_bearer_token_opens_no_page(client: TestClient, pair: dict[str, Any]) -> None:
    answer = browser(client).get("/patients", headers=bearer(pair["access_token"]))
    assert answer.headers["location"].startswith("/login")


def test_page_cookie_is_out_of_reach_of_scripts_and_other_sites(client: TestClient) -> None:
    cookie = sign_in(browser(client), "nurse@hass.example").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_password_longer_than_bcrypt_reads_is_refused_when_set() -> None:
    with pytest.raises(Invalid, match="72 bytes"):
        passwords.hash_password("ä" * 37)


def test_last_login_is_kept(hospitals: Hospitals, pair: dict[str, Any]) -> None:
    with hospitals.database.owner() as connection:
        row = connection.execute("SELECT last_login FROM users WHERE email = 'nurse@hass.example'").fetchone()
    assert row is not None
    assert row[0] is not None
