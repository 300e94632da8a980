"""S2, S3, design 4: up and down, nothing left to generate, many at once, and by logins of every rank."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalogue
import psycopg
import pytest
from cluster import BACKEND, Database, TestCluster, migrate, new_cluster
from factories import NOW, Make
from psycopg.types.json import Jsonb

from app.access.permissions import GRANTS, ROLE_TITLES, Permission

QUERIES = (
    "COLUMNS",
    "CONSTRAINTS",
    "INDEXES",
    "POLICIES",
    "ROW_SECURITY",
    "TABLE_GRANTS",
    "COLUMN_GRANTS",
    "TRIGGERS",
)
FIRST_RELEASE = "2026112201"
ROLES = ("hass_owner", "hass_app", "hass_worker", "hass_definer")
LEFT = """
SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'function', proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$|^public$'
UNION ALL SELECT 'extension', extname FROM pg_extension WHERE extname <> 'plpgsql'"""


def alembic(
    owner_url: str, app_url: str, *arguments: str, cwd: Path = BACKEND
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=cwd,
        env={**os.environ, "HASS_DATABASE_URL": app_url, "HASS_OWNER_DATABASE_URL": owner_url},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def shape(database: Database) -> dict[str, list[catalogue.Row]]:
    with database.owner() as connection:
        return {
            query: catalogue.rows(connection, getattr(catalogue, query)) for query in (*QUERIES, "FUNCTIONS")
        }


def test_check_finds_nothing_to_do(database: Database) -> None:
    assert "No new upgrade operations detected" in migrate(database, "check")


def test_autogenerate_writes_an_empty_revision(database: Database, tmp_path: Path) -> None:
    """In a copy of the folder, so that no revision is left in ours."""
    shutil.copytree(BACKEND / "alembic", tmp_path / "alembic")
    shutil.copy(BACKEND / "alembic.ini", tmp_path)
    done = alembic(
        database.owner_url, database.app_url, "revision", "--autogenerate", "-m", "x", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (made,) = set((tmp_path / "alembic/versions").glob("*_x.py"))
    text = made.read_text(encoding="utf-8")
    empty = r"^def (?:up|down)grade\(\) -> None:\n(?: +#.*\n| +\"\"\".*\n)*    pass\n"
    assert len(re.findall(empty, text, re.MULTILINE)) == 2, text


def test_down_leaves_extensions_and_roles_only_and_up_again_gives_the_same(database: Database) -> None:
    before = shape(database)
    migrate(database, "downgrade", "base")
    with database.owner() as connection:
        left = set(connection.execute(LEFT).fetchall())
    assert left == {
        ("relation", "alembic_version"), ("relation", "alembic_version_pkc"), ("extension", "btree_gist"),
        ("extension", "citext"), ("extension", "pg_trgm"),
    }  # fmt: skip
    migrate(database)
    assert shape(database) == before


# What the first release had of somebody who lies in a bed.
STAY = """
SELECT v.id, v.status, v.attending_doctor_id, v.admission_date, b.bed_number, b.status, b.assigned_at, s.spo2, s.status
  FROM visits v JOIN beds b ON b.assigned_visit_id = v.id JOIN vitals s ON s.visit_id = v.id"""


@dataclass(frozen=True)
class AtWork:
    """A hospital of the first release that was brought to this one."""

    database: Database
    older_roles: dict[str, list[str]]
    older_stay: list[Any]
    # A file that was merged while it had this release, and the person it was of.
    merged: tuple[Any, Any]


@pytest.fixture(scope="module")
def at_work(module_database: Database) -> AtWork:
    """Each role without one right that an administrator took away, and a patient in a bed."""
    with module_database.owner() as connection:
        for name, keys in GRANTS.items():
            kept = sorted(key for key in keys if key != Permission.PATIENT_UPDATE)
            connection.execute(
                "INSERT INTO roles (id, name, display_name, scope, permissions)"
                " VALUES (gen_random_uuid(), %s, %s, %s, %s)",
                (name, *ROLE_TITLES[name], Jsonb(kept)),
            )
        make = Make(connection)
        doctor = make.user("doctor")
        hospital = {"id": doctor["hospital_id"], "region_id": doctor["region_id"], "code": "HX"}
        visit = make.visit(hospital=hospital, attending_doctor_id=doctor["id"])
        make.bed(visit=visit, status="occupied")
        make.vitals(visit=visit)
        make.visit(hospital=hospital, attending_doctor_id=doctor["id"], status="discharged")
        merge = make.patient_merge(hospital=hospital)
        loser = {"id": merge["loser_id"], "hospital_id": hospital["id"]}
        link = make.person_link(patient=loser, act="merge", merge_id=merge["id"])
        struck = {"entered_in_error_at": NOW, "entered_in_error_by_id": doctor["id"]}
        make.diagnosis(visit=visit, text="Gout", **struck)
        make.diagnosis(visit=visit, text="Hypertension")
        stay = connection.execute(STAY).fetchall()
    migrate(module_database, "downgrade", FIRST_RELEASE)
    with module_database.owner() as connection:
        roles = dict(connection.execute("SELECT name, permissions FROM roles").fetchall())
        assert connection.execute(STAY).fetchall() == stay
    migrate(module_database)
    return AtWork(module_database, roles, stay, (loser["id"], link["from_person_id"]))


def test_roles_of_a_hospital_at_work_get_what_the_new_release_lets_them_do(at_work: AtWork) -> None:
    """What an administrator took away stays away."""
    assert not set(at_work.older_roles["nurse"]) & {Permission.FLUID_RECORD, Permission.ALERT_READ}
    with at_work.database.owner() as connection:
        found = dict(connection.execute("SELECT name, permissions FROM roles").fetchall())
    assert {name: sorted(keys) for name, keys in found.items()} == {
        name: sorted(keys - {Permission.PATIENT_UPDATE}) for name, keys in GRANTS.items()
    }


def test_who_lies_in_a_bed_keeps_it_and_is_cared_for_by_the_doctor_in_charge(at_work: AtWork) -> None:
    """And by him alone; nobody cares for whom has left."""
    ((visit_id, _, doctor_id, admitted_at, _, _, lies_since, *_),) = at_work.older_stay
    with at_work.database.owner() as connection:
        assert connection.execute(STAY).fetchall() == at_work.older_stay
        care = connection.execute("SELECT visit_id, user_id, role, from_at, until_at FROM care_assignments")
        assert care.fetchall() == [(visit_id, doctor_id, "attending", admitted_at, None)]
        since = connection.execute("SELECT status_changed_at FROM beds")
        assert since.fetchall() == [(lies_since,)]


def test_the_release_before_has_a_merged_file_closed_and_of_its_own_person(at_work: AtWork) -> None:
    loser_id, person_id = at_work.merged
    with at_work.database.owner() as connection:
        file = connection.execute("SELECT person_id, is_active FROM patients WHERE id = %s", (loser_id,))
        assert file.fetchall() == [(person_id, False)]


def test_the_release_before_shows_no_diagnosis_that_was_struck_out(at_work: AtWork) -> None:
    with at_work.database.owner() as connection:
        assert connection.execute("SELECT text FROM diagnoses").fetchall() == [("Hypertension",)]


@pytest.fixture(scope="module")
def bare_cluster() -> Iterator[TestCluster]:
    """A server of its own: roles belong to the whole cluster, and here there are none yet."""
    with new_cluster(migrated=False) as made:
        yield made


@pytest.fixture
def bare(bare_cluster: TestCluster) -> Iterator[TestCluster]:
    yield bare_cluster
    with bare_cluster.admin() as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
        )
        for (name,) in names.fetchall():
            bare_cluster.drop(name)
        logins = connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^(hass|test)_' ORDER BY 1")
        for (login,) in logins.fetchall():
            connection.execute(f"DROP OWNED BY {login}")
            connection.execute(f"DROP ROLE {login}")


def login(bare: TestCluster, name: str, rank: str = "") -> None:
    with bare.admin() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER {rank} PASSWORD '{bare.password}'")  # type: ignore[arg-type]


def database_of(bare: TestCluster, name: str, owner: str) -> None:
    with bare.admin() as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {owner}")  # type: ignore[arg-type]


def roles_of(bare: TestCluster) -> set[str]:
    with bare.admin() as connection:
        found = connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(ROLES),))
        return {name for (name,) in found.fetchall()}


def acts_as_the_application(url: str) -> Any:
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE hass_app")
        return connection.execute("SELECT (SELECT count(*) FROM patients), current_user").fetchone()


def test_four_databases_of_one_cluster_migrate_at_the_same_time(bare: TestCluster) -> None:
    """They all make the same roles; each takes the other's as success."""
    login(bare, "test_plain")
    names = [f"test_{number}" for number in range(4)]
    for name in names:
        database_of(bare, name, "postgres")
    urls = [(bare.url(name), bare.url(name, login="test_plain")) for name in names]
    with ThreadPoolExecutor(4) as hands:
        done = list(hands.map(lambda pair: alembic(*pair, "upgrade", "head"), urls))
    assert [each.returncode for each in done] == [0] * 4, [each.stderr for each in done]
    for _, app_url in urls:
        assert acts_as_the_application(app_url) == (0, "hass_app")


def test_login_that_may_create_roles_migrates_its_own_databases(bare: TestCluster) -> None:
    login(bare, "test_manager", "CREATEROLE")
    login(bare, "test_plain")
    for name in ("test_first", "test_second"):
        database_of(bare, name, "test_manager")
        app_url = bare.url(name, login="test_plain")
        done = alembic(bare.url(name, login="test_manager"), app_url, "upgrade", "head")
        assert done.returncode == 0, done.stderr
        assert acts_as_the_application(app_url) == (0, "hass_app")


def test_login_without_rights_is_told_what_the_administrator_must_run_and_that_is_enough(
    bare: TestCluster,
) -> None:
    login(bare, "test_owner")
    login(bare, "test_plain")
    database_of(bare, "test_told", "postgres")
    owner_url, app_url = bare.url("test_told", login="test_owner"), bare.url("test_told", login="test_plain")
    refused = alembic(owner_url, app_url, "upgrade", "head")
    assert refused.returncode != 0
    said = refused.stdout + refused.stderr
    assert "administrator" in said
    assert "Traceback" not in said
    assert roles_of(bare) == set()
    with bare.database("test_told").owner() as connection:
        assert connection.execute(LEFT).fetchall() == []
        statements = [line for line in said.splitlines() if re.match(r"\s+(CREATE|GRANT) ", line)]
        assert len(statements) > 3
        connection.execute("\n".join(statements))  # type: ignore[arg-type]
    done = alembic(owner_url, app_url, "upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert acts_as_the_application(app_url) == (0, "hass_app")
    assert roles_of(bare) == set(ROLES)
