"""What people do, done in a browser: with the mouse, with keys alone, and without scripts."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect
from served import Hospitals

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]


async def test_a_nurse_signs_in_types_a_name_and_opens_the_chart(visit: Visit) -> None:
    opened = await visit(path="/patients")
    page = opened.page
    await expect(page).to_have_url(re.compile(r"/login\?next=%2Fpatients$"))
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.keyboard.type("nurse@hass.example")
    await page.keyboard.press("Tab")
    await page.keyboard.type("nurse123")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Patients", exact=True)).to_be_visible()
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.type("john sm")
    await expect(page.get_by_role("heading", name="1 person found")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"q=john(\+|%20)sm$"))
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title(re.compile(r"^SMITH, John, Alder"))
    banner = page.get_by_role("region", name="Patient")
    for words in ("SMITH, John", "17-Apr-1968", "NGH-", "Known allergies: penicillin"):
        await expect(banner).to_contain_text(words)
    await expect(page.get_by_role("img", name=re.compile("Vital signs over time")).first).to_be_visible()


async def test_the_banner_stays_in_sight_when_scrolling(visit: Visit, hospitals: Hospitals) -> None:
    opened = await visit("nurse", path=f"/patients/{hospitals.john}")
    await opened.page.mouse.wheel(0, 2000)
    await expect(opened.page.get_by_role("heading", name="SMITH, John")).to_be_in_viewport()


async def test_the_palette_opens_a_chart_with_keys_alone(visit: Visit) -> None:
    opened = await visit("doctor", path="/patients")
    page = opened.page
    await page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Find a patient or page")
    await expect(palette).to_be_visible()
    await page.keyboard.type("smith")
    await expect(palette.get_by_role("option", name=re.compile("SMITH, John"))).to_have_attribute(
        "aria-selected", "true"
    )
    await page.keyboard.press("Enter")
    await expect(page).to_have_title(re.compile("^SMITH, John"))


async def test_slash_opens_the_palette_and_escape_closes_it(visit: Visit, hospitals: Hospitals) -> None:
    opened = await visit("doctor", path=f"/patients/{hospitals.john}")
    page = opened.page
    await page.keyboard.press("/")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_the_palette_offers_what_may_be_done_about_the_patient_in_view(
    visit: Visit, hospitals: Hospitals
) -> None:
    opened = await visit("nurse", path=f"/patients/{hospitals.john}")
    page = opened.page
    await page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Find a patient or page")
    await expect(palette.get_by_role("option", name=re.compile("SMITH, John Born"))).to_be_visible()
    await page.keyboard.type("observ")
    await expect(palette.get_by_role("option", name="Observations: SMITH, John")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/observations$"))


async def test_reception_registers_somebody_whom_the_hospital_knows_already(visit: Visit) -> None:
    opened = await visit("reception", path="/desk")
    page = opened.page
    await page.keyboard.type("smyth")
    await page.get_by_role("link", name="Register “smyth”").click()
    await expect(page.get_by_label("Family name")).to_have_value("smyth")
    await page.get_by_label("Given name").fill("John")
    await page.get_by_label("Date of birth").fill("17 4 1968")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("status").filter(has_text="17-Apr-1968")).to_be_visible()
    await page.get_by_label("Sex").select_option("male")
    await page.get_by_role("button", name="Register", exact=True).click()
    await expect(page.get_by_text("Is it this person?")).to_be_visible()
    await page.get_by_role("link", name="Open this file").click()
    await expect(page.get_by_role("region", name="Patient")).to_contain_text("SMITH, John")


async def test_j_and_k_move_between_rows(visit: Visit, busy: Any) -> None:
    opened = await visit("doctor", path="/patients")
    page = opened.page
    await page.get_by_role("heading", name="Patients", exact=True).click()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    rows = page.locator("[data-rows] a.person")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("k")
    await expect(rows.nth(0)).to_be_focused()


async def test_without_a_connection_the_page_says_that_its_list_is_old(visit: Visit) -> None:
    opened = await visit("nurse", path="/patients?q=smith")
    page = opened.page
    await opened.context.set_offline(True)
    await page.get_by_label("Find a patient", exact=True).fill("jones")
    await expect(page.locator(".offline")).to_contain_text("No connection since")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("jones")
    palette = page.get_by_role("dialog", name="Find a patient or page")
    await expect(palette.get_by_role("status")).to_contain_text("No connection")
    await page.keyboard.press("Escape")
    await opened.context.set_offline(False)
    await page.get_by_label("Find a patient", exact=True).fill("smith, j")
    await expect(page.get_by_role("heading", name="1 person found")).to_be_visible()
    await expect(page.locator(".offline")).to_have_count(0)
    opened.faults.clear()  # The browser reports each request that could not leave.


async def test_show_older_adds_rows_in_place(visit: Visit, busy: Any) -> None:
    opened = await visit("doctor", path=f"/patients/{busy}")
    page = opened.page
    visits = page.locator("#visits li:not(.more)")
    await expect(visits).to_have_count(10)
    await page.get_by_role("link", name="Show older visits").click()
    await expect(visits).to_have_count(20)
    await expect(visits.nth(10)).to_contain_text("Visit 990")


async def test_the_plot_has_the_same_as_a_table(visit: Visit, hospitals: Hospitals) -> None:
    opened = await visit("nurse", path=f"/patients/{hospitals.john}")
    await opened.page.get_by_text("Show as a table").click()
    table = opened.page.get_by_role("table", name="Observations, newest first")
    await expect(table).to_be_visible()
    await expect(table.get_by_role("row")).to_have_count(7)


async def test_the_open_table_scrolls_in_its_own_region_on_a_phone(
    visit: Visit, hospitals: Hospitals
) -> None:
    opened = await visit("nurse", size=(390, 844), path=f"/patients/{hospitals.john}")
    await opened.page.get_by_text("Show as a table").click()
    region = opened.page.get_by_role("region", name="Observations as a table")
    assert await region.evaluate("node => node.scrollWidth > node.clientWidth")
    assert (
        await opened.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        == 0
    )


async def test_search_and_chart_work_without_scripts(visit: Visit, hospitals: Hospitals) -> None:
    opened = await visit("nurse", path="/patients", java_script_enabled=False)
    page = opened.page
    await page.get_by_label("Find a patient", exact=True).fill("smi")
    await page.get_by_role("button", name="Find", exact=True).click()
    await page.get_by_role("link", name="SMITH, John").click()
    await expect(page).to_have_url(re.compile(str(hospitals.john)))
    await page.locator("summary.who").click()
    await page.get_by_role("button", name="Dark").click()
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    await expect(page).to_have_url(re.compile(str(hospitals.john)))


async def test_more_at_the_foot_of_the_phone_opens_without_scripts(visit: Visit) -> None:
    opened = await visit("manager", size=(390, 844), path="/beds", java_script_enabled=False)
    foot = opened.page.get_by_role("navigation", name="Main, phone")
    await expect(foot.get_by_role("link", name="Staff")).to_be_hidden()
    await foot.get_by_text("More").click()
    await foot.get_by_role("link", name="Staff").click()
    await expect(opened.page.get_by_role("heading", name="Staff", exact=True)).to_be_visible()


async def test_signing_out_leaves_nothing_to_go_back_to(visit: Visit, hospitals: Hospitals) -> None:
    opened = await visit(path=f"/login?next=/patients/{hospitals.john}")
    page = opened.page
    await page.get_by_label("E-mail").fill("pharma@hass.example")
    await page.get_by_label("Password").fill("pharma123")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_title(re.compile("SMITH"))
    await page.locator("summary.who").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_right_to_left_keeps_dates_codes_and_ranges_in_order(
    visit: Visit, hospitals: Hospitals
) -> None:
    opened = await visit("nurse", path=f"/patients/{hospitals.john}")
    page = opened.page
    await page.evaluate("document.documentElement.dir = 'rtl'")
    for selector in (".facts time", ".facts .code"):
        found = page.locator(selector).first
        assert await found.evaluate("node => getComputedStyle(node).direction") == "ltr"
    assert (
        await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        <= 0
    )
    await opened.go("/patients?q=smith")
    aged = page.locator("[data-k=Born] .nowrap").first
    assert await aged.evaluate("node => getComputedStyle(node).direction") == "ltr"


async def test_a_page_prints_in_light_without_its_frame(visit: Visit, hospitals: Hospitals) -> None:
    opened = await visit("nurse", shade="dark", path=f"/patients/{hospitals.john}")
    page = opened.page
    await page.emulate_media(media="print", color_scheme="dark")
    await expect(page.locator(".topbar")).to_be_hidden()
    # A4 is narrower than a tablet, and still gets the drawing of a desk.
    await page.set_viewport_size({"width": 718, "height": 1000})
    await expect(page.locator("svg.obs:visible")).to_have_attribute("width", "704")
    await expect(page.get_by_role("heading", name="SMITH, John")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
