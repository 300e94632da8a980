"""The key that seals the trail, and how far this machine knows the chain to go: files only their owner can read.

Neither stands in the database, so whoever rules the database can make no seal, and cannot cut the chain unseen."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import HassError
from app.core.secrets import KEY_BYTES, write_once
from app.core.settings import get_settings


@dataclass(frozen=True)
class AuditKey:
    """`id` stands on every seal, so that a seal of another key is told from a forged one."""

    id: str
    secret: bytes


@dataclass(frozen=True)
class ChainHead:
    """The newest seal that this machine made or saw made."""

    number: int
    seal: str


def key_path() -> Path:
    return get_settings().audit_key_file or get_settings().home / "audit.key"


def head_path() -> Path:
    return key_path().with_suffix(".head")


def audit_key(*, make: bool) -> AuditKey:
    """The key; made where it is missing and `make` says so, which only the first seal of a chain may."""
    path = key_path()
    if make and not path.exists() and get_settings().audit_key_file is None:
        write_once(path, secrets.token_hex(KEY_BYTES))
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        secret = path.read_bytes().strip()
    except OSError as error:
        if make and isinstance(error, FileNotFoundError):
            raise HassError(
                "audit-key-missing",
                f"HASS_AUDIT_KEY_FILE names {path}, which does not exist, and nothing is sealed yet. Make it:"
                f" (umask 077; openssl rand -hex {KEY_BYTES} > '{path}')",
                500,
            ) from error
        raise HassError(
            "audit-key-unreadable",
            f"The audit key {path} cannot be read: {error.strerror}. Bring it back from your backup: without it the "
            "seals of the audit trail can be neither made nor checked.",
            500,
        ) from error
    if mode & 0o077:
        raise HassError(
            "audit-key-open", f"The audit key {path} is readable by other users. Run: chmod 600 '{path}'", 500
        )
    if len(secret) < KEY_BYTES:
        raise HassError(
            "audit-key-short",
            f"The audit key {path} is shorter than {KEY_BYTES} bytes. Bring it back from your backup.",
            500,
        )
    return AuditKey(hashlib.sha256(b"hass audit key id" + secret).hexdigest()[:16], secret)


def known_head() -> ChainHead | None:
    """None where this machine has sealed nothing yet."""
    try:
        number, seal = head_path().read_text(encoding="ascii").split()
        return ChainHead(int(number), seal)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise HassError(
            "audit-head-unreadable", f"The file {head_path()} cannot be read; it names the newest seal.", 500
        ) from error


def remember_head(head: ChainHead) -> None:
    """Note the newest seal, whole or not at all; of several processes the one that is furthest wins."""
    path = head_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(HassError):
            if (known := known_head()) is not None and known.number >= head.number:
                return
        draft = path.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(f"{head.number} {head.seal}\n")
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        os.close(lock)
