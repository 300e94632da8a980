"""A hospital for one measurement: an embedded PostgreSQL with its usual safe settings, in a folder that is removed."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

BACKEND = Path(__file__).resolve().parent.parent / "backend"


@contextlib.contextmanager
def scratch_home() -> Iterator[Path]:
    """A new HASS_HOME. For root it lies where the database's own user may enter."""
    home = Path(tempfile.mkdtemp(prefix="hass-bench-", dir="/var/lib" if os.geteuid() == 0 else None))
    # mkdtemp closes the folder to all others; the unprivileged server has to pass through it.
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def hass(home: Path, *arguments: str) -> str:
    """What a `hass` command prints, run in a process of its own on that home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HASS_")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=BACKEND,
        env={**environment, "HASS_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"hass {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def use(home: Path) -> None:
    """Point the application in this process at that home."""
    for name in [name for name in os.environ if name.startswith("HASS_")]:
        del os.environ[name]
    os.environ["HASS_HOME"] = str(home)
    from app.core.settings import get_settings

    # Measurements follow one another in one process.
    get_settings.cache_clear()
