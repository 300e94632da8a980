"""Resources a second of `hass import fhir`, on a fresh embedded PostgreSQL as an operator runs it (fsync on).

Run from the project's root: .venv/bin/python bench/import_bench.py [FOLDER OF BUNDLES]"""

import argparse
import asyncio
import json
import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUNDLES = ROOT / "backend" / "tests" / "fhir" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=BUNDLES)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    # Root's server runs as another user, who must be able to enter the folder.
    home = Path(tempfile.mkdtemp(prefix="hass-bench-", dir="/var/lib" if os.geteuid() == 0 else None))
    home.chmod(0o755)
    try:
        figures = measure(arguments.folder, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print(
            f"import of {figures['resources']:,} resources: {figures['resources_per_second']:,} resources/s; "
            f"again, unchanged: {figures['resources_per_second_unchanged']:,} resources/s"
        )


def measure(folder: Path, home: Path) -> dict[str, int]:
    for name in [name for name in os.environ if name.startswith("HASS_") and name != "HASS_PG_BIN"]:
        del os.environ[name]
    os.environ.update(HASS_HOME=str(home), HASS_DEMO="1")

    from app import demo
    from app.core import migrations
    from app.core.database import open_database
    from app.fhir.importer import import_paths

    with open_database() as urls:
        migrations.upgrade()
        demo.seed(quiet=True)
        first, again = (asyncio.run(import_paths([folder], url=urls.app_url)) for _ in range(2))
    if first.broken or again.new:
        raise SystemExit(f"The import went wrong: {first.broken or again.placed}")
    return {
        "resources": first.resources,
        "resources_per_second": round(first.resources / first.seconds),
        "resources_per_second_unchanged": round(again.resources / again.seconds),
    }


if __name__ == "__main__":
    main()
