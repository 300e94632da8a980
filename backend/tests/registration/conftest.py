"""Somebody of one's own, for the tests of this folder."""

from somebody import first_hash, somebody

__all__ = ["first_hash", "somebody"]
