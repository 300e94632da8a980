"""What was sent from a page that had locked itself meanwhile: kept for its author, put before him when he is back."""

from urllib.parse import urlsplit

import orjson
from sqlalchemy import text
from starlette.requests import Request

from app.access import tokens
from app.access.http import SESSION_COOKIE, own_transaction
from app.web.csrf import FIELD

MOST_FIELDS, MOST_LETTERS = 100, 20_000
_KEEP = text("SELECT form_draft_keep(:cookie, :page, :form, CAST(:fields AS jsonb))")


def page_before(request: Request) -> str:
    """The path of the page that a form or a fragment was sent from, when it is one of ours; else the front door."""
    parts = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "")
    if parts.netloc != request.url.netloc or not parts.path.startswith("/"):
        return "/"
    return parts.path if not parts.query else f"{parts.path}?{parts.query}"


async def keep_what_was_sent(request: Request, page: str) -> None:
    """Words of the form, without passwords and files; nothing is carried out."""
    path, cookie = urlsplit(page).path, request.cookies.get(SESSION_COOKIE)
    sent = await request.form()
    fields = {
        name: value
        for name, value in sent.items()
        if isinstance(value, str) and name != FIELD and "password" not in name and len(value) <= MOST_LETTERS
    }
    if (
        cookie is None
        or not fields
        or len(fields) > MOST_FIELDS
        or max(len(path), len(request.url.path)) > 500
    ):
        return
    kept = {
        "page": path,
        "form": request.url.path,
        "fields": orjson.dumps(fields).decode().replace("\\u0000", ""),
    }
    async with own_transaction(request) as session:
        await session.execute(_KEEP, {**kept, "cookie": tokens.digest(cookie)})
