"""JSON routes of regions, hospitals, beds, wards and figures."""

from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.features.organisation import actions, queries, schemas
from app.features.organisation.rules import TYPES
from app.web.etag import Seen, SeenIfAny, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["organisation"], route_class=Repeatable)
READ = [Needs(Permission.HOSPITAL_READ)]
REGIONS = [Needs(Permission.REGION_MANAGE)]
HOSPITALS = [Needs(Permission.HOSPITAL_MANAGE)]
BEDS = [Needs(Permission.BED_SET_UP)]
PICTURE = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in TYPES.values()}
FIGURES = [Needs(Permission.METRICS_READ)]


@router.get("/regions", dependencies=READ, summary="Regions within reach, with their hospitals")
async def list_regions(db: Db, actor: CurrentActor) -> schemas.RegionsOut:
    return schemas.RegionsOut(items=await queries.list_regions(db, actor))


@router.post("/regions", dependencies=REGIONS, summary="Open a region", status_code=201)
async def open_region(
    db: Db, actor: CurrentActor, response: Response, wanted: schemas.RegionIn
) -> schemas.RegionOut:
    region = await actions.open_region(db, actor, wanted)
    return await read_region(db, actor, response, region.id)


@router.get("/regions/{region_id}", dependencies=READ, summary="One region")
async def read_region(db: Db, actor: CurrentActor, response: Response, region_id: UUID) -> schemas.RegionOut:
    found = await queries.read_region(db, actor, region_id)
    send_etag(response, found.updated_at)
    return found


@router.patch("/regions/{region_id}", dependencies=REGIONS, summary="Rename a region")
async def rename_region(
    db: Db,
    actor: CurrentActor,
    response: Response,
    region_id: UUID,
    seen: Seen,
    changes: schemas.RegionChangeIn,
) -> schemas.RegionOut:
    await actions.rename_region(db, actor, region_id, changes, seen=seen)
    return await read_region(db, actor, response, region_id)


@router.put(
    "/regions/{region_id}/theme", dependencies=[Needs(Permission.REGION_THEME)], summary="Choose its colours"
)
async def choose_theme(
    db: Db, actor: CurrentActor, response: Response, region_id: UUID, seen: Seen, theme: schemas.ThemeIn
) -> schemas.RegionOut:
    """Refused where a pair of the computed colours cannot be told apart (WCAG 2.1)."""
    await actions.choose_theme(db, actor, region_id, theme, seen=seen)
    return await read_region(db, actor, response, region_id)


@router.put(
    "/regions/{region_id}/logo",
    dependencies=[Needs(Permission.REGION_THEME)],
    summary="Set its logo: a PNG or JPEG as the body",
    openapi_extra={"requestBody": {"required": True, "content": PICTURE}},
)
async def choose_logo(
    request: Request, db: Db, actor: CurrentActor, response: Response, region_id: UUID, seen: Seen
) -> schemas.RegionOut:
    await actions.choose_logo(db, actor, region_id, await request.body(), seen=seen)
    return await read_region(db, actor, response, region_id)


@router.delete(
    "/regions/{region_id}/logo", dependencies=[Needs(Permission.REGION_THEME)], summary="Remove its logo"
)
async def remove_logo(
    db: Db, actor: CurrentActor, response: Response, region_id: UUID, seen: SeenIfAny
) -> schemas.RegionOut:
    await actions.remove_logo(db, actor, region_id, seen=seen)
    return await read_region(db, actor, response, region_id)


@router.post("/regions/{region_id}/close", dependencies=REGIONS, summary="Close a region")
async def close_region(
    db: Db, actor: CurrentActor, response: Response, region_id: UUID, seen: SeenIfAny
) -> schemas.RegionOut:
    await actions.close_region(db, actor, region_id, seen=seen)
    return await read_region(db, actor, response, region_id)


@router.post("/regions/{region_id}/open", dependencies=REGIONS, summary="Open a closed region again")
async def reopen_region(
    db: Db, actor: CurrentActor, response: Response, region_id: UUID, seen: SeenIfAny
) -> schemas.RegionOut:
    await actions.reopen_region(db, actor, region_id, seen=seen)
    return await read_region(db, actor, response, region_id)


@router.get("/hospitals", dependencies=READ, summary="Hospitals within reach")
async def list_hospitals(db: Db, actor: CurrentActor, region_id: UUID | None = None) -> schemas.HospitalsOut:
    return await queries.list_hospitals(db, actor, region_id=region_id)


@router.post("/hospitals", dependencies=HOSPITALS, summary="Open a hospital", status_code=201)
async def open_hospital(
    db: Db, actor: CurrentActor, response: Response, wanted: schemas.HospitalIn
) -> schemas.HospitalOut:
    hospital = await actions.open_hospital(db, actor, wanted)
    return await read_hospital(db, actor, response, hospital.id)


@router.get("/hospitals/{hospital_id}", dependencies=READ, summary="One hospital")
async def read_hospital(
    db: Db, actor: CurrentActor, response: Response, hospital_id: UUID
) -> schemas.HospitalOut:
    found = await queries.read_hospital(db, actor, hospital_id)
    send_etag(response, found.updated_at)
    return found


@router.patch("/hospitals/{hospital_id}", dependencies=HOSPITALS, summary="Change a hospital")
async def change_hospital(
    db: Db,
    actor: CurrentActor,
    response: Response,
    hospital_id: UUID,
    seen: Seen,
    changes: schemas.HospitalChangeIn,
) -> schemas.HospitalOut:
    await actions.change_hospital(db, actor, hospital_id, changes, seen=seen)
    return await read_hospital(db, actor, response, hospital_id)


@router.post("/hospitals/{hospital_id}/close", dependencies=HOSPITALS, summary="Close a hospital")
async def close_hospital(
    db: Db, actor: CurrentActor, response: Response, hospital_id: UUID, seen: SeenIfAny
) -> schemas.HospitalOut:
    await actions.close_hospital(db, actor, hospital_id, seen=seen)
    return await read_hospital(db, actor, response, hospital_id)


@router.post("/hospitals/{hospital_id}/open", dependencies=HOSPITALS, summary="Open a closed hospital again")
async def reopen_hospital(
    db: Db, actor: CurrentActor, response: Response, hospital_id: UUID, seen: SeenIfAny
) -> schemas.HospitalOut:
    await actions.reopen_hospital(db, actor, hospital_id, seen=seen)
    return await read_hospital(db, actor, response, hospital_id)


@router.post("/beds", dependencies=BEDS, summary="Set up beds in a ward", status_code=201)
async def set_up_beds(db: Db, actor: CurrentActor, wanted: schemas.BedsIn) -> schemas.BedsOut:
    await actions.set_up_beds(db, actor, wanted)
    return await queries.list_beds(db, actor, ward=wanted.ward)


@router.patch("/beds/{bed_id}", dependencies=BEDS, summary="Change number, ward, floor or kind of a bed")
async def change_bed(
    db: Db, actor: CurrentActor, response: Response, bed_id: UUID, seen: Seen, changes: schemas.BedChangeIn
) -> schemas.BedOut:
    await actions.change_bed(db, actor, bed_id, changes, seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/switch-off", dependencies=BEDS, summary="Take a bed out of use for good")
async def switch_bed_off(
    db: Db, actor: CurrentActor, response: Response, bed_id: UUID, seen: SeenIfAny
) -> schemas.BedOut:
    await actions.switch_bed_off(db, actor, bed_id, seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/beds/{bed_id}/switch-on", dependencies=BEDS, summary="Bring a bed back into use")
async def switch_bed_on(
    db: Db, actor: CurrentActor, response: Response, bed_id: UUID, seen: SeenIfAny
) -> schemas.BedOut:
    await actions.switch_bed_on(db, actor, bed_id, seen=seen)
    return await _told(db, actor, response, bed_id)


@router.post("/wards/rename", dependencies=BEDS, summary="Rename a ward")
async def rename_ward(db: Db, actor: CurrentActor, names: schemas.WardRenameIn) -> schemas.BedsOut:
    await actions.rename_ward(db, actor, names)
    return await queries.list_beds(db, actor, ward=names.new_name)


@router.get("/metrics/global", dependencies=FIGURES, summary="Figures of every hospital within reach")
async def read_all_metrics(db: Db, actor: CurrentActor) -> schemas.MetricsOut:
    return await queries.read_metrics(db, actor)


@router.get("/regions/{region_id}/metrics", dependencies=FIGURES, summary="Figures of a region")
async def read_region_metrics(db: Db, actor: CurrentActor, region_id: UUID) -> schemas.MetricsOut:
    return await queries.read_metrics(db, actor, region_id=region_id)


@router.get("/hospitals/{hospital_id}/metrics", dependencies=FIGURES, summary="Figures of a hospital")
async def read_hospital_metrics(db: Db, actor: CurrentActor, hospital_id: UUID) -> schemas.HospitalFiguresOut:
    found = await queries.read_metrics(db, actor, hospital_id=hospital_id)
    return found.hospitals[0]


async def _told(db: AsyncSession, actor: Actor, response: Response, bed_id: UUID) -> schemas.BedOut:
    bed = await queries.read_bed(db, actor, bed_id)
    send_etag(response, bed.updated_at)
    return bed
