"""The hospital's next MRN: from a counter whose row stays locked until the transaction ends (domain 5.3)."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clinical.mrn import format_mrn
from app.core.ids import new_id

_TAKE = text(
    "INSERT INTO mrn_counters AS counter (id, hospital_id, last_number) VALUES (:id, :hospital_id, :count)"
    " ON CONFLICT (hospital_id) DO UPDATE SET last_number = counter.last_number + :count"
    " RETURNING last_number"
)


async def take_numbers(session: AsyncSession, hospital_id: UUID, count: int = 1) -> range:
    """The next `count` sequence numbers. Nobody else gets one before this transaction has ended."""
    values = {"id": new_id(), "hospital_id": hospital_id, "count": count}
    last: int = (await session.execute(_TAKE, values)).scalar_one()
    return range(last - count + 1, last + 1)


async def take_mrn(session: AsyncSession, hospital_id: UUID, hospital_code: str) -> tuple[int, str]:
    """The next sequence number, and the MRN made of it."""
    number = (await take_numbers(session, hospital_id))[0]
    return number, format_mrn(hospital_code, number)
