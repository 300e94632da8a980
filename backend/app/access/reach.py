"""Fetching what an act is about within the actor's reach: what the policies hide is not there."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.models.bed import Bed
from app.models.patient import Patient
from app.models.visit import Visit


async def the_visit(session: AsyncSession, visit_id: UUID, *, lock: bool = False) -> Visit:
    """The visit; with `lock` its row is held until the transaction ends. Raises NotFound.

    Lock the visit before its bed, and two visits in the order of their keys, so that nobody waits in a circle."""
    statement = select(Visit).where(Visit.id == visit_id)
    visit = await session.scalar(statement.with_for_update() if lock else statement)
    if visit is None:
        raise NotFound("visit-not-found", "There is no such visit here.")
    return visit


async def the_open_visit(session: AsyncSession, visit_id: UUID) -> Visit:
    """The visit, locked against ending under the act's hands; raises NotFound, or Conflict when it is not open."""
    statement = select(Visit).where(Visit.id == visit_id).with_for_update(read=True)
    visit = await session.scalar(statement)
    if visit is None:
        raise NotFound("visit-not-found", "There is no such visit here.")
    visit.require_open()
    return visit


async def the_patient(session: AsyncSession, patient_id: UUID, *, lock: bool = False) -> Patient:
    """The file of the patient; raises NotFound."""
    statement = select(Patient).where(Patient.id == patient_id)
    patient = await session.scalar(statement.with_for_update() if lock else statement)
    if patient is None:
        raise NotFound("patient-not-found", "There is no such patient here.")
    return patient


async def the_bed(session: AsyncSession, bed_id: UUID) -> Bed:
    """The bed, its row held until the transaction ends; raises NotFound."""
    bed = await session.scalar(select(Bed).where(Bed.id == bed_id).with_for_update())
    if bed is None:
        raise NotFound("bed-not-found", "There is no such bed here.")
    return bed
