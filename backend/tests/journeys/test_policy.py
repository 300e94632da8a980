"""The Content-Security-Policy in a real browser: it stops what is not ours, and no page of ours runs into it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.main import api_routes, create_app

pytestmark = pytest.mark.browser
Visit = Callable[..., Awaitable[Any]]
LISTEN = """window.broken = [];
document.addEventListener("securitypolicyviolation",
  event => window.broken.push(event.violatedDirective + " " + event.blockedURI));"""
PLANTED = """() => {
  const script = document.createElement("script");
  script.textContent = "window.planted = true";
  document.body.append(script);
  const picture = document.createElement("img");
  picture.setAttribute("onerror", "window.planted = true");
  picture.src = "/static/none.svg";
  document.body.append(picture);
  const form = document.createElement("form");
  form.action = "https://evil.example/";
  document.body.append(form);
  form.submit();
  const element = document.createElement("p");
  element.setAttribute("style", "color: red");
  document.body.append(element);
  // Asked of the page's own world, where a string may not become code.
  setTimeout("window.planted = true", 0);
}"""
# Answers without a page, which a browser takes for a navigation that came to nothing.
NO_PAGE = {"/events", "/lock/stay"}
PAGES = sorted(
    route.path_format
    for route in api_routes(create_app("postgresql://nowhere/none"))
    if "GET" in route.methods
    and "{" not in route.path_format
    and not route.path_format.startswith("/api/v1")
    and route.path_format not in NO_PAGE
)


@pytest.mark.parametrize("name", ["doctor", "manager", "admin", "patient", None], ids=str)
async def test_no_page_runs_into_its_own_policy(name: str | None, visit: Visit) -> None:
    visitor = await visit(name)
    await visitor.context.add_init_script(LISTEN)
    for path in PAGES:
        # What is refused or leads elsewhere is a page, too.
        await visitor.go(path)
        assert await visitor.page.evaluate("window.broken ?? []") == [], path


async def test_what_somebody_plants_in_a_page_does_not_run(visit: Visit) -> None:
    visitor = await visit("doctor", path="/patients")
    await visitor.context.add_init_script(LISTEN)
    await visitor.go("/patients")
    await visitor.page.evaluate(PLANTED)
    await visitor.page.wait_for_function("window.broken.length >= 4")
    stopped = {each.split()[0] for each in await visitor.page.evaluate("window.broken")}
    assert {"script-src-elem", "script-src-attr", "form-action", "style-src-attr"} <= stopped
    assert await visitor.page.evaluate("window.planted") is None
    # The browser also writes each of them to its console, which other tests take for a fault.
    visitor.faults.clear()
