"""What both faces do to open a stream."""

from starlette.requests import Request
from starlette.responses import Response

from app.access.actor import Actor
from app.features.live.hub import Hub, Reader
from app.features.live.positions import read_position
from app.features.live.stream import Stream


def open_stream(request: Request, actor: Actor, last_event_id: str | None) -> Response:
    """The reader's stream; the transaction that asked who he is has ended before its first word."""
    hub: Hub = request.app.state.live
    since = read_position(last_event_id) if last_event_id else None
    reader = Reader(actor.session_id, actor.scope, actor.hospital_id, actor.permissions, since)
    hub.admit(reader)
    return Stream(hub, reader, seconds=hub.stream_seconds)
