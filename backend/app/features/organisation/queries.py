"""Reads of the organisation; the policies decide how much of it the actor sees."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.features.organisation.schemas import HospitalOut, RegionOut
from app.models.hospital import Hospital
from app.models.region import Region


@needs(Permission.HOSPITAL_READ)
async def list_regions(session: AsyncSession, actor: Actor) -> list[RegionOut]:
    """The regions within reach, each with its hospitals, by name."""
    statement = (
        select(Region, Hospital)
        .outerjoin(Hospital, Hospital.region_id == Region.id)
        .order_by(Region.name, Region.id, Hospital.name, Hospital.id)
    )
    found: dict[object, RegionOut] = {}
    for region, hospital in (await session.execute(statement)).all():
        listed = found.setdefault(
            region.id,
            RegionOut(
                id=region.id, name=region.name, code=region.code, is_active=region.is_active, hospitals=[]
            ),
        )
        if hospital is not None:
            listed.hospitals.append(HospitalOut.model_validate(hospital, from_attributes=True))
    return list(found.values())
