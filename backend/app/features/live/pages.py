"""The stream for pages, with their cookie."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from app.access.http import CurrentActor, SignedIn
from app.core.errors import HassError
from app.features.live.opening import open_stream

router = APIRouter()


@router.get("/events", dependencies=[SignedIn])
async def page_events(
    request: Request,
    actor: CurrentActor,
    since: Annotated[str | None, Query(max_length=6_000)] = None,
    last_event_id: Annotated[str | None, Header(max_length=20_000)] = None,
) -> Response:
    """As /api/v1/events; `since` is what the page knew when it was made."""
    # It changes nothing, but another site's page shall not make a reader's browser hold lines open either.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HassError("not-same-site", "This is for pages of HASS only.", 403)
    return open_stream(request, actor, last_event_id or since)
