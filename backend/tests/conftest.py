"""What every test may ask for; the databases are real, migrated by Alembic and cloned from a template."""

import contextlib
import itertools
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Before anything of the application is imported: no setting of the developer's shell reaches a test.
for _name in [name for name in os.environ if name.startswith("HASS_") and name != "HASS_PG_BIN"]:
    del os.environ[_name]
os.environ.pop("PORT", None)
# The signing key of this process: nothing of a hospital that runs on this machine is read or written.
_home = tempfile.TemporaryDirectory(prefix="hass-test-home-")
os.environ["HASS_HOME"] = _home.name
# All tests of a worker come from one address, and faster than any ward; what the limits do is tested with limits.
os.environ["HASS_REQUESTS_PER_MINUTE"] = os.environ["HASS_SIGN_INS_PER_MINUTE"] = "0"
# A stream tells what was missed and ends, since most tests wait for the end of an answer.
os.environ["HASS_STREAM_SECONDS"] = "0"

import psycopg
import pytest
from cluster import Database, TestCluster, new_cluster
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core import clock
from app.core.database import create_engine
from app.doctor import find_browser

# The demo hospital and the network of three, served to programs and browsers.
pytest_plugins = ("served", "network")
_numbers = itertools.count()
_opened = contextlib.ExitStack()


class ClusterOfRun:
    """xdist: the controller starts the cluster as soon as it has a worker, and stops it at the end."""

    def __init__(self) -> None:
        self.cluster: TestCluster | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["hass_cluster"] = self.start().as_dict()

    def start(self) -> TestCluster:
        if self.cluster is None:
            self.cluster = _opened.enter_context(new_cluster())
        return self.cluster


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ClusterOfRun(), "hass-cluster")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _opened.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in one order, and leave the browser's out where no Chromium is; in CI they run, and fail."""
    # Cases that are made from a set come in another order in every process, which xdist refuses.
    items.sort(key=lambda item: (str(item.path), item.location[1] or 0, item.nodeid))
    if find_browser() is not None or os.environ.get("CI") == "true":
        return
    left_out = pytest.mark.skip(reason="No Chromium here (Debian: apt-get install chromium).")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(left_out)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests measured: `record_property("figure", "42 things a second")`."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    figures = [
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "figure" and report.when == "call"
    ]
    if figures:
        terminalreporter.section("figures")
        for figure in figures:
            terminalreporter.write_line(str(figure))


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> TestCluster:
    """The PostgreSQL of this run; without xdist it starts with the first test that wants it."""
    handed = getattr(request.config, "workerinput", {}).get("hass_cluster")
    if handed is not None:
        return TestCluster(**handed)
    plugin = request.config.pluginmanager.get_plugin("hass-cluster")
    assert isinstance(plugin, ClusterOfRun)
    return plugin.start()


@pytest.fixture(scope="session")
def run_folder(cluster: TestCluster) -> Path:
    """A folder that the server's user may enter (tmp_path is closed to him); it goes with this run."""
    return Path(cluster.root).parent


@pytest.fixture
def database(cluster: TestCluster, worker_id: str) -> Iterator[Database]:
    """A fresh, migrated, empty database for one test that commits."""
    made = cluster.create(f"test_{worker_id}_{next(_numbers)}")
    yield made
    cluster.drop(made.name)


@pytest.fixture(scope="module")
def module_database(cluster: TestCluster, worker_id: str) -> Iterator[Database]:
    """A migrated database that the tests of one module share; they commit at their own risk."""
    made = cluster.create(f"module_{worker_id}_{next(_numbers)}")
    yield made
    cluster.drop(made.name)


@pytest.fixture(scope="session")
def worker_database(cluster: TestCluster, worker_id: str) -> Database:
    """The database of this worker; whoever uses it rolls back."""
    return cluster.create(f"worker_{worker_id}")


@pytest.fixture(scope="session")
async def engine(worker_database: Database) -> AsyncIterator[AsyncEngine]:
    """As the application connects: the plain login, acting as hass_app."""
    made = create_engine(worker_database.app_url)
    yield made
    await made.dispose()


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session as hass_app; its commits end at a savepoint and all is rolled back after the test."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as opened:
            yield opened
        await transaction.rollback()


@pytest.fixture
def owner(worker_database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection, past the policies; rolled back after the test."""
    with worker_database.owner(autocommit=False) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def app_conn(worker_database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection as hass_app; rolled back after the test."""
    with worker_database.app(autocommit=False) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def acting_as(owner: psycopg.Connection[Any]) -> Callable[[str], AbstractContextManager[None]]:
    """`with acting_as("hass_app"):` the `owner` connection, with what it wrote so far, under that role."""

    @contextlib.contextmanager
    def act(role: str) -> Iterator[None]:
        owner.execute(f"SET LOCAL ROLE {role}")
        try:
            yield
        finally:
            if owner.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
                owner.execute("RESET ROLE")

    return act


@pytest.fixture
def fixed_now() -> Iterator[datetime]:
    """The clock of the application stands at this instant."""
    instant = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
    clock.fix(instant)
    yield instant
    clock.fix(None)


@pytest.fixture
def queries() -> Callable[..., AbstractContextManager[list[str]]]:
    """`with queries(at_most=3) as seen:` fails when more statements are sent.

    `session_open` does not count, nor do the savepoints of the fixture `session` and what live pages listen to.
    """
    uncounted = re.compile(
        r"session_open\(|sessions_listening\(|live_events|^(SAVEPOINT|RELEASE|ROLLBACK TO) "
    )

    @contextlib.contextmanager
    def watch(*, at_most: int) -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not uncounted.search(statement):
                seen.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        listing = "\n---\n".join(seen)
        assert len(seen) <= at_most, f"{len(seen)} statements, at most {at_most} are allowed:\n{listing}"

    return watch
