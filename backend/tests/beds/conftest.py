"""A hospital of its own for the tests of this folder."""

from ward_world import module_ward, ward

__all__ = ["module_ward", "ward"]
