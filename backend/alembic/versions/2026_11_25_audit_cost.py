"""An audited write costs less: the functions that write the trail are made anew, with the same entries.

On a running hospital it takes a moment and locks no table; the release before works with it.

The statements stand as SQL beside this file: what is new, and what stood before, for the way back.

Revision ID: 2026112501
Revises: 2026112201
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "2026112501"
down_revision: str | Sequence[str] | None = "2026112201"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQL = Path(__file__).with_suffix("").with_name("2026_11_25_audit_cost_sql")


def run(name: str) -> None:
    """Run the statements of one file; psycopg sends a text without parameters as it stands."""
    text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(text)


def run_as_definer(name: str) -> None:
    op.execute("RESET ROLE")
    op.execute("GRANT CREATE ON SCHEMA public TO hass_definer")
    op.execute("SET ROLE hass_definer")
    run(name)
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM hass_definer")
    op.execute("SET ROLE hass_owner")


def upgrade() -> None:
    run("functions")
    run_as_definer("definer")


def downgrade() -> None:
    run("down")
    run_as_definer("down_definer")
