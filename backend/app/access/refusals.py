"""The trace of a refusal: what an actor asked for and did not get, written once his transaction is rolled back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.after import AfterEnd
from app.core.errors import BeyondReach, Forbidden, HassError, NotFound

# DICOM PS3.16: security alert, use of restricted function; patient record.
SECURITY_ALERT, RESTRICTED_FUNCTION = "110113", "110132"
PATIENT_RECORD = "110110"
MINOR = 4

AS_ACTOR = text(
    "SELECT set_config('hass.user_id', :user_id, true), set_config('hass.role', :role, true),"
    " set_config('hass.hospital_id', :hospital_id, true), set_config('hass.region_id', :region_id, true)"
)
_WRITE = text(
    "SELECT audit_event('E', :event_type, :resource_type, :resource_id, NULL, CAST(:outcome AS smallint),"
    " :outcome_desc, CAST(:query AS jsonb), :subtype)"
)


def reach_of(actor: Actor) -> dict[str, str]:
    """Who he is to the trail, as `AS_ACTOR` takes it."""
    told = {name: getattr(actor, name) for name in ("user_id", "role", "hospital_id", "region_id")}
    return {name: "" if value is None else str(value) for name, value in told.items()}


def trace_of(error: BaseException, actor: Actor | None, path: Mapping[str, Any]) -> AfterEnd | None:
    """What to write of this error, if it is a refusal that the trail keeps (domain 5.12).

    A missing permission and an overreach always; a record out of reach where it is a patient's: his id was tried."""
    if actor is None or not isinstance(error, HassError):
        return None
    patient_id = _uuid(path.get("patient_id"))
    if isinstance(error, Forbidden):
        asked = {"permission": error.permission} | ({"patient_id": str(patient_id)} if patient_id else {})
        values: dict[str, Any] = {
            "event_type": SECURITY_ALERT,
            "subtype": RESTRICTED_FUNCTION,
            "resource_type": "users",
            "resource_id": actor.user_id,
            "outcome_desc": "permission missing",
            "query": orjson.dumps(asked).decode(),
        }
    elif isinstance(error, BeyondReach):
        values = {
            "event_type": SECURITY_ALERT,
            "subtype": RESTRICTED_FUNCTION,
            "resource_type": "users",
            "resource_id": actor.user_id,
            "outcome_desc": "beyond the own reach",
            "query": None,
        }
    elif isinstance(error, NotFound) and patient_id is not None:
        values = {
            "event_type": PATIENT_RECORD,
            "subtype": None,
            "resource_type": "patients",
            "resource_id": patient_id,
            "outcome_desc": "not there or out of reach",
            "query": None,
        }
    else:
        return None
    told = reach_of(actor)

    async def write(session: AsyncSession) -> None:
        await session.execute(AS_ACTOR, told)
        await session.execute(_WRITE, {**values, "outcome": MINOR})

    return write


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
