"""A real browser on a real server: uvicorn in a thread, Chromium driven by Playwright."""

import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from factories import HOUR, NOW, Make
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from served import PASSWORDS, Hospitals

from app.core.settings import Settings
from app.doctor import find_browser
from app.main import create_app

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = (1440, 900)


@pytest.fixture(scope="session")
def address(hospitals: Hospitals) -> Iterator[str]:
    """Where the demo hospital is served."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(hospitals.database.app_url, demo=True, settings=Settings(stream_seconds=900)),
            log_level="warning",
            access_log=False,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def quentin(hospitals: Hospitals) -> UUID:
    """Somebody whom the demo hospital does not treat, and of whom Lakeside has published two records.

    The doctor's emergency access to them lives; one of the nurse to John's waits for its review."""
    with hospitals.database.owner() as connection:
        make = Make(connection)
        found = connection.execute(
            "SELECT p.id, p.hospital_id, p.person_id, h.code FROM patients p JOIN hospitals h ON h.id = p.hospital_id"
            " WHERE p.id = ANY(%s) ORDER BY h.code DESC",
            ([hospitals.john, hospitals.nora],),
        ).fetchall()
        john, nora = ({"id": a, "hospital_id": b, "person_id": c, "code": d} for a, b, c, d in found)
        users = connection.execute(
            "SELECT split_part(email::text, '@', 1), id FROM users WHERE email LIKE '%@hass.example'"
        )
        login = {name: {"id": user_id} for name, user_id in users.fetchall()}
        person = make.person(first_name="Quentin", last_name="Examplename")
        here = make.patient(hospital={"id": john["hospital_id"], "code": "NGH"}, person=person)
        there = make.patient(hospital={"id": nora["hospital_id"], "code": "LSH"}, person=person)
        visit = make.visit(patient=there, status="discharged")
        for degree in ("N", "R"):
            published = {"status": "synced", "synced_at": NOW, "confidentiality": degree}
            make.emr_global(record=make.emr_local(visit=visit), person=person, **published)
        # Somebody waits in the emergency department, and Lakeside asks for a bed.
        waiting = make.patient(hospital={"id": john["hospital_id"], "code": "NGH"})
        triage = {"triage_level": 2, "triaged_at": NOW, "triaged_by_id": login["nurse"]["id"]}
        make.visit(patient=waiting, visit_type="emergency", **triage)
        make.transfer_request(visit=make.visit(patient=there), to={"id": john["hospital_id"], "code": "NGH"})
        make.access_grant(patient=here, user=login["doctor"])
        make.access_grant(patient=john, user=login["nurse"], granted_at=NOW - 100 * HOUR)
        return UUID(str(here["id"]))


@pytest.fixture(scope="session")
def written(hospitals: Hospitals) -> None:
    """What the nurses of John Smith wrote, measured and handed over; one hand-over waits for the demo's nurse."""
    with hospitals.database.owner() as connection:
        make = Make(connection)
        found = connection.execute(
            "SELECT v.id, v.hospital_id, v.patient_id, u.id FROM visits v, users u WHERE v.patient_id = %s"
            " AND v.status = 'active' AND u.email = 'nurse@hass.example'",
            (hospitals.john,),
        ).fetchone()
        assert found is not None
        keys, nurse = dict(zip(("id", "hospital_id", "patient_id"), found, strict=False)), {"id": found[3]}
        make.care_assignment(visit=keys, user=nurse)
        old = make.nurse_log(visit=keys, nurse_id=nurse["id"], content="Drank well.", logged_at=NOW - HOUR)
        amended = {"status": "amended", "amends_id": old["id"], "amend_reason": "Another patient drank."}
        make.nurse_log(
            visit=keys, nurse_id=nurse["id"], content="Drank little.", logged_at=NOW - HOUR, **amended
        )
        for direction, kind, volume in (("in", "iv", 1000), ("out", "urine", 450), ("in", "oral", 150)):
            make.fluid_entry(visit=keys, direction=direction, kind=kind, volume_ml=volume)
        make.handover(
            visit=keys, to_user_id=nurse["id"], from_user_id=make.staff(keys, "nurse")["id"], status="given"
        )


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The Chromium of this machine."""
    async with async_playwright() as playwright:
        found = find_browser()
        assert found is not None, "No Chromium here (Debian: apt-get install chromium)."
        started = await playwright.chromium.launch(executable_path=str(found), args=FLAGS)
        yield started
        await started.close()


@dataclass
class Visitor:
    """A browser window, and what went wrong in it."""

    page: Page
    context: BrowserContext
    address: str
    faults: list[str]
    elsewhere: list[str]

    async def go(self, path: str) -> Page:
        await self.page.goto(f"{self.address}{path}")
        return self.page


@pytest.fixture(scope="session")
def signed_in() -> dict[str, Any]:
    """The cookies of who has signed in, so that each does it once."""
    return {}


@pytest.fixture
async def visit(
    chromium: Browser, address: str, signed_in: dict[str, Any]
) -> AsyncIterator[Callable[..., Awaitable[Visitor]]]:
    """`visit("nurse", size=(390, 844), shade="dark", path="/patients")`: a new window, signed in when a name is given.

    At the end it fails on any error in the console and on any request to another host."""
    windows: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def open_window(
            name: str | None = None,
            *,
            size: tuple[int, int] = WIDE,
            shade: str = "light",
            path: str | None = None,
            **more: Any,
        ) -> Visitor:
            context = await chromium.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=shade,
                reduced_motion="reduce",
                **more,
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(10_000)
            page = await context.new_page()
            made = Visitor(page, context, address, [], [])
            page.on("pageerror", lambda error: made.faults.append(str(error)))
            page.on("console", lambda line: made.faults.append(line.text) if line.type == "error" else None)
            page.on(
                "request",
                lambda asked: None if asked.url.startswith(address) else made.elsewhere.append(asked.url),
            )
            if name is not None and name in signed_in:
                await context.add_cookies(signed_in[name])
            elif name is not None:
                await made.go("/login")
                await page.get_by_label("E-mail").fill(f"{name}@hass.example")
                await page.get_by_label("Password").fill(PASSWORDS[f"{name}@hass.example"])
                await page.get_by_role("button", name="Sign in").click()
                await page.wait_for_url(lambda url: "/login" not in url)
                signed_in[name] = await context.cookies()
            if path is not None:
                await made.go(path)
            windows.append(made)
            return made

        yield open_window
    for window in windows:
        assert window.elsewhere == [], "a request went to another host"
        # The browser reports every refused page as an error of its own; the tests look at those themselves.
        assert [fault for fault in window.faults if "Failed to load resource" not in fault] == []


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: SHOTS of the developer, else a folder that goes away."""
    wanted = os.environ.get("SHOTS")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
