from admitting import ward, ward_connection

__all__ = ["ward", "ward_connection"]
