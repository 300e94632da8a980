"""Reads of registration: the search of patients and one patient's chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs, require
from app.access.permissions import Permission
from app.clinical.lab_reference import interval_for
from app.core.cursors import bad_cursor, read_cursor, read_key, write_cursor
from app.core.errors import Invalid
from app.features.registration import schemas, statements
from app.features.registration.banner import allergies_of, as_list, banner_of, may_see_numbers, patient_row
from app.features.registration.rules import PatientSearch
from app.features.registration.schemas import SECTIONS, Section

MOST_ROWS = 100
T = TypeVar("T", bound=schemas.Out)
NEEDED: dict[Section, Permission] = {
    "visits": Permission.VISIT_READ,
    "vitals": Permission.VITALS_READ,
    "lab_tests": Permission.LAB_READ,
    "prescriptions": Permission.PRESCRIPTION_READ,
    "records": Permission.RECORD_READ,
}


@dataclass(frozen=True)
class Limits:
    """How many rows of each section one reply holds; the rest comes by "show older"."""

    visits: int = 50
    vitals: int = 400
    lab_tests: int = 50
    prescriptions: int = 50
    records: int = 50

    def of(self, section: Section) -> int:
        return int(getattr(self, section))


WHOLE = Limits()


def search_values(
    search: PatientSearch,
    hospital_id: UUID | None,
    hospital_code: str | None,
    *,
    limit: int,
    cursor: str | None = None,
    with_documents: bool = False,
) -> dict[str, Any]:
    """What the statement of this search is bound to; one row more than the limit tells that there are more."""
    values: dict[str, Any] = {"hospital_id": hospital_id, "limit": limit + 1}
    if search.names:
        values["words"] = " ".join(search.names)
    if len(search.names) > 1:
        values |= {f"name_{index}": name for index, name in enumerate(search.names)}
    if cursor:
        _, after_key, after_id = read_cursor(cursor, 3)
        values |= {"after_key": after_key or "", "after_id": read_key(after_id)}
    if search.mrn:
        values["mrn"] = search.mrn
    if search.bed:
        values["bed"] = search.bed
    if with_documents:
        values["document"] = search.document
    if search.digits:
        values["phone"] = search.digits[-10:]
        values["mrn_digits"] = f"{hospital_code}-{search.digits}"
    if search.born:
        values["born_0"], values["born_1"] = search.born[0], search.born[-1]
    if search.year:
        values["year_from"], values["year_to"] = date(search.year, 1, 1), date(search.year + 1, 1, 1)
    return values


@needs(Permission.PATIENT_SEARCH)
async def search_patients(
    session: AsyncSession, actor: Actor, search: PatientSearch, *, limit: int = 20, cursor: str | None = None
) -> schemas.PatientPageOut:
    """The hospital's patients that match, the likeliest first; an empty search lists all, by family name."""
    limit = min(limit, MOST_ROWS)
    # The number on a document is shown to whoever registers people, so it finds for nobody else.
    with_documents = search.document is not None and may_see_numbers(actor)
    values = search_values(
        search,
        actor.hospital_id,
        actor.hospital_code,
        limit=limit,
        cursor=cursor,
        with_documents=with_documents,
    )
    sql = statements.search_sql(search, with_documents=with_documents, after_rank=_rank(cursor))
    rows = (await session.execute(text(sql), values)).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    if not search.is_empty:
        event = {"by": " ".join(search.kinds), "found": len(rows)}
        await session.execute(text(statements.SEARCHED), event)
    items = [schemas.PatientRowOut.model_validate(dict(row)) for row in rows]
    return schemas.PatientPageOut(
        items=items,
        next_cursor=write_cursor(rows[-1]["rank"], rows[-1]["sort_key"], rows[-1]["id"]) if more else None,
    )


def _rank(cursor: str | None) -> int | None:
    """In which of its ways the search goes on."""
    if not cursor:
        return None
    rank, _, _ = read_cursor(cursor, 3)
    if rank is None or not rank.isdigit():
        raise bad_cursor()
    return int(rank)


@needs(Permission.PATIENT_SEARCH)
async def last_opened(session: AsyncSession, actor: Actor) -> list[schemas.PatientRowOut]:
    """The last five patients whose chart the actor opened, the latest first."""
    rows = await session.execute(text(statements.LAST_OPENED), {"user_id": actor.user_id})
    return [schemas.PatientRowOut.model_validate(dict(row)) for row in rows.mappings()]


@needs(Permission.PATIENT_READ)
async def read_patient(session: AsyncSession, actor: Actor, patient_id: UUID) -> schemas.PatientOut:
    """Who the patient is and how to reach him; the reading is in the trail."""
    return schemas.PatientOut.model_validate(await patient_row(session, actor, patient_id))


@dataclass(frozen=True)
class OpenedChart:
    """A chart, and the zone of the hospital whose file it is."""

    chart: schemas.ChartOut
    banner: schemas.BannerOut
    timezone: str
    # Until when the reader's emergency access to the person lives.
    emergency_until: datetime | None


@needs(Permission.PATIENT_READ)
async def open_chart(
    session: AsyncSession,
    actor: Actor,
    patient_id: UUID,
    *,
    limits: Limits = WHOLE,
    section: Section | None = None,
    cursor: str | None = None,
    record_type: str | None = None,
) -> OpenedChart:
    """The chart as far as the actor's permissions reach; with `section`, that section from `cursor` on.

    The read is in the audit trail before anything is shown: same transaction, ahead of the rows themselves.
    """
    if section is not None:
        require(actor, NEEDED[section])
    elif cursor is not None:
        raise Invalid(
            "section-needed", "A cursor goes on in one section: name it with section.", field="section"
        )
    shown = [name for name in SECTIONS if actor.can(NEEDED[name]) and section in (None, name)]
    patient = await patient_row(session, actor, patient_id)
    found: dict[Section, list[dict[str, Any]]] = {}
    for name in shown:
        found[name] = await _section(session, name, patient_id, limits.of(name), cursor, record_type)
    totals: dict[Section, int] = {}
    older: dict[Section, str] = {}
    kinds = as_list(found["records"][0]["record_types"]) if found.get("records") else []
    for name, rows in found.items():
        if name == "records":
            totals[name] = sum(kind["count"] for kind in kinds if record_type in (None, kind["record_type"]))
        elif section is None:
            totals[name] = rows[0]["total"] if rows else 0
        if len(rows) > limits.of(name):
            del rows[limits.of(name) :]
            older[name] = _older(name, rows[-1])
    return OpenedChart(
        schemas.ChartOut(
            patient=schemas.PatientOut.model_validate(patient),
            allergies=allergies_of(patient) if actor.can(Permission.ALLERGY_READ) else None,
            visits=_visits(actor, found.get("visits")),
            vitals=_all(schemas.VitalsOut, found.get("vitals")),
            lab_tests=_lab_tests(patient, found.get("lab_tests")),
            prescriptions=_all(schemas.PrescriptionOut, found.get("prescriptions")),
            records=_all(schemas.RecordOut, found.get("records")),
            record_types=_all(schemas.RecordTypeOut, kinds) if "records" in found else None,
            weight=patient["weight"],
            totals=totals,
            older=older,
            withheld=[name for name in SECTIONS if not actor.can(NEEDED[name])],
        ),
        banner_of(actor, patient),
        patient["timezone"],
        patient["emergency_until"],
    )


SORTED_BY: dict[Section, tuple[str, str, str, str]] = {
    "visits": (statements.VISITS, "v", "admission_date", "false"),
    "vitals": (statements.VITALS, "v", "recorded_at", "false"),
    "lab_tests": (statements.LAB_TESTS, "t", "requested_at", "false"),
    "prescriptions": (statements.PRESCRIPTIONS, "m", "start_date", statements.NOT_CURRENT),
    "records": (statements.RECORDS, "r", "recorded_at", statements.UNDATED),
}


async def _section(
    session: AsyncSession,
    name: Section,
    patient_id: UUID,
    limit: int,
    cursor: str | None,
    record_type: str | None,
) -> list[dict[str, Any]]:
    """One row more than the limit, so that the reader learns whether there are older ones."""
    statement, alias, column, first = SORTED_BY[name]
    after_first, after_at, after_id = read_cursor(cursor, 3)
    values: dict[str, Any] = {
        "patient_id": patient_id,
        "limit": limit + 1,
        "after_first": after_first == "True",
        "after_none": after_at is None,
        "after_at": _moment(after_at, is_day=column == "start_date"),
        "after_id": read_key(after_id),
    }
    if name == "records":
        values["record_type"] = record_type
    else:
        values["counted"] = cursor is None
    sql = statement.replace("{after}", statements.after(column, alias, first))
    return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]


def _moment(value: str | None, *, is_day: bool) -> date | datetime | None:
    try:
        if value is None:
            return None
        return date.fromisoformat(value) if is_day else datetime.fromisoformat(value)
    except ValueError:
        raise bad_cursor() from None


def _older(name: Section, last: Mapping[str, Any]) -> str:
    first = {"prescriptions": last.get("status") != "active", "records": last.get("recorded_at") is None}.get(
        name, False
    )
    return write_cursor(first, last[SORTED_BY[name][2]], last["id"])


def _visits(actor: Actor, rows: Sequence[Mapping[str, Any]] | None) -> list[schemas.VisitOut] | None:
    if rows is None:
        return None
    clinical = actor.can(Permission.VISIT_CLINICAL_READ)
    visits = []
    for row in rows:
        worded = {**row, "diagnoses": as_list(row["diagnoses"])}
        if not clinical:
            worded |= {"reason_for_visit": None, "diagnosis": None, "diagnoses": None}
        visits.append(schemas.VisitOut.model_validate(worded))
    return visits


def _lab_tests(
    patient: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] | None
) -> list[schemas.LabTestOut] | None:
    if rows is None:
        return None
    return [
        schemas.LabTestOut.model_validate(
            {
                **row,
                "results": [flagged(patient, each, row["requested_at"]) for each in as_list(row["results"])],
            }
        )
        for row in rows
    ]


def flagged(patient: Mapping[str, Any], result: dict[str, Any], asked_at: datetime) -> dict[str, Any]:
    """The result with the flag to show: the laboratory's, else ours where its table knows the analyte and unit."""
    shown = {"flag": result["interpretation"], "flag_by": "laboratory", "usual_low": None, "usual_high": None}
    has_own = result["interpretation"] is not None
    if not has_own:
        shown |= {"flag": None, "flag_by": None}
    has_interval = not (result["reference_low"] is None and result["reference_high"] is None)
    born, value = patient["date_of_birth"], result["value_numeric"]
    if has_own or has_interval or value is None or result["comparator"] is not None or born is None:
        return {**result, **shown}
    observed = result["observed_at"]
    at = datetime.fromisoformat(observed) if isinstance(observed, str) else observed or asked_at
    interval = interval_for(result["code"], result["unit"], patient["gender"], (at.date() - born).days)
    if interval is not None:
        flag = interval.flag(Decimal(str(value)))
        shown |= {"usual_low": interval.low, "usual_high": interval.high, "flag": flag}
        shown["flag_by"] = "hass" if flag else None
    return {**result, **shown}


def _all(schema: type[T], rows: Sequence[Mapping[str, Any]] | None) -> list[T] | None:
    if rows is None:
        return None
    return [schema.model_validate(dict(row)) for row in rows]
