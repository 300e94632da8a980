"""Whether a worker is at work is said, to monitoring and to the operator; a server without one serves all the same."""

from collections.abc import Iterator

import pytest
from cluster import Database
from served import Hospitals
from starlette.testclient import TestClient

from app.core.database import Urls
from app.core.settings import get_settings
from app.doctor import Finding, _worker

MISSING = "No worker has been at work for minutes. Run: hass worker"
SEEN = "INSERT INTO jobs.procrastinate_workers (last_heartbeat) VALUES (now() - interval '{} seconds')"


@pytest.fixture
def database_with_workers(hospitals: Hospitals) -> Iterator[Database]:
    yield hospitals.database
    with hospitals.database.owner() as connection:
        connection.execute("DELETE FROM jobs.procrastinate_workers")


def seen(database: Database, seconds: int) -> None:
    with database.owner() as connection:
        connection.execute(SEEN.format(seconds))  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "told"), [(None, MISSING), (300, MISSING), (5, "ok")])
def test_monitoring_hears_of_a_missing_worker_and_the_server_stays_ready(
    client: TestClient, database_with_workers: Database, seconds: int | None, told: str
) -> None:
    if seconds is not None:
        seen(database_with_workers, seconds)
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["checks"]["worker"] == told


@pytest.mark.parametrize("in_server", ["0", "1"])
def test_the_doctor_knows_whether_a_worker_should_be_there(
    database_with_workers: Database, monkeypatch: pytest.MonkeyPatch, in_server: str
) -> None:
    database = database_with_workers
    urls = Urls(database.app_url, database.owner_url)
    monkeypatch.setenv("HASS_JOBS_IN_SERVER", in_server)
    get_settings.cache_clear()
    try:
        (finding,) = _worker(urls)
        assert finding.is_wrong == (in_server == "0")
        seen(database, 5)
        (finding,) = _worker(urls)
        assert finding == Finding("worker", "A worker was at work 5 seconds ago.")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
