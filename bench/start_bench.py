"""From a fresh clone to the login page, packages cached; then a second start."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from scratch import BACKEND, scratch_home

PROJECT = BACKEND.parent
LIMIT_SECONDS = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clone(into: Path) -> None:
    """What git has of the project, in a new folder."""
    subprocess.run(["git", "clone", "-q", str(PROJECT), str(into)], check=True, stdin=subprocess.DEVNULL)


def seconds_to_login(project: Path, home: Path) -> float:
    """Run `make demo` until the login page answers, then end it as Ctrl-C would."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HASS_")}
    environment |= {"HASS_HOME": str(home), "PORT": str(port)}
    begin = time.monotonic()
    demo = subprocess.Popen(
        ["make", "demo"],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=5) as page:
                    if page.status == 200:
                        return time.monotonic() - begin
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            if demo.poll() is not None or time.monotonic() - begin > LIMIT_SECONDS:
                raise SystemExit("make demo did not serve the login page")
            time.sleep(0.05)
    finally:
        os.killpg(demo.pid, signal.SIGTERM)
        demo.wait(60)


def run() -> dict[str, Any]:
    with scratch_home() as folder:
        project = folder / "clone"
        clone(project)
        first = seconds_to_login(project, folder / "home")
        second = seconds_to_login(project, folder / "home")
        shutil.rmtree(project)
    return {"fresh clone to login page s": round(first, 1), "second start s": round(second, 1)}


if __name__ == "__main__":
    print(run())
