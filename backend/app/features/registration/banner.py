"""The banner of every page about one patient: who it is, twice, what is dangerous, and how ill (ui.md 4)."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.clinical.news2 import PARAMETERS, Signs, news2
from app.clinical.vital_ranges import ADULT_FROM_DAYS
from app.core.errors import NotFound
from app.features.registration import schemas, statements


@needs(Permission.PATIENT_READ)
async def read_banner(session: AsyncSession, actor: Actor, patient_id: UUID) -> schemas.BannerOut:
    """One statement, which also writes the opening to the trail; raises NotFound outside the actor's reach."""
    return banner_of(actor, await patient_row(session, actor, patient_id))


async def patient_row(session: AsyncSession, actor: Actor, patient_id: UUID) -> dict[str, Any]:
    shows_vitals = actor.can(Permission.VITALS_READ)
    values = {
        "patient_id": patient_id,
        "shows_weight": shows_vitals or actor.can(Permission.DOSING_READ),
        "shows_vitals": shows_vitals,
        "shows_doctor": actor.can(Permission.VISIT_READ),
        "shows_numbers": may_see_numbers(actor),
    }
    row = (await session.execute(text(statements.PATIENT), values)).mappings().one_or_none()
    if row is None:
        raise NotFound("patient-not-found", "There is no such patient here.")
    numbers = None if row["identifiers"] is None else as_list(row["identifiers"])
    return {**row, "identifiers": numbers}


def may_see_numbers(actor: Actor) -> bool:
    """Whether numbers of documents are part of the actor's work."""
    return actor.can(Permission.PATIENT_REGISTER) or actor.can(Permission.PATIENT_UPDATE)


def banner_of(actor: Actor, row: Mapping[str, Any]) -> schemas.BannerOut:
    """The banner as far as the actor's permissions reach, from the row that the chart is read with too."""
    alerts = [schemas.AlertOut.model_validate(each) for each in as_list(row["alerts"])]
    return schemas.BannerOut.model_validate(
        {
            **row,
            "allergies": allergies_of(row) if actor.can(Permission.ALLERGY_READ) else None,
            "alerts": alerts if actor.can(Permission.ALERT_READ) else None,
            "news2": _score(row, is_pregnant=any(each.alert_type == "pregnancy" for each in alerts)),
        }
    )


def as_list(value: object) -> list[dict[str, Any]]:
    """A json column arrives as text or as objects, depending on the driver's codec."""
    found = json.loads(value) if isinstance(value, str | bytes) else value
    return list(found) if isinstance(found, list) else []


def allergies_of(row: Mapping[str, Any]) -> schemas.AllergiesOut:
    items = [schemas.AllergyOut.model_validate(each) for each in as_list(row["allergies"])]
    state: schemas.AllergyState = "not_recorded"
    if any(item.counts for item in items):
        state = "known"
    elif row["no_known_allergies_at"] is not None:
        state = "none_known"
    return schemas.AllergiesOut(state=state, items=items)


def _score(row: Mapping[str, Any], *, is_pregnant: bool) -> schemas.BannerNews2Out | None:
    """The last set's score and how it moved; without a total where NEWS2 does not apply (domain 5.5).

    The total is the one that was shown when the set was recorded; only imported sets are scored here."""
    sets = as_list(row["signs"])
    if not sets:
        return None
    last = news2(_signs(sets[0]), sets[0]["spo2_scale"] or row["spo2_scale"])
    born = row["date_of_birth"]
    has_none = is_pregnant or (born is not None and (row["today"] - born).days < ADULT_FROM_DAYS)
    totals = [None if has_none else _total(each, row["spo2_scale"]) for each in sets]
    change = None if None in totals or len(totals) < 2 else _difference(totals)
    return schemas.BannerNews2Out(
        recorded_at=sets[0]["recorded_at"],
        total=totals[0],
        risk=None if totals[0] is None else last.risk,
        red=list(last.red),
        complete=last.complete,
        scale=last.scale,
        missing=list(last.missing),
        change=change,
    )


def _total(each: Mapping[str, Any], scale: int) -> int | None:
    if each["news2_state"] is not None:
        return None if each["news2_total"] is None else int(each["news2_total"])
    return news2(_signs(each), each["spo2_scale"] or scale).total


def _difference(totals: Sequence[int | None]) -> int:
    return (totals[0] or 0) - (totals[1] or 0)


def _signs(row: Mapping[str, Any]) -> Signs:
    given = {name: row[name] for name in PARAMETERS}
    if given["temperature"] is not None:
        given["temperature"] = Decimal(str(given["temperature"]))
    return Signs(**given)
