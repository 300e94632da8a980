"""Sets of vital signs recorded each second through the API (sign-in, NEWS2, audit, row-level security, events for open
pages), beside what pgbench reaches with the same statements on the same database.

The statements are those that the application sends for one set, taken down as it sends them. Both sides take turns;
each has as many clients, and the load of ours runs on the same machine.

Alone: .venv/bin/python bench/vitals_bench.py"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import ward_bench
from scratch import BACKEND, hass, scratch_home, use

PATIENTS, CLIENTS, SECONDS, TURNS = 2_000, 8, 8, 3
SIGNS = {
    "temperature": 36.8, "heart_rate": 72, "respiratory_rate": 16, "spo2": 97, "blood_pressure_systolic": 124,
    "blood_pressure_diastolic": 78, "consciousness": "A", "supplemental_oxygen": False,
}  # fmt: skip
LOGIN = {"email": "nurse@hass.example", "password": "nurse123"}


class Stay(NamedTuple):
    visit: str
    patient: str


def run() -> dict[str, Any]:
    with scratch_home() as home:
        use(home)
        from app.core.database import open_database

        with open_database() as urls:
            hass(home, "migrate")
            hass(home, "seed")
            visits = fill(urls.owner_url)
            script = asyncio.run(statements(urls.app_url, visits[0].visit))
            with serving(home) as address:
                return measure(urls.app_url, address, script, visits)


def fill(owner_url: str) -> list[Stay]:
    """A house of 160 people."""
    import psycopg

    with psycopg.connect(owner_url, autocommit=True) as owner:
        ward_bench.fill(owner, 1, PATIENTS)
        with owner.transaction():
            owner.execute(ward_bench.HOUSE)  # type: ignore[arg-type]
        for table in ward_bench.TABLES:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        ward_bench.settle(owner)
        found = owner.execute(
            "SELECT id, patient_id FROM visits WHERE status = 'active' AND reason_for_visit = 'Bench' ORDER BY id"
        )
        return [Stay(str(visit), str(patient)) for visit, patient in found.fetchall()]


async def statements(url: str, visit: str) -> list[str]:
    """What the application sends for one set of that visit, with the values in their places."""
    import httpx
    from sqlalchemy import event

    from app.main import create_app

    app = create_app(url)
    taken: list[str] = []
    async with app.router.lifespan_context(app):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bench")
        token = (await client.post("/api/v1/auth/login", json=LOGIN)).json()["access_token"]
        event.listen(
            app.state.engine.sync_engine,
            "before_cursor_execute",
            lambda _connection, _cursor, statement, given, *_: taken.append(filled(statement, given)),
        )
        answer = await client.post(
            f"/api/v1/visits/{visit}/vitals", json=SIGNS, headers={"Authorization": f"Bearer {token}"}
        )
        made = answer.json()
        assert answer.status_code == 201, answer.text
    # Each set has an id of its own.
    return [each.replace(f"'{made['id']}'", "gen_random_uuid()") for each in taken]


def filled(statement: str, given: Any) -> str:
    return re.sub(r"\$(\d+)", lambda match: literal(given[int(match[1]) - 1]), statement).replace("\n", " ")


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


@contextlib.contextmanager
def serving(home: Path) -> Iterator[str]:
    """The address of a server of its own process, with its worker beside it."""
    environment = {**os.environ, "HASS_HOME": str(home), "HASS_DEMO": "1", "HASS_REQUESTS_PER_MINUTE": "0"}
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    # Into a file: nobody reads a pipe meanwhile, and a server that cannot write its log stands still.
    log = home / "serve.log"
    with (
        log.open("w") as lines,
        subprocess.Popen(command, cwd=BACKEND, env=environment, stderr=lines) as server,
    ):
        try:
            while (found := re.search(r"HASS is ready on (http://\S+)", log.read_text(encoding="utf-8"))) is None:
                assert server.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.1)
            yield found[1]
        finally:
            server.terminate()


def measure(app_url: str, address: str, script: list[str], visits: list[Stay]) -> dict[str, Any]:
    ours, floor = [], []
    for _ in range(TURNS):
        ours.append(asyncio.run(load(address, visits)))
        floor.append(pgbench(app_url, script, visits))
    per_second, reached = statistics.median(ours), statistics.median(floor)
    return {
        "clients": CLIENTS,
        "statements of a set": len(script),
        "sets a second": round(per_second),
        "pgbench sets a second": round(reached),
        "share of pgbench": round(per_second / reached, 3),
    }


def pgbench(app_url: str, script: list[str], visits: list[Stay]) -> float:
    """Transactions a second, each client on its own visits, as hass_app."""
    program = shutil.which("pgbench")
    if program is None:
        raise SystemExit("pgbench is not here (Debian: apt-get install postgresql-contrib).")
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, stay in enumerate(visits[: CLIENTS * 4]):
            path = Path(folder) / f"{number}.sql"
            lines = ["BEGIN", *(of_stay(each, visits[0], stay) for each in script), "COMMIT"]
            path.write_text("".join(f"{line};\n" for line in lines), encoding="utf-8")
            files += ["-f", str(path)]
        command = [program, "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), *files, app_url]
        environment = {**os.environ, "PGOPTIONS": "-c role=hass_app"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None or done.returncode:
        raise SystemExit(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return float(found[1])


def of_stay(statement: str, taken_down: Stay, stay: Stay) -> str:
    for old, new in zip(taken_down, stay, strict=True):
        statement = statement.replace(f"'{old}'", f"'{new}'")
    return statement


async def load(address: str, visits: list[Stay]) -> float:
    """Sets a second through the API, each client on its own connection and visits."""
    host = urlsplit(address)
    token = await sign_in(host)
    until = time.perf_counter() + SECONDS
    counts = await asyncio.gather(
        *(record(host, token, visits[number :: CLIENTS][:4], until) for number in range(CLIENTS))
    )
    return sum(counts) / SECONDS


async def record(host: Any, token: str, visits: list[Stay], until: float) -> int:
    body = json.dumps(SIGNS).encode()
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    done = 0
    while time.perf_counter() < until:
        head = (
            f"POST /api/v1/visits/{visits[done % len(visits)].visit}/vitals HTTP/1.1\r\nHost: {host.netloc}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        status, _ = await answer_of(reader)
        assert status == 201, status
        done += 1
    writer.close()
    return done


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = re.search(r"content-length: (\d+)", head)
    assert length is not None
    return int(head.split(" ", 2)[1]), await reader.readexactly(int(length[1]))


async def sign_in(host: Any) -> str:
    body = json.dumps(LOGIN).encode()
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(
        f"POST /api/v1/auth/login HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    _, answer = await answer_of(reader)
    writer.close()
    return str(json.loads(answer)["access_token"])


if __name__ == "__main__":
    for figure, value in run().items():
        print(f"{figure:<36} {value}")
