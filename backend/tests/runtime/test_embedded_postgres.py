"""The embedded PostgreSQL: shared, repaired, stopped, and clear about what it cannot do (issue point 2)."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cluster import BACKEND

from app.core import embedded_postgres, postgres_programs
from app.core.embedded_postgres import Cluster, embedded_server, is_server_of
from app.core.errors import HassError
from app.core.postgres_programs import ServerUser, find_programs, server_user
from app.core.settings import get_settings


@pytest.fixture(scope="module")
def made_home(run_folder: Path) -> Iterator[Path]:
    """One data directory with one committed row, for all tests of this module: making one takes a second."""
    home = run_folder / f"home-{secrets.token_hex(3)}"
    with embedded_server(home) as server, psycopg.connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('first')")
    yield home
    shutil.rmtree(home)


def kept(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT word FROM kept ORDER BY word")]


def server_process(home: Path) -> int | None:
    try:
        pid = int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None
    return pid if is_server_of(pid, home / "postgres" / "data") else None


def test_the_last_who_leaves_stops_the_server(made_home: Path) -> None:
    with embedded_server(made_home) as first:
        assert first.started_here
        with embedded_server(made_home) as second:
            assert not second.started_here
            assert second.pid == first.pid
        assert server_process(made_home) == first.pid
    assert server_process(made_home) is None


def test_two_processes_share_one_server(made_home: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from app.core.embedded_postgres import embedded_server\n"
        "with embedded_server(Path(sys.argv[1])) as server:\n"
        "    print(server.pid, server.started_here, flush=True); sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", program, str(made_home)]
    with (
        subprocess.Popen(
            command, cwd=BACKEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as one,
        subprocess.Popen(
            command, cwd=BACKEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as two,
    ):
        assert one.stdout is not None
        assert two.stdout is not None
        answers = [one.stdout.readline().split(), two.stdout.readline().split()]
        assert answers[0][0] == answers[1][0]
        assert sorted(answer[1] for answer in answers) == ["False", "True"]
        one.communicate("\n")
        assert server_process(made_home) == int(answers[0][0])
        two.communicate("\n")
    assert server_process(made_home) is None


def test_a_home_reached_by_another_name_is_the_same_server(made_home: Path, run_folder: Path) -> None:
    other_name = run_folder / f"link-{secrets.token_hex(3)}"
    other_name.symlink_to(made_home)
    with embedded_server(made_home) as first, embedded_server(other_name) as second:
        assert second.pid == first.pid
    other_name.unlink()
    assert server_process(made_home) is None


def test_a_killed_server_comes_back_with_every_committed_row(made_home: Path) -> None:
    with embedded_server(made_home) as server:
        with psycopg.connect(server.owner_url) as connection:
            connection.execute("INSERT INTO kept VALUES ('second')")
        os.kill(server.pid, signal.SIGKILL)
        # At once, while its children still hold its shared memory.
        with embedded_server(made_home) as again:
            assert again.pid != server.pid
            # Who used the server that died reaches this one without being told.
            assert again.app_url == server.app_url
            assert kept(again.owner_url) == ["first", "second"]
    assert server_process(made_home) is None


def test_a_server_left_by_a_killed_process_is_taken_over(made_home: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from app.core.embedded_postgres import embedded_server\n"
        "with embedded_server(Path(sys.argv[1])) as server:\n"
        "    print(server.pid, flush=True); os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", program, str(made_home)]
    left = subprocess.run(command, cwd=BACKEND, capture_output=True, text=True, check=False).stdout
    with embedded_server(made_home) as server:
        assert not server.started_here
        assert server.pid == int(left)
    assert server_process(made_home) is None


def test_a_stale_pid_file_that_names_another_program_keeps_no_server_out(made_home: Path) -> None:
    pid_file = made_home / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{made_home}\n0\n5432\n\n127.0.0.1\n\nready\n")
    with embedded_server(made_home) as server:
        assert kept(server.owner_url)[0] == "first"


def test_a_taken_port_is_tried_again_with_another(made_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded_server(made_home) as blocker:
        taken = blocker.port
        other_home = made_home.with_name(f"{made_home.name}-other")
        free = embedded_postgres.free_port
        ports = iter([taken])
        monkeypatch.setattr(embedded_postgres, "free_port", lambda: next(ports, None) or free())
        try:
            with embedded_server(other_home) as server:
                assert server.port != taken
        finally:
            shutil.rmtree(other_home)


def test_the_application_login_holds_no_power(made_home: Path) -> None:
    with embedded_server(made_home) as server, psycopg.connect(server.app_url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
            " FROM pg_roles WHERE rolname = session_user"
        ).fetchone()
        assert row == (False, False, False, False)


def test_the_server_is_for_this_machine_only_and_logs_no_patient(made_home: Path) -> None:
    with embedded_server(made_home) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            settings = dict(
                connection.execute(
                    "SELECT name, setting FROM pg_settings WHERE name IN "
                    "('listen_addresses', 'unix_socket_directories', 'fsync', 'data_checksums')"
                ).fetchall()
            )
            connection.execute("CREATE TABLE IF NOT EXISTS secret (name text CHECK (name <> 'Xylophone'))")
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute("INSERT INTO secret VALUES ('Xylophone')")
        assert settings == {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on",
            "data_checksums": "on",
        }
        assert "Xylophone" not in (made_home / "postgres" / "server.log").read_text()


def test_passwords_and_data_are_closed_to_others(made_home: Path) -> None:
    assert (made_home / "postgres.json").stat().st_mode & 0o077 == 0
    assert (made_home / "postgres").stat().st_mode & 0o077 == 0


def test_lost_passwords_are_said(made_home: Path) -> None:
    path = made_home / "postgres.json"
    words = path.read_text()
    path.unlink()
    try:
        with pytest.raises(HassError, match="Bring it back from a backup"), embedded_server(made_home):
            pass
    finally:
        path.write_text(words)
        path.chmod(0o600)


def test_data_of_another_major_version_are_refused_in_a_sentence(made_home: Path) -> None:
    version_file = made_home / "postgres" / "data" / "PG_VERSION"
    version = version_file.read_text()
    version_file.write_text("14\n")
    try:
        with (
            pytest.raises(HassError, match=r"written by PostgreSQL 14, .*HASS_PG_BIN"),
            embedded_server(made_home),
        ):
            pass
    finally:
        version_file.write_text(version)


def test_a_data_directory_half_made_is_made_anew(run_folder: Path) -> None:
    home = run_folder / f"home-{secrets.token_hex(3)}"
    root = home / "postgres"
    try:
        embedded_postgres.prepare_root(root, server_user(root))
        (root / "data.new").mkdir()
        (root / "data.new" / "PG_VERSION").write_text("18\n")
        with embedded_server(home) as server:
            assert server.started_here
        assert not (root / "data.new").exists()
    finally:
        shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root runs the server as another user.")
def test_a_closed_parent_is_said_when_the_server_runs_as_another_user(run_folder: Path) -> None:
    closed = run_folder / f"closed-{secrets.token_hex(3)}"
    closed.mkdir(mode=0o700)
    try:
        with pytest.raises(HassError, match=f"may not enter {closed}"), embedded_server(closed / "home"):
            pass
    finally:
        shutil.rmtree(closed)


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root runs the server as another user.")
def test_programs_that_the_servers_user_may_not_read_are_copied_for_him(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = run_folder / f"home-{secrets.token_hex(3)}"
    closed = run_folder / f"closed-{secrets.token_hex(3)}"
    closed.mkdir(mode=0o700)
    try:
        package = next(postgres_programs.candidate_folders(None)).parent.parent
        shutil.copytree(package, closed / package.name)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, closed / libraries.name)
        theirs = closed / package.name / "pginstall" / "bin"
        monkeypatch.setattr(postgres_programs, "candidate_folders", lambda _: iter([theirs]))
        root = home / "postgres"
        user = server_user(root)
        embedded_postgres.prepare_root(root, user)
        found = find_programs(None, root, user)
        assert found.bin.is_relative_to(root / "programs")
        assert closed.stat().st_mode & 0o777 == 0o700
        status, _ = found.run("initdb", "--version", user=user)
        assert status == 0
        assert find_programs(None, root, user) == found
    finally:
        shutil.rmtree(closed)
        shutil.rmtree(home, ignore_errors=True)


def test_a_folder_without_programs_is_said(tmp_path: Path) -> None:
    with pytest.raises(HassError, match="HASS_PG_BIN names"):
        find_programs(tmp_path, tmp_path, ServerUser())


def test_programs_older_than_fifteen_are_said(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(HassError, match=r"PostgreSQL 14 .* is too old"):
        find_programs(tmp_path, tmp_path, ServerUser())


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'could not write: No space left on device'; exit 1\n")
        (tmp_path / name).chmod(0o755)
    cluster = Cluster(tmp_path, postgres_programs.Programs(tmp_path, 18), ServerUser())
    with pytest.raises(HassError, match="the disk is full") as refused:
        cluster.create("secret")
    assert refused.value.code == "disk-full"
    assert not (tmp_path / "password.new").exists()


def test_a_server_that_does_not_start_says_why(made_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made_home / "postgres"
    user = server_user(root)
    broken = Cluster(
        root, find_programs(get_settings().pg_bin, root, user), user, {"shared_buffers": "nonsense"}
    )
    with pytest.raises(HassError, match='invalid value for parameter "shared_buffers"'):
        broken.start()


def test_passwords_are_random_and_in_no_repr(made_home: Path) -> None:
    passwords = json.loads((made_home / "postgres.json").read_text())
    assert len(set(passwords.values())) == 2
    with embedded_server(made_home) as server:
        assert not any(word in repr(server) for word in passwords.values())
        assert re.search(passwords["hass"], server.app_url)


def test_waiting_for_a_process_that_starts_the_server_ends(
    made_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(embedded_postgres, "LOCK_WAIT_SECONDS", 0.1)
    with (made_home / "postgres.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        begin = time.monotonic()
        with pytest.raises(HassError, match="Another process"), embedded_server(made_home):
            pass
        assert time.monotonic() - begin < 10
