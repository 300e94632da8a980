"""Work that no request waits for: the trail is sealed, reservations lapse, alarms climb, old messages go.

`hass worker` does it apart from the server; the demo, and a server that is not told otherwise, beside it."""

from app.worker.running import run_worker, working

__all__ = ["run_worker", "working"]
