"""Every page in a real browser: in three widths and two shades, without a fault that axe-core knows."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from axe_core_python.async_playwright import Axe
from playwright.async_api import Page
from served import Hospitals

pytestmark = pytest.mark.browser
SIZES = {"1440": (1440, 900), "1024": (1024, 768), "390": (390, 844)}
# What of axe-core's rules depends on where things stand.
PLACED = ["color-contrast", "scrollable-region-focusable"]
LONG = {"chart-busy", "docs"}
PAGES = {
    "login": (None, "/login"),
    "patients": ("nurse", "/patients?q=smi"),
    "nobody": ("nurse", "/patients?q=zzz"),
    "chart": ("nurse", "/patients/{john}"),
    "chart-busy": ("doctor", "/patients/{busy}"),
    "chart-lab": ("lab", "/patients/{john}"),
    "chart-pharmacy": ("pharma", "/patients/{john}"),
    "chart-reception": ("reception", "/patients/{john}"),
    "desk": ("reception", "/desk"),
    "desk-found": ("reception", "/desk?q=smi"),
    "register": ("reception", "/patients/new?name=Smi"),
    "register-unknown": ("reception", "/patients/new/unknown"),
    "details": ("reception", "/patients/{john}/edit"),
    "allergies": ("nurse", "/patients/{john}/allergies"),
    "alerts": ("doctor", "/patients/{john}/alerts"),
    "merge": ("manager", "/patients/{john}/merge?q=q"),
    "merge-compare": ("manager", "/patients/{john}/merge?other={quentin}"),
    "merges": ("manager", "/merges"),
    "links": ("manager", "/patients/{quentin}/links?look=true"),
    "forbidden": ("admin", "/patients"),
    "missing": ("nurse", "/patients/00000000-0000-7000-8000-000000000000"),
    "missing-visitor": (None, "/nowhere"),
    "portal": ("patient", "/"),
    "organisation": ("admin", "/organisation"),
    "audit": ("manager", "/audit"),
    "audit-network": ("admin", "/audit?kind=sign_ins"),
    "audit-nothing": ("manager", "/audit?person=zzz"),
    "audit-wrong": ("manager", "/audit?from=tomorrow"),
    "openings": ("patient", "/my/openings"),
    "region": ("admin", "/organisation/regions/{region}"),
    "theme": ("radmin", "/organisation/regions/{region}/theme"),
    "new-hospital": ("radmin", "/organisation/hospitals/new"),
    "hospital": ("admin", "/organisation/hospitals/{hospital}"),
    "hospital-read": ("manager", "/organisation/hospitals/{hospital}"),
    "wards": ("manager", "/wards"),
    "beds": ("nurse", "/beds"),
    "beds-manager": ("manager", "/beds"),
    "beds-move": ("nurse", "/beds?move={johns_visit}"),
    "bed-taken": ("nurse", "/beds/{johns_bed}"),
    "bed-free": ("manager", "/beds/{free_bed}"),
    "census": ("manager", "/census"),
    "visit": ("doctor", "/visits/{johns_visit}"),
    "visit-new": ("reception", "/visits/new?patient_id={john}"),
    "diagnosis": ("doctor", "/visits/{johns_visit}/diagnoses?q=heart"),
    "summary": ("doctor", "/visits/{johns_visit}/summary"),
    "departure": ("nurse", "/visits/{johns_visit}/discharge"),
    "waiting": ("doctor", "/waiting"),
    "transfers": ("doctor", "/transfers"),
    "transfer": ("doctor", "/transfers/{asked}"),
    "ward": ("nurse", "/ward?ward=Alder&visit={johns_visit}"),
    "observations": ("doctor", "/visits/{johns_visit}/observations"),
    "calls": ("manager", "/escalations"),
    "notes": ("nurse", "/visits/{johns_visit}/notes"),
    "fluids": ("nurse", "/visits/{johns_visit}/fluids"),
    "handover": ("nurse", "/handover"),
    "handovers": ("doctor", "/visits/{johns_visit}/handovers"),
    "care": ("nurse", "/visits/{johns_visit}/care"),
    "incidents": ("manager", "/incidents"),
    "staff": ("manager", "/staff"),
    "staff-nobody": ("manager", "/staff?q=zzz"),
    "invite": ("radmin", "/staff/new"),
    "person": ("radmin", "/staff/{nurse}"),
    "roles": ("admin", "/roles"),
    "role": ("admin", "/roles/{role}"),
    "elsewhere": ("doctor", "/patients/{quentin}/global-records"),
    "elsewhere-none": ("doctor", "/patients/{john}/global-records"),
    "elsewhere-closed": ("nurse", "/patients/{quentin}/global-records"),
    "chart-emergency": ("doctor", "/patients/{quentin}"),
    "break-glass": ("nurse", "/patients/{quentin}/break-glass"),
    "reviews": ("manager", "/break-glass?state=all"),
    "reviews-waiting": ("manager", "/break-glass"),
    "own-emergency": ("patient", "/my/emergency-access"),
    "docs": (None, "/api/docs"),
    "forgotten": (None, "/password/forgotten"),
    "link-closed": (None, "/password/new?link=x"),
    "password-set": (None, "/password/set"),
    "outbox": (None, "/outbox"),
    "lock": ("pharma", "/lock"),
    "account": ("reception", "/account"),
    "account-patient": ("patient", "/account"),
    "user-sessions": ("radmin", "/users/{nurse}/sessions"),
}


@pytest.mark.parametrize("name", PAGES)
async def test_page_has_no_fault_for_axe_and_does_not_scroll_sideways(
    name: str,
    visit: Callable[..., Any],
    hospitals: Hospitals,
    busy: UUID,
    quentin: UUID,
    written: None,
    shots: Path,
) -> None:
    who, path = PAGES[name]
    known = {"john": hospitals.john, "busy": busy, "quentin": quentin, **rows(hospitals)}
    opened = await visit(who, path=path.format(**known))
    page = opened.page
    faults: list[str] = []
    for width, (across, down) in SIZES.items():
        await page.set_viewport_size({"width": across, "height": down})
        for shade in ("light", "dark"):
            await page.emulate_media(color_scheme=shade, reduced_motion="reduce")
            if "SHOTS" in os.environ:
                await page.screenshot(path=shots / f"{name}-{width}-{shade}.png", full_page=True)
            # Pages that repeat the same parts a hundred times: one look with axe is enough.
            if name in LONG and (width, shade) != ("1440", "light"):
                continue
            if (width, shade) != ("1024", "dark"):
                faults += [f"{width} {shade} {fault}" for fault in await faults_of(page, width, shade)]
    await page.set_viewport_size({"width": 320, "height": 640})
    if too_wide := await page.evaluate(TOO_WIDE):
        faults.append(f"{too_wide} px too wide at 320")
    assert faults == []


def rows(hospitals: Hospitals) -> dict[str, str]:
    """The rows of the organisation that pages are about."""
    with hospitals.database.owner() as connection:
        found = connection.execute(
            "SELECT h.region_id, h.id, u.id, u.role_id FROM hospitals h JOIN users u ON u.hospital_id = h.id"
            " WHERE h.code = 'NGH' AND u.email = 'nurse@hass.example'"
        ).fetchone()
        beds = connection.execute(
            "SELECT b.assigned_visit_id, b.id, (SELECT f.id FROM beds f WHERE f.hospital_id = b.hospital_id"
            " AND f.status = 'available' ORDER BY f.bed_number LIMIT 1)"
            " FROM beds b JOIN patients p ON p.id = b.assigned_patient_id WHERE p.id = %s",
            (hospitals.john,),
        ).fetchone()
        asked = connection.execute("SELECT id FROM transfer_requests ORDER BY id LIMIT 1").fetchone()
    assert found is not None
    assert beds is not None
    assert asked is not None
    names = ("region", "hospital", "nurse", "role", "johns_visit", "johns_bed", "free_bed", "asked")
    return dict(zip(names, map(str, (*found, *beds, *asked)), strict=True))


TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def faults_of(page: Page, width: str, shade: str) -> list[str]:
    """What axe-core finds. A shade changes colours and nothing else, the middle width places only what is there at
    the wide one: so they are looked at for just that."""
    rules = ["color-contrast"] if shade == "dark" else PLACED if width == "1024" else None
    options = {"runOnly": rules} if rules else None
    found = (await Axe().run(page, options=options))["violations"]
    listed = [
        f"{each['id']}: {node['html'][:200]} {node['any'][:1]}" for each in found for node in each["nodes"]
    ]
    if too_wide := await page.evaluate(TOO_WIDE):
        listed.append(f"{too_wide} px too wide")
    return listed
