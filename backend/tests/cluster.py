"""The PostgreSQL of a test run: one cluster in a new folder, one migrated template, cheap clones of it."""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from app.core.embedded_postgres import SETTINGS, SUPERUSER, Cluster, prepare_root, server_url
from app.core.postgres_programs import ServerUser, find_programs, server_user

BACKEND = Path(__file__).resolve().parents[1]
TEMPLATE = "hass_template"
LOGIN = "hass_login"
# Nothing that a test writes must survive a power cut.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum": "off",
    # Forty at once on one slot wait for each other in a ring; who loses should hear of it at once.
    "deadlock_timeout": "50ms",
}


@dataclass(frozen=True)
class Database:
    """One database of the cluster: `owner_url` is a superuser, `app_url` the application's plain login."""

    name: str
    owner_url: str
    app_url: str

    @contextlib.contextmanager
    def owner(self, *, autocommit: bool = True) -> Iterator[psycopg.Connection[Any]]:
        """A connection that reaches past the policies."""
        with psycopg.connect(self.owner_url, autocommit=autocommit) as connection:
            yield connection

    @contextlib.contextmanager
    def app(self, *, autocommit: bool = True) -> Iterator[psycopg.Connection[Any]]:
        """A connection that acts as hass_app."""
        with psycopg.connect(self.app_url, autocommit=True) as connection:
            connection.execute("SET ROLE hass_app")
            connection.autocommit = autocommit
            yield connection


@dataclass(frozen=True)
class TestCluster:
    """Where the cluster is; a plain value, so that the controller can hand it to the workers."""

    __test__ = False

    root: str
    port: int
    password: str

    def url(self, database: str, *, login: str = SUPERUSER) -> str:
        return server_url(self.port, login, self.password, database)

    def admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def database(self, name: str) -> Database:
        return Database(name, self.url(name), self.url(name, login=LOGIN))

    def create(self, name: str, *, template: str | None = TEMPLATE) -> Database:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template1")
        )
        with self.admin() as connection:
            connection.execute(statement)
        return self.database(name)

    def drop(self, name: str) -> None:
        with self.admin() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def clusters_folder() -> Path:
    """For root a folder of the system, since the server's user must be able to enter it."""
    if os.geteuid() == 0:
        return Path("/var/lib/hass-tests")
    return Path(tempfile.gettempdir()) / f"hass-tests-{os.geteuid()}"


@contextlib.contextmanager
def new_cluster(*, migrated: bool = True) -> Iterator[TestCluster]:
    """Start a cluster, with a migrated template unless it should be bare, and leave nothing of it behind."""
    folder = clusters_folder()
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    home = folder / f"{os.getpid()}-{secrets.token_hex(3)}"
    home.mkdir()
    # Held until we end, however we end: the next run removes every folder whose lock is free.
    with (home / "lock.new").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Only now may others see it: a lock that is free marks a folder as left behind.
        (home / "lock.new").rename(home / "lock")
        root = home / "postgres"
        user = server_user(root)
        prepare_root(root, user)
        pg_bin = os.environ.get("HASS_PG_BIN")
        programs = find_programs(Path(pg_bin) if pg_bin else None, root, user)
        cluster = Cluster(root, programs, user, {**SETTINGS, **FAST})
        password = secrets.token_urlsafe(12)
        try:
            cluster.create(password)
            _, port = cluster.start()
            made = TestCluster(str(root), port, password)
            if migrated:
                _make_template(made)
            yield made
        finally:
            if cluster.data.exists():
                cluster.stop("immediate")
            shutil.rmtree(home, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Stop and remove the clusters of runs that were killed."""
    for home in folder.iterdir():
        lock_file = home / "lock"
        if not lock_file.exists():
            continue
        with lock_file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            # Tests of the embedded server keep theirs below the same folder.
            for pid_file in home.rglob("postmaster.pid"):
                left = Cluster(pid_file.parents[1], programs=None, user=ServerUser())  # type: ignore[arg-type]  # It never starts.
                if alive := left.running():
                    # Stop at once, there is nothing to keep.
                    os.kill(alive[0], signal.SIGQUIT)
            shutil.rmtree(home, ignore_errors=True)


def _make_template(cluster: TestCluster) -> None:
    """Migrate the template in a process of its own, exactly as an operator would."""
    with cluster.admin() as connection:
        connection.execute(
            sql.SQL(
                "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
            ).format(sql.Identifier(LOGIN), sql.Literal(cluster.password))
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(cluster.database(TEMPLATE))


def migrate(database: Database, *arguments: str) -> str:
    """Run alembic from backend/ on that database, by default `upgrade head`; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *(arguments or ("upgrade", "head"))],
        cwd=BACKEND,
        env={
            **os.environ,
            "HASS_DATABASE_URL": database.app_url,
            "HASS_OWNER_DATABASE_URL": database.owner_url,
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise RuntimeError(f"alembic failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr
