"""ETag and If-Match of rows: the wire's side of core/versions.py."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header
from starlette.responses import Response

from app.core.errors import HassError
from app.core.versions import version_of


def send_etag(response: Response, updated_at: datetime) -> None:
    response.headers["ETag"] = f'"{version_of(updated_at)}"'


def if_match(if_match: Annotated[str | None, Header(max_length=200)] = None) -> str:
    """The version that the caller saw; PATCH and PUT are refused without it (428)."""
    if if_match is None:
        raise HassError(
            "if-match-needed", "Send the ETag that you read as If-Match, so that no change is lost.", 428
        )
    return if_match.strip().removeprefix("W/").strip('"')


# For PATCH and PUT: what was seen.
Seen = Annotated[str, Depends(if_match)]


def if_match_if_any(if_match: Annotated[str | None, Header(max_length=200)] = None) -> str | None:
    return None if if_match is None else if_match.strip().removeprefix("W/").strip('"')


# For acts (POST verbs), whose guard is the state of the row; what was seen is looked at when it is sent.
SeenIfAny = Annotated[str | None, Depends(if_match_if_any)]
