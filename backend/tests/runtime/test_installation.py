"""Two commands and a hospital runs: the real `make demo`, in a copy of the project, as different people."""

import http.client
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from cluster import BACKEND

from app.core.embedded_postgres import embedded_server, free_port

pytestmark = pytest.mark.install

PROJECT = BACKEND.parent
START_SECONDS = 240
STOP_SECONDS = 30
AS_ROOT = os.geteuid() == 0


@dataclass
class Person:
    """Who installs: in which folder, with which home for the records, as which system user."""

    project: Path
    home: Path
    env: Mapping[str, str]
    uid: int = os.geteuid()
    gid: int = os.getegid()
    output: str = field(default="", init=False)

    def run_demo(self, port: int) -> subprocess.Popen[str]:
        switch = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.uid != os.geteuid() else {}
        with (self.project.parent / "output").open("w") as log:
            return subprocess.Popen(
                ["make", "demo", f"PORT={port}"],
                cwd=self.project,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
                **switch,
            )

    def said(self) -> str:
        return (self.project.parent / "output").read_text()

    def processes(self) -> list[str]:
        """The command lines of everything that runs from our folders."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                folder = str((entry / "cwd").readlink())
            except OSError:
                continue
            if str(self.project.parent) in command or folder.startswith(str(self.project.parent)):
                found.append(command)
        return found


@pytest.fixture(scope="module")
def wheels(run_folder: Path) -> Iterator[Path]:
    """The locked packages, fetched once: what is tested is the installation, not the network."""
    folder = run_folder / f"wheels-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    lock = str(BACKEND / "requirements.lock")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "-r", lock, "-d", str(folder)],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def folder(run_folder: Path) -> Iterator[Path]:
    made = run_folder / f"install-{secrets.token_hex(3)}"
    made.mkdir(parents=True)
    yield made
    shutil.rmtree(made)


def copy_project(target: Path) -> Path:
    """What a clone would hold, with the changes not yet committed."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listing.decode().split("\0")):
        source = PROJECT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    return target


def environment(wheels: Path, home: Path | None, folder: Path, path: str) -> dict[str, str]:
    kept = {"PATH": path, "HOME": str(folder), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    return kept | ({"HASS_HOME": str(home)} if home else {})


def wait_for_login(person: Person, running: subprocess.Popen[str], port: int) -> float:
    begin = time.monotonic()
    while time.monotonic() - begin < START_SECONDS:
        if running.poll() is not None:
            pytest.fail(f"make demo ended with status {running.returncode}:\n{person.said()}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/login")
            answer = connection.getresponse()
            page = answer.read().decode()
            assert answer.status == 200, page
            assert "password" in page
            return time.monotonic() - begin
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    pytest.fail(f"No login page after {START_SECONDS} seconds:\n{person.said()}")


def start(person: Person) -> tuple[subprocess.Popen[str], int, float]:
    port = free_port()
    running = person.run_demo(port)
    try:
        seconds = wait_for_login(person, running, port)
    except BaseException:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(STOP_SECONDS)
        raise
    return running, port, seconds


def stop_and_check(person: Person, running: subprocess.Popen[str], *, by: signal.Signals) -> None:
    """TERM goes to make alone, as a supervisor sends it; INT to the whole group, as a terminal does."""
    if by is signal.SIGINT:
        os.killpg(running.pid, by)
    else:
        running.send_signal(by)
    running.wait(STOP_SECONDS)
    deadline = time.monotonic() + STOP_SECONDS
    while (left := person.processes()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert not (person.home / "postgres" / "data" / "postmaster.pid").exists()
    assert "Traceback" not in person.said()


def check_said(person: Person, port: int) -> None:
    said = person.said()
    assert f"http://127.0.0.1:{port}" in said
    assert len(re.findall(r"\w+@hass\.example", said)) == 9


def counts(home: Path) -> dict[str, int]:
    with embedded_server(home) as server, psycopg.connect(server.owner_url) as connection:
        tables = ("users", "patients", "visits", "vitals", "beds", "lab_tests", "prescriptions", "emr_local")
        rows = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables]
        return {table: row[0] for table, row in zip(tables, rows, strict=True) if row}


def owner_of(path: Path) -> str:
    return pwd.getpwuid(path.stat().st_uid).pw_name


def python_for_all() -> str | None:
    """A PATH on which a plain user finds a Python new enough; root's own may lie in a closed home."""
    for path in ("/usr/local/bin:/usr/bin:/bin", "/usr/bin:/bin"):
        found = shutil.which("python3", path=path)
        check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
        if found and subprocess.run([found, "-c", check], check=False, capture_output=True).returncode == 0:
            return path
    return None


def test_in_a_path_with_spaces_and_a_second_start_doubles_nothing(
    wheels: Path, folder: Path, record_property: Callable[[str, object], None]
) -> None:
    home = folder / "the records"
    project = copy_project(folder / "a hospital of ours")
    person = Person(project, home, environment(wheels, home, folder, os.environ["PATH"]))

    running, port, first_seconds = start(person)
    check_said(person, port)
    stop_and_check(person, running, by=signal.SIGTERM)
    before = counts(home)
    assert before["users"] >= 9

    running, port, second_seconds = start(person)
    stop_and_check(person, running, by=signal.SIGINT)
    assert counts(home) == before
    record_property(
        "figure", f"make demo to the login page: {first_seconds:.1f} s, again: {second_seconds:.1f} s"
    )


@pytest.mark.skipif(not AS_ROOT, reason="Only root has a server user of its own who may be shut out.")
def test_as_root_with_a_venv_that_other_users_may_not_read(wheels: Path, folder: Path) -> None:
    home = folder / "home"
    project = copy_project(folder / "closed")
    project.chmod(0o700)
    person = Person(project, home, environment(wheels, home, folder, os.environ["PATH"]))

    running, port, _ = start(person)
    check_said(person, port)
    assert owner_of(home / "postgres" / "data") != "root"
    assert project.stat().st_mode & 0o777 == 0o700
    assert list((home / "postgres" / "programs").iterdir())
    stop_and_check(person, running, by=signal.SIGTERM)


def test_as_a_plain_user(wheels: Path, folder: Path) -> None:
    path = python_for_all()
    if path is None:
        pytest.fail(
            "A plain user finds no Python 3.11 with venv here (Debian: apt-get install python3-venv)."
        )
    project = copy_project(folder / "hass")
    plain = pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.geteuid())
    uid, gid = plain.pw_uid, plain.pw_gid
    for entry in [folder, *folder.rglob("*")]:
        os.chown(entry, uid, gid)
    # No HASS_HOME: the records go where the platform keeps a user's data.
    person = Person(project, folder / ".local/share/hass", environment(wheels, None, folder, path), uid, gid)

    running, port, _ = start(person)
    check_said(person, port)
    assert (person.home / "postgres" / "data").stat().st_uid == uid
    stop_and_check(person, running, by=signal.SIGTERM)
