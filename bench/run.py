"""Every measurement of HASS, printed and kept as JSON: `make bench`, or `run.py chart import` for some of them.

Machines differ and are shared: compare runs on one machine, one after the other."""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import audit_bench
import chart_bench
import import_bench
import start_bench
import vitals_bench
import ward_bench

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "backend"))
MEASUREMENTS = {
    "audit": audit_bench.run,
    "import": import_bench.run,
    "chart": chart_bench.run,
    "start": start_bench.run,
    "vitals": vitals_bench.run,
    "ward": ward_bench.run,
}
RESULTS = Path(__file__).with_name("results")


def main(names: list[str]) -> None:
    unknown = sorted(set(names) - set(MEASUREMENTS))
    if unknown:
        raise SystemExit(f"Not measured here: {', '.join(unknown)}. Known: {', '.join(MEASUREMENTS)}.")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    results: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine}
    print(results["machine"])
    for name in names or MEASUREMENTS:
        results[name] = MEASUREMENTS[name]()
        for figure, value in results[name].items():
            print(f"{name:<8} {figure:<34} {value}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"local-{results['at'].replace(':', '')}.json"
    kept.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"kept in {kept.relative_to(Path.cwd()) if kept.is_relative_to(Path.cwd()) else kept}")


if __name__ == "__main__":
    main(sys.argv[1:])
