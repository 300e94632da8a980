"""Reads around a departure: what it still waits for."""

import json
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.audit import events
from app.core.errors import NotFound
from app.features.departures import rules, schemas, statements

T = TypeVar("T", bound=schemas.Out)


@dataclass(frozen=True)
class Found:
    """The facts of the visit that is about to end, and whose it is."""

    visit: RowMapping
    facts: rules.Facts


async def facts_of(session: AsyncSession, visit_id: UUID) -> Found:
    """What the gate looks at, in one statement; raises NotFound."""
    values = {"visit_id": visit_id}
    row = (await session.execute(text(statements.FACTS), values)).mappings().one_or_none()
    if row is None:
        raise NotFound("visit-not-found", "There is no such visit here.")
    summary = _read(row["summary"])
    facts = rules.Facts(
        is_ordered=row["discharge_ordered_at"] is not None,
        coded_final_diagnoses=row["coded_final_diagnoses"],
        open_transfers=row["open_transfers"],
        summary=None if summary is None else schemas.SummaryOut.model_validate(summary),
        orders=_all(schemas.OrderOut, row["orders"]),
        pending=_all(schemas.PendingOut, row["pending"]),
        critical=_all(schemas.CriticalOut, row["critical"]),
    )
    return Found(row, facts)


@needs(Permission.VISIT_CLINICAL_READ)
async def read_departure(
    session: AsyncSession, actor: Actor, visit_id: UUID, *, is_opening: bool = True
) -> schemas.DepartureOut:
    """The summary, the orders and results to settle, and every element that is missing; raises NotFound."""
    found = await facts_of(session, visit_id)
    visit, facts = found.visit, found.facts
    if is_opening:
        opened = events.Event("R", events.PATIENT_RECORD, "visits", visit_id, visit["patient_id"])
        await events.record(session, opened)
    return schemas.DepartureOut(
        visit_id=visit_id,
        patient_id=visit["patient_id"],
        status=visit["status"],
        discharge_ordered_at=visit["discharge_ordered_at"],
        missing=rules.missing(facts),
        summary=facts.summary,
        orders=list(facts.orders),
        pending_results=list(facts.pending),
        critical_results=list(facts.critical),
    )


def _read(value: object) -> Any:
    """A json column arrives as text or as objects, depending on the driver's codec."""
    return json.loads(value) if isinstance(value, str | bytes) else value


def _all(schema: type[T], value: object) -> list[T]:
    return [schema.model_validate(each) for each in _read(value) or []]
