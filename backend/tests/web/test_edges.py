"""What holds for every reply: its headers, its errors, its declared permission, its weight."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from served import Hospitals, browser
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.requests import Request
from starlette.testclient import TestClient
from trail import private_key

from app.access.http import declared_permission
from app.access.permissions import Permission
from app.core.errors import Conflict
from app.main import api_routes, create_app, schema_of
from app.web import handlers
from app.web.csrf import same_site
from app.web.static_files import assets

As = Callable[[str], TestClient]
HOMES = {
    "admin": "/organisation",
    "radmin": "/organisation",
    "manager": "/beds",
    "doctor": "/my-patients",
    "nurse": "/ward",
    "lab": "/patients",
    "pharma": "/patients",
    "reception": "/desk",
}
REFUSED = [
    ("admin", "/patients"),
    ("radmin", "/patients"),
    ("nurse", "/organisation"),
    ("patient", "/patients"),
]


def test_every_reply_has_a_number_and_keeps_to_itself(client: TestClient) -> None:
    for path in ("/login", "/nowhere", "/api/v1/patients", "/health", "/static/nothing.css", "/api/docs"):
        headers = client.get(path).headers
        assert re.fullmatch(r"[0-9a-f-]{36}", headers["x-request-id"]), path
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_stay_out_of_caches_and_files_stay_in(client: TestClient, page_as: As) -> None:
    assert page_as("nurse").get("/patients").headers["cache-control"] == "no-store"
    for asset in assets().values():
        answer = client.get(asset.url)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.content == asset.body


def test_an_unknown_address_is_a_sentence_on_both_faces(client: TestClient) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "Nothing here" in page.text
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:hass:error:not-found"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert {"title", "status", "detail", "code"} <= body.keys()


def test_a_wrong_method_is_405_and_says_which_are_right(client: TestClient) -> None:
    answer = client.delete("/api/v1/patients")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method-not-allowed"
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"born": "yesterday"}, "born"),
        ({"q": "x" * 201}, "q"),
    ],
)
def test_a_wrong_parameter_is_named_and_not_repeated(
    parameters: dict[str, Any], field: str, api_as: As
) -> None:
    answer = api_as("nurse").get("/api/v1/patients", params=parameters)
    assert answer.status_code == 422
    body = answer.json()
    assert body["errors"][0]["field"] == field
    assert body["errors"][0]["sentence"].startswith(field)
    assert str(next(iter(parameters.values()))) not in body["detail"].replace("at least 1", "")


def test_a_body_that_is_not_json_is_said(client: TestClient) -> None:
    answer = client.post("/api/v1/auth/login", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The body is not valid JSON."


def test_an_unknown_field_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/auth/login", json={"email": "a@b.c", "password": "x", "role": "super_admin"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "role", "sentence": "role is not known here; leave it out."}]


@pytest.mark.parametrize("path", ["/patients/abc", "/patients/abc/vitals", "/theme/red.css", "/my/files/x"])
def test_a_mistyped_address_is_a_page_that_is_not_there(path: str, page_as: As) -> None:
    assert page_as("doctor").get(path).status_code == 404


@pytest.mark.parametrize(("role", "home"), HOMES.items())
def test_each_role_has_its_first_page(role: str, home: str, page_as: As) -> None:
    answer = page_as(role).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, home)
    assert page_as(role).get(home).status_code == 200


@pytest.mark.parametrize(("role", "path"), REFUSED)
def test_a_refused_page_names_the_missing_right_and_who_decides(role: str, path: str, page_as: As) -> None:
    answer = page_as(role).get(path)
    assert answer.status_code == 403
    assert re.search(r"The missing right is “(patient\.search|hospital\.read)”", answer.text)
    assert "super administrator of the network" in answer.text
    fragment = page_as(role).get(path, headers={"HX-Request": "true"})
    assert fragment.status_code == 403
    assert "<html" not in fragment.text


def test_administrators_see_the_organisation_within_their_reach(page_as: As) -> None:
    everything, region = (page_as(role).get("/organisation").text for role in ("admin", "radmin"))
    assert "North General Hospital" in everything
    assert "Lakeside Hospital" in everything
    assert "North General Hospital" in region
    assert "Lakeside" not in region


def test_the_patient_is_at_home_in_his_own_words(page_as: As, hospitals: Hospitals) -> None:
    page = page_as("patient")
    home = page.get("/")
    assert home.status_code == 200
    assert 'data-density="comfort"' in home.text
    for words in ("Your next appointment", "lisinopril", "Your allergies: penicillin", "John"):
        assert words in home.text
    assert page.get(f"/patients/{hospitals.john}").headers["location"] == f"/my/files/{hospitals.john}"
    assert page.get(f"/my/files/{hospitals.john}").status_code == 200
    assert page.get(f"/my/files/{hospitals.john}/vitals").status_code == 200
    assert page.get(f"/my/files/{hospitals.nora}").status_code == 404
    assert page.get(f"/my/files/{hospitals.nora}/vitals").status_code == 404
    assert page_as("nurse").get(f"/my/files/{hospitals.john}/vitals").status_code == 404


def test_the_regions_colours_are_one_small_sheet(page_as: As, client: TestClient) -> None:
    sheet = re.search(r'href="(/theme/[^"]+)"', page_as("nurse").get("/patients").text)
    assert sheet is not None
    answer = client.get(sheet[1])
    assert answer.headers["content-type"].startswith("text/css")
    assert "--brand: light-dark(" in answer.text
    assert len(gzip.compress(answer.content)) < 300


def test_every_route_declares_what_it_needs(client: TestClient) -> None:
    known = {"public", "signed-in", *(permission.value for permission in Permission)}
    for route in api_routes(client.app):  # type: ignore[arg-type]
        assert declared_permission(route) in known, route.path_format


def test_every_page_that_changes_something_asks_for_our_token(client: TestClient) -> None:
    for route in api_routes(client.app):  # type: ignore[arg-type]
        if route.methods - {"GET", "HEAD"} and not route.path_format.startswith("/api/"):
            assert any(each.dependency is same_site for each in route.dependencies), route.path_format


def test_openapi_names_the_permission_of_every_operation(client: TestClient) -> None:
    schema = client.get("/api/openapi.json").json()
    assert schema == schema_of(client.app)  # type: ignore[arg-type]
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert len(operations) >= 8
    assert all(operation["x-permission"] for operation in operations)
    assert schema["paths"]["/api/v1/patients"]["get"]["x-permission"] == "patient.search"


def test_the_page_of_the_api_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert re.findall(r'(?:src|href)="(https?:)?//', page.text) == []
    assert "/api/v1/patients/{patient_id}/chart" in page.text


def test_health_tells_the_process_from_its_parts(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/health/ready").status_code == 200
    client.app.state.ready = False  # type: ignore[attr-defined]
    try:
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["checks"]["records"]) == (503, "being loaded")
        assert client.get("/health").status_code == 200
    finally:
        client.app.state.ready = True  # type: ignore[attr-defined]


def test_a_server_without_its_files_is_not_ready(client: TestClient, tmp_path: Path) -> None:
    with private_key(tmp_path):
        assert client.get("/health/ready").json()["checks"]["storage"] == "ok"
        tmp_path.joinpath("files").rmdir()
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["storage"].startswith("Files can neither be read nor kept just now.")
    assert client.get("/health/ready").status_code == 200


WEIGHT_FIRST, WEIGHT_LATER = 120_000, 15_000


@pytest.mark.parametrize("name", ["login", "patients", "chart", "chart of a long life", "portal"])
def test_a_page_weighs_little(
    name: str, page_as: As, client: TestClient, hospitals: Hospitals, busy: UUID
) -> None:
    visitor = {"login": browser(client), "portal": page_as("patient")}.get(name) or page_as("doctor")
    path = {
        "login": "/login",
        "patients": "/patients",
        "chart": f"/patients/{hospitals.john}",
        "chart of a long life": f"/patients/{busy}",
        "portal": "/",
    }[name]
    page = visitor.get(path)
    later = len(gzip.compress(page.content, 6))
    files = sum(len(asset.packed) for asset in assets().values() if asset.url in page.text)
    print(f"{name}: page {later / 1000:.1f} kB, first visit {(later + files) / 1000:.1f} kB")
    assert later <= WEIGHT_LATER
    assert later + files <= WEIGHT_FIRST


def request_for(path: str) -> Request:
    headers: list[tuple[bytes, bytes]] = [(b"host", b"testserver")]
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "app": create_app("postgresql://nowhere/none"),
    }
    return Request({**scope, "server": ("testserver", 80), "state": {"request_id": "r"}})


async def test_a_fault_of_ours_says_nothing_of_its_cause() -> None:
    for path in ("/api/v1/patients", "/patients"):
        answer = await handlers.on_failure(request_for(path), RuntimeError("secret of the ward"))
        assert answer.status_code == 500
        assert b"secret" not in bytes(answer.body)
        assert b"nothing was saved" in bytes(answer.body)


class Violation(Exception):
    """As the driver raises it."""

    sqlstate = "23514"
    constraint_name = "vitals_spo2_range_check"


async def test_a_violated_constraint_says_its_sentence() -> None:
    answer = await handlers.answer(
        request_for("/api/v1/vitals"), IntegrityError("INSERT", {"spo2": 101}, Violation("value 101"))
    )
    assert answer.status_code == 422
    assert b"SpO2 is a percentage, 0 to 100." in bytes(answer.body)
    assert b"101" not in bytes(answer.body)


class Lost(Exception):
    sqlstate = "08006"


async def test_a_lost_database_is_503_with_a_way_on() -> None:
    answer = await handlers.answer(request_for("/patients"), DBAPIError("SELECT", {}, Lost("10.0.0.7 gone")))
    assert answer.status_code == 503
    assert b"Try again" in bytes(answer.body)
    assert b"10.0.0.7" not in bytes(answer.body)


async def test_a_conflict_keeps_its_code() -> None:
    answer = await handlers.answer(
        request_for("/api/v1/x"), Conflict("bed-taken", "Bed 12A was taken a moment ago.")
    )
    assert answer.status_code == 409
    assert b'"code":"bed-taken"' in bytes(answer.body)


def test_a_text_that_is_too_long_is_told_in_characters(api_as: As) -> None:
    answer = api_as("nurse").get("/api/v1/patients", params={"q": "x" * 201})
    assert answer.json()["detail"] == "q is longer than 200 characters."


def test_foot_of_the_phone_holds_five_and_the_rest_stands_under_more(page_as: As) -> None:
    page = page_as("manager").get("/audit").text
    rail, foot = page.split('<nav class="rail"')[1], page.split('<nav class="tabbar"')[1].split("</nav>")[0]
    entries = re.findall(r'href="(/[\w-]+)"', rail.split("</nav>")[0])
    bar, more = foot.split("<details")
    assert len(entries) > 5
    assert re.findall(r'href="(/[\w-]+)"', bar) == entries[:4]
    assert re.findall(r'href="(/[\w-]+)"', more) == entries[4:]
    # Where one is stands under "More", and the bar says so.
    assert '<summary aria-current="true">' in more
    assert (
        "<details"
        not in page_as("lab").get("/patients").text.split('<nav class="tabbar"')[1].split("</nav>")[0]
    )
