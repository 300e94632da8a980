"""S2, S32: the migrated database is the one that the models, the policies and the triggers declare."""

import re
from collections.abc import Iterator
from typing import Any

import catalogue
import psycopg
import pytest
from cluster import BACKEND, Database, TestCluster
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app.access import policies, triggers
from app.models import Base

VERSIONS = BACKEND / "alembic/versions"


def run_files(connection: psycopg.Connection[Any], pattern: str) -> None:
    """The files of all migrations that fit, oldest migration first."""
    for path in sorted(VERSIONS.glob(f"*_sql/{pattern}")):
        connection.execute(path.read_text(encoding="utf-8"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def declared(cluster: TestCluster, worker_id: str) -> Iterator[Database]:
    """A database made of the Python declarations alone; only the functions come from the migration's files."""
    made = cluster.create(f"declared_{worker_id}", template=None)
    with made.owner() as connection:
        for extension in ("btree_gist", "citext", "pg_trgm"):
            connection.execute(f"CREATE EXTENSION {extension}")
        connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO hass_owner, hass_definer")

        def as_owner() -> psycopg.Connection[Any]:
            opened = psycopg.connect(made.owner_url)
            opened.execute("SET ROLE hass_owner")
            opened.commit()
            return opened

        engine = create_engine("postgresql+psycopg://", creator=as_owner, poolclass=NullPool)
        Base.metadata.create_all(engine)
        connection.execute("SET ROLE hass_owner")
        run_files(connection, "functions.sql")
        run_files(connection, "*/functions.sql")
        for table in Base.metadata.tables:
            for statement in policies.row_security(table):
                connection.execute(statement)
        for declaration in (*policies.POLICIES, *policies.GRANTS):
            connection.execute(declaration.sql())
        connection.execute("SET ROLE hass_definer")
        for pattern in ("definer*.sql", "*/definer.sql", "rights.sql"):
            run_files(connection, pattern)
        connection.execute("SET ROLE hass_owner")
        for statement in triggers.all_triggers():
            connection.execute(statement)
    yield made
    cluster.drop(made.name)


@pytest.mark.parametrize(
    "query",
    [
        "COLUMNS", "CONSTRAINTS", "INDEXES", "POLICIES", "ROW_SECURITY", "TABLE_GRANTS", "COLUMN_GRANTS", "TRIGGERS",
    ],
)  # fmt: skip
def test_migrated_database_equals_the_declared_one(
    declared: Database, owner: psycopg.Connection[Any], query: str
) -> None:
    with declared.owner() as connection:
        wanted = catalogue.rows(connection, getattr(catalogue, query))
    found = catalogue.rows(owner, getattr(catalogue, query))
    assert wanted
    assert found == wanted


def test_every_trigger_stays_on_whatever_the_session_says(owner: psycopg.Connection[Any]) -> None:
    """session_replication_role = replica would silence a trigger that is merely enabled."""
    enabled = {name: state for _, name, _, state in catalogue.rows(owner, catalogue.TRIGGERS)}
    assert len(enabled) > 100
    assert set(enabled.values()) == {"A"}


def test_row_security_is_on_and_forced_everywhere(owner: psycopg.Connection[Any]) -> None:
    found = catalogue.rows(owner, catalogue.ROW_SECURITY)
    assert found == [(table, True, True, "hass_owner") for table in sorted(Base.metadata.tables)]


def test_migration_imports_nothing_of_the_application() -> None:
    """A migration says what was true on its day; a model it imported would change under it."""
    texts = [path.read_text(encoding="utf-8") for path in (BACKEND / "alembic/versions").glob("*.py")]
    assert texts
    assert not [text for text in texts if re.search(r"^\s*(from|import) app\b", text, re.MULTILINE)]
