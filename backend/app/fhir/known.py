"""What the database knows already: the hospital, resources of earlier imports, and the rows they became."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import HassError
from app.fhir.plan import Destination, File, Plan, Stay, Test
from app.fhir.references import Key
from app.fhir.vitals import COLUMNS, KnownSet
from app.models.hospital import Hospital
from app.models.lab_test import LabTest
from app.models.patient import Patient
from app.models.role import Role, RoleName
from app.models.visit import OPEN, Visit, VisitType
from app.models.vitals import Consciousness, Vitals, VitalsStatus

# A literal list joined to the unique index of import_sources, which text equality may use under row-level security.
_SOURCES = text(
    "SELECT s.resource_type, s.resource_id, s.content_hash, s.target_table, s.target_id"
    "  FROM jsonb_to_recordset(CAST(CAST(:keys AS text) AS jsonb)) AS wanted (t text, i text)"
    "  JOIN import_sources s ON s.hospital_id = :hospital_id AND s.system = :system"
    "   AND s.resource_type = wanted.t AND s.resource_id = wanted.i"
)
_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('hass import ' || CAST(:hospital_id AS text), 0))"
)
_NO_KNOWN_ALLERGIES = text(
    "UPDATE patients SET no_known_allergies_at = :said_at"
    " WHERE hospital_id = :hospital_id AND id = :file_id AND no_known_allergies_at IS NULL"
    "   AND NOT EXISTS (SELECT FROM allergies a WHERE a.hospital_id = :hospital_id AND a.patient_id = :file_id"
    "                    AND a.clinical_status = 'active'"
    "                    AND a.verification_status NOT IN ('refuted', 'entered-in-error'))"
)
# The protocol takes 32,767 parameters in one statement.
_ID_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Source:
    """A row of import_sources."""

    content_hash: str
    table: str
    target_id: UUID


async def find_destination(session: AsyncSession, code: str | None, system: str) -> Destination:
    """The hospital of that code; without a code the only one there is. Needs scope network."""
    hospitals = list(
        await session.scalars(select(Hospital).where(Hospital.is_active).order_by(Hospital.code))
    )
    listed = ", ".join(hospital.code for hospital in hospitals)
    if not hospitals:
        raise HassError(
            "no-hospital", "There is no hospital to import into yet. Make one first, or run: hass seed"
        )
    chosen = [hospital for hospital in hospitals if code is None or hospital.code == code.strip().upper()]
    if not chosen:
        raise HassError("hospital-unknown", f"There is no active hospital {code!r}. There is: {listed}.")
    if len(chosen) > 1:
        raise HassError(
            "hospital-needed", f"There are several hospitals. Name one with --hospital: {listed}."
        )
    doctor = await session.scalar(select(Role.id).where(Role.name == RoleName.DOCTOR))
    if doctor is None:
        raise HassError("no-roles", "The roles are not set up yet. Run: hass seed")
    one = chosen[0]
    return Destination(one.id, one.region_id, one.code, ZoneInfo(one.timezone), doctor, system)


async def lock_imports(session: AsyncSession, hospital_id: UUID) -> None:
    """Imports into one hospital take turns, bundle by bundle: two of the same bundle see each other's rows."""
    await session.execute(_LOCK, {"hospital_id": str(hospital_id)})


async def known_sources(session: AsyncSession, to: Destination, keys: Iterable[Key]) -> dict[Key, Source]:
    wanted = orjson.dumps([{"t": kind, "i": resource_id} for kind, resource_id in keys]).decode()
    values = {"keys": wanted, "hospital_id": to.hospital_id, "system": to.system}
    found = await session.execute(_SOURCES, values)
    return {
        (row.resource_type, row.resource_id): Source(row.content_hash, row.target_table, row.target_id)
        for row in found
    }


async def load_targets(session: AsyncSession, plan: Plan, sources: dict[Key, Source]) -> None:
    """The patients, visits, practitioners and lab tests of earlier imports that this bundle links to."""
    targets: dict[str, set[UUID]] = {}
    for source in sources.values():
        targets.setdefault(source.table, set()).add(source.target_id)
    files = await _used_files(session, targets.get("patients"))
    stays = {
        row.id: Stay(row.id, row.patient_id, row.admission_date)
        for row in await _rows(
            session, select(Visit.id, Visit.patient_id, Visit.admission_date), Visit.id, targets.get("visits")
        )
    }
    tests = {
        row.id: Test(row.id, row.patient_id)
        for row in await _rows(
            session, select(LabTest.id, LabTest.patient_id), LabTest.id, targets.get("lab_tests")
        )
    }
    for key, source in sources.items():
        if source.table == "users":
            plan.doctors[key] = source.target_id
        elif source.target_id in files and key[0] == "Patient":
            plan.files[key] = files[source.target_id]
        elif source.target_id in stays:
            plan.stays[key] = stays[source.target_id]
        elif source.target_id in tests and key[0] == "DiagnosticReport":
            plan.tests[key] = tests[source.target_id]


async def _used_files(session: AsyncSession, ids: Collection[UUID] | None) -> dict[UUID, File]:
    """The file of each id; that of a merged one is the file it was merged into, which takes what is new."""
    query = select(Patient.id, Patient.date_of_birth, Patient.merged_into_id)
    found = {row.id: row for row in await _rows(session, query, Patient.id, ids)}
    asked = list(found)
    while missing := {row.merged_into_id for row in found.values()} - {None, *found}:
        found |= {row.id: row for row in await _rows(session, query, Patient.id, missing)}
    files: dict[UUID, File] = {}
    for row_id in asked:
        row = found[row_id]
        while row.merged_into_id is not None:
            row = found[row.merged_into_id]
        files[row_id] = File(row.id, row.date_of_birth)
    return files


async def _rows(
    session: AsyncSession, query: "Select[*tuple[Any, ...]]", column: Any, ids: Collection[UUID] | None
) -> list[Any]:
    found: list[Any] = []
    listed = list(ids or ())
    for begin in range(0, len(listed), _ID_CHUNK):
        found.extend(await session.execute(query.where(column.in_(listed[begin : begin + _ID_CHUNK]))))
    return found


async def occupied_files(session: AsyncSession, files: Collection[UUID]) -> set[UUID]:
    """Those that have an open inpatient visit."""
    query = select(Visit.patient_id).where(Visit.visit_type == VisitType.INPATIENT, Visit.status.in_(OPEN))
    return {row.patient_id for row in await _rows(session, query, Visit.patient_id, files)}


async def known_sets(
    session: AsyncSession, visits: Collection[UUID]
) -> dict[tuple[UUID, datetime], KnownSet]:
    """The imported sets of vital signs of these visits; of several at one instant, all their signs."""
    columns = [getattr(Vitals, name) for name in COLUMNS]
    query = (
        select(Vitals.id, Vitals.visit_id, Vitals.recorded_at, *columns)
        .where(Vitals.source.is_not(None), Vitals.status == VitalsStatus.FINAL)
        .order_by(Vitals.id)
    )
    found: dict[tuple[UUID, datetime], KnownSet] = {}
    for row in await _rows(session, query, Vitals.visit_id, visits):
        one = found.setdefault((row.visit_id, row.recorded_at), KnownSet(row.id, {}))
        for name in COLUMNS:
            value = getattr(row, name)
            if isinstance(value, Consciousness):
                one.signs[name] = value
            elif value is not None and not isinstance(value, bool):
                one.signs[name] = Decimal(value)
    return found


async def record_no_known_allergies(session: AsyncSession, plan: Plan) -> None:
    """On files that were there before; one with an active allergy stays as it is."""
    for file_id, said_at in plan.no_known_allergies.items():
        values = {"hospital_id": plan.to.hospital_id, "file_id": file_id, "said_at": said_at}
        await session.execute(_NO_KNOWN_ALLERGIES, values)
