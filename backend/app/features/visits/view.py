"""What every page about one visit shows, and the forms of its acts: one template asks all of them."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.core import clock
from app.features.beds.census import stay_days
from app.features.registration.banner import read_banner
from app.features.visits import queries
from app.features.visits.schemas import VisitOut
from app.models.visit import Disposition, VisitType
from app.web import formatting
from app.web.forms import Form, attempt, fill, local_instant, read_form
from app.web.templating import render

M = TypeVar("M", bound=BaseModel)
Options = Sequence[tuple[str, str]]
TYPES = {
    VisitType.INPATIENT: "Inpatient: a stay with a bed",
    VisitType.OUTPATIENT: "Outpatient: a visit without a bed",
    VisitType.EMERGENCY: "Emergency",
}
DISPOSITIONS = {
    Disposition.HOME: "Home",
    Disposition.ALT_HOME: "Somebody else's home",
    Disposition.OTHER_HCF: "Another health care facility",
    Disposition.HOSPICE: "Hospice",
    Disposition.LONG: "Long-term care",
    Disposition.AGAINST_ADVICE: "Left against advice",
    Disposition.EXPIRED: "Died",
    Disposition.PSYCHIATRIC: "Psychiatric hospital",
    Disposition.REHABILITATION: "Rehabilitation",
    Disposition.SKILLED_NURSING: "Skilled nursing facility",
    Disposition.OTHER: "Elsewhere",
}


@dataclass(frozen=True)
class Field:
    """One field of a form: `kind` is text, words (several lines), instant, choice or tick."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    is_optional: bool = False
    options: Options = ()
    empty: str | None = None


@dataclass(frozen=True)
class Ask:
    """A form about one visit: what is asked, what pressing the button does, and what it cannot take back."""

    title: str
    button: str
    fields: Sequence[Field] = ()
    told: Sequence[str] = ()
    is_danger: bool = False
    icon: str = "door-enter"
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        return {each.name: each.label for each in self.fields}


async def about(db: AsyncSession, actor: Actor, visit_id: UUID) -> dict[str, Any]:
    """The banner, which tells the trail that the record was opened, and the visit."""
    visit = await queries.read_visit(db, actor, visit_id, is_opening=False)
    ended = visit.discharge_date or clock.now()
    return {
        "days": stay_days(visit.admission_date, ended, formatting.zone(actor.timezone))
        if visit.admission_date
        else None,
        "banner": await read_banner(db, actor, visit.patient_id),
        "visit": visit,
        "types": {kind.value: words for kind, words in TYPES.items()},
        "dispositions": {kind.value: words for kind, words in DISPOSITIONS.items()},
    }


async def show_ask(
    request: Request, db: AsyncSession, actor: Actor, visit_id: UUID, ask: Ask, form: Form | None = None
) -> Response:
    shown = form or Form(dict.fromkeys(ask.labels, ""))
    return render(
        request,
        "visits/ask.html",
        actor,
        status_code=shown.status_code,
        ask=ask,
        form=shown,
        action=request.url.path,
        **await about(db, actor, visit_id),
    )


async def answered(
    request: Request, ask: Ask, model: type[M], actor: Actor, *, needed: Sequence[str] = ()
) -> tuple[Form, M | None]:
    """What was typed, and what the act takes; None when something is wrong, which the form then tells."""
    form = await read_form(request, tuple(ask.labels))
    return form, typed(form, model, ask, actor, needed=needed)


def typed(form: Form, model: type[M], ask: Ask, actor: Actor, *, needed: Sequence[str] = ()) -> M | None:
    """Days and times are the hospital's: they are read in its zone, and shown again as they were typed."""
    instants = {each.name for each in ask.fields if each.kind == "instant"}
    words = {
        name: local_instant(value, actor.timezone) if name in instants and value else value
        for name, value in form.values.items()
    }
    read = Form(words)
    made = fill(read, model, ask.labels, needed=needed)
    form.errors, form.status_code = read.errors, read.status_code
    return made


async def press(
    request: Request, db: AsyncSession, actor: Actor, visit_id: UUID, act: Awaitable[object], done: str
) -> Response:
    """A button without a form: back to the visit, which says what was done or why not."""
    form = Form()
    if await attempt(db, form, act):
        return to_visit(visit_id, done)
    ask = Ask("Not done", "", icon="alert-triangle")
    return await show_ask(request, db, actor, visit_id, ask, form)


def to_visit(visit_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/visits/{visit_id}?done={done}", 303)


def local_typed(instant: datetime | None, actor: Actor) -> str:
    """As a field of day and time holds it."""
    return "" if instant is None else f"{formatting.local(instant, actor.timezone):%Y-%m-%dT%H:%M}"


async def doctor_options(db: AsyncSession, actor: Actor) -> Options:
    return [(str(each.id), each.name) for each in await queries.list_doctors(db, actor)]


async def bed_options(db: AsyncSession, actor: Actor, visit: VisitOut | None = None) -> Options:
    """Beds that are free, or kept for this visit."""
    found = await queries.list_free_beds(db, actor, visit.id if visit else None)
    return [(str(each.id), each.name) for each in found]
