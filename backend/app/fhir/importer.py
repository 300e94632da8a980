"""The act of importing FHIR R4 bundles: one transaction for each bundle, all of it or nothing (issue 2, point 6)."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access.context import set_context
from app.core import clock
from app.core.database import create_engine, explain, session_factory
from app.core.errors import HassError
from app.fhir.bundle_reader import MAX_MEGABYTES, BrokenFileError, Bundle, Entry, find_files, read_bundle
from app.fhir.known import Source as KnownSource
from app.fhir.known import (
    find_destination,
    known_sets,
    known_sources,
    load_targets,
    lock_imports,
    occupied_files,
    record_no_known_allergies,
)
from app.fhir.mapping import add_practitioners, add_records, add_visits, by_type
from app.fhir.persons import make_files
from app.fhir.plan import Destination, Plan
from app.fhir.references import Key, References
from app.fhir.summary import Broken, Changed, Summary
from app.fhir.values import Json
from app.fhir.writer import write
from app.models.role import Scope

ACT = "import fhir"
DEFAULT_SYSTEM = "urn:hass:source:fhir"
# unique_violation, deadlock_detected, serialization_failure: another session was first; see what it wrote.
PASSING = ("23505", "40P01", "40001")
TRIES = 5
UNDEFINED_TABLE = "42P01"

Progress = Callable[[int, int, str], None]
"""progress(files done, files in all, name of the file that comes next)"""


async def import_paths(
    paths: Sequence[Path],
    *,
    url: str,
    hospital: str | None = None,
    system: str = DEFAULT_SYSTEM,
    progress: Progress | None = None,
    max_megabytes: int = MAX_MEGABYTES,
) -> Summary:
    """Import files, folders and standard input (`-`) into one hospital; what is broken is told in the summary.

    Raises HassError where nothing can go in at all: no hospital, no database."""
    engine = create_engine(url, refuse_powerful=False, pool_size=1)
    try:
        sessions = session_factory(engine)
        to = await _find_destination(sessions, hospital, system)
        summary = Summary(hospital=to.code, system=system)
        begun = time.monotonic()
        files = _all_files(paths, summary)
        await _import_files(sessions, to, files, summary, progress, max_megabytes)
        summary.seconds = time.monotonic() - begun
        return summary
    finally:
        await engine.dispose()


async def _find_destination(
    sessions: async_sessionmaker[AsyncSession], hospital: str | None, system: str
) -> Destination:
    try:
        async with sessions.begin() as session:
            await set_context(session, scope=Scope.NETWORK, act=ACT)
            return await find_destination(session, hospital, system)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != UNDEFINED_TABLE:
            raise
        raise HassError(
            "not-migrated", "The database has no tables of HASS yet. Run: hass migrate", 503
        ) from error


def _all_files(paths: Iterable[Path], summary: Summary) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        try:
            found.update(dict.fromkeys(find_files(path)))
        except (BrokenFileError, OSError) as error:
            reason = error.reason if isinstance(error, BrokenFileError) else f"{error.strerror or error}."
            summary.files += 1
            summary.broken.append(Broken(str(path), reason))
    summary.files += len(found)
    return list(found)


async def _import_files(
    sessions: async_sessionmaker[AsyncSession],
    to: Destination,
    files: list[Path],
    summary: Summary,
    progress: Progress | None,
    max_megabytes: int,
) -> None:
    """While the database writes one bundle, the next is read."""
    upcoming = _start_reading(files, 0, max_megabytes)
    for done, path in enumerate(files):
        if progress is not None:
            progress(done, len(files), path.name)
        found = await upcoming
        upcoming = _start_reading(files, done + 1, max_megabytes)
        try:
            if isinstance(found, BrokenFileError):
                raise found
            assert found is not None
            await _import_bundle(sessions, to, found, summary)
        except BrokenFileError as error:
            summary.broken.append(Broken(str(path), error.reason))
        except (DBAPIError, HassError, OSError) as error:
            fault = error if isinstance(error, HassError) else explain(error)
            if fault is not None:
                # The server itself is at fault: the files that follow would meet the same.
                summary.broken.append(Broken(str(path), fault.sentence))
                summary.broken.extend(
                    Broken(str(left), "Not tried after that.") for left in files[done + 1 :]
                )
                upcoming.cancel()
                return
            if not isinstance(error, DBAPIError):
                raise
            summary.broken.append(Broken(str(path), _refusal(error)))
    if progress is not None:
        progress(len(files), len(files), "")


def _start_reading(
    files: list[Path], position: int, max_megabytes: int
) -> asyncio.Future["Ready | BrokenFileError | None"]:
    """Read the file at that position in a thread; None past the last."""
    path = files[position] if position < len(files) else None
    return asyncio.ensure_future(asyncio.to_thread(_read, path, max_megabytes))


@dataclass(frozen=True, slots=True)
class Ready:
    """A bundle that was read, with all that can be known of it without the database."""

    bundle: Bundle
    references: References
    resources: dict[Key, Json]
    keys: set[Key]


def _read(path: Path | None, max_megabytes: int) -> Ready | BrokenFileError | None:
    if path is None:
        return None
    try:
        bundle = read_bundle(path, max_megabytes)
        references = References(bundle.entries)
        resources = {entry.key: entry.resource for entry in reversed(bundle.entries)}
        meant = (key for entry in bundle.entries for key in references.meant_by(entry))
        return Ready(bundle, references, resources, {*resources, *meant})
    except BrokenFileError as error:
        return error


def _refusal(error: DBAPIError) -> str:
    """What the database refused, by the name of the rule; never the row, which is a patient's."""
    cause = getattr(error.orig, "__cause__", None)
    rule = getattr(cause, "constraint_name", None) or getattr(error.orig, "sqlstate", None) or "unknown"
    return f"The database refused a row (rule {rule}). Nothing of this file was imported."


async def _import_bundle(
    sessions: async_sessionmaker[AsyncSession], to: Destination, ready: "Ready", summary: Summary
) -> None:
    """All of the bundle or nothing. Where another session was first, look again at what is there now."""
    for attempt in range(1, TRIES + 1):
        try:
            async with sessions.begin() as session:
                plan, unchanged, changed = await _write_bundle(session, to, ready)
        except DBAPIError as error:
            if attempt == TRIES or getattr(error.orig, "sqlstate", None) not in PASSING:
                raise
            await asyncio.sleep(0.05 * attempt)
        else:
            summary.add(ready.bundle, plan, unchanged, changed)
            return


async def _write_bundle(
    session: AsyncSession, to: Destination, ready: "Ready"
) -> tuple[Plan, Counter[str], list[Changed]]:
    await set_context(
        session, scope=Scope.HOSPITAL, act=ACT, hospital_id=to.hospital_id, region_id=to.region_id
    )
    await lock_imports(session, to.hospital_id)
    bundle = ready.bundle
    plan = Plan(to, clock.now(), ready.references, resources=ready.resources)
    known = await known_sources(session, to, ready.keys)
    new, unchanged, changed = _sort_out(bundle, known)
    if new:
        await load_targets(session, plan, known)
        await _fill(session, plan, bundle, new, known)
        await write(session, plan, bundle.digest)
        await record_no_known_allergies(session, plan)
    return plan, unchanged, changed


def _sort_out(
    bundle: Bundle, known: dict[Key, KnownSource]
) -> tuple[list[Entry], Counter[str], list[Changed]]:
    """(new entries, how many are known and the same, those that are known with another content)."""
    seen = {key: source.content_hash for key, source in known.items()}
    new: list[Entry] = []
    unchanged: Counter[str] = Counter()
    changed: list[Changed] = []
    for entry in bundle.entries:
        if entry.key not in seen:
            seen[entry.key] = entry.content_hash
            new.append(entry)
        elif seen[entry.key] == entry.content_hash:
            unchanged[entry.resource_type] += 1
        else:
            changed.append(Changed(bundle.name, *entry.key))
    return new, unchanged, changed


async def _fill(
    session: AsyncSession, plan: Plan, bundle: Bundle, new: list[Entry], known: dict[Key, KnownSource]
) -> None:
    sorted_out = by_type(new)
    add_practitioners(plan, sorted_out["Practitioner"])
    before = {file.id for file in plan.files.values()}
    await make_files(session, plan, sorted_out["Patient"])
    joined = {placed.target_id for placed in plan.placed if placed.table == "patients"}
    made = {row["id"] for row in plan.rows["patients"]}
    plan.occupied = await occupied_files(session, (before | joined) - made)
    patients = [entry.key for entry in bundle.entries if entry.resource_type == "Patient"]
    plan.first_file = next((plan.files[key] for key in patients if key in plan.files), None)
    if plan.first_file is None:
        # A bundle without its patient, whose resources are about one who came in earlier.
        plan.first_file = next(iter(plan.files.values()), None)
    visits_before = {stay.id for stay in plan.stays.values()}
    add_visits(plan, sorted_out["Encounter"])
    sets = await known_sets(session, visits_before) if "Observation" in sorted_out else {}
    reports = [
        entry for entry in bundle.entries if entry.key in known and entry.resource_type == "DiagnosticReport"
    ]
    add_records(plan, new, reports, sets)
