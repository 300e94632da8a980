"""The warm connection and the factories, for every test of this folder."""

from warm import make, warm_connection

__all__ = ["make", "warm_connection"]
