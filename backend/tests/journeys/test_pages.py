"""Every page in a real browser: in three widths and two shades, without a fault that axe-core knows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.async_playwright import Axe
from served import Hospitals

pytestmark = pytest.mark.browser
SIZES = {"1440": (1440, 900), "1024": (1024, 768), "390": (390, 844)}
PAGES = {
    "login": (None, "/login"),
    "patients": ("nurse", "/patients?q=smi"),
    "nobody": ("nurse", "/patients?q=zzz"),
    "chart": ("nurse", "/patients/{john}"),
    "chart-lab": ("lab", "/patients/{john}"),
    "chart-pharmacy": ("pharma", "/patients/{john}"),
    "chart-reception": ("reception", "/patients/{john}"),
    "forbidden": ("admin", "/patients"),
    "missing": ("nurse", "/patients/00000000-0000-7000-8000-000000000000"),
    "missing-visitor": (None, "/nowhere"),
    "portal": ("patient", "/"),
    "organisation": ("admin", "/organisation"),
    "docs": (None, "/api/docs"),
}


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("name", PAGES)
async def test_page_has_no_fault_for_axe_and_does_not_scroll_sideways(
    name: str, width: str, shade: str, visit: Callable[..., Any], hospitals: Hospitals, shots: Path
) -> None:
    who, path = PAGES[name]
    opened = await visit(who, size=SIZES[width], shade=shade, path=path.format(john=hospitals.john))
    page = opened.page
    await page.screenshot(path=shots / f"{name}-{width}-{shade}.png", full_page=True)
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px too wide"
    found = (await Axe().run(page))["violations"]
    listed = [
        f"{each['id']}: {node['html'][:200]} {node['any'][:1]}" for each in found for node in each["nodes"]
    ]
    assert listed == []
