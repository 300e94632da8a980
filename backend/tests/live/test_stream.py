"""The stream on the wire: who may open it, what it says, how it ends."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from listening import listening
from served import Hospitals
from somebody import Person, first_hash, somebody
from starlette.testclient import TestClient

from app.core.settings import Settings
from app.main import create_app

__all__ = ["first_hash", "somebody"]
As = Callable[[str], TestClient]
BED = "UPDATE beds SET id = id WHERE hospital_id = (SELECT id FROM hospitals WHERE code = 'NGH')"


@pytest.fixture(scope="module")
def address(hospitals: Hospitals) -> Iterator[tuple[str, int]]:
    """A server whose streams last, as they do outside of tests."""
    with listening(create_app(hospitals.database.app_url, settings=Settings(stream_seconds=900))) as found:
        yield found


@contextlib.contextmanager
def stream(address: tuple[str, int], path: str, *headers: str) -> Iterator[Any]:
    """The lines that the server sends, from the first of the headers on."""
    request = "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""])
    with socket.create_connection(address, timeout=10) as line, line.makefile("rb") as lines:
        line.sendall(request.encode())
        yield lines


def read_until(lines: Any, wanted: bytes) -> bytes:
    """Everything up to and with the line that begins so; fails at the end of the stream."""
    found = b""
    for line in lines:
        found += line
        if line.startswith(wanted):
            return found
    raise AssertionError(f"{wanted!r} did not come:\n{found.decode()}")


def test_program_and_page_are_told_where_they_are(api_as: As, page_as: As) -> None:
    for answer in (api_as("nurse").get("/api/v1/events"), page_as("nurse").get("/events")):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert "event: hello\n" in answer.text
        assert "\nid: " in answer.text


def test_nobody_listens_without_a_sign_in(client: TestClient) -> None:
    assert client.get("/api/v1/events").status_code == 401
    assert client.get("/events").status_code == 303


def test_a_page_of_another_site_opens_none(page_as: As) -> None:
    answer = page_as("nurse").get("/events", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_what_was_missed_is_told_to_who_says_how_far_he_heard(api_as: As, hospitals: Hospitals) -> None:
    nurse = api_as("nurse")
    heard = nurse.get("/api/v1/events").text.split("id: ")[-1].split("\n")[0]
    with hospitals.database.owner() as connection:
        connection.execute(BED)
    answer = nurse.get("/api/v1/events", headers={"Last-Event-ID": heard})
    assert '"topic":"beds"' in answer.text
    assert "event: hello" not in answer.text


def test_a_change_arrives_as_it_is_committed(
    address: tuple[str, int], api_as: As, hospitals: Hospitals
) -> None:
    with stream(
        address, "/api/v1/events", f"Authorization: {api_as('nurse').headers['Authorization']}"
    ) as lines:
        read_until(lines, b"event: hello")
        with hospitals.database.owner() as connection:
            connection.execute(BED)
        assert b'"topic":"beds"' in read_until(lines, b'data: {"topic"')


def test_a_stream_ends_with_its_sign_in(address: tuple[str, int], somebody: Callable[[str], Person]) -> None:
    nurse = somebody("nurse@hass.example")
    program = nurse.program()
    with stream(address, "/api/v1/events", f"Authorization: {program.headers['Authorization']}") as lines:
        read_until(lines, b"event: hello")
        assert program.post("/api/v1/auth/logout").status_code == 204
        read_until(lines, b"event: ended")
        read_until(lines, b"0\r\n")


def test_a_stream_ends_when_its_user_is_disabled_and_when_the_page_is_locked(
    address: tuple[str, int], somebody: Callable[[str], Person]
) -> None:
    nurse = somebody("nurse@hass.example")
    page = nurse.page()
    cookie = f"Cookie: hass_session={page.cookies['hass_session']}"
    with stream(address, "/events", cookie) as lines:
        read_until(lines, b"event: hello")
        nurse.sql("UPDATE sessions SET locked_at = now() WHERE user_id = %s", nurse.id)
        read_until(lines, b"event: ended")
    nurse.sql("UPDATE sessions SET locked_at = NULL WHERE user_id = %s", nurse.id)
    with stream(address, "/events", cookie) as lines:
        read_until(lines, b"event: hello")
        nurse.sql("UPDATE users SET is_active = false WHERE id = %s", nurse.id)
        read_until(lines, b"event: ended")


def test_rights_that_were_taken_away_count_at_once(
    address: tuple[str, int], somebody: Callable[[str], Person]
) -> None:
    pharmacist = somebody("pharma@hass.example")
    program = pharmacist.program()
    rights = "UPDATE roles SET permissions = permissions {} WHERE name = 'pharmacist'"
    allergy = "UPDATE allergies SET id = id WHERE hospital_id = (SELECT id FROM hospitals WHERE code = 'NGH')"
    patient = "UPDATE patients SET id = id WHERE last_name = 'Smith'"
    with stream(address, "/api/v1/events", f"Authorization: {program.headers['Authorization']}") as lines:
        read_until(lines, b"event: hello")
        pharmacist.sql(allergy)
        read_until(lines, b'data: {"topic":"allergies"')
        pharmacist.sql(rights.format("- 'allergy.read'"))
        try:
            pharmacist.sql(allergy)
            pharmacist.sql(patient)
            assert b'"allergies"' not in read_until(lines, b'data: {"topic":"patients"')
        finally:
            pharmacist.sql(rights.format("|| '[\"allergy.read\"]'"))


def test_listening_is_no_use_of_the_page(somebody: Callable[[str], Person]) -> None:
    """Else a page that was left alone would never lock itself."""
    nurse = somebody("nurse@hass.example")
    page = nurse.page()
    used = "SELECT last_used_at FROM sessions WHERE user_id = %s"
    nurse.sql("UPDATE sessions SET last_used_at = now() - interval '5 minutes' WHERE user_id = %s", nurse.id)
    (left,) = nurse.sql(used, nurse.id)
    assert page.get("/events").status_code == 200
    assert page.get("/patients", headers={"X-Unattended": "1"}).status_code == 200
    assert nurse.sql(used, nurse.id) == [left]
    assert page.get("/patients").status_code == 200
    assert nurse.sql(used, nurse.id) != [left]


def test_a_server_that_stops_does_not_wait_for_its_streams(hospitals: Hospitals, api_as: As) -> None:
    made = create_app(hospitals.database.app_url, settings=Settings(stream_seconds=900))
    with listening(made) as found:
        token = f"Authorization: {api_as('nurse').headers['Authorization']}"
        with stream(found, "/api/v1/events", token) as lines:
            read_until(lines, b"event: hello")
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
