"""A hospital of its own for the tests of this folder."""

from notes_team import team
from ward_world import module_ward, ward

__all__ = ["module_ward", "team", "ward"]
