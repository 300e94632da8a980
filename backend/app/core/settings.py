"""Every setting of HASS: one environment variable each, read once."""

import os
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.errors import HassError


def default_home() -> Path:
    """Where the embedded database and the keys live.

    The home directory of root is closed to the unprivileged user that the database server runs as,
    so root gets a folder of the system instead.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/hass")
    return user_data_path("hass", appauthor=False)


def _absolute(path: Path) -> Path:
    # Resolved, so that one folder has one name: a running server is known by its data directory.
    return path.expanduser().resolve()


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


def _networks(listed: str) -> str:
    for each in listed.split(","):
        if not ip_network(each.strip()).prefixlen:
            raise ValueError("names everybody, and everybody could then write an address into the trail")
    return listed


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("needs an address like https://hass.example, without a path")
    return f"{parts.scheme}://{parts.netloc}".lower()


class Settings(BaseSettings):
    """What an operator can choose. An empty variable counts as one that is not set."""

    model_config = SettingsConfigDict(
        env_prefix="HASS_", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: str | None = Field(default=None, repr=False)
    """A libpq URL of the server to use; the embedded PostgreSQL when not set."""
    owner_database_url: str | None = Field(default=None, repr=False)
    """The login for migrations and backup, by default that of `database_url`."""
    home: AbsolutePath = Field(default_factory=default_home)
    """The folder of the embedded database and of the keys."""
    pg_bin: AbsolutePath | None = None
    """The folder with initdb and postgres to use for the embedded database."""
    demo: bool = False
    """Allows the demo's well-known passwords."""
    storage_url: str | None = Field(default=None, repr=False)
    """Where files are kept, as obstore reads it (s3://bucket/prefix ...); a folder below `home` when not set."""
    secret_file: AbsolutePath | None = None
    """The file that holds the signing key; made below `home` when not set."""
    audit_key_file: AbsolutePath | None = None
    """The file that holds the key of the audit trail's seals; made below `home` when not set."""
    audit_keep_months: int = Field(default=72, ge=12, le=1200)
    """How long `hass audit prune` keeps the trail; HIPAA asks for six years (45 CFR 164.316(b)(2))."""
    smtp_url: str | None = Field(default=None, repr=False)
    """The mail server, such as smtps://user:password@mail.example:465?from=hass@hospital.example; without it no
    mail leaves, and the demo shows each on a page."""
    public_url: Annotated[str, AfterValidator(_origin)] | None = None
    """The address people open HASS at, such as https://hass.example, also in mails; http://127.0.0.1 and the port
    when not set. Other host names are then refused, and cookies sent over https only."""
    lock_minutes: int = Field(default=15, ge=1, le=240)
    """Quiet minutes after which a page locks itself."""
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="PORT")
    """The port of the web server."""
    trusted_proxies: Annotated[str, AfterValidator(_networks)] | None = None
    """Addresses or networks, with commas, of the proxies whose X-Forwarded-For and -Proto are believed."""
    requests_per_minute: int = Field(default=1200, ge=0)
    """The most requests a minute of one sign-in, and of one address without a sign-in; 0 sets no limit."""
    jobs_in_server: bool = True
    """Whether `hass serve` does the background jobs too; 0 where `hass worker` runs beside it."""
    stream_seconds: int = Field(default=900, ge=0, le=3600)
    """How long one stream of live changes lasts before the reader asks for the next; below what a proxy cuts off."""
    sign_ins_per_minute: int = Field(default=120, ge=0)
    """The most attempts a minute, from one address, to sign in or to set a password; 0 sets no limit."""

    @property
    def address(self) -> str:
        """Where people open HASS, without a slash at its end."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def is_embedded(self) -> bool:
        return self.database_url is None

    @property
    def is_https(self) -> bool:
        """Browsers reach the server by https, whoever ends it."""
        return (self.public_url or "").startswith("https://")

    @property
    def proxies(self) -> list[str]:
        return [each.strip() for each in (self.trusted_proxies or "").split(",") if each.strip()]


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process; `get_settings.cache_clear()` reads them anew."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{_variable(problem['loc'])}: {problem['msg']}" for problem in error.errors())
        raise HassError(
            "settings-invalid", f"A setting cannot be understood ({problems}). Correct it and try again.", 500
        ) from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "?"
    return name if name == "PORT" else f"HASS_{name.upper()}"
