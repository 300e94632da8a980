"""These tests look at a served hospital."""

from served import (  # noqa: F401 - fixtures.
    api_as,
    client,
    demo_mode,
    hospitals,
    page_as,
)
