"""Signing keys: rotated with overlap, while a server runs (S50)."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from served import browser, token_of
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app.access import tokens
from app.cli import app
from app.core import clock
from app.core.errors import HassError, Unauthenticated
from app.core.secrets import KEPT_FOR, Key, key_file, keys, rotate
from app.core.settings import get_settings
from app.doctor import Finding, _attempt, _key

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


@pytest.fixture
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A key file of this test alone; the process has its own back afterwards."""
    path = tmp_path / "mine.key"
    path.write_text("k" * 10 + "0123456789abcdefghijklmnopqrstuv")
    path.chmod(0o600)
    monkeypatch.setenv("HASS_SECRET_FILE", str(path))
    get_settings.cache_clear()
    yield path
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_new_key_signs_and_the_old_one_stays_behind_it(own_key: Path) -> None:
    (old,) = keys()
    fresh = rotate(NOW)
    assert keys() == (fresh, Key(old.secret, NOW))
    assert stat.S_IMODE(own_key.stat().st_mode) == 0o600
    assert fresh.id != old.id


def test_an_old_token_is_taken_until_the_last_of_its_key_has_lapsed(own_key: Path) -> None:
    session = uuid4()
    token = tokens.issue_access_token(uuid4(), session, NOW)
    rotate(NOW)
    assert tokens.read_access_token(token, NOW + timedelta(minutes=14)) == session
    # A key that leaked later signs nothing that counts, whatever expiry the forger writes.
    forged = tokens.jwt.encode(
        {
            "sub": "x",
            "sid": str(session),
            "aud": "hass-api",
            "exp": int((NOW + timedelta(days=1)).timestamp()),
        },
        keys()[1].secret,
        algorithm="HS256",
        headers={"kid": keys()[1].id},
    )
    assert tokens.read_access_token(forged, NOW + timedelta(minutes=14)) == session
    with pytest.raises(Unauthenticated):
        tokens.read_access_token(forged, NOW + timedelta(minutes=15))


def test_after_a_leak_the_old_key_counts_no_more_at_once(own_key: Path) -> None:
    token = tokens.issue_access_token(uuid4(), uuid4(), NOW)
    rotate(NOW, at_once=True)
    assert len(keys()) == 1
    with pytest.raises(Unauthenticated):
        tokens.read_access_token(token, NOW)


def test_a_key_goes_when_nothing_it_signed_can_be_about(own_key: Path) -> None:
    rotate(NOW)
    rotate(NOW + timedelta(hours=1))
    assert len(keys()) == 3
    rotate(NOW + KEPT_FOR)
    assert [key.retired_at for key in keys()] == [None, NOW + KEPT_FOR, NOW + timedelta(hours=1)]


def test_two_rotations_at_once_lose_no_key(own_key: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: rotate(NOW).id, range(8)))
    assert len(keys()) == 9
    assert made <= {key.id for key in keys()}


def test_the_file_keeps_its_owner_and_leaves_no_draft(own_key: Path) -> None:
    before = own_key.stat()
    rotate(NOW)
    assert (own_key.stat().st_uid, own_key.stat().st_gid) == (before.st_uid, before.st_gid)
    assert {path.name for path in own_key.parent.iterdir()} <= {"mine.key", ".mine.key.lock"}


@pytest.mark.parametrize("body", [b"\x00\xff" * 20 + b"\n\x01" * 10, b"A" * 64 + b"\n" + b"B" * 24])
def test_a_file_of_another_form_is_one_key_as_it_stands(own_key: Path, body: bytes) -> None:
    own_key.write_bytes(body)
    assert [key.secret for key in keys()] == [body]


def test_a_key_shows_nothing_of_itself(own_key: Path) -> None:
    (key,) = keys()
    assert "0123456789" not in repr(key)
    assert key.id not in key.secret.decode()


def test_a_folder_that_may_not_be_written_is_said(own_key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASS_SECRET_FILE", str(own_key.parent / "gone" / "x.key"))
    get_settings.cache_clear()
    (own_key.parent / "gone").write_text("a file where a folder should be")
    with pytest.raises(HassError, match=r"cannot be (read|replaced)"):
        rotate(NOW)


def test_a_running_server_takes_old_tokens_and_open_forms_after_a_rotation(
    own_key: Path, client: TestClient
) -> None:
    visitor = browser(client)
    form = token_of(visitor.get("/login").text)
    body = {"email": "reception@hass.example", "password": "reception123"}
    pair = client.post("/api/v1/auth/login", json=body).json()
    result = CliRunner().invoke(app, ["keys", "rotate"])
    assert result.exit_code == 0, result.output
    assert keys()[0].id in result.output
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/api/v1/auth/me", headers=bearer).status_code == 200
    assert visitor.post("/login", data={**body, "csrf_token": form}).status_code == 303
    rotate(clock.now(), at_once=True)
    assert client.get("/api/v1/auth/me", headers=bearer).status_code == 401
    # The sign-in itself goes on: refresh tokens are no business of the signing key.
    fresh = client.post("/api/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert fresh.status_code == 200


def finding() -> Finding:
    (found,) = _attempt("signing key", _key)
    return found


def test_the_doctor_counts_the_keys_and_says_what_is_wrong(own_key: Path) -> None:
    rotate(NOW)
    found = finding()
    assert "It holds 1 older" in found.sentence
    assert not found.is_wrong
    own_key.chmod(0o644)
    found = finding()
    assert found.is_wrong
    assert f"chmod 600 '{key_file()}'" in found.sentence
