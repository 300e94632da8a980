"""Many at once while the database has few connections, and a database that goes away: answers, never a freeze."""

import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cluster import Database, TestCluster
from listening import listening
from served import Hospitals
from starlette.testclient import TestClient

from app.main import create_app

As = Callable[[str], TestClient]
CONNECTIONS = 256
SMALL_POOL = 2
# The whole crowd is answered within this, on two busy cores.
MOST_SECONDS = 60.0


@pytest.fixture(scope="module")
def address(hospitals: Hospitals) -> Iterator[tuple[str, int]]:
    with listening(create_app(hospitals.database.app_url, pool_size=SMALL_POOL)) as found:
        yield found


def get(path: str, token: str | None = None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close"]
    if token is not None:
        lines.append(f"Authorization: {token}")
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, body: dict[str, str]) -> bytes:
    content = json.dumps(body)
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Connection: close", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", content]).encode()


def crowd(address: tuple[str, int], request: bytes, count: int = CONNECTIONS) -> tuple[list[bytes], float]:
    """Opens every connection first, then sends on all of them, then reads all answers."""
    lines = [socket.create_connection(address, timeout=MOST_SECONDS) for _ in range(count)]
    begun = time.perf_counter()
    try:
        for line in lines:
            line.sendall(request)

        def read(line: socket.socket) -> bytes:
            found = b""
            while part := line.recv(65536):
                found += part
            return found

        with ThreadPoolExecutor(64) as pool:
            return list(pool.map(read, lines)), time.perf_counter() - begun
    finally:
        for line in lines:
            line.close()


def statuses(answers: list[bytes]) -> Counter[int]:
    return Counter(int(answer.split(b" ", 2)[1]) for answer in answers)


def test_256_connections_at_once_are_all_answered_by_a_pool_of_two(
    address: tuple[str, int], api_as: As, hospitals: Hospitals, record_property: Callable[[str, Any], None]
) -> None:
    token = api_as("doctor").headers["Authorization"]
    answers, seconds = crowd(address, get(f"/api/v1/patients/{hospitals.john}/chart", token))
    found = statuses(answers)
    record_property(
        "figure", f"256 charts at once, {SMALL_POOL} + {SMALL_POOL} connections: {seconds:.1f} s, {found}"
    )
    assert set(found) <= {200, 503}
    assert found[200] >= SMALL_POOL
    assert sum(found.values()) == CONNECTIONS
    assert all(b"retry-after" in answer.lower() for answer in answers if b" 503 " in answer[:20])
    assert seconds < MOST_SECONDS


def test_256_sign_ins_at_once_neither_freeze_the_server_nor_starve_the_others(
    address: tuple[str, int], api_as: As, record_property: Callable[[str, Any], None]
) -> None:
    """A password takes a quarter of a second to check; who only reads must not wait for all of them."""
    token = api_as("nurse").headers["Authorization"]
    body = {"email": "somebody@crowd.example", "password": "guess"}
    with ThreadPoolExecutor(1) as pool:
        signing_in = pool.submit(crowd, address, post("/api/v1/auth/login", body), 64)
        begun = time.perf_counter()
        health, _ = crowd(address, get("/health"), 1)
        reading, _ = crowd(address, get("/api/v1/auth/me", token), 8)
        waited = time.perf_counter() - begun
        answers, _ = signing_in.result()
    record_property("figure", f"8 reads beside 64 sign-ins: {waited:.1f} s")
    assert statuses(health) == {200: 1}
    assert set(statuses(reading)) <= {200, 503}
    assert set(statuses(answers)) <= {401, 429, 503}


@pytest.fixture
def own(database: Database) -> Iterator[tuple[str, int]]:
    with listening(create_app(database.app_url, pool_size=SMALL_POOL)) as found:
        yield found


def ask(address: tuple[str, int], request: bytes) -> bytes:
    return crowd(address, request, 1)[0][0]


def test_a_database_that_goes_away_is_said_and_is_used_again_when_it_is_back(
    own: tuple[str, int], database: Database, cluster: TestCluster
) -> None:
    asking = post("/api/v1/auth/refresh", {"refresh_token": "0" * 32 + ".x.x"})
    assert b" 401 " in ask(own, asking)[:20]
    with cluster.admin() as superuser:
        superuser.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [database.name],
        )
        try:
            for _ in range(3):
                answer = ask(own, asking)
                assert b" 503 " in answer[:20]
                assert b"retry-after: 3" in answer.lower()
                assert database.name.encode() not in answer
                assert b"127.0.0.1" not in answer
            ready = ask(own, get("/health/ready"))
            assert b" 503 " in ready[:20]
            assert b"127.0.0.1" not in ready
            assert b" 200 " in ask(own, get("/health"))[:20]
        finally:
            superuser.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
    assert b" 401 " in ask(own, asking)[:20]
    assert b" 200 " in ask(own, get("/health/ready"))[:20]
