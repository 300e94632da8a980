"""Reads of the network's record, and of who opened it in an emergency (domain 5.10, S28)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.audit import events
from app.core.cursors import bad_cursor, read_cursor, read_key, write_cursor
from app.core.errors import HassError, NotFound
from app.features.records import schemas, statements
from app.models.emr import AccessGrant

MOST_ROWS = 100
# Ours: no standard fixes how soon an emergency access is reviewed.
REVIEW_WITHIN = timedelta(hours=72)
QueueState = Literal["open", "waiting", "reviewed", "all"]


CLOSED = (
    "This patient has no open visit and no near appointment here, so records of other hospitals stay closed."
    " Emergency access opens them for 60 minutes."
)
# No role has an emergency with the dead: what is still wanted of them, the hospital that wrote it gives out.
NOTHING_URGENT = (
    "This patient has died, so emergency access is no longer given. Ask the hospital that wrote the records."
)


class NotTreating(HassError):
    """The file is here, but this hospital does not treat its person just now, and nobody broke the glass."""

    status = 403

    def __init__(self, *, is_deceased: bool) -> None:
        super().__init__("not-in-treatment", NOTHING_URGENT if is_deceased else CLOSED)


@dataclass(frozen=True)
class Reach:
    """What opens the person's records of other hospitals to the reader; nothing does where `access` is None."""

    person_id: UUID
    is_deceased: bool
    access: schemas.Access | None
    grant: schemas.GrantOut | None


def no_such_patient() -> NotFound:
    return NotFound("patient-not-found", "There is no such patient here.")


@needs(Permission.RECORD_READ)
async def reach_of(session: AsyncSession, actor: Actor, patient_id: UUID) -> Reach:
    values = {"patient_id": patient_id, "user_id": actor.user_id}
    row = (await session.execute(text(statements.REACH), values)).mappings().one_or_none()
    if row is None:
        raise no_such_patient()
    grant = None
    if row["grant_id"] is not None:
        told = {key: row[key] for key in ("reason", "granted_at", "expires_at")}
        grant = schemas.GrantOut(id=row["grant_id"], patient_id=row["id"], ended_at=None, **told)
    access: schemas.Access | None = "own" if actor.scope == "self" else None
    if access is None and (grant or row["treats"]):
        access = "emergency" if grant else "treatment"
    return Reach(row["person_id"], row["is_deceased"], access, grant)


def _moment(value: str | None) -> datetime | None:
    try:
        return None if value is None else datetime.fromisoformat(value)
    except ValueError:
        raise bad_cursor() from None


@needs(Permission.RECORD_READ)
async def read_global_records(
    session: AsyncSession, actor: Actor, patient_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> schemas.GlobalRecordsOut:
    """The person's records of other hospitals; raises NotFound, or NotTreating, which the trail remembers.

    The read is in the trail, with its purpose and the emergency access it was done under, or nothing is shown."""
    after_at, after_id = read_cursor(cursor, 2)
    reach = await reach_of(session, actor, patient_id)
    if reach.access is None:
        refused = events.Event(
            "R",
            events.PATIENT_RECORD,
            "emr_global",
            None,
            patient_id,
            outcome=4,
            outcome_desc="not in treatment",
        )
        events.record_after_end(session, refused, actor)
        raise NotTreating(is_deceased=reach.is_deceased)
    limit = min(limit, MOST_ROWS)
    values = {
        "patient_id": patient_id,
        "person_id": reach.person_id,
        "after_at": _moment(after_at),
        "after_id": read_key(after_id),
        "limit": limit + 1,
    }
    rows = (await session.execute(text(statements.RECORDS), values)).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    await _record_read(session, reach, patient_id, len(rows))
    return schemas.GlobalRecordsOut(
        access=reach.access,
        emergency_access=reach.grant,
        items=[schemas.GlobalRecordOut.model_validate(dict(row)) for row in rows],
        next_cursor=write_cursor(rows[-1]["synced_at"].isoformat(), rows[-1]["id"]) if more else None,
    )


async def _record_read(session: AsyncSession, reach: Reach, patient_id: UUID, found: int) -> None:
    query: dict[str, Any] = {"found": found}
    purpose = None if reach.access == "own" else events.TREATMENT
    if reach.grant is not None:
        query["access_grant"] = str(reach.grant.id)
        purpose = events.EMERGENCY
    read = events.Event(
        "R", events.PATIENT_RECORD, "emr_global", None, patient_id, query=query, purpose=purpose
    )
    await events.record(session, read)


@needs(Permission.RECORD_READ)
async def list_used_access(session: AsyncSession, actor: Actor, patient_id: UUID) -> schemas.UsedAccessesOut:
    """Who opened this person's records in an emergency, when and why: the patient's to know, and the ward's."""
    await reach_of(session, actor, patient_id)
    rows = (await session.execute(text(statements.USED), {"patient_id": patient_id})).mappings()
    return schemas.UsedAccessesOut(items=[schemas.UsedAccessOut.model_validate(dict(row)) for row in rows])


def no_such_access() -> NotFound:
    return NotFound("emergency-access-not-found", "There is no such emergency access here.")


@needs(Permission.BREAK_GLASS_REVIEW)
async def require_access(session: AsyncSession, actor: Actor, grant_id: UUID) -> None:
    """Raises NotFound where there is no such emergency access within reach."""
    if await session.scalar(select(AccessGrant.id).where(AccessGrant.id == grant_id)) is None:
        raise no_such_access()


@needs(Permission.BREAK_GLASS_REVIEW)
async def list_reviews(
    session: AsyncSession,
    actor: Actor,
    state: QueueState,
    *,
    now: datetime,
    limit: int = 20,
    cursor: str | None = None,
) -> schemas.ReviewQueueOut:
    """The hospital's emergency accesses; those that wait, the oldest first."""
    after_at, after_id = read_cursor(cursor, 2)
    limit = min(limit, MOST_ROWS)
    values = {
        "hospital_id": actor.hospital_id,
        "now": now,
        "after_at": _moment(after_at),
        "after_id": read_key(after_id),
        "limit": limit + 1,
    }
    rows = (await session.execute(text(statements.queue_sql(state)), values)).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    waiting = await session.scalar(text(statements.WAITING), {"hospital_id": actor.hospital_id, "now": now})
    searched = {"state": state, "found": len(rows)}
    await events.record(session, events.Event("E", events.QUERY, "access_grants", query=searched))
    return schemas.ReviewQueueOut(
        items=[_item(dict(row), now) for row in rows],
        next_cursor=write_cursor(rows[-1]["granted_at"].isoformat(), rows[-1]["id"]) if more else None,
        waiting=waiting or 0,
    )


def _item(row: dict[str, Any], now: datetime) -> schemas.ReviewItemOut:
    over = min(row["expires_at"], row["ended_at"] or row["expires_at"])
    overdue = row["state"] == "waiting" and now - over > REVIEW_WITHIN
    return schemas.ReviewItemOut.model_validate(
        {**row, "overdue": overdue, "reviewed_by": row["reviewer"] or None}
    )
