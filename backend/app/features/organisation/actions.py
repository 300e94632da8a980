"""Regions, hospitals, beds and wards: set up, changed, closed and opened (domain 5.2).

What the database refuses by itself has no second guard here: codes that are taken, a hospital with open visits, a
region with open hospitals, a bed in which somebody lies."""

from collections.abc import Iterable
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import BaseModel
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.errors import Conflict, Invalid, NotFound
from app.core.files import keep_file
from app.core.ids import new_id
from app.core.versions import require_unchanged
from app.features.organisation.rules import logo_name
from app.features.organisation.schemas import (
    BedChangeIn,
    BedsIn,
    HospitalChangeIn,
    HospitalIn,
    RegionChangeIn,
    RegionIn,
    ThemeIn,
    WardRenameIn,
)
from app.models.bed import Bed
from app.models.hospital import Hospital
from app.models.region import Region
from app.web.theme import checked_colours


@needs(Permission.REGION_MANAGE)
async def open_region(session: AsyncSession, actor: Actor, wanted: RegionIn) -> Region:
    region = Region(id=new_id(), name=wanted.name, code=wanted.code, theme_settings={})
    session.add(region)
    await session.flush()
    return region


@needs(Permission.REGION_MANAGE)
async def rename_region(
    session: AsyncSession, actor: Actor, region_id: UUID, changes: RegionChangeIn, *, seen: str | None = None
) -> Region:
    region = await _region(session, region_id, seen)
    region.name = changes.name
    await session.flush()
    return region


@needs(Permission.REGION_THEME)
async def choose_theme(
    session: AsyncSession, actor: Actor, region_id: UUID, theme: ThemeIn, *, seen: str | None = None
) -> Region:
    """The colours of a region; raises Invalid for one that is no colour, or whose pairs cannot be told apart."""
    region = await _region(session, region_id, seen)
    colours = checked_colours(theme.primary_color, theme.secondary_color)
    region.theme_settings = {**region.theme_settings, **colours}
    await session.flush()
    return region


@needs(Permission.REGION_THEME)
async def choose_logo(
    session: AsyncSession, actor: Actor, region_id: UUID, picture: bytes, *, seen: str | None = None
) -> Region:
    """The picture before the region's name; kept under a name made from its content. Raises Invalid."""
    region = await _region(session, region_id, seen)
    name = logo_name(picture)
    await keep_file(f"logos/{name}", picture)
    region.theme_settings = {**region.theme_settings, "logo_url": f"/logo/{name}"}
    await session.flush()
    return region


@needs(Permission.REGION_THEME)
async def remove_logo(
    session: AsyncSession, actor: Actor, region_id: UUID, *, seen: str | None = None
) -> Region:
    region = await _region(session, region_id, seen)
    region.theme_settings = {**region.theme_settings, "logo_url": None}
    await session.flush()
    return region


@needs(Permission.REGION_MANAGE)
async def close_region(
    session: AsyncSession, actor: Actor, region_id: UUID, *, seen: str | None = None
) -> Region:
    region = await _region(session, region_id, seen)
    region.is_active = False
    await session.flush()
    return region


@needs(Permission.REGION_MANAGE)
async def reopen_region(
    session: AsyncSession, actor: Actor, region_id: UUID, *, seen: str | None = None
) -> Region:
    region = await _region(session, region_id, seen)
    region.is_active = True
    await session.flush()
    return region


@needs(Permission.HOSPITAL_MANAGE)
async def open_hospital(session: AsyncSession, actor: Actor, wanted: HospitalIn) -> Hospital:
    """A hospital in an open region; raises Invalid for a region that is closed or beyond reach."""
    region = await session.scalar(select(Region).where(Region.id == wanted.region_id, Region.is_active))
    if region is None:
        raise Invalid("region-needed", "Choose the region that the hospital belongs to.", field="region_id")
    _known_zone(wanted.timezone)
    hospital = Hospital(id=new_id(), **wanted.model_dump())
    session.add(hospital)
    await session.flush()
    return hospital


@needs(Permission.HOSPITAL_MANAGE)
async def change_hospital(
    session: AsyncSession,
    actor: Actor,
    hospital_id: UUID,
    changes: HospitalChangeIn,
    *,
    seen: str | None = None,
) -> Hospital:
    hospital = await _hospital(session, hospital_id, seen)
    if "timezone" in changes.model_fields_set:
        _known_zone(changes.timezone)
    _take(hospital, changes)
    await session.flush()
    return hospital


@needs(Permission.HOSPITAL_MANAGE)
async def close_hospital(
    session: AsyncSession, actor: Actor, hospital_id: UUID, *, seen: str | None = None
) -> Hospital:
    hospital = await _hospital(session, hospital_id, seen)
    hospital.is_active = False
    await session.flush()
    return hospital


@needs(Permission.HOSPITAL_MANAGE)
async def reopen_hospital(
    session: AsyncSession, actor: Actor, hospital_id: UUID, *, seen: str | None = None
) -> Hospital:
    """Raises Conflict while its region is closed."""
    hospital = await _hospital(session, hospital_id, seen)
    if not await session.scalar(select(Region.is_active).where(Region.id == hospital.region_id)):
        raise Conflict("region-closed", "The region of this hospital is closed. Open the region first.")
    hospital.is_active = True
    await session.flush()
    return hospital


@needs(Permission.BED_SET_UP)
async def set_up_beds(session: AsyncSession, actor: Actor, wanted: BedsIn) -> list[Bed]:
    """New beds of the actor's hospital, free from the start; all of them or none."""
    if actor.hospital_id is None:
        raise NotFound("hospital-not-found", "Beds are set up by the hospital's own people.")
    beds = [
        Bed(
            id=new_id(),
            hospital_id=actor.hospital_id,
            bed_number=number,
            ward=wanted.ward,
            bay=wanted.bay,
            floor=wanted.floor,
            bed_type=wanted.bed_type,
        )
        for number in _once(wanted.bed_numbers)
    ]
    session.add_all(beds)
    await session.flush()
    return beds


@needs(Permission.BED_SET_UP)
async def change_bed(
    session: AsyncSession, actor: Actor, bed_id: UUID, changes: BedChangeIn, *, seen: str | None = None
) -> Bed:
    bed = await _bed(session, bed_id, seen)
    _take(bed, changes)
    await session.flush()
    return bed


@needs(Permission.BED_SET_UP)
async def switch_bed_off(
    session: AsyncSession, actor: Actor, bed_id: UUID, *, seen: str | None = None
) -> Bed:
    """Out of use for good: on no board and in no count; a bed that is taken or reserved is not."""
    bed = await _bed(session, bed_id, seen)
    bed.is_active = False
    await session.flush()
    return bed


@needs(Permission.BED_SET_UP)
async def switch_bed_on(session: AsyncSession, actor: Actor, bed_id: UUID, *, seen: str | None = None) -> Bed:
    bed = await _bed(session, bed_id, seen)
    bed.is_active = True
    await session.flush()
    return bed


@needs(Permission.BED_SET_UP)
async def rename_ward(session: AsyncSession, actor: Actor, names: WardRenameIn) -> int:
    """All beds of the ward go along; returns how many. Raises NotFound for a ward without beds."""
    renamed = (
        await session.scalars(
            update(Bed).where(Bed.ward == names.ward).values(ward=names.new_name).returning(Bed.id)
        )
    ).all()
    if not renamed:
        raise NotFound("ward-not-found", "There is no such ward here.")
    return len(renamed)


def _known_zone(name: str) -> None:
    if name not in available_timezones():
        raise Invalid(
            "timezone-unknown",
            "Choose a time zone from the IANA list, such as America/New_York.",
            field="timezone",
        )


def _once(numbers: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(numbers))


def _take(row: Hospital | Bed, changes: BaseModel) -> None:
    """What was sent, and nothing else."""
    for name in changes.model_fields_set:
        setattr(row, name, getattr(changes, name))


async def _region(session: AsyncSession, region_id: UUID, seen: str | None) -> Region:
    region = await session.scalar(select(Region).where(Region.id == region_id).with_for_update())
    if region is None:
        raise NotFound("region-not-found", "There is no such region here.")
    require_unchanged(region.updated_at, seen)
    return region


async def _hospital(session: AsyncSession, hospital_id: UUID, seen: str | None) -> Hospital:
    hospital = await session.scalar(select(Hospital).where(Hospital.id == hospital_id).with_for_update())
    if hospital is None:
        raise NotFound("hospital-not-found", "There is no such hospital here.")
    require_unchanged(hospital.updated_at, seen)
    return hospital


async def _bed(session: AsyncSession, bed_id: UUID, seen: str | None) -> Bed:
    bed = await session.scalar(select(Bed).where(Bed.id == bed_id).with_for_update())
    if bed is None:
        raise NotFound("bed-not-found", "There is no such bed here.")
    require_unchanged(bed.updated_at, seen)
    return bed
