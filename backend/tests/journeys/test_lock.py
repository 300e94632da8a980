"""A shared ward computer: the page locks itself, the next person goes on, and nobody loses a word."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
# What a page of a feature looks like to the script: a form in the main part, sent by POST.
FORM = (
    '<form method="post" action="/shade"><label>Note <textarea name="note"></textarea></label>'
    '<label>PIN <input type="password" name="pin"></label></form></main>'
)


@pytest.fixture
async def with_a_form(visit: Visit) -> Callable[[str], Any]:
    """A window on the patients' page, with a form to type into, before the script looks for one."""

    async def open_as(who: str) -> Page:
        opened = await visit(who)
        page: Page = opened.page
        await page.clock.install()

        async def add_form(route: Route) -> None:
            answer = await route.fetch(max_redirects=0)
            body = (await answer.text()).replace("</main>", FORM)
            await route.fulfill(response=answer, body=body)

        await page.route("**/patients", add_form)
        await page.goto(f"{opened.address}/patients")
        return page

    return open_as


async def test_a_quiet_page_warns_locks_and_gives_the_words_back_to_their_author(
    with_a_form: Callable[[str], Any],
) -> None:
    page = await with_a_form("lab")
    note = page.get_by_label("Note")
    await note.fill("Specimen came warm")
    async with page.expect_response(lambda answer: answer.url.endswith("/drafts")) as kept:
        await page.clock.fast_forward(3_000)
    assert (await kept.value).status == 204
    await page.clock.fast_forward("12:30")
    warning = page.get_by_role("alert").filter(has_text="locks in a minute")
    await expect(warning).to_be_visible()
    await warning.get_by_role("button", name="Stay").click()
    await expect(warning).to_be_hidden()
    await page.clock.fast_forward("13:30")
    await expect(page).to_have_url(re.compile(r"/lock\?next=%2Fpatients$"))
    await expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    # Going back shows nothing: the server has locked it too.
    await page.go_back()
    await expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    await page.get_by_label(re.compile("Password of")).fill("lab123")
    await page.get_by_role("button", name="Unlock").click()
    await expect(page).to_have_url(re.compile(r"/patients$"))
    # Loaded once more, since what stands in for a feature's form is not put into a redirect's page.
    await page.reload()
    await expect(page.get_by_label("Note")).to_have_value("Specimen came warm")


async def test_somebody_else_takes_over_and_sees_nothing_of_it(with_a_form: Callable[[str], Any]) -> None:
    page = await with_a_form("pharma")
    await page.get_by_label("Note").fill("Ring the ward about the dose")
    async with page.expect_response(lambda answer: answer.url.endswith("/drafts")):
        await page.clock.fast_forward(3_000)
    await page.locator("summary.who").click()
    await page.get_by_role("button", name="Lock or switch user").click()
    await page.get_by_text("Somebody else wants to work here").click()
    await page.get_by_label("Your e-mail").fill("reception@hass.example")
    await page.get_by_label("Your password").fill("reception123")
    await page.get_by_role("button", name="Switch user").click()
    await page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/patients")
    await expect(page.get_by_role("heading", name="Patients", exact=True)).to_be_visible()
    await expect(page.get_by_label("Note")).to_have_value("")


async def test_a_password_is_never_kept(with_a_form: Callable[[str], Any]) -> None:
    page = await with_a_form("manager")
    await page.get_by_label("PIN").fill("2468")
    async with page.expect_request(
        lambda asked: asked.url.endswith("/drafts") and asked.method == "POST"
    ) as sent:
        await page.clock.fast_forward(3_000)
    body = (await sent.value).post_data or ""
    assert "2468" not in body
    assert "pin" not in body
