"""Two windows on one hospital: what somebody does in one is seen in the other, and nobody is disturbed at work."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import expect
from served import Hospitals

pytestmark = pytest.mark.browser
Visit = Callable[..., Awaitable[Any]]
WARD = "9 Live"
BADGE = "[data-live-badge]"
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def bed(hospitals: Hospitals) -> Iterator[Callable[[str], None]]:
    """`bed("Top")` moves the one bed of a ward of its own to another floor."""
    with hospitals.database.owner() as connection:
        connection.execute(
            "INSERT INTO beds (id, hospital_id, bed_number, ward) SELECT gen_random_uuid(), id, 'L-1', %s"
            " FROM hospitals WHERE code = 'NGH'",
            (WARD,),
        )

        def move(floor: str) -> None:
            connection.execute("UPDATE beds SET floor = %s WHERE ward = %s", (floor, WARD))

        yield move
        connection.execute("UPDATE beds SET is_active = false WHERE ward = %s", (WARD,))


async def test_a_page_shows_what_somebody_else_did(visit: Visit, bed: Callable[[str], None]) -> None:
    first, second = await visit("manager", path="/wards"), await visit("manager", path="/wards")
    for window in (first, second):
        await expect(window.page.locator(BADGE)).to_have_text(re.compile(r"^Live · \d\d:\d\d$"))
    bed("Top")
    for window in (first, second):
        ward = window.page.locator("section", has=window.page.get_by_role("heading", name=WARD))
        await expect(ward).to_contain_text("Top")


async def test_who_is_at_work_is_told_and_not_disturbed(visit: Visit, bed: Callable[[str], None]) -> None:
    page = (await visit("manager", path="/wards")).page
    ward = page.locator("section", has=page.get_by_role("heading", name=WARD))
    await expect(page.locator(BADGE)).to_be_visible()
    # A field in the part stands for the entry row of a ward.
    await ward.evaluate("part => part.insertAdjacentHTML('beforeend', '<input id=\"at-work\">')")
    await page.locator("#at-work").fill("38.5")
    bed("Top")
    line = page.get_by_role("button", name="1 new · Show")
    await expect(line).to_be_visible()
    await expect(page.locator("#at-work")).to_have_value("38.5")
    await expect(page.locator("#at-work")).to_be_focused()
    bed("Ground")
    await page.get_by_role("button", name="2 new · Show").click()
    await expect(ward).to_contain_text("Ground")
    await expect(page.locator("[data-live-line]")).to_have_count(0)


async def test_a_page_that_was_put_aside_catches_up(visit: Visit, bed: Callable[[str], None]) -> None:
    page = (await visit("manager", path="/wards")).page
    await expect(page.locator(BADGE)).to_be_visible()
    await page.evaluate(HIDE, True)
    bed("Roof")
    await page.evaluate(HIDE, False)
    ward = page.locator("section", has=page.get_by_role("heading", name=WARD))
    await expect(ward).to_contain_text("Roof")


async def test_a_line_that_is_cut_is_said(visit: Visit) -> None:
    window = await visit("manager")
    # Every answer of the stream is refused: the page never hears that it is live, and never says so.
    await window.page.route("**/events*", lambda route: route.abort())
    await window.go("/wards")
    await expect(window.page.locator(BADGE)).to_be_hidden()
