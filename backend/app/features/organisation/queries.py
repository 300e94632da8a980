"""Reads of the organisation; the policies decide how much of it the actor sees."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.errors import NotFound
from app.features.organisation.schemas import (
    BedOut,
    BedsOut,
    FiguresOut,
    HospitalFiguresOut,
    HospitalOut,
    HospitalsOut,
    MetricsOut,
    RegionOut,
)
from app.models.bed import Bed
from app.models.hospital import Hospital
from app.models.region import Region

_FIGURES = text("SELECT * FROM hospital_figures(CAST(:region AS uuid), CAST(:hospital AS uuid))")


def region_out(region: Region) -> RegionOut:
    theme = region.theme_settings
    return RegionOut(
        id=region.id,
        name=region.name,
        code=region.code,
        primary_color=theme.get("primary_color"),
        secondary_color=theme.get("secondary_color"),
        logo_url=theme.get("logo_url"),
        is_active=region.is_active,
        updated_at=region.updated_at,
        hospitals=[],
    )


def hospital_out(hospital: Hospital) -> HospitalOut:
    return HospitalOut.model_validate(hospital, from_attributes=True)


@needs(Permission.HOSPITAL_READ)
async def list_regions(session: AsyncSession, actor: Actor, region_id: UUID | None = None) -> list[RegionOut]:
    """The regions within reach, each with its hospitals, by name."""
    statement = (
        select(Region, Hospital)
        .outerjoin(Hospital, Hospital.region_id == Region.id)
        .order_by(Region.name, Region.id, Hospital.name, Hospital.id)
    )
    if region_id is not None:
        statement = statement.where(Region.id == region_id)
    found: dict[UUID, RegionOut] = {}
    for region, hospital in (await session.execute(statement)).all():
        listed = found.setdefault(region.id, region_out(region))
        if hospital is not None:
            listed.hospitals.append(hospital_out(hospital))
    return list(found.values())


@needs(Permission.HOSPITAL_READ)
async def read_region(session: AsyncSession, actor: Actor, region_id: UUID) -> RegionOut:
    found = await list_regions(session, actor, region_id)
    if not found:
        raise NotFound("region-not-found", "There is no such region here.")
    return found[0]


@needs(Permission.HOSPITAL_READ)
async def list_hospitals(
    session: AsyncSession, actor: Actor, *, region_id: UUID | None = None
) -> HospitalsOut:
    statement = select(Hospital).order_by(Hospital.name, Hospital.id)
    if region_id is not None:
        statement = statement.where(Hospital.region_id == region_id)
    return HospitalsOut(items=[hospital_out(each) for each in await session.scalars(statement)])


@needs(Permission.HOSPITAL_READ)
async def read_hospital(session: AsyncSession, actor: Actor, hospital_id: UUID) -> HospitalOut:
    found = await session.scalar(select(Hospital).where(Hospital.id == hospital_id))
    if found is None:
        raise NotFound("hospital-not-found", "There is no such hospital here.")
    return hospital_out(found)


@needs(Permission.BED_READ)
async def list_beds(session: AsyncSession, actor: Actor, *, ward: str | None = None) -> BedsOut:
    """The hospital's beds by ward and number, with the licensed number beside those in use."""
    statement = (
        select(Bed, Hospital.bed_capacity)
        .join(Hospital, Hospital.id == Bed.hospital_id)
        .order_by(Bed.ward, Bed.bed_number, Bed.id)
    )
    found = (await session.execute(statement)).all()
    licensed = found[0][1] if found else 0
    active = sum(bed.is_active for bed, _ in found)
    shown = [BedOut.model_validate(bed, from_attributes=True) for bed, _ in found if ward in (None, bed.ward)]
    return BedsOut(items=shown, licensed_beds=licensed, active_beds=active, over_capacity=active > licensed)


@needs(Permission.BED_READ)
async def read_bed(session: AsyncSession, actor: Actor, bed_id: UUID) -> BedOut:
    found = await session.scalar(select(Bed).where(Bed.id == bed_id))
    if found is None:
        raise NotFound("bed-not-found", "There is no such bed here.")
    return BedOut.model_validate(found, from_attributes=True)


@needs(Permission.METRICS_READ)
async def read_metrics(
    session: AsyncSession, actor: Actor, *, region_id: UUID | None = None, hospital_id: UUID | None = None
) -> MetricsOut:
    """Figures of the hospitals within reach in one statement; raises NotFound for one that is not."""
    rows = (await session.execute(_FIGURES, {"region": region_id, "hospital": hospital_id})).mappings().all()
    if not rows and hospital_id is not None:
        raise NotFound("hospital-not-found", "There is no such hospital here.")
    if not rows and region_id is not None:
        await read_region(session, actor, region_id)
    hospitals = [_figures(dict(row)) for row in rows]
    return MetricsOut(total=_total(hospitals), hospitals=hospitals)


def _counts(value: object) -> dict[str, int]:
    """A jsonb column arrives as text or as an object, depending on the driver's codec."""
    found = json.loads(value) if isinstance(value, str | bytes) else value
    return dict(found) if isinstance(found, dict) else {}


def _figures(row: Mapping[str, Any]) -> HospitalFiguresOut:
    counted = {
        name: _counts(row[name]) for name in ("beds_by_status", "open_visits_by_type", "active_users_by_role")
    }
    return HospitalFiguresOut.model_validate(
        {
            **row,
            **counted,
            "open_visits": sum(counted["open_visits_by_type"].values()),
            "active_users": sum(counted["active_users_by_role"].values()),
            "over_capacity": row["active_beds"] > row["licensed_beds"],
        }
    )


def _total(hospitals: Sequence[HospitalFiguresOut]) -> FiguresOut:
    def summed(name: str) -> int:
        return sum(getattr(each, name) for each in hospitals)

    def merged(name: str) -> dict[str, int]:
        counter: Counter[str] = Counter()
        for each in hospitals:
            counter.update(getattr(each, name))
        return dict(counter)

    return FiguresOut(
        licensed_beds=summed("licensed_beds"),
        active_beds=summed("active_beds"),
        occupied_beds=summed("occupied_beds"),
        beds_by_status=merged("beds_by_status"),
        open_visits=summed("open_visits"),
        open_visits_by_type=merged("open_visits_by_type"),
        active_users=summed("active_users"),
        active_users_by_role=merged("active_users_by_role"),
        patient_files=summed("patient_files"),
        imported_resources=summed("imported_resources"),
        over_capacity=any(each.over_capacity for each in hospitals),
    )
