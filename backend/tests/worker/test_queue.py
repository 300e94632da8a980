"""Schema jobs: whose it is, who may do what with it, and that it is the one the library wants."""

import re

import psycopg
import pytest
from cluster import BACKEND, Database
from factories import Make
from procrastinate.schema import SchemaManager
from warm import make, warm_connection

__all__ = ["make", "warm_connection"]
QUEUE = BACKEND / "alembic/versions/2026_11_25_ward_sql/live/queue.sql"


def test_its_tables_are_those_of_the_library_that_is_installed() -> None:
    """A newer library brings statements that change them: they belong into a migration of ours."""
    assert QUEUE.read_text(encoding="utf-8") == SchemaManager.get_schema()


def test_no_function_looks_where_its_caller_says(make: Make) -> None:
    found = make.connection.execute(
        "SELECT proname, proconfig, prosecdef, proowner::regrole::text FROM pg_proc"
        " WHERE pronamespace = 'jobs'::regnamespace"
    ).fetchall()
    assert len(found) > 10
    for name, settings, is_definer, owner in found:
        assert (settings, is_definer, owner) == (["search_path=jobs, pg_temp"], False, "hass_owner"), name


def test_every_column_of_ours_says_what_it_means(make: Make) -> None:
    silent = make.connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'jobs.live_events'::regclass AND attnum > 0"
        " AND col_description(attrelid, attnum) IS NULL AND attname <> 'id'"
    ).fetchall()
    assert silent == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM jobs.procrastinate_jobs",
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name) VALUES ('default', 'seal_trail')",
        "DELETE FROM jobs.procrastinate_jobs",
        "SELECT jobs.procrastinate_register_worker_v1()",
        "SELECT FROM jobs.live_events",
        "INSERT INTO jobs.live_events (topic) VALUES ('beds')",
        "SELECT hospitals_at_work()",
        "SELECT sessions_listening('{}', '1 hour')",
    ],
)
def test_a_request_reaches_the_queue_through_its_function_only(database: Database, statement: str) -> None:
    with database.app() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)  # type: ignore[arg-type]
        assert connection.execute("SELECT defer_job('seal_trail', '{}', NULL, NULL) > 0").fetchone() == (
            True,
        )


@pytest.mark.parametrize("role", ["PUBLIC", "hass_app"])
def test_nobody_else_has_any_right_on_it(make: Make, role: str) -> None:
    granted = make.connection.execute(
        "SELECT g.privilege_type FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g"
        " WHERE n.nspname = 'jobs' AND CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END = %s",
        (role,),
    ).fetchall()
    assert granted == []


def test_the_licence_stands_beside_what_is_not_ours() -> None:
    assert re.search(r"^MIT License", QUEUE.with_suffix(".LICENSE").read_text(encoding="utf-8"))
