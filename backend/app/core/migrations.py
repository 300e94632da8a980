"""Running the migrations, and telling whether a database has them all."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg

from app.core.errors import HassError

ALEMBIC_INI = Path(__file__).resolve().parents[2] / "alembic.ini"


def _config() -> Any:
    from alembic.config import Config

    if not ALEMBIC_INI.exists():
        raise HassError(
            "no-migrations",
            f"The migrations are missing ({ALEMBIC_INI}). HASS runs from its own folder: use make demo.",
            500,
        )
    return Config(ALEMBIC_INI)


@lru_cache(maxsize=1)
def head() -> str:
    """The newest revision that this release brings."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(connection: psycopg.Connection[Any]) -> str | None:
    """The revision of the database; None where nothing was ever migrated."""
    row = connection.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return None
    row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return str(row[0]) if row else None


def check_known(found: str | None) -> None:
    """Refuse a database that another release has brought further than this one knows."""
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise HassError(
            "revision-unknown",
            f"The database is at revision {found}, which this release of HASS does not know: a newer one made "
            "it. Use that release, or another database.",
            503,
        )


def check_current(found: str | None) -> None:
    """Refuse a database whose tables are not those of this release, before anything is read or written."""
    if found is None:
        raise HassError("not-migrated", "The database has no tables of HASS yet. Run: hass migrate", 503)
    check_known(found)
    if found != head():
        raise HassError(
            "migrations-pending",
            f"The database is at revision {found}, this release needs {head()}. Run: hass migrate",
            503,
        )


def upgrade() -> None:
    """Bring the database of this process's settings to the newest revision."""
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(_config(), "head")
    except CommandError as error:
        raise HassError("migration-failed", str(error), 503) from error
