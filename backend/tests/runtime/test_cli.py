"""The `hass` command: one sentence and status 1 for what an operator can put right, never a traceback."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import BACKEND, Database, TestCluster
from factories import Make
from pwdlib.hashers.bcrypt import BcryptHasher

from app.core import migrations
from app.core.embedded_postgres import free_port

CLUSTER_WAIT_SECONDS = 60


def hass(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=BACKEND,
        env={**os.environ, "COLUMNS": "500", **settings},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=CLUSTER_WAIT_SECONDS,
        check=False,
    )


def urls(database: Database) -> dict[str, str]:
    return {"HASS_DATABASE_URL": database.app_url, "HASS_OWNER_DATABASE_URL": database.owner_url}


def check_refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_help_needs_nothing_heavy() -> None:
    program = (
        "import sys; import app.cli\n"
        "heavy = {'sqlalchemy', 'fastapi', 'psycopg', 'alembic', 'uvicorn', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], cwd=BACKEND, check=True)


def test_a_port_in_use_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        home = tmp_path / "home"
        for command in ("serve", "demo"):
            done = hass(command, PORT=str(port), HASS_HOME=str(home))
            check_refused(done, f"Port {port} is in use by another program")
        assert not home.exists()


def test_a_wrong_setting_is_said() -> None:
    check_refused(hass("serve", PORT="eighty"), "PORT: Input should be a valid integer")


def test_a_database_that_does_not_answer_is_said() -> None:
    for command in ("serve", "migrate", "seed"):
        done = hass(command, HASS_DATABASE_URL="postgresql://a:hunter22@127.0.0.1:1/x", PORT="0")
        check_refused(done, "The database at 127.0.0.1:1 cannot be used")
        assert "hunter22" not in done.stderr


def test_a_database_without_tables_is_said(cluster: TestCluster, worker_id: str) -> None:
    empty = cluster.create(f"empty_{worker_id}", template=None)
    try:
        check_refused(hass("serve", PORT="0", **urls(empty)), "Run: hass migrate")
        assert "Run: hass migrate" in hass("doctor", **urls(empty)).stdout
    finally:
        cluster.drop(empty.name)


def test_a_superuser_may_not_serve(worker_database: Database) -> None:
    done = hass("serve", PORT="0", HASS_DATABASE_URL=worker_database.owner_url)
    check_refused(done, "The database login postgres is a superuser")


@pytest.mark.parametrize("command", [("serve",), ("seed",), ("import", "fhir", "."), ("migrate",)])
def test_tables_of_a_release_not_known_here_are_left_alone(
    command: tuple[str, ...], database: Database
) -> None:
    with database.owner() as superuser:
        superuser.execute("UPDATE alembic_version SET version_num = 'newer'")
        done = hass(*command, PORT="0", **urls(database))
        assert done.returncode == 1
        assert "is at revision newer, which this release of HASS does not know" in done.stderr
        assert "Traceback" not in done.stderr
        assert superuser.execute("SELECT count(*) FROM hospitals").fetchone() == (0,)


def test_a_database_of_another_program_is_left_alone(cluster: TestCluster, worker_id: str) -> None:
    taken = cluster.create(f"taken_{worker_id}", template=None)
    try:
        with taken.owner() as superuser:
            superuser.execute("CREATE TABLE patients (id int)")
            done = hass("migrate", **urls(taken))
            assert done.returncode == 1
            assert f"The database {taken.name} is not empty: " in done.stderr
            assert "Traceback" not in done.stderr
            made = superuser.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
            assert made == (1,)
    finally:
        cluster.drop(taken.name)


def test_a_database_that_cannot_hold_every_name_is_refused(cluster: TestCluster, worker_id: str) -> None:
    name = f"ascii_{worker_id}"
    with cluster.admin() as superuser:
        superuser.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        done = hass("migrate", **urls(cluster.database(name)))
        check_refused(done, f"The database {name} has the encoding SQL_ASCII")
    finally:
        cluster.drop(name)


def test_an_owners_address_alone_is_refused(worker_database: Database, tmp_path: Path) -> None:
    done = hass("migrate", HASS_HOME=str(tmp_path), HASS_OWNER_DATABASE_URL=worker_database.owner_url)
    check_refused(done, "HASS_OWNER_DATABASE_URL is set, but HASS_DATABASE_URL is not")
    assert not (tmp_path / "postgres").exists()


def test_migrate_makes_the_tables_and_a_second_run_changes_nothing(
    cluster: TestCluster, worker_id: str
) -> None:
    empty = cluster.create(f"migrated_{worker_id}", template=None)
    try:
        for _ in range(2):
            done = hass("migrate", **urls(empty))
            assert done.returncode == 0, done.stderr
            assert f"revision {migrations.head()}" in done.stderr
    finally:
        cluster.drop(empty.name)


def test_the_doctor_finds_a_good_installation_fine(worker_database: Database, tmp_path: Path) -> None:
    done = hass("doctor", PORT=str(free_port()), HASS_HOME=str(tmp_path), **urls(worker_database))
    assert done.returncode == 0, done.stdout
    assert "Everything is fine." in done.stdout
    assert "cannot reach past row-level security" in done.stdout
    assert f"revision {migrations.head()}" in done.stdout


def test_the_doctor_says_all_that_is_wrong_at_once(worker_database: Database, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 40)
    key.chmod(0o644)
    settings = {"HASS_DATABASE_URL": worker_database.owner_url, "HASS_SECRET_FILE": str(key)}
    done = hass("doctor", HASS_HOME=str(tmp_path), PORT=str(free_port()), **settings)
    assert done.returncode == 1
    assert "is a superuser" in done.stdout
    assert "chmod 600" in done.stdout
    assert "2 to put right" in done.stdout


@pytest.mark.parametrize("address", ["nonsense", "http://host/db", "postgresql://user:p@[::1"])
def test_the_doctor_says_that_an_address_is_none(address: str, tmp_path: Path) -> None:
    done = hass("doctor", HASS_HOME=str(tmp_path), HASS_DATABASE_URL=address, PORT=str(free_port()))
    assert done.returncode == 1
    assert "is not a PostgreSQL address" in done.stdout
    assert "Traceback" not in done.stderr


@contextlib.contextmanager
def serving(database: Database, port: int, home: Path) -> Iterator[subprocess.Popen[str]]:
    """`hass serve`, once it has said that it is ready; the caller ends it."""
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve"],
        cwd=BACKEND,
        env={**os.environ, "PORT": str(port), "HASS_HOME": str(home), **urls(database)},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        said = []
        for line in running.stderr:
            said.append(line)
            if "HASS is ready on" in line:
                break
        else:
            pytest.fail("".join(said))
        try:
            yield running
            assert "Traceback" not in running.stderr.read()
            running.wait(30)
        finally:
            running.kill()


def test_an_impatient_ctrl_c_changes_nothing(worker_database: Database, tmp_path: Path) -> None:
    with serving(worker_database, free_port(), tmp_path) as running:
        for _ in range(3):
            running.send_signal(signal.SIGINT)
        # `serving` reads to the end of what was said and finds no traceback there.
    assert running.returncode == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_ends_cleanly(
    end: signal.Signals, worker_database: Database, tmp_path: Path
) -> None:
    port = free_port()
    with serving(worker_database, port, tmp_path) as running:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10) as answer:
            assert answer.status == 200
        running.send_signal(end)
        assert running.wait(30) == 0


def test_the_demos_passwords_are_served_in_the_demo_only(database: Database, tmp_path: Path) -> None:
    cheap_hash = BcryptHasher(rounds=4).hash("nurse123")
    with database.owner() as superuser:
        Make(superuser).user(email="nurse@hass.example", password_hash=cheap_hash)
    done = hass("serve", PORT="0", HASS_HOME=str(tmp_path), **urls(database))
    check_refused(done, "well-known password of nurse@hass.example works")
    with database.owner() as superuser:
        superuser.execute("UPDATE users SET is_active = false")
    with serving(database, free_port(), tmp_path) as running:
        running.terminate()
    assert running.returncode == 0


def test_a_database_that_is_away_while_seeding_is_a_sentence(
    database: Database, cluster: TestCluster
) -> None:
    cluster.drop(database.name)
    check_refused(hass("seed", **urls(database)), "cannot be used")


def test_a_home_that_cannot_be_written_is_said() -> None:
    check_refused(hass("migrate", HASS_HOME="/proc/nowhere"), "Set HASS_HOME to a folder you may write")


def test_term_while_the_database_starts_leaves_no_server_behind(run_folder: Path) -> None:
    home = run_folder / f"home-{secrets.token_hex(3)}"
    command = [sys.executable, "-m", "app.cli", "doctor"]
    env = {**os.environ, "HASS_HOME": str(home)}
    with subprocess.Popen(command, cwd=BACKEND, env=env, stdout=subprocess.DEVNULL) as running:
        while not (home / "postgres" / "data.new").exists() and running.poll() is None:
            time.sleep(0.01)
        running.terminate()
        running.wait(30)
    deadline = time.monotonic() + 10
    while (home / "postgres/data/postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not (home / "postgres/data/postmaster.pid").exists()


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (("--host", "0.0.0.0"), {}, "On 0.0.0.0 others reach the server"),
        (("--host", "0.0.0.0"), {"HASS_TRUSTED_PROXIES": "10.0.0.1"}, "On 0.0.0.0 others reach the server"),
        ((), {"HASS_PUBLIC_URL": "http://hass.example"}, "HASS_PUBLIC_URL is http://hass.example"),
    ],
)
def test_sign_ins_over_plain_http_are_refused_outside_the_demo(
    arguments: tuple[str, ...], settings: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    done = hass("serve", *arguments, PORT="0", HASS_HOME=str(home), **settings)
    check_refused(done, sentence)
    assert not home.exists()


@pytest.mark.parametrize("key", ["change-me-change-me-change-me-change-me", "0" * 64, "k" * 40])
def test_a_placeholder_for_a_key_is_refused_outside_the_demo(
    key: str, worker_database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(key)
    file.chmod(0o600)
    given = {"HASS_SECRET_FILE": str(file), "HASS_HOME": str(tmp_path), **urls(worker_database)}
    check_refused(hass("serve", PORT="0", **given), "The signing key is a placeholder")
    assert "The signing key is a placeholder" in hass("doctor", PORT=str(free_port()), **given).stdout


def test_a_key_that_others_can_read_is_refused(worker_database: Database, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(secrets.token_hex(32))
    file.chmod(0o644)
    done = hass("serve", PORT="0", HASS_SECRET_FILE=str(file), **urls(worker_database))
    check_refused(done, "is readable by other users")


def test_the_doctor_says_how_browsers_come(worker_database: Database, tmp_path: Path) -> None:
    given = {"HASS_HOME": str(tmp_path), "PORT": str(free_port()), **urls(worker_database)}
    assert (
        "cookies are sent over https only"
        in hass("doctor", HASS_PUBLIC_URL="https://hass.example", **given).stdout
    )
    done = hass("doctor", HASS_PUBLIC_URL="http://hass.example", **given)
    assert done.returncode == 1
    assert "would travel over plain HTTP" in done.stdout
