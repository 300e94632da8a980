"""howto/own-postgresql-server.md, done word for word on a server that has never seen HASS."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from cluster import FAST, Database, migrate
from documents import ROOT, fenced

from app.core.database import Urls
from app.core.embedded_postgres import SETTINGS, Cluster, prepare_root, server_url
from app.core.postgres_programs import find_programs, server_user
from app.serving import check_database

HOWTO = ROOT / "docs" / "howto" / "own-postgresql-server.md"
LOGINS, RIGHTS = fenced(HOWTO, "sql")


class Server:
    """A server of somebody's own; `run` does what its administrator does."""

    def __init__(self, port: int, password: str) -> None:
        self.port, self.password = port, password

    def run(self, statements: str, database: str = "postgres") -> None:
        with psycopg.connect(
            server_url(self.port, "postgres", self.password, database), autocommit=True
        ) as admin:
            for statement in filter(None, (each.strip() for each in statements.split(";"))):
                admin.execute(statement.encode())

    def hass(self) -> Database:
        """The database as the two logins of the howto reach it."""
        owner, app = (
            f"postgresql://{login}:{quote(word)}@127.0.0.1:{self.port}/hass"
            for login, word in (("hass_admin", "change-me-2"), ("hass_web", "change-me-1"))
        )
        return Database("hass", owner, app)


@pytest.fixture
def server(run_folder: Path) -> Iterator[Server]:
    root = run_folder / f"own-server-{secrets.token_hex(3)}" / "postgres"
    root.parent.mkdir()
    user = server_user(root)
    prepare_root(root, user)
    pg_bin = os.environ.get("HASS_PG_BIN")
    programs = find_programs(Path(pg_bin) if pg_bin else None, root, user)
    cluster = Cluster(root, programs, user, {**SETTINGS, **FAST})
    password = secrets.token_urlsafe(12)
    cluster.create(password)
    try:
        yield Server(cluster.start()[1], password)
    finally:
        cluster.stop("immediate")
        shutil.rmtree(root.parent, ignore_errors=True)


def assert_serves(database: Database) -> None:
    """What `hass serve` asks of a database before it serves; raises where it would refuse."""
    check_database(Urls(database.app_url, database.owner_url))


def test_a_login_that_may_make_roles_migrates_and_the_plain_one_serves(server: Server) -> None:
    server.run(LOGINS)
    migrate(server.hass())
    assert_serves(server.hass())


def test_an_owner_without_createrole_is_told_the_statements_of_the_howto_and_they_suffice(
    server: Server,
) -> None:
    server.run(LOGINS.replace(" CREATEROLE", ""))
    with pytest.raises(RuntimeError) as refused:
        migrate(server.hass())
    told = [line.strip() for line in str(refused.value).splitlines()]
    assert [line for line in RIGHTS.splitlines() if line not in told] == []
    server.run(RIGHTS, "hass")
    migrate(server.hass())
    assert_serves(server.hass())
