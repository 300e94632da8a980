"""Resources a second of `hass import fhir`: the 20 sample bundles into a fresh embedded PostgreSQL, fsync on.

Alone, and with bundles of your own: .venv/bin/python bench/import_bench.py FOLDER"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from scratch import BACKEND, hass, scratch_home, use

BUNDLES = BACKEND / "tests" / "fhir" / "data"


def run(folder: Path = BUNDLES) -> dict[str, Any]:
    with scratch_home() as home:
        use(home)
        from app.core.database import open_database
        from app.fhir.importer import import_paths

        with open_database() as urls:
            hass(home, "migrate")
            hass(home, "seed")
            first, again = (asyncio.run(import_paths([folder], url=urls.app_url)) for _ in range(2))
    if first.broken or again.new:
        raise SystemExit(f"The import went wrong: {first.broken or again.placed}")
    return {
        "resources": first.resources,
        "resources_per_second": round(first.resources / first.seconds),
        "resources_per_second_when_unchanged": round(again.resources / again.seconds),
    }


if __name__ == "__main__":
    for figure, value in run(*map(Path, sys.argv[1:2])).items():
        print(f"{figure:<36} {value:,}")
