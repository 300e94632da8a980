"""Cursors of lists: where the next page begins, as an opaque word (design 7)."""

import base64
import binascii
import json
from uuid import UUID

from app.core.errors import Invalid


def write_cursor(*parts: object) -> str:
    packed = json.dumps([None if part is None else str(part) for part in parts]).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str | None, parts: int) -> list[str | None]:
    """What write_cursor was given; raises Invalid for a word that is not one of ours."""
    if cursor is None:
        return [None] * parts
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if (
        not isinstance(found, list)
        or len(found) != parts
        or not all(isinstance(part, str | None) for part in found)
    ):
        raise bad_cursor()
    return found


def read_key(value: str | None) -> UUID | None:
    try:
        return None if value is None else UUID(value)
    except ValueError:
        raise bad_cursor() from None


def bad_cursor() -> Invalid:
    sentence = "The cursor is not one of ours. Start again without it."
    return Invalid("cursor-invalid", sentence, errors=[{"field": "cursor", "sentence": sentence}])
