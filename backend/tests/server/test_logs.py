"""What the server writes about itself: every request one line, and no word of a patient or a secret in any."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from served import PASSWORDS, ROLES, Hospitals, browser, sign_in
from starlette.testclient import TestClient

from app.core import logs
from app.main import api_routes
from app.web.middleware import UNKNOWN

As = Callable[[str], TestClient]
KEYS = {"time", "level", "logger", "message", *logs.FIELDS}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What all loggers write while the test runs, as the server would."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("debug", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def of_requests(stream: io.StringIO) -> list[dict[str, Any]]:
    return [line for line in lines(stream) if line["logger"] == "app.requests"]


def test_a_request_is_one_line_with_the_address_as_the_code_writes_it(
    written: io.StringIO, page_as: As, hospitals: Hospitals
) -> None:
    answer = page_as("doctor").get(f"/patients/{hospitals.john}?tab=Smith")
    line = of_requests(written)[-1]
    assert set(line) == KEYS
    assert line["route"] == "/patients/{patient_id}"
    assert (line["method"], line["status"], line["level"]) == ("GET", 200, "info")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["user_id"] is not None
    assert 0 < line["milliseconds"] < 60_000


@pytest.mark.parametrize("path", ["/John-Smith", "/static/John-Smith.css", "/api/v1/John-Smith"])
def test_an_address_that_is_not_ours_is_not_repeated(
    path: str, written: io.StringIO, client: TestClient
) -> None:
    client.get(path)
    (line,) = of_requests(written)
    assert line["route"] in (UNKNOWN, "/static/{path}")
    assert "Smith" not in written.getvalue()


def test_a_method_nobody_knows_is_not_repeated(written: io.StringIO, client: TestClient) -> None:
    client.request("SMITH", "/patients")
    assert of_requests(written)[0]["method"] == UNKNOWN


def words_of(hospitals: Hospitals) -> set[str]:
    """Every name, number and address in the records that a reader could recognise somebody by."""
    with hospitals.database.owner() as connection:
        rows = connection.execute(
            "SELECT unnest(ARRAY[first_name, last_name, mrn, phone]) FROM patients WHERE NOT is_unknown"
            " UNION SELECT unnest(ARRAY[first_name, last_name]) FROM persons"
            "  WHERE id NOT IN (SELECT person_id FROM patients WHERE is_unknown)"
            " UNION SELECT unnest(ARRAY[first_name, last_name, email::text]) FROM users"
            " UNION SELECT value FROM person_identifiers UNION SELECT substance FROM allergies"
        ).fetchall()
    found = {str(word).lower() for (word,) in rows if word and len(str(word)) > 2}
    # A short number stands in some key or instant by chance.
    return {word for word in found if len(word) > 6 or not re.search(r"\d", word)}


def every_read(client: TestClient) -> list[str]:
    routes = api_routes(client.app)  # type: ignore[arg-type]
    return sorted({route.path_format for route in routes if "GET" in (route.methods or ())})


def test_a_whole_browsing_of_the_application_writes_nothing_of_anybody(
    written: io.StringIO, page_as: As, api_as: As, client: TestClient, hospitals: Hospitals
) -> None:
    secrets: set[str] = set()
    for role in ROLES:
        for each in (page_as(role), api_as(role)):
            secrets |= {value for value in each.cookies.values() if len(value) > 10}
            secrets.add(each.headers.get("authorization", "Bearer none").removeprefix("Bearer ").lower())
    paths = every_read(client)
    for role in ROLES:
        for path in paths:
            filled = re.sub(r"\{[^}]+\}", str(hospitals.john), path)
            caller = api_as(role) if path.startswith("/api/") else page_as(role)
            caller.get(filled, params={"q": "Smith John", "mrn": "NGH-00000012", "phone": "0155501"})
    sign_in(browser(client), "smith@nowhere.example", "Smith-wrong")
    client.post(
        "/api/v1/auth/login", json={"email": "nurse@hass.example", "password": "nurse123", "x": "Smith"}
    )
    client.post("/api/v1/auth/login", content=b'{"email": "Smith')
    text = written.getvalue().lower()
    assert len(of_requests(written)) >= len(ROLES) * len(paths)
    found = set(re.findall(r"[^\s\"{}\[\],:/]+", text))
    for word in words_of(hospitals):
        # Names stand whole among what else is written; numbers and addresses anywhere at all.
        hit = word in text if re.search(r"[\d@]", word) else word in found
        assert not hit, f"{word!r} stands in the log"
    for secret in secrets | set(PASSWORDS.values()):
        assert secret.lower() not in text


class Violation(Exception):
    """As the driver raises it, with the row in its words."""

    sqlstate = "23505"


def test_an_error_is_told_by_its_kind_and_place_and_never_by_its_words() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    log = logging.getLogger("app.test_of_errors")
    log.addHandler(handler)
    log.propagate = False
    try:
        try:
            raise Violation("Key (email)=(john.smith@x.example) already exists.")
        except Violation as error:
            raise ValueError("John Smith") from error
    except ValueError as error:
        log.error("request 1 failed", exc_info=error)
    line = json.loads(stream.getvalue())
    assert line["error"]["kinds"] == ["ValueError", "Violation"]
    assert line["error"]["sqlstate"] == "23505"
    assert "test_logs.py" in line["error"]["at"][0]
    assert "smith" not in stream.getvalue().lower()
