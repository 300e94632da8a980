"""Settings and the signing key."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.errors import HassError
from app.core.secrets import signing_key, write_once
from app.core.settings import Settings, get_settings
from app.serving import environment_of_port


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HASS_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield tmp_path / "home"
    get_settings.cache_clear()


def test_port_has_no_prefix_and_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().port == 8000
    monkeypatch.setenv("PORT", "9001")
    assert Settings().port == 9001


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASS_DATABASE_URL", "")
    assert Settings().is_embedded


def test_a_setting_that_cannot_be_understood_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(HassError, match="PORT: Input should be a valid integer"):
        get_settings()
    monkeypatch.delenv("PORT")
    monkeypatch.setenv("HASS_DEMO", "perhaps")
    with pytest.raises(HassError, match="HASS_DEMO: "):
        get_settings()


def test_passwords_stand_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASS_DATABASE_URL", "postgresql://a:hunter22@h/d")
    assert "hunter22" not in repr(Settings())


def test_links_name_the_public_address_else_the_port_that_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8000")
    environment_of_port(8210)
    assert get_settings().address == "http://127.0.0.1:8210"
    monkeypatch.setenv("HASS_PUBLIC_URL", "https://hass.hospital.example/")
    get_settings.cache_clear()
    assert get_settings().address == "https://hass.hospital.example"


def test_the_signing_key_is_made_once_for_its_owner_only(own_home: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: signing_key(), range(16)))
    assert len(keys) == 1
    assert stat.S_IMODE((own_home / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in own_home.iterdir()] == ["secret.key"]


def test_a_key_file_of_ones_own_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_once(tmp_path / "mine", "k" * 40)
    monkeypatch.setenv("HASS_SECRET_FILE", str(tmp_path / "mine"))
    get_settings.cache_clear()
    assert signing_key() == b"k" * 40


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [("k" * 40, 0o644, "chmod 600"), ("short", 0o600, "shorter than 32 bytes"), (None, 0, "cannot be read")],
)
def test_a_key_file_that_will_not_do_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, mode: int, sentence: str
) -> None:
    path = tmp_path / "mine"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    monkeypatch.setenv("HASS_SECRET_FILE", str(path))
    get_settings.cache_clear()
    with pytest.raises(HassError, match=sentence):
        signing_key()
