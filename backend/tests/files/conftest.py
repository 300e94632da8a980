"""The warm connection and the factories, for the tests of rules."""

from warm import make, warm_connection

__all__ = ["make", "warm_connection"]
