"""The stream for programs, with their bearer token."""

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from app.access.http import CurrentActor, Db, SignedIn
from app.features.live.opening import open_stream

# Each event of the stream, as OpenAPI 3.2 writes it (4.14.4).
EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["hello", "change", "tick", "reload", "again", "ended"]},
        "data": {"type": "string", "description": "JSON: ChangeOut of a change, else the instant `at`."},
        "id": {"type": "string", "description": "for Last-Event-ID"},
        "retry": {"type": "integer", "minimum": 0},
    },
}

router = APIRouter(tags=["live"])


@router.get(
    "/events",
    dependencies=[SignedIn],
    summary="What changes, as it happens",
    response_class=Response,
    responses={
        200: {
            "description": "One event after the other.",
            "content": {"text/event-stream": {"schema": EVENT}},
        },
        429: {"description": "Too many streams of this sign-in."},
    },
)
async def events(
    request: Request,
    db: Db,
    actor: CurrentActor,
    last_event_id: Annotated[str | None, Header(max_length=20_000)] = None,
) -> Response:
    """Server-sent events: `change` names a table and ids of its row, never what stands in it; `tick` comes every 15
    seconds; after `reload` everything shown is read anew; `ended` says that the sign-in has. Each reader hears of the
    own hospital, of what the own rights show. With the last `id` as Last-Event-ID nothing of an hour is missed."""
    return open_stream(request, actor, last_event_id)
