"""Whose word about a caller counts: the peer's own address stands, unless the peer is a trusted proxy."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from served import Hospitals
from starlette.testclient import TestClient

from app.core.errors import HassError
from app.core.settings import Settings, get_settings
from app.main import create_app

LOGIN = "/api/v1/auth/login"
PROXY, CLIENT = "10.1.2.3", "203.0.113.9"


@contextmanager
def visitor(hospitals: Hospitals, peer: str, **settings: str) -> Iterator[TestClient]:
    app = create_app(
        hospitals.database.app_url,
        settings=Settings(requests_per_minute=0, sign_ins_per_minute=0, **settings),  # type: ignore[arg-type]
    )
    with TestClient(app, follow_redirects=False, client=(peer, 4711)) as opened:
        yield opened


def address_in_the_trail(hospitals: Hospitals, page: TestClient, forwarded: str | None) -> str | None:
    agent = f"test-{uuid4()}"
    headers = {"User-Agent": agent, **({"X-Forwarded-For": forwarded} if forwarded is not None else {})}
    page.post(LOGIN, json={"email": f"{uuid4()}@x.example", "password": "x"}, headers=headers)
    with hospitals.database.owner() as connection:
        row = connection.execute(
            "SELECT host(ip_address) FROM audit_logs WHERE user_agent = %s LIMIT 1", [agent]
        ).fetchone()
    assert row is not None
    found: str | None = row[0]
    return found


@pytest.mark.parametrize("forwarded", [None, CLIENT, "127.0.0.1", f"{CLIENT}, {PROXY}", "garbage", ""])
def test_a_stranger_cannot_say_where_he_comes_from(forwarded: str | None, hospitals: Hospitals) -> None:
    with visitor(hospitals, "198.51.100.7", trusted_proxies="10.0.0.0/8") as page:
        assert address_in_the_trail(hospitals, page, forwarded) == "198.51.100.7"


def test_without_trusted_proxies_nobody_is_believed_not_even_this_machine(hospitals: Hospitals) -> None:
    with visitor(hospitals, "127.0.0.1") as page:
        assert address_in_the_trail(hospitals, page, CLIENT) == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "stands"),
    [
        (CLIENT, CLIENT),
        (f"{CLIENT}:5555", CLIENT),
        # What the caller wrote himself stands to the left of what the proxy saw.
        (f"127.0.0.1, {CLIENT}", CLIENT),
        (f"6.6.6.6, {CLIENT}, 10.9.9.9", CLIENT),
        ("2001:db8::7", "2001:db8::7"),
        ("not an address", None),
    ],
)
def test_a_trusted_proxy_is_believed_as_far_as_it_saw(
    forwarded: str, stands: str | None, hospitals: Hospitals
) -> None:
    with visitor(hospitals, PROXY, trusted_proxies="10.0.0.0/8, 192.0.2.1") as page:
        assert address_in_the_trail(hospitals, page, forwarded) == stands


def cookies_of(page: TestClient, scheme: str) -> list[str]:
    return page.get("/login", headers={"X-Forwarded-Proto": scheme}).headers.get_list("set-cookie")


def test_behind_a_trusted_proxy_https_makes_cookies_secure(hospitals: Hospitals) -> None:
    with visitor(hospitals, PROXY, trusted_proxies=PROXY) as page:
        answer = page.get("/login", headers={"X-Forwarded-Proto": "https"})
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["set-cookie"].startswith("__Host-hass_visitor=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "strict-transport-security" not in page.get("/login").headers


def test_a_stranger_cannot_say_that_he_came_by_https(hospitals: Hospitals) -> None:
    with visitor(hospitals, CLIENT, trusted_proxies=PROXY) as page:
        assert all("__Host-" not in each for each in cookies_of(page, "https"))


def test_with_an_https_address_cookies_are_secure_whoever_asks(hospitals: Hospitals) -> None:
    with visitor(hospitals, CLIENT, public_url="https://hass.example") as page:
        page.base_url = "http://hass.example"
        assert all(each.startswith("__Host-") and "Secure" in each for each in cookies_of(page, "http"))


@pytest.mark.parametrize(
    "host", ["evil.example", "hass.example.evil.example", "hass.example:81", "127.0.0.1"]
)
def test_another_host_name_is_refused(host: str, hospitals: Hospitals) -> None:
    with visitor(hospitals, CLIENT, public_url="https://hass.example") as page:
        for path in ("/login", "/api/v1/patients"):
            answer = page.get(path, headers={"Host": host, "X-Forwarded-Host": "hass.example"})
            assert answer.status_code == 421
            assert host not in answer.text
        assert page.get("/health", headers={"Host": host}).status_code == 200


def test_over_https_a_cookie_without_the_prefix_is_not_ours(hospitals: Hospitals) -> None:
    """A sister domain or a plain page can plant `hass_session`, but not `__Host-hass_session`."""
    with visitor(hospitals, CLIENT, public_url="https://hass.example") as page:
        page.base_url = "https://hass.example"
        form = page.get("/login")
        kept = form.headers["set-cookie"].split(";")[0]
        token = form.text.split('name="csrf_token" value="')[1].split('"')[0]
        page.cookies.clear()
        body = {"csrf_token": token, "shade": "dark"}
        planted = page.post("/shade", data=body, headers={"Cookie": kept.removeprefix("__Host-")})
        assert planted.status_code == 403
        assert page.post("/shade", data=body, headers={"Cookie": kept}).status_code == 303


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HASS_TRUSTED_PROXIES", "nginx"),
        ("HASS_TRUSTED_PROXIES", "*"),
        ("HASS_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("HASS_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("HASS_TRUSTED_PROXIES", "127.0.0.1, ::/0"),
        ("HASS_PUBLIC_URL", "hass.example"),
        ("HASS_PUBLIC_URL", "https://hass.example/path"),
    ],
)
def test_a_setting_that_names_no_proxy_or_address_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        with pytest.raises(HassError, match=name):
            get_settings()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
