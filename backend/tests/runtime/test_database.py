"""Connecting: as whom, with which rights, and what is said when it cannot be done (design 4)."""

import asyncpg
import psycopg
import pytest
from cluster import LOGIN, Database, TestCluster
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import database as connecting
from app.core import migrations
from app.core.database import check_version, connect, create_engine, explain, open_database, unreachable
from app.core.errors import HassError
from app.core.settings import get_settings


@pytest.fixture
def make_login(cluster: TestCluster, worker_id: str):
    """Logins of the test's own, gone afterwards."""
    made = []

    def make(*attributes: str, member_of: tuple[str, ...] = ()) -> str:
        name = f"login_{worker_id}_{len(made)}"
        with cluster.admin() as connection:
            connection.execute(
                f"CREATE ROLE {name} LOGIN PASSWORD '{cluster.password}' {' '.join(attributes)}"
            )
            made.append(name)
            for role in member_of:
                connection.execute(f"GRANT {role} TO {name}")
        return name

    yield make
    with cluster.admin() as connection:
        for name in made:
            connection.execute(f"DROP ROLE {name}")


async def first_connection(url: str, **options: object) -> str:
    engine = create_engine(url, **options)  # type: ignore[arg-type]  # Whatever the test passes on.
    try:
        async with engine.connect() as connection:
            return str((await connection.execute(text("SELECT current_user"))).scalar_one())
    finally:
        await engine.dispose()


async def test_the_plain_login_acts_as_the_application(worker_database: Database) -> None:
    assert await first_connection(worker_database.app_url) == "hass_app"


async def test_a_superuser_may_not_serve(worker_database: Database) -> None:
    with pytest.raises(HassError, match="is a superuser"):
        await first_connection(worker_database.owner_url)


async def test_a_superuser_may_seed(worker_database: Database) -> None:
    assert await first_connection(worker_database.owner_url, refuse_powerful=False) == "hass_app"


async def test_a_login_that_bypasses_row_level_security_may_not_serve(
    cluster, worker_database, make_login
) -> None:
    login = make_login("BYPASSRLS", member_of=("hass_app",))
    with pytest.raises(HassError, match=f"{login} bypasses row-level security"):
        await first_connection(cluster.url(worker_database.name, login=login))


async def test_a_member_of_hass_owner_may_not_serve(cluster, worker_database, make_login) -> None:
    login = make_login(member_of=("hass_app", "hass_owner"))
    with pytest.raises(HassError, match=f"{login} is a member of hass_owner"):
        await first_connection(cluster.url(worker_database.name, login=login))


async def test_a_login_that_may_not_act_as_the_application_is_told_the_grant(
    cluster, worker_database, make_login
) -> None:
    login = make_login()
    with pytest.raises(HassError, match=f'GRANT hass_app TO "{login}"'):
        await first_connection(cluster.url(worker_database.name, login=login))


async def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(HassError) as refused:
        await first_connection("postgresql://someone:top%40secret@127.0.0.1:1/hass")
    assert refused.value.code == "database-unreachable"
    assert "127.0.0.1:1" in refused.value.sentence
    # No setting names a server, so this would be the embedded one.
    assert refused.value.sentence.endswith("Stop HASS and start it again.")
    assert "secret" not in refused.value.sentence


def test_connecting_for_the_command_line_says_the_same() -> None:
    with pytest.raises(HassError) as refused:
        connect("postgresql://someone:top%40secret@127.0.0.1:1/hass")
    assert refused.value.code == "database-unreachable"
    assert "secret" not in refused.value.sentence


def test_a_wrong_password_never_stands_in_the_sentence() -> None:
    refused = unreachable("postgresql://a:hunter22@h/d", ValueError("bad password hunter22"))
    assert "hunter22" not in refused.sentence


async def test_a_url_with_escapes_queries_and_several_hosts_is_understood(
    cluster: TestCluster, worker_database: Database
) -> None:
    name = "odd %@/:?#&= name"
    with cluster.admin() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal("p@s:s/%"))
        )
        connection.execute(sql.SQL("GRANT hass_app TO {}").format(sql.Identifier(name)))
    try:
        url = (
            "postgresql://odd%20%25%40%2F%3A%3F%23%26%3D%20name:p%40s%3As%2F%25"
            f"@127.0.0.1:1,127.0.0.1:{cluster.port}/{worker_database.name}"
            "?sslmode=prefer&connect_timeout=5&keepalives=1&application_name=ward%20board"
        )
        assert await first_connection(url) == "hass_app"
        with connect(url) as connection:
            assert connection.execute("SELECT session_user::text").fetchone() == (name,)
    finally:
        with cluster.admin() as connection:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "postgresql://a@b:c@d:e/f?x"])
def test_what_is_no_address_is_refused_without_being_repeated(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HASS_DATABASE_URL", url)
    get_settings.cache_clear()
    try:
        with pytest.raises(HassError, match="not a PostgreSQL address") as refused, open_database():
            pass
        assert url not in refused.value.sentence
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_the_owners_login_defaults_to_the_applications(
    monkeypatch: pytest.MonkeyPatch, worker_database: Database
) -> None:
    monkeypatch.setenv("HASS_DATABASE_URL", worker_database.app_url)
    get_settings.cache_clear()
    try:
        with open_database() as urls:
            assert urls.owner_url == urls.app_url == worker_database.app_url
            assert worker_database.app_url not in repr(urls)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_a_server_older_than_fifteen_is_refused() -> None:
    with pytest.raises(HassError, match=r"PostgreSQL 14\.11; HASS needs 15"):
        check_version(140011, "14.11")
    check_version(150000, "15.0")


def test_a_database_without_tables_is_said(cluster: TestCluster, worker_id: str) -> None:
    rights = {"version": 180000, "version_text": "18.0", "login": LOGIN, "role_exists": False}
    with pytest.raises(HassError, match="Run: hass migrate"):
        connecting.check_rights(rights, "hass_app", refuse_powerful=True)


def test_a_database_that_lacks_the_newest_migration_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    before = migrations.head()
    monkeypatch.setattr(migrations, "head", lambda: "later")
    with pytest.raises(
        HassError, match=rf"at revision {before}, this release needs later\. Run: hass migrate"
    ):
        migrations.check_current(before)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (psycopg.errors.DiskFull(), "disk-full"),
        (psycopg.errors.TooManyConnections(), "too-many-connections"),
        (psycopg.errors.AdminShutdown(), "database-stopping"),
        (psycopg.OperationalError("server closed the connection unexpectedly"), "database-lost"),
        (psycopg.errors.ReadOnlySqlTransaction(), "database-read-only"),
        (DBAPIError("INSERT", {}, asyncpg.exceptions.DiskFullError("x")), "disk-full"),
    ],
)
def test_faults_of_the_server_have_a_sentence(fault: Exception, code: str) -> None:
    known = explain(fault)
    assert known is not None
    assert known.code == code
    assert known.status == 503


def test_faults_of_ours_are_not_explained_away() -> None:
    assert explain(psycopg.errors.UndefinedColumn()) is None
    assert explain(KeyError("x")) is None


async def test_a_restart_of_the_server_costs_no_request(database: Database) -> None:
    engine = create_engine(database.app_url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        with database.owner() as superuser:
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT current_user"))).scalar_one() == "hass_app"
    finally:
        await engine.dispose()
