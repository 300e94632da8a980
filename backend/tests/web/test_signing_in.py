"""Signing in and out on pages: cookies, the way back, and forms that only we can send."""

from collections.abc import Callable

import pytest
from served import Hospitals, browser, sign_in, token_of
from starlette.testclient import TestClient

from app.main import create_app
from app.web.layout import local_path

As = Callable[[str], TestClient]
NURSE = "nurse@hass.example"


def test_signing_in_sets_a_cookie_that_scripts_cannot_read_and_goes_on(client: TestClient) -> None:
    page = browser(client)
    answer = sign_in(page, NURSE, next="/patients?q=smi")
    assert (answer.status_code, answer.headers["location"]) == (303, "/patients?q=smi")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("hass_session="))
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert page.get("/patients?q=smi").status_code == 200


def test_over_https_the_cookie_is_secure_and_bound_to_this_host(client: TestClient) -> None:
    page = browser(client)
    page.base_url = "https://testserver"
    cookies = sign_in(page, NURSE).headers.get_list("set-cookie")
    assert any(
        each.startswith("__Host-hass_session=") and "Secure" in each and "Path=/" in each for each in cookies
    )
    assert not any(each.startswith("hass_") for each in cookies)
    assert page.get("/patients").status_code == 200


def test_a_wrong_password_keeps_the_email_and_never_the_password(client: TestClient) -> None:
    answer = sign_in(browser(client), NURSE, "not-the-one", next="/patients")
    assert answer.status_code == 401
    assert f'value="{NURSE}"' in answer.text
    assert "E-mail or password is wrong." in answer.text
    assert "<title>Error: Sign in" in answer.text
    assert 'name="next" value="/patients"' in answer.text
    assert "not-the-one" not in answer.text
    assert "hass_session" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize(("email", "password"), [("", "x"), (NURSE, ""), ("  ", "x")])
def test_a_missing_part_is_asked_for(email: str, password: str, client: TestClient) -> None:
    page = browser(client)
    form = {"email": email, "password": password, "csrf_token": token_of(page.get("/login").text)}
    answer = page.post("/login", data=form)
    assert answer.status_code == 422
    assert "Enter your" in answer.text


def test_signing_out_ends_the_session_at_once(client: TestClient) -> None:
    page = browser(client)
    sign_in(page, NURSE)
    kept = dict(page.cookies)
    token = token_of(page.get("/patients").text)
    assert page.post("/logout", data={"csrf_token": token}).headers["location"] == "/login"
    page.cookies.update(kept)
    assert page.get("/patients").status_code == 303


@pytest.mark.parametrize("path", ["/logout", "/shade", "/login"])
@pytest.mark.parametrize("token", [None, "", "wrong", "0123456789abcdef." + "0" * 64, "\u00e4.\u00e4"])
def test_a_form_without_our_token_is_refused(path: str, token: str | None, page_as: As) -> None:
    form = {"shade": "dark", "email": NURSE, "password": "nurse123"}
    answer = page_as("nurse").post(path, data=form if token is None else {**form, "csrf_token": token})
    assert answer.status_code == 403
    assert "no longer valid" in answer.text
    assert page_as("nurse").get("/patients").status_code == 200


def test_a_token_of_another_visitor_is_refused(client: TestClient, page_as: As) -> None:
    token = token_of(page_as("doctor").get("/patients").text)
    assert page_as("nurse").post("/shade", data={"shade": "dark", "csrf_token": token}).status_code == 403


def test_the_token_may_come_as_a_header(page_as: As) -> None:
    page = page_as("doctor")
    token = token_of(page.get("/patients").text)
    answer = page.post("/shade", data={"shade": "system"}, headers={"X-CSRF-Token": token})
    assert answer.status_code == 303


def test_tokens_differ_from_page_to_page(page_as: As) -> None:
    page = page_as("doctor")
    assert token_of(page.get("/patients").text) != token_of(page.get("/patients").text)


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\evil",
        "javascript:alert(1)",
        "/\t/evil",
        "x",
        None,
    ],
)
def test_the_way_back_never_leaves_the_house(path: str | None) -> None:
    assert local_path(path) == "/"


def test_the_way_back_keeps_what_was_asked_for() -> None:
    assert local_path("/patients?q=a&b=c") == "/patients?q=a&b=c"


def test_the_bearer_token_opens_no_page_and_the_cookie_no_route(api_as: As, page_as: As) -> None:
    assert api_as("nurse").get("/patients").status_code == 303
    assert page_as("nurse").get("/api/v1/patients").status_code == 401


def test_a_page_asked_for_by_htmx_sends_the_whole_window_to_sign_in(client: TestClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/patients?q=smi"}
    answer = browser(client).get("/patients/found?q=smi", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login?next=%2Fpatients%3Fq%3Dsmi"


def test_the_shade_is_kept(page_as: As) -> None:
    page = page_as("pharma")
    form = {"shade": "dark", "next": "/patients", "csrf_token": token_of(page.get("/patients").text)}
    assert page.post("/shade", data=form).headers["location"] == "/patients"
    assert 'data-bs-theme="dark"' in page.get("/patients").text
    page.post("/shade", data={**form, "shade": "system", "csrf_token": token_of(page.get("/patients").text)})
    assert "data-bs-theme" not in page.get("/patients").text


def test_the_demo_shows_its_logins(hospitals: Hospitals) -> None:
    shown = TestClient(create_app(hospitals.database.app_url, demo=True))
    assert "doctor123" in shown.get("/login").text


def test_a_real_server_shows_no_login(client: TestClient) -> None:
    page = browser(client).get("/login").text
    assert "doctor123" not in page
    assert "demonstration" not in page
