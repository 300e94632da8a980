"""Registration, admissions, beds and nursing: their tables, columns and rules; the queue of background jobs.

On a running hospital it adds tables and columns that may be empty, and takes short locks of the tables it adds to;
the release before does not know the new states, so stop it first.

The statements stand as SQL beside this file, one folder for each part, in the order of STEPS.

Revision ID: 2026112502
Revises: 2026112501
"""

import re
from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "2026112502"
down_revision: str | Sequence[str] | None = "2026112501"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQL = Path(__file__).with_suffix("").with_name("2026_11_25_ward_sql")
PARTS = ("registration", "files", "beds", "admissions", "nursing", "notes", "live", "roles")
MADE = re.compile(r"^CREATE FUNCTION (\w+)", re.MULTILINE)
OF_TRIGGERS = re.compile(r"^CREATE FUNCTION (\w+)\(\) RETURNS trigger", re.MULTILINE)


def files(name: str) -> list[Path]:
    """The files of one step, in the order of the parts; a part without that step has none."""
    return [path for part in PARTS if (path := SQL / part / f"{name}.sql").exists()]


def run(paths: Sequence[Path]) -> None:
    """Run the statements of the files; psycopg sends a text without parameters as it stands."""
    for path in paths:
        text = path.read_text(encoding="utf-8")
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql(text)


def upgrade() -> None:
    make_queue()
    run(files("functions"))
    run(files("tables"))
    op.execute("RESET ROLE")
    op.execute("GRANT CREATE ON SCHEMA public TO hass_definer")
    op.execute("SET ROLE hass_definer")
    run(files("definer"))
    # Who makes a trigger must be allowed its function; nobody calls one by hand.
    of_triggers = made("definer", OF_TRIGGERS)
    for name in made("definer"):
        callers = "hass_owner" if name in of_triggers else "hass_app, hass_worker"
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {callers}")
    run(files("rights"))
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM hass_definer")
    op.execute("SET ROLE hass_owner")
    run(files("triggers"))
    run(files("data"))


def downgrade() -> None:
    run(list(reversed(files("down"))))
    # Functions of two owners: the login is a member of both.
    op.execute("RESET ROLE")
    for step in ("definer", "functions"):
        for name in made(step):
            op.execute(f"DROP FUNCTION {name}")
    op.execute("SET ROLE hass_owner")


def make_queue() -> None:
    """Schema `jobs`: procrastinate's own, with what is told to open pages beside it."""
    # Only the login may make a schema, as it made the extensions.
    op.execute("RESET ROLE")
    op.execute("CREATE SCHEMA jobs AUTHORIZATION hass_owner")
    op.execute("SET ROLE hass_owner")
    # The queue's statements name no schema.
    op.execute("SET LOCAL search_path = jobs, pg_temp")
    run(files("queue"))
    op.execute("SET LOCAL search_path TO DEFAULT")
    run(files("schema"))


def made(step: str, which: re.Pattern[str] = MADE) -> list[str]:
    """The functions that the files of a step make; those that they only replace are put back by down.sql."""
    return [name for path in files(step) for name in which.findall(path.read_text(encoding="utf-8"))]
