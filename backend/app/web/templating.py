"""Pages from templates: one environment, one function, the same frame for all."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.access.actor import Actor
from app.core.settings import get_settings
from app.web import csrf, formatting, layout, theme
from app.web.static_files import static_url

TEMPLATES = Path(__file__).parent / "templates"
# What templates may call: the words of ui.md, section 5.
WORDS = (
    "age",
    "allergen",
    "born_tag",
    "breakable",
    "clock",
    "clock_in_words",
    "day",
    "day_in_words",
    "day_tag",
    "highlight",
    "in_sentence",
    "initials",
    "instant",
    "list_name",
    "measured",
    "local_date",
    "local_day",
    "number",
    "sex",
    "spoken_name",
    "time_tag",
    "unit_sign",
    "weekday_in_words",
    "words",
)


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update({name: getattr(formatting, name) for name in WORDS})
    made.globals["static_url"] = static_url
    return made


def is_fragment(request: Request) -> bool:
    """htmx asks for a part of a page; after "back" it asks for the whole."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def frame(request: Request, actor: Actor | None) -> dict[str, Any]:
    """What every template knows."""
    path = request.url.path
    here = path if not request.url.query else f"{path}?{request.url.query}"
    menu = layout.menu_of(actor) if actor else []
    foot_menu, more_menu = layout.foot_of(menu)
    return {
        "actor": actor,
        "menu": menu,
        "foot_menu": foot_menu,
        "more_menu": more_menu,
        "section": next((e.href for e in menu if path == e.href or path.startswith(f"{e.href}/")), None),
        "can_search": any(entry.href == "/patients" for entry in menu),
        "shade": layout.shade_of(request),
        "region_sheet": theme.theme_url(actor.theme) if actor else None,
        "demo": request.app.state.demo,
        "path": path,
        "here": here if request.method == "GET" else "/",
        "csrf_token": lambda: csrf.csrf_token(request),
        "timezone": actor.timezone if actor else None,
        "lock_seconds": _lock_seconds(),
        "live_since": getattr(request.state, "live_since", None),
        "request_id": getattr(request.state, "request_id", ""),
    }


def _lock_seconds() -> int:
    """When a page says that it is locked: a little before the server does, which hears of typing to the minute."""
    enforced = get_settings().lock_minutes * 60
    return max(enforced // 2, enforced - 120)


def render(
    request: Request, template: str, actor: Actor | None = None, *, status_code: int = 200, **context: Any
) -> HTMLResponse:
    """A page or a fragment of one, with the visitor's cookie that its forms are bound to."""
    body = environment().get_template(template).render({**frame(request, actor), **context})
    response = HTMLResponse(body, status_code=status_code)
    # The same address answers htmx with a part: a shared cache must not mix them up.
    response.headers["Vary"] = "HX-Request, Cookie"
    csrf.keep_visitor(request, response)
    return response
