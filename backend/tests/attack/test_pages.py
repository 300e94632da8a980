"""What another site, another visitor or a crafted link can do with a reader's browser: nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from attack.conftest import NOBODY, Target, routes
from served import browser, sign_in, token_of
from somebody import SECOND, Person
from starlette.testclient import TestClient

from app.access.http import SESSION_COOKIE
from app.web.csrf import HEADER

As = Callable[[str], TestClient]
PAGES = sorted({path for method, path in routes() if method == "GET" and not path.startswith("/api/")})
FORMS = sorted(
    (method, path) for method, path in routes() if method != "GET" and not path.startswith("/api/")
)
EVIL = "evil.example"
HARMLESS = {200, 303, 401, 403, 404, 405, 410, 422}
SOME_ID = "00000000-0000-7000-8000-000000000001"


def filled(path: str) -> str:
    return re.sub(r"\{[^}]+\}", SOME_ID, path)


@pytest.fixture(scope="module")
def stolen(page_as: As) -> str:
    """A token that is good, in the form of another person."""
    return token_of(page_as("doctor").get("/patients").text)


@pytest.mark.parametrize(("method", "path"), FORMS, ids=[f"{method} {path}" for method, path in FORMS])
def test_a_change_by_cookie_needs_a_token_of_this_very_visitor(
    method: str, path: str, target: Target, stolen: str
) -> None:
    tries: dict[str, dict[str, Any]] = {
        "none": {},
        "another person's": {"data": {"csrf_token": stolen}},
        "another person's, in the header": {"headers": {HEADER: stolen}},
        "an empty one": {"data": {"csrf_token": ""}},
        "a guessed one": {"data": {"csrf_token": "00000000." + "0" * 64}},
        "in the address": {"params": {"csrf_token": stolen}},
        "as JSON": {"json": {"csrf_token": stolen}},
        "as text, which a form of another site can send": {
            "content": f"csrf_token={stolen}",
            "headers": {"Content-Type": "text/plain"},
        },
        "as a file": {"files": {"csrf_token": ("t", stolen)}},
        "from another site": {"headers": {"Origin": f"https://{EVIL}", "Sec-Fetch-Site": "cross-site"}},
    }
    for how, sent in tries.items():
        for who in ("nurse", "admin"):
            answer = target.send(method, filled(path), who, **sent)
            told = f"{how}, as {who}: {answer.status_code}"
            assert answer.status_code in (400, 403, 415), told
            assert "set-cookie" not in answer.headers or SESSION_COOKIE not in answer.headers["set-cookie"], (
                told
            )


def test_a_read_changes_nothing_by_its_method(target: Target) -> None:
    """The token guards every method but the safe ones; so none of those may lead to a change."""
    for method, path in FORMS:
        for other in ("GET", "HEAD", "OPTIONS"):
            answer = target.send(other, filled(path), "nurse")
            assert answer.status_code in HARMLESS, f"{other} instead of {method} {path}"


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method"]
)
def test_no_header_or_field_changes_the_method(header: str, target: Target) -> None:
    for method, path in FORMS:
        answer = target.send(
            "GET", filled(path), "nurse", headers={header: method}, params={"_method": method}
        )
        assert answer.status_code in HARMLESS
    answer = target.send("GET", "/api/v1/auth/me", "nurse", headers={header: "DELETE"})
    assert answer.status_code == 200


@pytest.mark.parametrize("header", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"])
def test_no_header_changes_the_address(header: str, target: Target) -> None:
    answer = target.send("GET", "/login", headers={header: "/organisation"})
    assert (answer.status_code, "Sign in" in answer.text) == (200, True)
    assert target.send("GET", "/organisation", "nurse", headers={header: "/patients"}).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_no_page_can_be_framed_sniffed_or_kept(path: str, target: Target) -> None:
    for who in ("doctor", NOBODY):
        answer = target.send("GET", filled(path), who)
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        if who == "doctor" and "text/html" in answer.headers.get("content-type", ""):
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_a_script_or_a_style_of_its_own(path: str, target: Target) -> None:
    for who in ("doctor", "admin", "patient", NOBODY):
        page = target.send("GET", filled(path), who).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=\"|javascript:", page), path


DESTINATIONS = [
    f"https://{EVIL}/",
    f"//{EVIL}/",
    f"///{EVIL}/",
    f"/\\{EVIL}/",
    f"\\\\{EVIL}/",
    f"/\t/{EVIL}/",
    f"/\n/{EVIL}/",
    f"http:{EVIL}",
    f"https:/{EVIL}",
    "javascript:alert(1)",
    "data:text/html,x",
    f" https://{EVIL}/",
    f"/%09/{EVIL}",
    f"/patients\r\nSet-Cookie: {SESSION_COOKIE}=x",
    f"/patients\r\nLocation: https://{EVIL}",
]


@pytest.mark.parametrize("where", DESTINATIONS)
def test_no_link_leads_out_of_the_house(where: str, page_as: As) -> None:
    page = page_as("pharma")
    shown = page.get("/login", params={"next": where})
    kept = re.search(r'name="next" value="([^"]*)"', shown.text)
    for destination in [kept[1]] if kept else []:
        assert destination.startswith("/")
        assert not destination.startswith(("//", "/\\"))
    token = token_of(page.get("/patients").text)
    answer = page.post("/shade", data={"shade": "system", "next": where, "csrf_token": token})
    location = answer.headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "set-cookie: " not in location
    assert f"{SESSION_COOKIE}=x" not in answer.headers.get("set-cookie", "")
    assert answer.headers.get_list("location") == [location]


def test_signing_in_gives_a_cookie_that_nobody_knew_before(client: TestClient) -> None:
    page = browser(client)
    page.cookies.set(SESSION_COOKIE, "planted-by-an-attacker")
    answer = sign_in(page, "lab@hass.example")
    assert answer.status_code == 303
    given = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(SESSION_COOKIE))
    assert "planted" not in given
    thief = browser(client)
    thief.cookies.set(SESSION_COOKIE, "planted-by-an-attacker")
    assert thief.get("/patients").headers["location"].startswith("/login")


def test_signing_in_again_gives_another_cookie(client: TestClient) -> None:
    given = []
    for _ in range(2):
        page = browser(client)
        sign_in(page, "lab@hass.example")
        given.append(page.cookies[SESSION_COOKIE])
    assert given[0] != given[1]
    assert all(len(each) >= 32 for each in given)


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "X-Host", "Forwarded", "X-Forwarded-Server"])
def test_no_host_of_a_header_stands_in_any_link(name: str, target: Target) -> None:
    for path in PAGES:
        for who in ("nurse", NOBODY):
            answer = target.send("GET", filled(path), who, headers={name: EVIL})
            assert EVIL not in answer.text, path
            assert EVIL not in answer.headers.get("location", ""), path


def test_a_hosts_name_cannot_turn_the_way_back(target: Target) -> None:
    headers = {"HX-Request": "true", "Host": EVIL, "HX-Current-URL": f"http://{EVIL}//{EVIL}/x"}
    answer = target.send("GET", "/patients", headers=headers)
    assert answer.status_code == 401
    assert target.send("GET", answer.headers["hx-redirect"]).status_code == 200
    shown = target.send("GET", answer.headers["hx-redirect"]).text
    kept = re.search(r'name="next" value="([^"]*)"', shown)
    assert kept is not None
    assert not kept[1].startswith("//")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a%0d%0aX-Evil:%201"])
def test_no_value_makes_a_header(value: str, target: Target, page_as: As) -> None:
    page = page_as("pharma")
    token = token_of(page.get("/patients").text)
    answers = [
        page.post("/shade", data={"shade": value, "next": f"/patients?q={value}", "csrf_token": token}),
        target.send("GET", "/patients", params={"q": value}),
        target.send("GET", "/login", params={"next": f"/{value}"}),
        target.send("GET", f"/theme/{value.replace('%', '%25')}".replace("\r", "%0d").replace("\n", "%0a")),
    ]
    for answer in answers:
        assert "x-evil" not in answer.headers
        assert all("\n" not in each and "\r" not in each for each in answer.headers.values())


KINDS = [
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "text/html",
    "multipart/form-data; boundary=x",
]


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_read_as_json_only(kind: str, target: Target) -> None:
    """Else a form of another site could send it without asking first."""
    body = b'{"email": "nurse@hass.example", "password": "nurse123"}'
    answer = target.send("POST", "/api/v1/auth/login", content=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 415, 422), answer.text
    assert "access_token" not in answer.text


def test_no_other_site_may_ask_in_a_readers_name(target: Target) -> None:
    for path in ("/api/v1/auth/me", "/patients", "/login"):
        asked = {"Origin": f"https://{EVIL}", "Access-Control-Request-Method": "POST"}
        for method in ("OPTIONS", "GET"):
            answer = target.send(method, path, "nurse", headers=asked)
            assert not [name for name in answer.headers if name.startswith("access-control-")]


def same_but_for_numbers(text: str) -> str:
    return re.sub(r"[0-9a-f]{8,}[\w.-]*|\d+", "#", text)


def test_no_answer_tells_whether_an_account_exists(client: TestClient, wanda: Person) -> None:
    seen = set()
    for email in (
        wanda.email,
        "nobody@hass.example",
        "NOBODY@x",
        f"{wanda.email}\x00",
        "' OR 1=1 --",
    ):
        page = browser(client)
        answer = sign_in(page, email, "not-it")
        text = answer.text.replace(email.replace("'", "&#39;"), "E").replace(email, "E")
        seen.add((answer.status_code, same_but_for_numbers(text.replace("\x00", ""))))
        program = client.post("/api/v1/auth/login", json={"email": email, "password": "not-it"})
        assert (program.status_code, program.json()["detail"]) == (401, "E-mail or password is wrong.")
    assert len(seen) == 1


def test_an_unknown_account_costs_the_same_work(
    client: TestClient, wanda: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted and not timed: one hash is compared whoever asks, with whatever password."""
    from app.access import passwords

    counted: list[int] = []
    verify = type(passwords._hasher).verify

    def count(self: Any, password: Any, hash: Any) -> bool:
        counted.append(int(str(hash).split("$")[2]))
        return bool(verify(self, password, hash))

    monkeypatch.setattr(type(passwords._hasher), "verify", count)
    wanda.sql("UPDATE users SET password_hash = %s WHERE id = %s", passwords.hash_password(SECOND), wanda.id)
    for email, password in [
        (wanda.email, "wrong"),
        ("nobody@hass.example", "wrong"),
        (wanda.email, "x" * 73),
        ("nobody@hass.example", "x" * 900),
        (wanda.email, "nul\x00"),
    ]:
        counted.clear()
        client.post("/api/v1/auth/login", json={"email": email, "password": password})
        assert counted == [passwords.ROUNDS], email
