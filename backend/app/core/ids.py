"""Keys of rows: UUID version 7, made by the application (docs/decisions/0006-uuidv7.md)."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new row key whose first 48 bits are the millisecond, so that an index grows at its end (RFC 9562)."""
    return uuid7()
