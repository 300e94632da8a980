"""The key that signs tokens: a file only its owner can read, made on first use."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from app.core.errors import HassError
from app.core.settings import get_settings

KEY_BYTES = 32


def signing_key() -> bytes:
    """The bytes of `HASS_SECRET_FILE`, else of `secret.key` in `HASS_HOME`, made where it is missing."""
    settings = get_settings()
    if settings.secret_file is not None:
        return _read(settings.secret_file)
    path = settings.home / "secret.key"
    if not path.exists():
        write_once(path, secrets.token_hex(KEY_BYTES))
    return _read(path)


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


def _read(path: Path) -> bytes:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes().strip()
    except OSError as error:
        raise HassError(
            "secret-unreadable", f"The signing key {path} cannot be read: {error.strerror}.", 500
        ) from error
    if mode & 0o077:
        raise HassError(
            "secret-open", f"The signing key {path} is readable by other users. Run: chmod 600 '{path}'", 500
        )
    if len(key) < KEY_BYTES:
        raise HassError(
            "secret-short",
            f"The signing key {path} is shorter than {KEY_BYTES} bytes. Write a longer random one.",
            500,
        )
    return key
