"""Design 3: a POST with an Idempotency-Key is carried out once, however often it is sent and whatever dies between."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from served import PASSWORDS, Hospitals, browser
from starlette.testclient import TestClient

from app.access.http import declared_permission
from app.core import clock
from app.core.ids import new_id
from app.main import api_routes, create_app
from app.web.once import Repeatable

As = Callable[[str], TestClient]
HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
_numbers = itertools.count()
# The commit waits for whoever holds this lock.
WAITS = """
CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4711);
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON nurse_logs DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION wait_for_the_test()"""


@pytest.fixture
def owner(hospitals: Hospitals) -> Iterator[psycopg.Connection[Any]]:
    with hospitals.database.owner() as connection:
        yield connection


@pytest.fixture
def notes(owner: psycopg.Connection[Any]) -> str:
    """Where notes on John's visit are written."""
    visit = owner.execute("SELECT id FROM visits WHERE status = 'active' ORDER BY id LIMIT 1").fetchone()
    assert visit is not None
    return f"/api/v1/visits/{visit[0]}/nurse-logs"


def note() -> dict[str, str]:
    return {
        "log_type": "note",
        "content": f"Slept well, night {next(_numbers)}.",
        "logged_at": clock.now().isoformat(),
    }


def new_key() -> dict[str, str]:
    return {HEADER: str(new_id())}


def written(owner: psycopg.Connection[Any], body: dict[str, str]) -> int:
    found = owner.execute("SELECT count(*) FROM nurse_logs WHERE content = %s", (body["content"],)).fetchone()
    assert found is not None
    return int(found[0])


def test_the_same_request_again_gets_the_first_answer(
    api_as: As, owner: psycopg.Connection[Any], notes: str
) -> None:
    nurse, body, key = api_as("nurse"), note(), new_key()
    first = nurse.post(notes, json=body, headers=key)
    assert first.status_code == 201, first.text
    again = nurse.post(notes, json=body, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers.get("etag") == first.headers.get("etag")
    assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")
    assert written(owner, body) == 1


def test_without_a_key_the_same_request_is_another_one(
    api_as: As, owner: psycopg.Connection[Any], notes: str
) -> None:
    body = note()
    assert [api_as("nurse").post(notes, json=body).status_code for _ in range(2)] == [201, 201]
    assert written(owner, body) == 2


def new_beds() -> dict[str, Any]:
    return {"ward": "Once", "bed_numbers": [f"O-{next(_numbers)}"], "bed_type": "general"}


def test_a_repeated_act_does_not_undo_what_came_after(api_as: As, owner: psycopg.Connection[Any]) -> None:
    manager, key = api_as("manager"), new_key()
    bed = manager.post("/api/v1/beds", json=new_beds()).json()["items"][0]
    path = f"/api/v1/beds/{bed['id']}"
    assert manager.post(f"{path}/switch-off", headers=key).json()["is_active"] is False
    assert manager.post(f"{path}/switch-on").json()["is_active"] is True
    assert manager.post(f"{path}/switch-off", headers=key).json()["is_active"] is False
    assert owner.execute("SELECT is_active FROM beds WHERE id = %s", (bed["id"],)).fetchone() == (True,)


def test_an_answer_without_a_body_is_given_again(
    api_as: As, client: TestClient, owner: psycopg.Connection[Any]
) -> None:
    login = {"email": "pharma@hass.example", "password": PASSWORDS["pharma@hass.example"]}
    assert client.post("/api/v1/auth/login", json=login).status_code == 200
    session = owner.execute(
        "SELECT s.user_id, s.id FROM sessions s JOIN users u ON u.id = s.user_id"
        " WHERE u.email = %(email)s ORDER BY s.created_at DESC, s.id DESC LIMIT 1",
        login,
    ).fetchone()
    assert session is not None
    path, key = "/api/v1/users/{}/sessions/{}/end".format(*session), new_key()
    answers = [api_as("admin").post(path, headers=key) for _ in range(2)]
    assert [(each.status_code, each.content) for each in answers] == [(204, b"")] * 2
    assert [REPLAYED in each.headers for each in answers] == [False, True]


def test_another_body_under_the_same_key_is_refused(
    api_as: As, owner: psycopg.Connection[Any], notes: str
) -> None:
    nurse, body, other, key = api_as("nurse"), note(), note(), new_key()
    assert nurse.post(notes, json=body, headers=key).status_code == 201
    refused = nurse.post(notes, json=other, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    assert written(owner, other) == 0


def test_a_refusal_keeps_no_key(api_as: As, owner: psycopg.Connection[Any], notes: str) -> None:
    nurse, body, key = api_as("nurse"), note(), new_key()
    assert nurse.post(notes, json={**body, "log_type": "poem"}, headers=key).status_code == 422
    assert api_as("reception").post(notes, json=body, headers=key).status_code == 403
    assert nurse.post(notes, json=body, headers=key).status_code == 201
    assert written(owner, body) == 1


def test_a_key_belongs_to_its_user(api_as: As, notes: str) -> None:
    key = new_key()
    assert api_as("nurse").post(notes, json=note(), headers=key).status_code == 201
    other = api_as("manager").post("/api/v1/beds", json=new_beds(), headers=key)
    assert other.status_code == 201
    assert REPLAYED not in other.headers


@pytest.mark.parametrize("key", ["short", "x" * 201, "with a blank", "é" * 10])
def test_what_is_no_key_is_refused(api_as: As, notes: str, key: str) -> None:
    refused = api_as("nurse").post(notes, json=note(), headers={HEADER: key.encode()})
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["field"].lower() == HEADER.lower()


def test_of_many_at_once_one_is_carried_out_and_all_get_its_answer(
    api_as: As, client: TestClient, owner: psycopg.Connection[Any], notes: str
) -> None:
    body, headers = note(), {**new_key(), "Authorization": api_as("nurse").headers["Authorization"]}
    programs = [browser(client) for _ in range(6)]
    with ThreadPoolExecutor(len(programs)) as pool:
        answers = list(pool.map(lambda each: each.post(notes, json=body, headers=headers), programs))
    assert [each.status_code for each in answers] == [201] * 6, [each.text for each in answers]
    assert len({each.json()["id"] for each in answers}) == 1
    assert sorted(REPLAYED in each.headers for each in answers) == [False] + [True] * 5
    assert written(owner, body) == 1


def test_a_server_that_dies_before_the_commit_leaves_neither_the_note_nor_the_key(
    api_as: As, client: TestClient, owner: psycopg.Connection[Any], notes: str
) -> None:
    body, key = note(), new_key()
    headers = {**key, "Authorization": api_as("nurse").headers["Authorization"]}
    owner.execute(WAITS)
    try:
        owner.execute("SELECT pg_advisory_lock(4711)")
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(browser(client).post, notes, json=body, headers=headers)
            waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
            while (found := owner.execute(waiting).fetchone()) is None:
                assert not sent.done(), sent.result().text
            # All is done, answer and all, and not committed.
            owner.execute("SELECT pg_terminate_backend(%s)", found)
            assert sent.result().status_code == 503
    finally:
        owner.execute("SELECT pg_advisory_unlock_all()")
        owner.execute("DROP FUNCTION wait_for_the_test() CASCADE")
    assert written(owner, body) == 0
    assert api_as("nurse").post(notes, json=body, headers=key).status_code == 201
    assert api_as("nurse").post(notes, json=body, headers=key).headers[REPLAYED] == "true"
    assert written(owner, body) == 1


def _keep(owner: psycopg.Connection[Any], key: dict[str, str], request_hash: str, **answer: Any) -> None:
    """A key of the nurse as it stood there two days ago."""
    owner.execute(
        "INSERT INTO idempotency_keys (id, user_id, key, request_hash, response_status, response_body, created_at)"
        " SELECT %(id)s, u.id, %(key)s, %(hash)s, %(status)s, %(body)s, now() - interval '2 days'"
        "   FROM users u WHERE u.email = 'nurse@hass.example'",
        {"id": new_id(), "key": key[HEADER], "hash": request_hash, "status": None, "body": None, **answer},
    )


def _hash_of(owner: psycopg.Connection[Any], key: dict[str, str]) -> str:
    found = owner.execute(
        "SELECT request_hash FROM idempotency_keys WHERE key = %s", (key[HEADER],)
    ).fetchone()
    assert found is not None
    return str(found[0])


def test_answers_are_forgotten_after_a_day_and_keys_are_not(
    api_as: As, owner: psycopg.Connection[Any], notes: str
) -> None:
    nurse, body, key, old, busy = api_as("nurse"), note(), new_key(), new_key(), new_key()
    assert nurse.post(notes, json=body, headers=key).status_code == 201
    same = _hash_of(owner, key)
    _keep(owner, old, same, status=201, body='{"headers": {}, "body": {"content": "of a patient"}}')
    _keep(owner, busy, same)
    assert nurse.post(notes, json=note(), headers=new_key()).status_code == 201
    left = owner.execute(
        "SELECT response_body FROM idempotency_keys WHERE key = %s", (old[HEADER],)
    ).fetchone()
    assert left == (None,)
    codes = [nurse.post(notes, json=body, headers=each).json()["code"] for each in (old, busy)]
    assert codes == ["idempotency-key-old", "idempotency-key-in-use"]
    assert written(owner, body) == 1


def test_every_post_of_a_signed_in_program_takes_a_key() -> None:
    """`route_class=Repeatable` on its router; but not of /auth, whose answers are secrets that no table keeps."""
    forgotten = [
        route.path_format
        for route in api_routes(create_app())
        if route.path_format.startswith("/api/")
        and "POST" in (route.methods or ())
        and declared_permission(route) != "public"
        and not isinstance(getattr(route, "original_route", route), Repeatable)
    ]
    assert sorted(set(forgotten)) == [
        "/api/v1/auth/logout", "/api/v1/auth/password", "/api/v1/auth/sessions/end-others",
        "/api/v1/auth/sessions/{id}/end",
    ]  # fmt: skip
