"""Events that no row change tells of: reads, sign-ins, refusals (design 5). Row changes write themselves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.after import run_after_end
from app.access.refusals import AS_ACTOR, reach_of

# DICOM PS3.16, CID 400 (types) and 401 (subtypes), as FHIR AuditEvent takes them.
AUDIT_LOG_USED = "110101"
EXPORT = "110106"
IMPORT = "110107"
PATIENT_RECORD = "110110"
QUERY = "110112"
SECURITY_ALERT = "110113"
USER_AUTHENTICATION = "110114"
LOGIN = "110122"
OVERRIDE_STARTED, OVERRIDE_STOPPED = "110127", "110138"
# v3-ActReason.
TREATMENT, EMERGENCY = "TREAT", "ETREAT"

_WRITE = text(
    "SELECT audit_event(:action, :event_type, :resource_type, :resource_id, :patient_id,"
    " CAST(:outcome AS smallint), :outcome_desc, CAST(:query AS jsonb), :subtype, :purpose)"
)


@dataclass(frozen=True)
class Event:
    """One row of the trail. `event_type` and `subtype` are DICOM codes, `purpose` one of v3-ActReason (domain 5.12);
    `outcome` 0 ok, 4, 8, 12."""

    action: str
    event_type: str
    resource_type: str
    resource_id: UUID | None = None
    patient_id: UUID | None = None
    outcome: int = 0
    outcome_desc: str | None = None
    query: dict[str, Any] | None = None
    subtype: str | None = None
    purpose: str | None = None


async def record(session: AsyncSession, event: Event) -> None:
    """Write the event in the running transaction: if that fails, so does what it tells of."""
    await session.execute(
        _WRITE,
        {
            "action": event.action,
            "event_type": event.event_type,
            "resource_type": event.resource_type,
            "resource_id": event.resource_id,
            "patient_id": event.patient_id,
            "outcome": event.outcome,
            "outcome_desc": event.outcome_desc,
            "query": None if event.query is None else orjson.dumps(event.query).decode(),
            "subtype": event.subtype,
            "purpose": event.purpose,
        },
    )


async def record_export(session: AsyncSession, resource_type: str, *, count: int, what: str) -> None:
    """Rows leave the system as a file: how many, and as what. Nothing is handed out unless this row stands."""
    await record(session, Event("E", EXPORT, resource_type, query={"as": what, "count": count}))


async def record_import(session: AsyncSession, resource_type: str, *, count: int, source: str) -> None:
    """Rows came in from another system, in the same transaction as they."""
    await record(session, Event("E", IMPORT, resource_type, query={"from": source, "count": count}))


def record_after_end(session: AsyncSession, event: Event, actor: Actor | None = None) -> None:
    """Write the event when the transaction has ended, however it ends; `actor` is who it tells of."""

    async def write(after: AsyncSession) -> None:
        if actor is not None:
            await after.execute(AS_ACTOR, reach_of(actor))
        await record(after, event)

    run_after_end(session, write)
