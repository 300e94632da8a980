"""The eighteen tables, persons and their child tables, with every rule in the database.

For an empty database. The statements stand as SQL beside this file, in the order they run; they are what was true
on that day, so they import nothing of the application.

Revision ID: 2026112201
Revises:
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "2026112201"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQL = Path(__file__).with_suffix("").with_name("2026_11_22_foundation_sql")

# Functions of hass_definer, one file for each part of the system.
DEFINER = (
    "definer",
    "definer_audit",
    "definer_organisation",
    "definer_records",
    "definer_signin",
)

TABLES = (
    "form_drafts, sign_in_delays, password_links, access_grants, idempotency_keys, import_sources, emr_global,"
    " emr_local, ai_drafts, notifications, inventory, appointments, prescriptions, lab_results, lab_tests,"
    " nurse_logs, vitals, bed_assignments, beds, diagnoses, visits, allergies, patient_identifiers, mrn_counters,"
    " patients, person_identifiers, persons, audit_seals, audit_logs, sessions, users, hospitals, regions, roles"
)


def run(name: str) -> None:
    """Run the statements of one file; psycopg sends a text without parameters as it stands."""
    text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(text)


def upgrade() -> None:
    # Roles are made, and given to each other, by the login itself.
    op.execute("RESET ROLE")
    run("roles")
    op.execute("SET ROLE hass_owner")
    for name in ("functions", "tables", "policies"):
        run(name)
    op.execute("SET ROLE hass_definer")
    for name in (*DEFINER, "rights"):
        run(name)
    op.execute("SET ROLE hass_owner")
    run("triggers")
    op.execute("GRANT SELECT ON alembic_version TO hass_app, hass_worker")
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM hass_definer")
    op.execute("SET ROLE hass_owner")


def downgrade() -> None:
    op.execute(f"DROP TABLE {TABLES} CASCADE")
    # Functions of two owners: the login is a member of both.
    op.execute("RESET ROLE")
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(
        """DO $$
        DECLARE made record;
        BEGIN
          FOR made IN SELECT p.oid::regprocedure AS function, r.rolname AS owner
                        FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
                       WHERE p.pronamespace = 'public'::regnamespace
                         AND r.rolname IN ('hass_owner', 'hass_definer') LOOP
            EXECUTE format('DROP FUNCTION %s', made.function);
          END LOOP;
        END $$"""
    )
    op.execute("REVOKE SELECT ON alembic_version FROM hass_app, hass_worker")
