"""Pages on which a hospital sets up its wards and beds; who lies where is the bed board's."""

import re
from collections.abc import Awaitable
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core.errors import Invalid
from app.core.versions import version_of
from app.features.organisation import actions, queries, schemas
from app.models.bed import BedType
from app.web.csrf import same_site
from app.web.forms import Form, attempt, fill, read_form
from app.web.templating import render

router = APIRouter(prefix="/wards", dependencies=[Depends(same_site)])
SET_UP = [Needs(Permission.BED_SET_UP)]
NEW = {"ward": "Ward", "bay": "Bay", "floor": "Floor", "bed_type": "Kind", "bed_numbers": "Bed numbers"}
BED = {"bed_number": "Bed number", "ward": "Ward", "bay": "Bay", "floor": "Floor", "bed_type": "Kind"}
RENAME = {"ward": "Ward", "new_name": "New name"}
KINDS = {
    BedType.GENERAL: "General",
    BedType.ICU: "Intensive care",
    BedType.ISOLATION: "Isolation",
    BedType.MATERNITY: "Maternity",
    BedType.PAEDIATRIC: "Children",
    BedType.EMERGENCY: "Emergency",
    BedType.DAY: "Day",
}
DONE = {
    "made": "The beds are set up, free from now on.",
    "renamed": "Renamed, with all its beds.",
    "saved": "Saved.",
    "off": "Out of use: on no board and in no count.",
    "on": "Back in use.",
}
# "12A-16A" would need a rule of its own; plain numbers go from one to the other.
RANGE = re.compile(r"(\D*)(\d{1,9})\s*[-–]\s*(\d{1,9})")
MOST_BEDS = 200
Done = Annotated[str, Query(max_length=40)]


def bed_numbers(typed: str) -> list[str]:
    """What people write of many beds: commas between, a dash from the first to the last.

    A slip of the dash is refused: read as a name it would make a bed that nobody wanted and that stays for good.

    >>> bed_numbers("W1-3, 7A")
    ['W1', 'W2', 'W3', '7A']
    """
    found: list[str] = []
    for part in filter(None, (each.strip() for each in typed.split(","))):
        match = RANGE.fullmatch(part)
        if part[0] in "-–" or part[-1] in "-–":
            raise _unclear("A dash stands between two numbers, such as 1-12.")
        if not match:
            found.append(part)
            continue
        first, last, width = int(match[2]), int(match[3]), len(match[2])
        if last < first:
            raise _unclear("A dash goes from the smaller number to the larger one, such as 1-12.")
        if last - first >= MOST_BEDS:
            raise _too_many(last - first + 1)
        found += [f"{match[1]}{number:0{width}}" for number in range(first, last + 1)]
    if len(found) > MOST_BEDS:
        raise _too_many(len(found))
    return found


def _unclear(sentence: str) -> Invalid:
    return Invalid("bed-numbers-unclear", sentence, field="bed_numbers")


def _too_many(count: int) -> Invalid:
    return _unclear(f"At most {MOST_BEDS} beds at once; these are {count}.")


@router.get("", dependencies=SET_UP)
async def show_wards(request: Request, db: Db, actor: CurrentActor, done: Done = "") -> Response:
    return await _wards(request, db, actor, done=DONE.get(done, ""))


@router.post("/beds", dependencies=SET_UP)
async def set_up_beds(request: Request, db: Db, actor: CurrentActor) -> Response:
    form = await read_form(request, tuple(NEW))
    typed = fill(form, _Typed, NEW, needed=("ward", "bed_numbers", "bed_type"))
    if typed is not None and await attempt(db, form, _set_up(db, actor, typed)):
        return RedirectResponse("/wards?done=made", 303)
    return await _wards(request, db, actor, new=form)


class _Typed(schemas.In):
    ward: schemas.Word
    bay: schemas.Word | None = None
    floor: schemas.Word | None = None
    bed_type: BedType
    bed_numbers: schemas.Word


async def _set_up(db: AsyncSession, actor: Actor, typed: _Typed) -> None:
    numbers = bed_numbers(typed.bed_numbers)
    if not numbers:
        raise _unclear("Bed numbers is needed.")
    wanted = schemas.BedsIn(**{**typed.model_dump(), "bed_numbers": numbers})
    await actions.set_up_beds(db, actor, wanted)


@router.post("/rename", dependencies=SET_UP)
async def rename_ward(request: Request, db: Db, actor: CurrentActor) -> Response:
    form = await read_form(request, tuple(RENAME))
    names = fill(form, schemas.WardRenameIn, RENAME, needed=tuple(RENAME))
    if names is not None and await attempt(db, form, actions.rename_ward(db, actor, names)):
        return RedirectResponse("/wards?done=renamed", 303)
    return await _wards(request, db, actor, rename=form)


async def _wards(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    *,
    new: Form | None = None,
    rename: Form | None = None,
    done: str = "",
) -> Response:
    beds = await queries.list_beds(db, actor)
    wards = [(ward, list(of_ward)) for ward, of_ward in groupby(beds.items, key=lambda bed: bed.ward)]
    refused = new or rename
    return render(
        request,
        "organisation/wards.html",
        actor,
        status_code=refused.status_code if refused else 200,
        beds=beds,
        wards=wards,
        ward_names=[(ward, ward) for ward, _ in wards],
        new=new or Form({**dict.fromkeys(NEW, ""), "bed_type": BedType.GENERAL.value}),
        rename=rename or Form(dict.fromkeys(RENAME, "")),
        kinds=[(kind.value, words) for kind, words in KINDS.items()],
        done=done,
    )


@router.get("/beds/{bed_id}", dependencies=SET_UP)
async def show_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID, done: Done = "") -> Response:
    return await _bed(request, db, actor, bed_id, done=DONE.get(done, ""))


@router.post("/beds/{bed_id}", dependencies=SET_UP)
async def change_bed(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    form = await read_form(request, (*BED, "version"))
    changes = fill(form, schemas.BedChangeIn, BED, needed=("bed_number", "ward", "bed_type"))
    seen = form.values["version"] or None
    if changes is not None and await attempt(
        db, form, actions.change_bed(db, actor, bed_id, changes, seen=seen)
    ):
        return RedirectResponse(f"/wards/beds/{bed_id}?done=saved", 303)
    return await _bed(request, db, actor, bed_id, form=form)


@router.post("/beds/{bed_id}/switch-off", dependencies=SET_UP)
async def switch_bed_off(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    return await _acted(request, db, actor, bed_id, actions.switch_bed_off(db, actor, bed_id), "off")


@router.post("/beds/{bed_id}/switch-on", dependencies=SET_UP)
async def switch_bed_on(request: Request, db: Db, actor: CurrentActor, bed_id: UUID) -> Response:
    return await _acted(request, db, actor, bed_id, actions.switch_bed_on(db, actor, bed_id), "on")


async def _acted(
    request: Request, db: AsyncSession, actor: Actor, bed_id: UUID, act: Awaitable[object], done: str
) -> Response:
    form = Form()
    if await attempt(db, form, act):
        return RedirectResponse(f"/wards/beds/{bed_id}?done={done}", 303)
    return await _bed(request, db, actor, bed_id, form=form)


async def _bed(
    request: Request,
    db: AsyncSession,
    actor: Actor,
    bed_id: UUID,
    *,
    form: Form | None = None,
    done: str = "",
) -> Response:
    bed = await queries.read_bed(db, actor, bed_id)
    shown = form or Form()
    for name in BED:
        shown.values.setdefault(name, getattr(bed, name) or "")
    return render(
        request,
        "organisation/bed.html",
        actor,
        status_code=shown.status_code,
        bed=bed,
        version=version_of(bed.updated_at),
        form=shown,
        kinds=[(kind.value, words) for kind, words in KINDS.items()],
        done=done,
    )
