"""JSON routes of registration."""

import hashlib
from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.access.actor import Actor
from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.core.errors import Invalid
from app.features.registration import actions, candidates, desk, queries, register_schemas, schemas
from app.features.registration.rules import PatientSearch, read_search
from app.models.patient import Patient, phone_digits
from app.web.etag import Seen, send_etag
from app.web.once import Repeatable

router = APIRouter(tags=["registration"], route_class=Repeatable)


@router.get("/patients", dependencies=[Needs(Permission.PATIENT_SEARCH)], summary="Search patients")
async def search_patients(
    db: Db,
    actor: CurrentActor,
    q: Annotated[
        str,
        Query(max_length=200, description="Name in either order, MRN, phone, date of birth, document"),
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
        code=read.code,
        bed=read.bed,
    )
    return await queries.search_patients(db, actor, search, limit=limit, cursor=cursor)


@router.post(
    "/patients/candidates",
    dependencies=[Needs(Permission.PATIENT_REGISTER)],
    summary="People of the network who may be the one before us",
)
async def find_candidates(
    db: Db, actor: CurrentActor, known: register_schemas.CandidateSearchIn
) -> register_schemas.CandidatesOut:
    """At most five, best first. Every look is in the audit trail, with how many were found."""
    return await candidates.find_candidates(db, actor, known)


@router.post(
    "/patients",
    dependencies=[Needs(Permission.PATIENT_REGISTER)],
    summary="Register a patient",
    status_code=201,
)
async def register_patient(
    db: Db, actor: CurrentActor, response: Response, patient: register_schemas.PatientIn
) -> schemas.PatientOut:
    """409 `candidates-found` while somebody of the network may be the patient: ask for the candidates, then send
    either the `person_id` it is, or all that it is not as `not_these`."""
    made = await actions.register_patient(db, actor, patient, now=clock.now())
    return await _told(db, actor, response, made)


@router.post(
    "/patients/unknown",
    dependencies=[Needs(Permission.PATIENT_REGISTER)],
    summary="Register somebody who cannot say who he is",
    status_code=201,
)
async def register_unknown(
    db: Db, actor: CurrentActor, response: Response, patient: register_schemas.UnknownPatientIn
) -> schemas.PatientOut:
    made = await actions.register_unknown(db, actor, patient, now=clock.now())
    return await _told(db, actor, response, made)


@router.get("/patients/{patient_id}", dependencies=[Needs(Permission.PATIENT_READ)], summary="One patient")
async def read_patient(
    db: Db, actor: CurrentActor, response: Response, patient_id: UUID
) -> schemas.PatientOut:
    """The read is in the audit trail."""
    found = await queries.read_patient(db, actor, patient_id)
    send_etag(response, found.updated_at)
    return found


@router.patch(
    "/patients/{patient_id}",
    dependencies=[Needs(Permission.PATIENT_UPDATE)],
    summary="Correct names, birth, sex and how to reach the patient",
)
async def correct_patient(
    db: Db,
    actor: CurrentActor,
    response: Response,
    patient_id: UUID,
    seen: Seen,
    changes: register_schemas.PatientChangeIn,
) -> schemas.PatientOut:
    patient = await actions.correct_patient(db, actor, patient_id, changes, now=clock.now(), seen=seen)
    return await _told(db, actor, response, patient)


@router.get("/arrivals", dependencies=[Needs(Permission.VISIT_READ)], summary="Who is expected on a day")
async def expected_arrivals(
    db: Db, actor: CurrentActor, day: date | None = None
) -> register_schemas.ArrivalsOut:
    """Planned visits and appointments of one day of the hospital, today without `day`; at most 200, by time."""
    today = clock.now().astimezone(ZoneInfo(actor.timezone or "UTC")).date()
    return await desk.expected_arrivals(db, actor, day or today)


@router.get("/in-house", dependencies=[Needs(Permission.VISIT_READ)], summary="Who is in the house now")
async def people_in_house(
    db: Db,
    actor: CurrentActor,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> register_schemas.InHousePageOut:
    return await desk.people_in_house(db, actor, limit=limit, cursor=cursor)


async def _told(db: Db, actor: Actor, response: Response, patient: Patient) -> schemas.PatientOut:
    """The patient as he stands now, with the version for the next change."""
    return await read_patient(db, actor, response, patient.id)


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
