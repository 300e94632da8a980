"""The ward screen by keys alone, and without scripts."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from factories import Make
from nursing_ward import Ward
from playwright.async_api import expect
from served import Hospitals

pytestmark = pytest.mark.browser
Visit = Callable[..., Awaitable[Any]]
SIGNS = {
    "respiratory_rate": "25", "spo2": "93", "oxygen": "4", "blood_pressure": "102/58", "heart_rate": "116",
    "temperature": "38.8",
}  # fmt: skip


@pytest.fixture
def bedded(hospitals: Hospitals) -> Any:
    """A patient in a ward of her own."""
    ward = Ward(hospitals)
    made = ward.visit()
    with ward.database.owner() as connection:
        bed = Make(connection).bed(visit=made, status="occupied", ward=f"Keys {made['id']}")
    return {**made, "ward": bed["ward"], "of": ward}


def kept(bedded: Any) -> list[Any]:
    rows: list[Any] = bedded["of"].rows("SELECT * FROM vitals WHERE visit_id = %s", bedded["id"])
    return rows


async def test_a_set_is_recorded_by_keys_and_escape_loses_nothing(visit: Visit, bedded: Any) -> None:
    opened = await visit("nurse", path=f"/ward?ward={bedded['ward']}")
    page = opened.page
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    await expect(page.locator("#f-respiratory_rate")).to_be_focused()
    for name, words in SIGNS.items():
        await page.locator(f"#f-{name}").fill(words)
    await page.locator("#f-consciousness").select_option("A")
    await expect(page.locator("[data-total]")).to_have_text("11")
    await expect(page.get_by_role("button", name="Save and call the team")).to_be_visible()
    await page.locator("#f-temperature").press("Escape")
    await expect(page.locator("tr.entry")).to_be_hidden()
    await page.keyboard.press("r")
    await expect(page.locator("#f-heart_rate")).to_have_value("116")
    await page.locator("#f-heart_rate").press("Control+Enter")
    await expect(page.get_by_text("The set is recorded, and the team is called.")).to_be_visible()
    assert [row["news2_total"] for row in kept(bedded)] == [11]


async def test_two_rows_that_were_opened_have_labels_of_their_own(visit: Visit, bedded: Any) -> None:
    second = bedded["of"].visit()
    with bedded["of"].database.owner() as connection:
        Make(connection).bed(visit=second, status="occupied", ward=bedded["ward"])
    opened = await visit("nurse", path=f"/ward?ward={bedded['ward']}")
    page = opened.page
    for each in (bedded, second):
        await page.locator(f"#p-{each['id']}").focus()
        await page.keyboard.press("r")
        await expect(page.locator("tr.entry:visible")).to_have_count(1)
        await expect(page.locator(f"#v-{each['id']} + tr.entry")).to_be_visible()
        await page.keyboard.press("Escape") if each is bedded else None
    await page.get_by_label("Pulse").last.fill("400")
    await expect(page.locator(f"#v-{second['id']} + tr.entry [name=heart_rate]")).to_have_value("400")
    await expect(page.locator(f"#v-{second['id']} + tr.entry .pts", has_text="check")).to_have_count(1)
    ids = await page.evaluate("[...document.querySelectorAll('tr.entry [id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))


async def test_a_set_is_recorded_without_scripts(visit: Visit, bedded: Any) -> None:
    opened = await visit("nurse", path=f"/ward?ward={bedded['ward']}", java_script_enabled=False)
    page = opened.page
    await page.get_by_role("link", name="Record observations for").click()
    await page.locator("#f-heart_rate").fill("80")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The set is recorded.")).to_be_visible()
    assert [(row["heart_rate"], row["news2_total"]) for row in kept(bedded)] == [(80, None)]
