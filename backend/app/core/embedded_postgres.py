"""The embedded PostgreSQL: made, started, shared between processes, repaired and stopped here.

Layout below the home folder:
    postgres.lock     held while somebody starts or stops the server
    postgres.users    every process that uses the server holds a shared lock; who leaves last stops it
    postgres.json     the passwords of its two logins, readable by the owner only
    postgres/         belongs to the server's user: data/, server.log, perhaps a copy of the programs
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.core.errors import HassError
from app.core.postgres_programs import Programs, ServerUser, find_programs, run_as, server_user
from app.core.secrets import write_once
from app.core.settings import get_settings

DATABASE = "hass"
SUPERUSER = "postgres"
APP_LOGIN = "hass"
LOCK_WAIT_SECONDS = 120.0
START_WAIT_SECONDS = 60
PORT_TRIES = 8
LOG_LIMIT_BYTES = 10_000_000

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # The server's log must hold no patient data: neither the row of a failed statement nor the statement.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return None


@dataclass(frozen=True)
class Server:
    """A running server and how to reach it."""

    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)
    version: int
    data_dir: Path
    started_here: bool
    port: int = 0
    pid: int = 0


@dataclass(frozen=True)
class Cluster:
    """One data directory, its programs and its server; callers hold the lock of the home folder."""

    root: Path
    programs: Programs
    user: ServerUser
    settings: Mapping[str, str] = field(default_factory=lambda: dict(SETTINGS))

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    def create(self, password: str) -> None:
        """Make the data directory; a run that was killed halfway leaves none, so the next begins anew."""
        draft = self.root / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.root / "password.new"
        password_file.unlink(missing_ok=True)
        write_once(password_file, password)
        self.user.own(password_file)
        locale = ["--locale=C"]
        if self.programs.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            status, said = self.programs.run(
                "initdb", "-D", str(draft), "-U", SUPERUSER, "-A", "scram-sha-256", "-k", "--encoding=UTF8",
                *locale, f"--pwfile={password_file}", "--no-instructions", user=self.user,
            )  # fmt: skip
        finally:
            password_file.unlink(missing_ok=True)
        if status != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise _failure("The embedded PostgreSQL could not make its data directory", said, self.root)
        draft.rename(self.data)

    def running(self) -> tuple[int, int] | None:
        """The process and the port of this directory's server, if one is alive."""
        known = self._pid_file()
        return known if known and is_server_of(known[0], self.data) else None

    def _pid_file(self) -> tuple[int, int] | None:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), int(lines[3])
        except (OSError, ValueError, IndexError):
            return None

    def start(self) -> tuple[int, int]:
        """Start the server; the process and the port.

        The port is a free one, but after a crash that of the server that died: the processes that used it
        find the new one there.

        After a kill -9 the server's children live on for a moment and hold its shared memory, and the
        killed process may wait to be reaped: both pass, so the start is tried again for a while.
        """
        self._check_version()
        self._rotate_log()
        said = ""
        deadline = time.monotonic() + START_WAIT_SECONDS
        ports_taken = 0
        crashed = self._pid_file()
        port = crashed[1] if crashed else free_port()
        while time.monotonic() < deadline:
            if alive := self.running():
                return alive
            # A pid file whose process is gone, is a zombie or is another program keeps no server out.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            begin = self.log.stat().st_size if self.log.exists() else 0
            status, said = self._launch(port)
            if status == 0 and (alive := self.running()):
                return alive
            said += self._log_since(begin)
            if "Address already in use" in said:
                ports_taken += 1
                if ports_taken >= PORT_TRIES:
                    break
                port = free_port()
            elif not re.search(r"shared memory block|lock file .* already exists", said):
                break
            else:
                time.sleep(0.2)
        raise _failure("The embedded PostgreSQL did not start", said, self.log)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server and wait for it; none running is fine."""
        if self.running() is None:
            return
        status, said = self.programs.run(
            "pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", "-t", "60", user=self.user
        )
        if status != 0 and self.running() is not None:
            raise _failure("The embedded PostgreSQL did not stop", said, self.log)

    def _launch(self, port: int) -> tuple[int, str]:
        chosen = {**self.settings, "port": str(port)}
        options = " ".join(f"-c {name}={value}" for name, value in chosen.items())
        return self.programs.run(
            "pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), "-o", options,
            "-w", "-t", str(START_WAIT_SECONDS), user=self.user,
        )  # fmt: skip

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(self.programs.major):
            raise HassError(
                "postgres-other-version",
                f"The data in {self.data} were written by PostgreSQL {version}, but the programs in "
                f"{self.programs.bin} are version {self.programs.major}. Set HASS_PG_BIN to the bin "
                f"folder of a PostgreSQL {version}, or set HASS_HOME to a new folder "
                "to begin with an empty database.",
                500,
            )

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.old"))

    def _log_since(self, begin: int) -> str:
        try:
            with self.log.open("rb") as stream:
                stream.seek(begin)
                return stream.read(20_000).decode("utf-8", "replace")
        except OSError:
            return ""


def is_server_of(pid: int, data: Path) -> bool:
    """Whether that process is alive and is the server of that data directory.

    A zombie has no command line, and after a restart of the machine the number may be another program's.
    """
    status = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            arguments = [os.path.realpath(each) for each in status.read_bytes().split(b"\0") if each]
            return os.fsencode(data.resolve()) in arguments
        except OSError:
            return False
    code, said = run_as(ServerUser(), ["ps", "-o", "stat=,command=", "-p", str(pid)])
    return code == 0 and not said.startswith("Z") and str(data) in said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare_root(root: Path, user: ServerUser) -> None:
    """Make the server's folder, closed to all others, and check that the server's user gets there."""
    try:
        if not root.exists():
            root.mkdir(mode=0o700, parents=True)
            user.own(root)
    except OSError as error:
        raise HassError(
            "home-unwritable",
            f"The folder {root} cannot be made: {error.strerror}. Set HASS_HOME to a folder you may write.",
            500,
        ) from error
    if user.name is None:
        return
    for parent in reversed(root.parents):
        if run_as(user, ["/bin/sh", "-c", 'test -x "$1"', "sh", str(parent)])[0] != 0:
            raise HassError(
                "home-closed",
                f"PostgreSQL cannot run as root, so it runs as the user {user.name}, who may not enter "
                f"{parent}. Set HASS_HOME to a folder that this user can reach, such as /var/lib/hass.",
                500,
            )


@contextlib.contextmanager
def embedded_server(home: Path | None = None, progress: Progress = _silent) -> Iterator[Server]:
    """Use the embedded server: start it where none runs, stop it where nobody else uses it."""
    home = home or get_settings().home
    root = home / "postgres"
    with contextlib.ExitStack() as held:
        with _starting(home):
            users = held.enter_context(_open_lock(home / "postgres.users"))
            fcntl.flock(users, fcntl.LOCK_SH)
            user = server_user(root)
            prepare_root(root, user)
            cluster = Cluster(root, find_programs(get_settings().pg_bin, root, user), user)
            try:
                server = _bring_up(cluster, home, progress)
            except BaseException:
                # Interrupted halfway: a server that nobody uses must not stay behind.
                _stop_if_last(cluster, users)
                raise
        try:
            yield server
        finally:
            with _starting(home):
                _stop_if_last(cluster, users)


def _bring_up(cluster: Cluster, home: Path, progress: Progress) -> Server:
    passwords = _passwords(home, is_new=not cluster.data.exists())
    alive = cluster.running()
    started_here = alive is None
    if not cluster.data.exists():
        progress("Making the database (first start only) ...")
        cluster.create(passwords[SUPERUSER])
    if alive is None:
        progress("Starting the database ...")
        alive = cluster.start()
    pid, port = alive
    owner_url = server_url(port, SUPERUSER, passwords[SUPERUSER])
    app_url = server_url(port, APP_LOGIN, passwords[APP_LOGIN])
    try:
        version = _ensure_database(server_url(port, SUPERUSER, passwords[SUPERUSER], "postgres"), passwords)
    except psycopg.OperationalError as error:
        raise HassError(
            "embedded-unreachable",
            f"The embedded PostgreSQL runs (process {pid}) but does not let us in: {str(error).strip()} "
            f"Its log is {cluster.log}.",
            503,
        ) from error
    return Server(owner_url, app_url, version, cluster.data, started_here, port, pid)


def _ensure_database(url: str, passwords: Mapping[str, str]) -> int:
    """Make the application's login and the database where they are missing; the server's version number."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_LOGIN]).fetchone()
        if row is None:
            connection.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
                ).format(sql.Identifier(APP_LOGIN), sql.Literal(passwords[APP_LOGIN]))
            )
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if row is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return connection.info.server_version


def server_url(port: int, user: str, password: str, database: str = DATABASE) -> str:
    return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


def _passwords(home: Path, *, is_new: bool) -> dict[str, str]:
    path = home / "postgres.json"
    if not path.exists():
        if not is_new:
            raise HassError(
                "passwords-lost",
                f"{path} is missing: it holds the passwords of the database in {home / 'postgres'}. "
                "Bring it back from a backup, or set HASS_HOME to a new folder.",
                500,
            )
        fresh = {login: secrets.token_urlsafe(24) for login in (SUPERUSER, APP_LOGIN)}
        write_once(path, json.dumps(fresh))
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise HassError("passwords-unreadable", f"{path} cannot be read: {error}.", 500) from error


def _stop_if_last(cluster: Cluster, users: int) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    cluster.stop()


@contextlib.contextmanager
def _starting(home: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with _open_lock(home / "postgres.lock") as lock:
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise HassError(
                        "home-locked",
                        f"Another process has been starting the database in {home} for "
                        f"{LOCK_WAIT_SECONDS:.0f} seconds. End it and try again.",
                        503,
                    ) from None
                time.sleep(0.05)
        yield


@contextlib.contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        what = "is full" if error.errno == errno.ENOSPC else f"cannot be used: {error.strerror}"
        raise HassError(
            "home-unwritable",
            f"The folder {path.parent} {what}. Set HASS_HOME to a folder you may write.",
            500,
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _failure(what: str, said: str, where: Path) -> HassError:
    """A sentence with the server's own reason."""
    if "No space left on device" in said:
        return HassError(
            "disk-full", f"{what}: the disk is full. Make room beside {where} and try again.", 507
        )
    reasons = [line for line in said.splitlines() if re.search(r"FATAL|PANIC|error|could not", line)]
    reason = (reasons or said.strip().splitlines() or ["it gave no reason"])[-1].strip()
    return HassError("embedded-failed", f"{what}: {reason} (see {where}).", 500)
