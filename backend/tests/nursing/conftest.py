"""A ward of one's own patients, for the tests of this folder."""

from nursing_ward import record, ward

__all__ = ["record", "ward"]
