"""Reads of the trail. The policies decide the reach: a hospital's events, or those of the organisation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.policies import ORGANISATION
from app.audit.events import AUDIT_LOG_USED, Event, record
from app.audit.verifying import verify
from app.core.cursors import bad_cursor, read_cursor, read_key, write_cursor
from app.core.errors import Conflict
from app.features.trail.rules import CONTENT, OPEN, changed_fields
from app.features.trail.schemas import EventOut, EventPageOut, FindingOut, Kind, VerificationOut

MOST_ROWS = 100
MOST_PEOPLE = 50
# Every attempt to sign in counts in one: what tells something stands beside it, as a sign-in or a refusal.
NO_DELAY = "l.resource_type <> 'sign_in_delays'"
KINDS: dict[Kind, str] = {
    "reads": "l.action = 'R'",
    "searches": "l.event_type IN ('110112', '110101')",
    "changes": f"l.action IN ('C', 'U', 'D') AND l.event_type = 'rest' AND {NO_DELAY}",
    "sign_ins": "l.event_type = '110114'",
    "delays": "l.resource_type = 'sign_in_delays'",
    "rights": "l.event_type = '110113' AND l.outcome = 0",
    "refusals": "l.outcome > 0",
    "transfers": "l.event_type IN ('110106', '110107')",
}


@dataclass(frozen=True)
class TrailSearch:
    """All that is given must hold; nothing given is the whole trail within reach, newest first.

    `skips_delays` leaves out what beside each sign-in only counts it, unless a kind is asked for."""

    user_id: UUID | None = None
    person: str = ""
    patient_id: UUID | None = None
    mrn: str = ""
    resource_type: str | None = None
    resource_id: UUID | None = None
    act: str = ""
    kind: Kind | None = None
    since: datetime | None = None
    until: datetime | None = None
    skips_delays: bool = False

    def used(self) -> list[str]:
        """What was searched by, as the trail keeps it: no name and no number."""
        return [name for name, value in asdict(self).items() if value and name != "skips_delays"]


_PEOPLE = text("""
SELECT u.id FROM users u
 WHERE u.last_name ILIKE :begins OR u.first_name ILIKE :begins OR u.email::text ILIKE :begins
    OR concat_ws(' ', u.first_name, u.last_name) ILIKE :begins
 ORDER BY u.last_name, u.id LIMIT :most""")
_FILE = text("SELECT p.id FROM patients p WHERE p.mrn = :mrn")
# The page is cut before names are looked up, so that the index of the hospital over time leads.
_SEARCH = """
WITH page AS MATERIALIZED (
  SELECT l.* FROM audit_logs l WHERE {conditions} ORDER BY l.created_at DESC, l.id DESC LIMIT :limit)
SELECT page.*, nullif(concat_ws(' ', u.title, u.first_name, u.last_name), '') AS user_name, p.mrn AS patient_mrn
  FROM page LEFT JOIN users u ON u.id = page.user_id LEFT JOIN patients p ON p.id = page.patient_id
 ORDER BY page.created_at DESC, page.id DESC"""


@needs(Permission.AUDIT_READ)
async def search_trail(
    session: AsyncSession, actor: Actor, search: TrailSearch, *, limit: int = 50, cursor: str | None = None
) -> EventPageOut:
    """Events, newest first. Reading the trail is an event itself, written before anything is shown."""
    limit = min(limit, MOST_ROWS)
    conditions, values = await _conditions(session, actor, search)
    after_at, after_id = read_cursor(cursor, 2)
    if after_at is not None:
        conditions.append("(l.created_at, l.id) < (:after_at, :after_id)")
        values |= {"after_at": _instant(after_at), "after_id": read_key(after_id)}
    statement = text(_SEARCH.format(conditions=" AND ".join(conditions) or "true"))
    rows = (await session.execute(statement, {**values, "limit": limit + 1})).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    await record(
        session, Event("E", AUDIT_LOG_USED, "audit_logs", query={"by": search.used(), "found": len(rows)})
    )
    return EventPageOut(
        items=[_event(actor, dict(row)) for row in rows],
        next_cursor=write_cursor(rows[-1]["created_at"].isoformat(), rows[-1]["id"]) if more else None,
    )


async def _conditions(
    session: AsyncSession, actor: Actor, search: TrailSearch
) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    values: dict[str, Any] = {}

    def require(condition: str, **given: Any) -> None:
        conditions.append(condition)
        values.update(given)

    if actor.scope == "hospital":
        require("l.hospital_id = :hospital_id", hospital_id=actor.hospital_id)
    else:
        # As the policies say it; alone they are alternatives, of which the planner takes no index.
        conditions.append(f"l.{ORGANISATION}")
    if actor.scope == "region":
        require("l.region_id = :region_id", region_id=actor.region_id)
    if search.user_id:
        require("l.user_id = :user_id", user_id=search.user_id)
    if words := _plain(search.person):
        found = await session.scalars(_PEOPLE, {"begins": f"{_escaped(words)}%", "most": MOST_PEOPLE})
        require("l.user_id = ANY (:people)", people=list(found))
    if search.patient_id:
        require("l.patient_id = :patient_id", patient_id=search.patient_id)
    if mrn := _plain(search.mrn).upper():
        file = await session.scalar(_FILE, {"mrn": mrn})
        require("l.patient_id = CAST(:file AS uuid)", file=file)
    if search.resource_type:
        require("l.resource_type = :resource_type", resource_type=search.resource_type)
    if search.resource_id:
        require("l.resource_id = :resource_id", resource_id=search.resource_id)
    if act := _plain(search.act):
        require("l.act ^@ :act", act=act.replace(" ", "_"))
    if search.kind:
        conditions.append(f"({KINDS[search.kind]})")
    elif search.skips_delays:
        conditions.append(NO_DELAY)
    if search.since:
        require("l.created_at >= :since", since=search.since)
    if search.until:
        require("l.created_at < :until", until=search.until)
    return conditions, values


def _plain(words: str) -> str:
    return words.replace("\x00", "").strip()


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _instant(value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise bad_cursor() from None
    if found.tzinfo is None:
        raise bad_cursor()
    return found


def _event(actor: Actor, row: Mapping[str, Any]) -> EventOut:
    """The states go with the permission to see such rows; what changed is named in any case."""
    table = row["resource_type"]
    needed = CONTENT.get(table)
    withheld = table not in OPEN and (needed is None or not actor.can(needed))
    states = {"before_state": None, "after_state": None} if withheld else {}
    has_content = row["before_state"] is not None or row["after_state"] is not None
    address = row["ip_address"]
    return EventOut.model_validate(
        {
            **row,
            "changed": changed_fields(row["before_state"], row["after_state"]),
            "content_withheld": withheld and has_content,
            "ip_address": None if address is None else str(address),
            **states,
        }
    )


@needs(Permission.AUDIT_READ)
async def verify_trail(
    session: AsyncSession, actor: Actor, background: async_sessionmaker[AsyncSession]
) -> VerificationOut:
    """Compare every row of the network with its seal; the answer holds ids and counts, nothing of the rows.

    The rows are compared as background work does it: a request itself may not read the digests. One at a time."""
    alone = text("SELECT pg_try_advisory_xact_lock(4023)")
    if not await session.scalar(alone):
        raise Conflict("verification-runs", "The trail is being verified already. Try again in a moment.")
    async with background() as apart:
        report = await verify(apart)
    await record(
        session,
        Event("E", AUDIT_LOG_USED, "audit_logs", query={"by": ["verify"], "found": len(report.findings)}),
    )
    return VerificationOut(
        is_whole=report.is_whole,
        seals=report.seals,
        rows=report.rows,
        unsealed=report.unsealed,
        unsealed_since=report.unsealed_since,
        sealed_at=report.sealed_at,
        pruned_months=report.pruned_months,
        findings=[
            FindingOut.model_validate(
                {"kind": each.kind, "seal": each.seal, "row_id": each.row_id, "sentence": each.sentence}
            )
            for each in report.findings
        ],
        more_findings=report.more_findings,
    )
