"""Reads of a file's allergies and alerts, with who recorded them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_patient
from app.audit import events
from app.core.errors import NotFound
from app.features.files import rules, schemas, statements
from app.features.registration.schemas import AllergyState


@needs(Permission.ALLERGY_READ)
async def list_allergies(session: AsyncSession, actor: Actor, patient_id: UUID) -> schemas.AllergyListOut:
    """Every allergy of the file, those that count first; the read is in the trail. Raises NotFound."""
    found = (await session.execute(text(statements.ALLERGIES), {"patient_id": patient_id})).mappings().all()
    if not found:
        raise NotFound("patient-not-found", "There is no such patient here.")
    await _record_read(session, "allergies", patient_id)
    items = [schemas.AllergyItemOut.model_validate(dict(row)) for row in found if row["id"] is not None]
    state: AllergyState = "not_recorded"
    if any(rules.may_resolve(each.clinical_status, each.verification_status) for each in items):
        state = "known"
    elif found[0]["no_known_allergies_at"] is not None:
        state = "none_known"
    return schemas.AllergyListOut(
        state=state,
        no_known_allergies_at=found[0]["no_known_allergies_at"],
        no_known_allergies_by=found[0]["no_known_allergies_by"],
        items=items,
    )


async def _record_read(session: AsyncSession, table: str, patient_id: UUID) -> None:
    await events.record(session, events.Event("R", events.PATIENT_RECORD, table, None, patient_id))


@needs(Permission.ALERT_READ)
async def list_alerts(
    session: AsyncSession, actor: Actor, patient_id: UUID, *, which: schemas.Which = "active", now: datetime
) -> schemas.AlertListOut:
    """The alerts of the file that hold or are to come, or all of them. Raises NotFound."""
    file = await the_patient(session, patient_id)
    values = {
        "hospital_id": file.hospital_id,
        "patient_id": patient_id,
        "all_of_them": which == "all",
        "now": now,
    }
    rows = (await session.execute(text(statements.ALERTS), values)).mappings().all()
    await _record_read(session, "patient_alerts", patient_id)
    return schemas.AlertListOut(items=[schemas.AlertOut.model_validate(dict(row)) for row in rows])


@needs(Permission.ALLERGY_READ)
async def read_allergy(session: AsyncSession, actor: Actor, allergy_id: UUID) -> schemas.AllergyItemOut:
    row = await _one(session, statements.ALLERGY, {"id": allergy_id})
    return schemas.AllergyItemOut.model_validate(row)


@needs(Permission.ALERT_READ)
async def read_alert(
    session: AsyncSession, actor: Actor, alert_id: UUID, *, now: datetime
) -> schemas.AlertOut:
    row = await _one(session, statements.ONE_ALERT, {"id": alert_id, "now": now})
    return schemas.AlertOut.model_validate(row)


async def _one(session: AsyncSession, sql: str, values: dict[str, Any]) -> dict[str, Any]:
    row = (await session.execute(text(sql), values)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return dict(row)
