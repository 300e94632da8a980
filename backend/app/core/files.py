"""Files that people bring, kept by obstore: in a folder below HASS_HOME, or wherever HASS_STORAGE_URL points."""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.settings import get_settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore


@lru_cache(maxsize=4)
def _store(url: str | None, home: str) -> "ObjectStore":
    # Loaded with the first file: commands that touch none do not wait for it.
    from obstore.store import LocalStore, from_url

    return from_url(url) if url else LocalStore(str(Path(home) / FOLDER), mkdir=True)


def _open() -> "ObjectStore":
    settings = get_settings()
    return _store(settings.storage_url, str(settings.home))


# A store over the network is tried for minutes before it is given up: too long for who asks how we are.
ANSWERS_WITHIN_SECONDS = 3
FOLDER = "files"


async def can_keep_files() -> bool:
    """Whether the store answers; nothing is written to find out."""
    settings = get_settings()
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
            await _open().head_async("health")
    except FileNotFoundError:
        # The store looked. A folder that is gone has no such file either.
        return settings.storage_url is not None or (settings.home / FOLDER).is_dir()
    except Exception:  # noqa: BLE001 - each kind of store fails in its own way, and all mean the same.
        return False
    return True


async def keep_file(key: str, body: bytes) -> None:
    """Store `body` under `key`, such as `logos/abc.png`; what stood there is replaced."""
    await _open().put_async(key, body)


async def read_file(key: str) -> bytes | None:
    """What stands under `key`; None when nothing does."""
    try:
        found = await _open().get_async(key)
    except FileNotFoundError:
        return None
    return bytes(await found.bytes_async())
