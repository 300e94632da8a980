"""Files that people bring, kept by obstore: in a folder below HASS_HOME, or wherever HASS_STORAGE_URL points."""

from functools import lru_cache
from typing import TYPE_CHECKING

from app.core.settings import get_settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore


@lru_cache(maxsize=4)
def _store(url: str | None, home: str) -> "ObjectStore":
    # Loaded with the first file: commands that touch none do not wait for it.
    from obstore.store import LocalStore, from_url

    return from_url(url) if url else LocalStore(f"{home}/files", mkdir=True)


def _open() -> "ObjectStore":
    settings = get_settings()
    return _store(settings.storage_url, str(settings.home))


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
