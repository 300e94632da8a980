"""Somebody of one's own, for every test of this folder."""

from somebody import first_hash, somebody, wanda

__all__ = ["first_hash", "somebody", "wanda"]
