"""What the server writes about itself: one JSON object a line, with no word of a patient and no secret.

An error's own message may hold the values it stumbled over (PostgreSQL's DETAIL quotes whole rows), so that
only its type, its SQLSTATE and the places in the code are written; the request id leads to the trail."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

# What a line may hold besides its message: named here, so that nothing comes in by the way.
FIELDS = ("request_id", "method", "route", "status", "milliseconds", "user_id")
MOST_FRAMES = 12


class JsonLines(logging.Formatter):
    """One record, one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def describe(error: BaseException) -> dict[str, Any]:
    """The kinds of an error and its causes, and where it came from; never what it says."""
    kinds: list[str] = []
    state = None
    seen: BaseException | None = error
    while seen is not None and len(kinds) < 5:
        kinds.append(type(seen).__name__)
        state = state or getattr(seen, "sqlstate", None)
        seen = seen.__cause__ or seen.__context__
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return {
        "kinds": kinds,
        "sqlstate": state,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send what every library logs through the one formatter, in place of what stood there."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These would write what was asked for: addresses with names in them, statements with values.
    for name in (
        "procrastinate",
        "psycopg.pool",
        "uvicorn.access",
        "sqlalchemy.engine",
        "httpx",
        "httpcore",
        "multipart",
    ):
        logging.getLogger(name).setLevel(logging.ERROR)
