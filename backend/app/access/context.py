"""The tenancy context of work that no user does: seed, import, jobs (design 4)."""

import getpass
import os
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.role import Scope

_SET = text(
    "SELECT set_config('hass.user_id', '', true), set_config('hass.role', '', true),"
    " set_config('hass.person_id', '', true), set_config('hass.request_id', '', true),"
    " set_config('hass.address', '', true), set_config('hass.scope', :scope, true),"
    " set_config('hass.hospital_id', :hospital_id, true), set_config('hass.region_id', :region_id, true),"
    " set_config('hass.act', :act, true), set_config('hass.agent', :agent, true)"
)


def operating_system_user() -> str:
    """Who runs the command, as the audit trail names him: os:login."""
    try:
        return f"os:{getpass.getuser()}"
    except (KeyError, OSError):
        # A container may run a user id that no password file knows.
        return f"os:{os.getuid()}"


async def set_context(
    session: AsyncSession,
    *,
    scope: Scope,
    act: str,
    hospital_id: UUID | None = None,
    region_id: UUID | None = None,
) -> None:
    """Give the running transaction its reach; `act` names the command. It ends with the transaction."""
    await session.execute(
        _SET,
        {
            "scope": scope.value,
            "hospital_id": "" if hospital_id is None else str(hospital_id),
            "region_id": "" if region_id is None else str(region_id),
            "act": act,
            "agent": operating_system_user(),
        },
    )
