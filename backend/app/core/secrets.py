"""The keys that sign tokens and forms: a file only its owner can read, made on first use, rotated with overlap.

A line holds a key, the first one the key in use; an older one is followed by the instant it was retired at. A file of
any other form is one key as it stands."""

import contextlib
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock

from app.core.errors import HassError
from app.core.settings import get_settings

KEY_BYTES = 32


# A form may stand open for as long as a page's sign-in lasts.
KEPT_FOR = timedelta(hours=14)


@dataclass(frozen=True)
class Key:
    """One key; `id` names it in a token and tells nothing of it."""

    secret: bytes = field(repr=False)
    retired_at: datetime | None = None

    @property
    def id(self) -> str:
        return hashlib.sha256(b"key id:" + self.secret).hexdigest()[:12]

    def verifies(self, now: datetime, overlap: timedelta) -> bool:
        """Whether what it signed may still be about, when that lives for `overlap`."""
        return self.retired_at is None or now < self.retired_at + overlap


def key_file() -> Path:
    """`HASS_SECRET_FILE`, else `secret.key` in `HASS_HOME`."""
    settings = get_settings()
    return settings.secret_file or settings.home / "secret.key"


def keys() -> tuple[Key, ...]:
    """Every key of the file, the one in use first; made where our own file is missing.

    Read anew each time, so that a rotation reaches a running server."""
    path = key_file()
    if get_settings().secret_file is None and not path.exists():
        write_once(path, secrets.token_hex(KEY_BYTES))
    return _read(path)


def signing_key() -> bytes:
    """The key in use."""
    return keys()[0].secret


def rotate(now: datetime, *, at_once: bool = False) -> Key:
    """Put a new key first. The one before it verifies what it signed until that has lapsed; `at_once`: not at all."""
    path = key_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock"), mode=0o600):
            known = keys()
            older = [Key(known[0].secret, now), *known[1:]]
            kept = [] if at_once else [key for key in older if key.verifies(now, KEPT_FOR)]
            fresh = Key(secrets.token_hex(KEY_BYTES).encode())
            _replace(path, b"".join(_line(key) for key in (fresh, *kept)))
    except OSError as error:
        raise HassError(
            "secret-unwritable",
            f"The signing key {path} cannot be replaced: {error.strerror}. Run this as the owner of its folder.",
            500,
        ) from error
    return fresh


def _line(key: Key) -> bytes:
    return key.secret + (b"" if key.retired_at is None else f" {key.retired_at.isoformat()}".encode()) + b"\n"


def _replace(path: Path, body: bytes) -> None:
    """The new file whole or the old one, with the owner it had: root may rotate for the server's user."""
    before = path.stat()
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(draft, before.st_uid, before.st_gid)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_once(path: Path, text: str) -> None:
    """Write a file of mode 0600 whole or not at all; where another process was first, its file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # A hard link, unlike a rename, fails where the file exists: two processes agree on one key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> tuple[Key, ...]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        found = _parse(path.read_bytes().strip())
    except OSError as error:
        raise HassError(
            "secret-unreadable", f"The signing key {path} cannot be read: {error.strerror}.", 500
        ) from error
    if mode & 0o077:
        raise HassError(
            "secret-open", f"The signing key {path} is readable by other users. Run: chmod 600 '{path}'", 500
        )
    if min(len(key.secret) for key in found) < KEY_BYTES:
        raise HassError(
            "secret-short",
            f"The signing key {path} is shorter than {KEY_BYTES} bytes. Write a longer random one.",
            500,
        )
    return found


def _parse(body: bytes) -> tuple[Key, ...]:
    first, *older = body.split(b"\n")
    try:
        retired = [line.decode("ascii").split() for line in older]
        # One word for the key in use, two for each older one; any other shape is a single key.
        return (
            Key(first.strip()),
            *(Key(secret.encode(), datetime.fromisoformat(instant)) for secret, instant in retired),
        )
    except ValueError:
        return (Key(body),)
