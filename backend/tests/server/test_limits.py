"""What a request may weigh, how long it may take, and how often somebody may ask."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from listening import exchange, listening
from served import Hospitals, browser, sign_in
from starlette.testclient import TestClient

from app.core.settings import Settings
from app.main import create_app
from app.web import connections, guard

LOGIN = "/api/v1/auth/login"


@pytest.fixture(scope="module")
def address(hospitals: Hospitals) -> Iterator[tuple[str, int]]:
    with listening(create_app(hospitals.database.app_url)) as found:
        yield found


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""]).encode()


@pytest.mark.parametrize("path", [LOGIN, "/login"])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(
    path: str, address: tuple[str, int]
) -> None:
    answer = exchange(address, head(path, f"Content-Length: {guard.MOST_BODY_BYTES + 1}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Send less at once." in answer


def test_whoever_is_signed_in_is_not_sent_to_sign_in(address: tuple[str, int]) -> None:
    """The refusal comes before anybody looks who it is; the front door knows."""
    weight = f"Content-Length: {guard.MOST_BODY_BYTES + 1}"
    assert b'href="/login"' in exchange(address, head("/organisation", weight))
    signed_in = exchange(address, head("/organisation", weight, "Cookie: hass_session=x"))
    assert b'href="/login"' not in signed_in
    assert b"Go to my first page" in signed_in


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        (LOGIN, "application/json", b"413"),
        ("/login", "multipart/form-data; boundary=x", b"413"),
        # The form's reader has limits of its own, which it meets earlier.
        ("/login", "application/x-www-form-urlencoded", b"400"),
    ],
)
def test_a_body_of_unsaid_length_is_counted_as_it_comes(
    path: str, kind: str, status: bytes, address: tuple[str, int]
) -> None:
    opening = b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\n'
    parts = [opening if "multipart" in kind else b"", *[b"a" * 500_000] * 6]
    chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts if part)
    answer = exchange(address, head(path, f"Content-Type: {kind}", "Transfer-Encoding: chunked") + chunks)
    assert answer.split()[1] == status, answer[:200]
    assert b"Send less at once." in answer or b"cannot be read" in answer


def test_a_length_that_is_no_number_is_refused(client: TestClient) -> None:
    for length in ("1_0", "+1", "-1", "٣", "1" * 30):
        headers = {"Content-Length": length.encode(), "Content-Type": "application/json"}
        assert client.post(LOGIN, content=iter([b"{}"]), headers=headers).status_code in (400, 413)  # type: ignore[arg-type]


def test_an_endless_address_and_endless_headers_are_refused(client: TestClient) -> None:
    long = client.get("/api/v1/patients", params={"q": "x" * guard.MOST_ADDRESS_BYTES})
    assert (long.status_code, long.json()["code"]) == (414, "address-too-long")
    wide = client.get("/login", headers={"X-Much": "x" * guard.MOST_HEADER_BYTES})
    assert wide.status_code == 431
    assert "larger than is taken here" in wide.text


def test_a_body_that_never_ends_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.2)
    answer = exchange(
        address, head(LOGIN, "Content-Type: application/json", "Content-Length: 100") + b'{"email": '
    )
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive in time" in answer


@pytest.mark.parametrize("opening", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_headers_that_never_end_are_not_waited_for(
    opening: bytes, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    assert exchange(address, opening) == b""


def test_headers_without_end_are_cut_off(address: tuple[str, int]) -> None:
    answer = exchange(address, b"GET / HTTP/1.1\r\nX-Much: " + b"x" * (10 * connections.MOST_HEAD_BYTES))
    assert answer == b""


@contextlib.contextmanager
def limited(hospitals: Hospitals, requests: int = 0, sign_ins: int = 0) -> Iterator[TestClient]:
    settings = Settings(requests_per_minute=requests, sign_ins_per_minute=sign_ins)
    with TestClient(
        create_app(hospitals.database.app_url, settings=settings), follow_redirects=False
    ) as opened:
        yield opened


def test_who_asks_too_often_is_told_when_to_go_on(hospitals: Hospitals) -> None:
    with limited(hospitals, requests=5) as client:
        assert [client.get("/login").status_code for _ in range(5)] == [200] * 5
        page = client.get("/login")
        assert page.status_code == 429
        assert 1 <= int(page.headers["retry-after"]) <= 60
        assert "Too many requests" in page.text
        answer = client.get("/api/v1/patients")
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
        assert client.get("/health").status_code == 200


def test_a_ward_behind_one_address_is_not_slowed_by_its_neighbours(hospitals: Hospitals) -> None:
    with limited(hospitals, requests=12) as client:
        nurse = browser(client)
        sign_in(nurse, "nurse@hass.example")
        assert nurse.get("/patients").status_code == 200
        while client.get("/login").status_code != 429:
            pass
        assert [nurse.get("/patients").status_code for _ in range(6)] == [200] * 6


def test_one_sign_in_may_not_ask_without_end(hospitals: Hospitals) -> None:
    with limited(hospitals, requests=12) as client:
        nurse = browser(client)
        sign_in(nurse, "nurse@hass.example")
        statuses = [nurse.get("/patients").status_code for _ in range(20)]
        assert statuses.count(429) >= 5


def test_an_invented_credential_is_counted_with_its_address(hospitals: Hospitals) -> None:
    with limited(hospitals, requests=5) as client:
        statuses = [
            client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer x{number}"}).status_code
            for number in range(8)
        ]
    assert statuses == [401] * 5 + [429] * 3


def test_guessing_passwords_has_a_limit_of_its_own(hospitals: Hospitals) -> None:
    body = {"email": "nobody@x.example", "password": "guess"}
    with limited(hospitals, sign_ins=3) as client:
        assert [client.post(LOGIN, json=body).status_code for _ in range(4)] == [401, 401, 401, 429]
        assert client.get("/login").status_code == 200


async def test_a_gone_client_is_noticed_without_a_deadline() -> None:
    """After the body, receiving tells only that the client left: an open stream of events has no end."""
    messages = [{"type": "http.request", "body": b"x", "more_body": False}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        return messages.pop(0)

    body = guard.Body(receive)
    assert (await body())["type"] == "http.request"
    body.until = 0.0
    assert (await body())["type"] == "http.disconnect"
