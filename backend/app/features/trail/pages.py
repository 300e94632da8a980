"""Pages of the audit trail: who did what, when, and what changed."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import ROLE_TITLES, Permission
from app.core.errors import Invalid
from app.features.trail import queries, rules
from app.features.trail.schemas import EventOut, EventPageOut, Kind
from app.web import formatting
from app.web.csrf import same_site
from app.web.templating import is_fragment, render

router = APIRouter(dependencies=[Depends(same_site)])
Word = Annotated[str, Query(max_length=100)]
KINDS: tuple[tuple[Kind, str], ...] = (
    ("reads", "Records opened"),
    ("searches", "Searches"),
    ("changes", "Changes"),
    ("sign_ins", "Sign-ins"),
    ("delays", "Delays of sign-ins"),
    ("rights", "Rights and roles"),
    ("refusals", "Refusals"),
    ("transfers", "Imports and exports"),
)


@dataclass(frozen=True)
class Asked:
    """What stood in the form, as it was typed."""

    person: str
    mrn: str
    act: str
    kind: str
    since: str
    until: str

    def query(self) -> str:
        named = {"person": self.person, "mrn": self.mrn, "act": self.act, "kind": self.kind}
        return urlencode(
            {key: value for key, value in {**named, "from": self.since, "to": self.until}.items() if value}
        )


@router.get("/audit", dependencies=[Needs(Permission.AUDIT_READ)])
async def show_trail(
    request: Request,
    db: Db,
    actor: CurrentActor,
    person: Word = "",
    mrn: Word = "",
    act: Word = "",
    kind: Word = "",
    since: Annotated[str, Query(alias="from", max_length=30)] = "",
    until: Annotated[str, Query(alias="to", max_length=30)] = "",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    asked = Asked(person.strip(), mrn.strip(), act.strip(), kind, since.strip(), until.strip())
    page, problem = EventPageOut(items=[], next_cursor=None), None
    try:
        page = await queries.search_trail(db, actor, _search(actor, asked), cursor=cursor)
    except Invalid as error:
        problem = error
    more = is_fragment(request) and cursor is not None
    return render(
        request,
        "trail/rows.html" if more else "trail/trail.html",
        actor,
        status_code=422 if problem else 200,
        asked=asked,
        kinds=KINDS,
        page=page,
        events=[_words(event) for event in page.items],
        problem=problem.sentence if problem else None,
        problem_field=problem.field if problem else None,
        place=actor.hospital_name or actor.region_name or "The whole network",
    )


def _search(actor: Actor, asked: Asked) -> queries.TrailSearch:
    known = next((kind for kind, _ in KINDS if kind == asked.kind), None)
    since, until = _day(asked.since, "from"), _day(asked.until, "to")
    if since and until and until < since:
        raise Invalid(
            "period-backwards", "The last day lies before the first. Change one of them.", field="to"
        )
    return queries.TrailSearch(
        person=asked.person,
        mrn=asked.mrn,
        act=asked.act,
        kind=known,
        since=_midnight(actor, since),
        # The last day is in the period.
        until=_midnight(actor, until + timedelta(days=1)) if until and until < date.max else None,
        skips_delays=True,
    )


def _day(given: str, field: str) -> date | None:
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Invalid("day-unknown", "A day is written like 2026-11-24.", field=field) from None


def _midnight(actor: Actor, day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, formatting.zone(actor.timezone))


def _words(event: EventOut) -> dict[str, Any]:
    """A row of the page: who, when, what, and which fields, old and new."""
    role = event.user_role
    titles = {name.value: title for name, (title, _) in ROLE_TITLES.items()}
    fields = [
        {
            "name": formatting.words(name),
            "before": _value((event.before_state or {}).get(name)),
            "after": _value((event.after_state or {}).get(name)),
        }
        for name in event.changed
    ]
    return {
        "event": event,
        "who": event.user_name or _nobody(event),
        "role": titles.get(role, role) if role else None,
        "what": rules.what_happened(event.model_dump()),
        "why": rules.REASONS.get(event.purpose or ""),
        "fields": fields,
        "thing": rules.thing(event.resource_type),
    }


def _nobody(event: EventOut) -> str:
    if event.user_id is not None:
        return "A person of another place"
    agent = event.user_agent or ""
    if agent.startswith("os:"):
        return f"Command, run by {agent.removeprefix('os:')}"
    if agent.startswith("sql:"):
        return f"Database login {agent.removeprefix('sql:')}"
    return "Nobody signed in"


def _value(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = str(value)
    return words if len(words) <= 200 else f"{words[:200]} …"
