"""How Alembic reaches the database: as the owner's login, acting as hass_owner (design 4)."""

import re
from typing import Any, Literal

from alembic import context
from alembic.util import CommandError
from psycopg import conninfo, errors
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from app.core import migrations
from app.core.database import check_version, connect, open_database
from app.core.errors import HassError
from app.models import Base
from app.models.base import EnumText

FOR_THE_ADMINISTRATOR = """The database login {login} may not make what HASS needs ({reason}).
Let an administrator of the server run these statements in the database, then start again:

  CREATE ROLE hass_owner NOLOGIN; CREATE ROLE hass_app NOLOGIN;
  CREATE ROLE hass_worker NOLOGIN; CREATE ROLE hass_definer NOLOGIN;
  GRANT hass_owner, hass_definer TO "{login}";
  GRANT hass_app, hass_worker TO "{app_login}";
  GRANT CREATE ON DATABASE "{database}" TO "{login}";
  GRANT USAGE, CREATE ON SCHEMA public TO "{login}", hass_owner, hass_definer WITH GRANT OPTION;
"""

IN_THE_WAY = (errors.DuplicateTable, errors.DuplicateFunction, errors.DuplicateObject)


def include_object(thing: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """Hides the partitions of the audit trail and the job queue's schema from autogenerate."""
    if getattr(thing, "schema", None) == "jobs":
        return False
    return not (type_ == "table" and name is not None and re.fullmatch(r"audit_logs_(\d{6}|default)", name))


def render_item(type_: str, thing: Any, autogen_context: Any) -> str | Literal[False]:
    """Our own types stand in a migration as what the database sees, since a migration imports no model."""
    if type_ == "type" and isinstance(thing, EnumText):
        return "sa.String(length=32)"
    return False


def migrate(connection: Connection, app_login: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    check_version(driver.info.server_version, driver.info.parameter_status("server_version") or "")
    connection.exec_driver_sql("SELECT set_config('hass.app_login', %s, false)", (app_login,))
    # A migration never waits long for a lock while a ward queues behind it.
    connection.exec_driver_sql("SET lock_timeout = '10s'")
    owner = connection.exec_driver_sql(
        "SELECT coalesce(pg_has_role(current_user, to_regrole('hass_owner'), 'MEMBER')"
        " AND has_schema_privilege(to_regrole('hass_owner'), 'public', 'CREATE'), false)"
    ).scalar_one()
    if owner:
        connection.exec_driver_sql("SET ROLE hass_owner")
    migrations.check_known(migrations.current(driver))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        render_item=render_item,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    with open_database() as urls:
        app_login = str(conninfo.conninfo_to_dict(urls.app_url).get("user") or "")
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: connect(urls.owner_url), poolclass=NullPool
        )
        with engine.connect() as connection:
            try:
                migrate(connection, app_login)
            except Exception as error:
                refused = error if isinstance(error, errors.Error) else getattr(error, "orig", None)
                driver = connection.connection.driver_connection
                assert driver is not None
                if isinstance(refused, IN_THE_WAY):
                    raise CommandError(
                        f"The database {driver.info.dbname} is not empty: {str(refused).splitlines()[0]}. "
                        "Nothing was changed. Give HASS a database of its own."
                    ) from error
                if not isinstance(refused, errors.InsufficientPrivilege):
                    raise
                raise CommandError(
                    FOR_THE_ADMINISTRATOR.format(
                        login=driver.info.user,
                        app_login=app_login or driver.info.user,
                        database=driver.info.dbname,
                        reason=str(refused).splitlines()[0],
                    )
                ) from error


if context.is_offline_mode():
    raise CommandError(
        "HASS migrates a live database only: its first migration asks the server which roles exist."
    )
try:
    run()
except HassError as error:
    raise CommandError(error.sentence) from error
