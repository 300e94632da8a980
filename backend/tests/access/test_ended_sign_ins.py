"""A change of the account ends its sign-ins at once, by whatever means it was changed (S50)."""

from typing import Any

import psycopg
import pytest
from factories import NOW, Make, Values
from psycopg.rows import dict_row
from refusals import refused_by

ENDED = "SELECT ended_at IS NOT NULL AS is_over, end_reason FROM sessions WHERE id = %s"


def state(make: Make, session: Values) -> Any:
    return make.connection.execute(ENDED, (session["id"],)).fetchone()


def account_changes(make: Make, nurse: Values) -> dict[str, Values]:
    elsewhere = make.hospital()
    return {
        "disabled": {"is_active": False},
        "deleted": {"is_deleted": True, "is_active": False},
        "password_changed": {"password_hash": "$2b$12$" + "a" * 53},
        "role_changed": {"role_id": make.role("doctor")["id"]},
        "moved": {"hospital_id": elsewhere["id"], "region_id": elsewhere["region_id"]},
    }


@pytest.mark.parametrize("reason", ["disabled", "deleted", "password_changed", "role_changed", "moved"])
def test_change_by_hand_ends_every_sign_in_of_that_user_and_says_why(make: Make, reason: str) -> None:
    nurse = make.user("nurse")
    page, program = (
        make.session(user=nurse),
        make.session(user=nurse, cookie_hash=None, refresh_hash="a" * 64),
    )
    colleague = make.session(user=make.user("nurse"))
    make.change("users", nurse["id"], account_changes(make, nurse)[reason])
    assert state(make, page) == state(make, program) == (True, reason)
    assert state(make, colleague) == (False, None)


@pytest.mark.parametrize("change", [{"last_login": NOW}, {"phone": "+1 555 0100"}, {"is_active": True}])
def test_change_that_matters_to_no_sign_in_ends_none(make: Make, change: Values) -> None:
    nurse = make.user("nurse")
    session = make.session(user=nurse)
    make.change("users", nurse["id"], change)
    assert state(make, session) == (False, None)


def test_sign_in_that_had_ended_keeps_its_reason(make: Make) -> None:
    nurse = make.user("nurse")
    session = make.session(user=nurse, ended_at=NOW, end_reason="signed_out")
    make.change("users", nurse["id"], {"is_active": False})
    assert state(make, session) == (True, "signed_out")


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"password_hash": "$2b$12$" + "a" * 53}, {"email": "moved@test.example"}]
)
def test_change_of_the_account_closes_its_open_link(make: Make, change: Values) -> None:
    nurse = make.user("nurse")
    link = make.password_link(user=nurse)
    make.change("users", nurse["id"], change)
    found = make.connection.execute(
        "SELECT close_reason FROM password_links WHERE id = %s AND closed_at IS NOT NULL", (link["id"],)
    ).fetchone()
    assert found == ("account_changed",)


def test_two_open_links_of_one_user_are_refused(make: Make) -> None:
    nurse = make.user("nurse")
    make.password_link(user=nurse)
    assert refused_by(make, lambda: make.password_link(user=nurse)) == "password_links_open_key"
    make.password_link(user=nurse, closed_at=NOW, close_reason="used")


def entries(make: Make, session: Values) -> list[dict[str, Any]]:
    cursor: psycopg.Cursor[dict[str, Any]] = make.connection.cursor(row_factory=dict_row)
    return cursor.execute(
        "SELECT action, after_state FROM audit_logs WHERE resource_id = %s ORDER BY seq", (session["id"],)
    ).fetchall()


def open_session(make: Make, session: Values) -> Any:
    return make.connection.execute(
        "SELECT is_locked FROM session_open(NULL, %s, interval '15 minutes', 'test', NULL, NULL, NULL)",
        (session["cookie_hash"],),
    ).fetchone()


def test_use_of_a_sign_in_is_noted_on_its_row_and_not_in_the_trail(make: Make) -> None:
    session = make.session(expires_at=NOW.replace(year=2090))
    assert open_session(make, session) == (False,)
    noted = make.connection.execute("SELECT last_used_at FROM sessions WHERE id = %s", (session["id"],))
    assert noted.fetchone() != (None,)
    assert [entry["action"] for entry in entries(make, session)] == ["C"]


def test_the_same_column_changed_by_hand_stands_in_the_trail(make: Make) -> None:
    session = make.session()
    make.change("sessions", session["id"], {"last_used_at": NOW})
    assert [entry["action"] for entry in entries(make, session)] == ["C", "U"]


def test_end_of_a_sign_in_stands_in_the_trail_with_its_reason(make: Make) -> None:
    nurse = make.user("nurse")
    session = make.session(user=nurse)
    make.change("users", nurse["id"], {"is_deleted": True})
    assert entries(make, session)[-1]["after_state"]["end_reason"] == "deleted"
