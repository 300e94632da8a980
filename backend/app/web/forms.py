"""Forms of pages: read what was typed, say what is wrong beside the field, and keep every word (ui.md, 4)."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.core.errors import BeyondReach, Forbidden, HassError, NotFound
from app.web.csrf import FIELD
from app.web.formatting import zone
from app.web.handlers import Problem, invalid_request, problem_of

M = TypeVar("M", bound=BaseModel)


@dataclass
class Form:
    """What stands in the fields, and what is wrong with it: field > sentence; "" is the form as a whole."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    status_code: int = 200

    def refuse(self, problem: Problem) -> None:
        listed = {each["field"]: each["sentence"] for each in problem.errors if each["field"] in self.values}
        self.errors.update(listed or {"": problem.sentence})
        self.status_code = problem.status


async def read_form(request: Request, names: Sequence[str]) -> Form:
    """The text fields of these names, without blanks around them; a field that was not sent is empty."""
    sent = await request.form()
    typed = {name: sent.get(name) for name in names if name != FIELD}
    return Form({name: value.strip() if isinstance(value, str) else "" for name, value in typed.items()})


def local_instant(typed: str, timezone: str | None) -> str:
    """What a field of date and time sends, read in the hospital's zone; nonsense stays for the model to refuse."""
    try:
        here = datetime.fromisoformat(typed).replace(tzinfo=zone(timezone))
        # An hour that the clocks leave out comes back as another one.
        known = here.astimezone(UTC).astimezone(here.tzinfo).replace(tzinfo=None) == here.replace(tzinfo=None)
    except (ValueError, OverflowError):
        return typed
    return here.isoformat() if known else "no such time"


async def read_many(request: Request, name: str) -> list[str]:
    """The values of all ticked boxes of this name."""
    return [value for value in (await request.form()).getlist(name) if isinstance(value, str)]


def fill(form: Form, model: type[M], labels: Mapping[str, str], *, needed: Sequence[str] = ()) -> M | None:
    """What the act takes, from the fields that `labels` names; None when something is wrong, which `form` then tells.

    An empty field is None, or is missed when it stands in `needed`."""
    given = {name: form.values[name] or None for name in labels if name in form.values}
    missing = [name for name in needed if not given.get(name)]
    form.errors.update({name: f"{labels[name]} is needed." for name in missing})
    try:
        made = model.model_validate(
            {name: value for name, value in given.items() if value is not None or name not in needed}
        )
    except ValidationError as wrong:
        for each in wrong.errors():
            name = str(each["loc"][0]) if each["loc"] else ""
            told = invalid_request([{**each, "loc": (labels.get(name, name),)}])
            form.errors.setdefault(name, told.sentence)
        made = None
    if form.errors:
        form.status_code = 422
        return None
    return made


async def attempt(db: AsyncSession, form: Form, act: Awaitable[object]) -> bool:
    """Whether the act went through; what refuses it is told in `form`, and the transaction can go on to show it."""
    try:
        async with db.begin_nested():
            await act
    except (NotFound, Forbidden, BeyondReach):
        raise
    except (HassError, IntegrityError) as error:
        problem = problem_of(error)
        if problem.status >= 500:
            raise
        form.refuse(problem)
        return False
    return True
