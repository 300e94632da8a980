"""JSON routes of registration."""

import hashlib
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import Invalid
from app.features.registration import queries, schemas
from app.features.registration.rules import PatientSearch, read_search
from app.models.patient import phone_digits

router = APIRouter(tags=["registration"])


@router.get("/patients", dependencies=[Needs(Permission.PATIENT_SEARCH)], summary="Search patients")
async def search_patients(
    db: Db,
    actor: CurrentActor,
    q: Annotated[
        str, Query(max_length=200, description="Name in either order, MRN, phone or date of birth")
    ] = "",
    mrn: Annotated[str | None, Query(max_length=30)] = None,
    phone: Annotated[str | None, Query(max_length=30)] = None,
    born: date | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> schemas.PatientPageOut:
    """All that is given must hold; without anything it lists the hospital's patients by family name."""
    if phone and phone.strip() and phone_digits(phone) is None:
        raise Invalid("phone-invalid", "phone needs digits.", field="phone")
    read = read_search(q, clock.now().date())
    search = PatientSearch(
        names=read.names,
        born=(born,) if born else read.born,
        year=read.year,
        mrn=(mrn or "").strip().upper() or read.mrn,
        digits=phone_digits(phone) or read.digits,
    )
    return await queries.search_patients(db, actor, search, limit=limit, cursor=cursor)


@router.get(
    "/patients/{patient_id}/chart", dependencies=[Needs(Permission.PATIENT_READ)], summary="A patient's chart"
)
async def read_chart(
    db: Db,
    actor: CurrentActor,
    response: Response,
    patient_id: UUID,
    section: schemas.Section | None = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    record_type: Annotated[str | None, Query(max_length=100)] = None,
) -> schemas.ChartOut:
    """The newest rows of each section that the role may see; `older` holds the cursors of what comes before.

    With `section` and `cursor` that section goes on from there. The read is in the audit trail."""
    opened = await queries.open_chart(
        db, actor, patient_id, section=section, cursor=cursor, record_type=record_type
    )
    response.headers["ETag"] = etag(opened.chart)
    return opened.chart


def etag(chart: schemas.ChartOut) -> str:
    return f'"{hashlib.sha256(chart.model_dump_json().encode()).hexdigest()[:20]}"'
