"""Lock-out with growing delay, for accounts and for addresses, without telling whether an account exists (S51)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from cluster import Database
from served import Hospitals, browser, token_of
from starlette.testclient import TestClient

from app.features.signin.turns import _keys

LOGIN = "/api/v1/auth/login"
PHARMACIST = {"email": "pharma@hass.example", "password": "pharma123"}


def forget(database: Database) -> None:
    """As an operator would, by the owner's hand: there is no switch for it."""
    with database.owner() as connection:
        connection.execute("UPDATE sign_in_delays SET failures = 0, next_attempt_at = NULL")


def let_time_pass(database: Database, seconds: int) -> None:
    """The database's own clock cannot be set; the instants are moved back instead."""
    with database.owner() as connection:
        connection.execute(
            "UPDATE sign_in_delays SET last_failed_at = last_failed_at - make_interval(secs => %(s)s),"
            " next_attempt_at = next_attempt_at - make_interval(secs => %(s)s)",
            {"s": seconds},
        )


@pytest.fixture(autouse=True)
def counted_anew(hospitals: Hospitals) -> Iterator[None]:
    forget(hospitals.database)
    yield
    forget(hospitals.database)


@pytest.fixture
def nobody() -> str:
    return f"{uuid4()}@hass.example"


def fail(client: TestClient, email: str, times: int = 1) -> Any:
    for _ in range(times):
        answer = client.post(LOGIN, json={"email": email, "password": "not the one"})
    return answer


def test_the_sixth_attempt_waits_even_with_the_right_password(client: TestClient) -> None:
    assert fail(client, PHARMACIST["email"], 5).status_code == 401
    refused = client.post(LOGIN, json=PHARMACIST)
    assert refused.status_code == 429
    assert refused.json()["code"] == "too-many-attempts"
    assert 0 < int(refused.headers["retry-after"]) <= 30


def test_an_account_that_does_not_exist_waits_in_the_same_words(client: TestClient, nobody: str) -> None:
    fail(client, PHARMACIST["email"], 5)
    fail(client, nobody, 5)
    known, unknown = fail(client, PHARMACIST["email"]), fail(client, nobody)
    assert known.status_code == unknown.status_code == 429
    kept = {"type", "title", "status", "code"}
    assert {key: known.json()[key] for key in kept} == {key: unknown.json()[key] for key in kept}
    assert known.json().keys() == unknown.json().keys()
    assert "retry-after" in known.headers
    assert "retry-after" in unknown.headers


@pytest.mark.parametrize("spelling", ["PHARMA@hass.example", " pharma@hass.example ", "Pharma@HASS.EXAMPLE"])
def test_another_spelling_of_the_account_is_the_same_count(client: TestClient, spelling: str) -> None:
    fail(client, PHARMACIST["email"], 5)
    assert fail(client, spelling).status_code == 429


def test_a_spelling_that_counts_apart_finds_no_account(client: TestClient) -> None:
    """The database lowers a dotted capital I to i; here the two are two addresses."""
    refused = client.post(LOGIN, json={"email": "adm\u0130n@hass.example", "password": "admin123"})
    assert refused.status_code == 401


def test_the_delay_doubles_and_is_capped(client: TestClient, hospitals: Hospitals, nobody: str) -> None:
    fail(client, nobody, 5)
    delays = []
    for _ in range(7):
        delays.append(int(fail(client, nobody).headers["retry-after"]))
        let_time_pass(hospitals.database, 901)
        assert fail(client, nobody).status_code == 401
    assert [round(each / 30) * 30 for each in delays] == [30, 60, 120, 240, 480, 900, 900]


def test_the_right_password_starts_the_account_anew(client: TestClient) -> None:
    fail(client, PHARMACIST["email"], 4)
    assert client.post(LOGIN, json=PHARMACIST).status_code == 200
    assert fail(client, PHARMACIST["email"], 4).status_code == 401
    assert client.post(LOGIN, json=PHARMACIST).status_code == 200


def test_case_and_blanks_around_the_email_share_one_count(client: TestClient) -> None:
    fail(client, " Pharma@HASS.example", 5)
    assert client.post(LOGIN, json=PHARMACIST).status_code == 429


def test_failures_are_forgotten_after_a_quiet_day(
    client: TestClient, hospitals: Hospitals, nobody: str
) -> None:
    fail(client, nobody, 5)
    let_time_pass(hospitals.database, 90_000)
    assert fail(client, nobody, 4).status_code == 401


def test_of_many_attempts_at_once_only_the_free_ones_reach_the_password(
    client: TestClient, nobody: str
) -> None:
    browsers = [browser(client) for _ in range(16)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda each: fail(each, nobody), browsers))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 11


def test_the_login_page_says_how_long_to_wait(client: TestClient, nobody: str) -> None:
    fail(client, nobody, 5)
    page = browser(client)
    form = {"email": nobody, "password": "x", "csrf_token": token_of(page.get("/login").text)}
    answer = page.post("/login", data=form)
    assert answer.status_code == 429
    assert "Too many attempts. Try again in" in answer.text
    assert "retry-after" in answer.headers


ADMIT = "SELECT sign_in_admit(%s, %s, NULL, NULL, NULL)"


def test_a_shared_address_is_held_back_late_and_little(hospitals: Hospitals) -> None:
    ward = uuid4().hex
    with hospitals.database.owner() as connection:
        waits = [connection.execute(ADMIT, (uuid4().hex, ward)).fetchone()[0] for _ in range(101)]  # type: ignore[index]
    assert waits[:100] == [0] * 100
    assert 0 < waits[100] <= 30
    # One failure is forgotten a minute, so a ward's slips of a day never add up.
    let_time_pass(hospitals.database, 300)
    with hospitals.database.owner() as connection:
        assert connection.execute(ADMIT, (uuid4().hex, ward)).fetchone() == (0,)
        row = connection.execute(
            "SELECT failures FROM sign_in_delays WHERE key_hash = %s", (ward,)
        ).fetchone()
    assert row == (96,)


def test_a_success_is_no_failure_of_the_address(hospitals: Hospitals) -> None:
    ward, nurse = uuid4().hex, uuid4().hex
    with hospitals.database.owner() as connection:
        for _ in range(150):
            assert connection.execute(ADMIT, (nurse, ward)).fetchone() == (0,)
            connection.execute("SELECT sign_in_succeeded(%s, %s)", (nurse, ward))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_an_address_is_a_household_s(one: str, other: str, same: bool) -> None:
    assert (_keys("k", "a@b", one)["origin"] == _keys("k", "a@b", other)["origin"]) is same


def test_no_address_and_no_email_stand_in_the_table(
    client: TestClient, hospitals: Hospitals, nobody: str
) -> None:
    fail(client, nobody)
    with hospitals.database.owner() as connection:
        rows = connection.execute("SELECT key_hash FROM sign_in_delays").fetchall()
    assert rows
    assert all(len(row[0]) in (32, 64) and "@" not in row[0] for row in rows)
