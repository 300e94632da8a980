"""Which file is whose: merge two files of a hospital, link a file to a person, and take either back (S28)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.features.files.rules import counts
from app.features.identity import queries, rules, statements
from app.features.identity.schemas import LinkIn, MergeIn, ReasonIn
from app.models.patient import Allergy, Patient
from app.models.patient_merge import MergeJournal, PatientMerge

# What a merge may carry from file to file beside rows: a fact together with who recorded it and when.
NONE_KNOWN = ("no_known_allergies_at", "no_known_allergies_by_id")
SCALE = ("spo2_scale", "spo2_scale_set_at", "spo2_scale_set_by_id", "spo2_scale_reason")


async def _hold(session: AsyncSession, first: UUID, second: UUID) -> dict[UUID, Patient]:
    """The two files with their people and visits, held until the transaction ends.

    People first, then visits, then files, each in the order of their keys: two who merge the same files the other way
    round, or at two hospitals, wait for each other and never in a circle. Raises NotFound."""
    await session.execute(text(statements.HOLD_PEOPLE), {"files": [first, second], "person_id": None})
    hospital_id = await session.scalar(select(Patient.hospital_id).where(Patient.id == first))
    values = {"hospital_id": hospital_id, "survivor_id": first, "loser_id": second}
    await session.execute(text(statements.HOLD_VISITS), values)
    files = await session.scalars(
        select(Patient)
        .where(Patient.id.in_((first, second)))
        .order_by(Patient.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    held = {file.id: file for file in files}
    if len(held) < 2:
        raise NotFound("patient-not-found", "There is no such patient here.")
    return held


@needs(Permission.PATIENT_MERGE)
async def merge_files(
    session: AsyncSession, actor: Actor, survivor_id: UUID, given: MergeIn, *, now: datetime
) -> PatientMerge:
    """All that hangs on the loser hangs on the survivor; the loser is closed and leads there (ADT A40).

    Raises NotFound, Invalid for one file given twice, or Conflict that names what has to be settled first."""
    if survivor_id == given.loser_id:
        raise Invalid(
            "same-file", "A file cannot be merged into itself. Choose the other one.", field="loser_id"
        )
    held = await _hold(session, survivor_id, given.loser_id)
    survivor, loser = held[survivor_id], held[given.loser_id]
    if loser.merged_into_id is not None or survivor.merged_into_id is not None:
        raise Conflict("file-merged", "One of these files was merged already. Open the one that is used now.")
    seen = await queries.preview_merge(session, actor, survivor_id, given.loser_id, now=now)
    if seen.obstacles:
        raise Conflict("merge-obstacle", " ".join(seen.obstacles))
    if seen.grave_differences and not given.confirmed:
        listed = ", ".join(seen.grave_differences)
        raise Invalid(
            "confirm-needed",
            f"The two files differ in: {listed}. Look again, then confirm.",
            field="confirmed",
        )
    merge = PatientMerge(
        hospital_id=survivor.hospital_id,
        survivor_id=survivor.id,
        loser_id=loser.id,
        reason=given.reason,
        merged_at=now,
        merged_by_id=actor.user_id,
    )
    session.add(merge)
    await session.flush()
    values = _values(merge, given.reason, now)
    await session.execute(text(statements.ACT), {"act": "merge_files"})
    # The person first: what was published goes by her, and follows the file by its key.
    await session.execute(text(statements.MERGE_PEOPLE), values)
    for table in rules.moved_tables():
        await session.execute(text(statements.move_sql(table)), values)
    await _carry(session, merge, survivor, loser)
    await session.flush()
    await session.refresh(loser)
    return merge


def _values(merge: PatientMerge, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "merge_id": merge.id,
        "hospital_id": merge.hospital_id,
        "survivor_id": merge.survivor_id,
        "loser_id": merge.loser_id,
        "reason": reason,
        "now": now,
    }


async def _carry(session: AsyncSession, merge: PatientMerge, survivor: Patient, loser: Patient) -> None:
    """Facts of the files themselves: an allergy ends "no known allergies"; a fact that only the loser has goes over."""
    known = await session.scalars(
        select(Allergy).where(Allergy.hospital_id == merge.hospital_id, Allergy.patient_id == survivor.id)
    )
    is_allergic = any(counts(each) for each in known)
    if is_allergic and survivor.no_known_allergies_at is not None:
        _journal(session, merge, survivor, dict.fromkeys(NONE_KNOWN))
    elif not is_allergic and survivor.no_known_allergies_at is None:
        _journal(session, merge, survivor, {name: getattr(loser, name) for name in NONE_KNOWN})
    if survivor.spo2_scale_set_at is None and loser.spo2_scale_set_at is not None:
        _journal(session, merge, survivor, {name: getattr(loser, name) for name in SCALE})


def _journal(session: AsyncSession, merge: PatientMerge, file: Patient, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        before = getattr(file, name)
        if before == value:
            continue
        setattr(file, name, value)
        session.add(
            MergeJournal(
                hospital_id=merge.hospital_id,
                merge_id=merge.id,
                table_name="patients",
                row_id=file.id,
                column_name=name,
                old_value=_as_text(before),
                new_value=_as_text(value),
            )
        )


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)


# How a column of patients that a merge may carry is read back from the journal.
READ: dict[str, Any] = {
    "no_known_allergies_at": datetime.fromisoformat,
    "no_known_allergies_by_id": UUID,
    "spo2_scale": int,
    "spo2_scale_set_at": datetime.fromisoformat,
    "spo2_scale_set_by_id": UUID,
    "spo2_scale_reason": str,
}


@needs(Permission.PATIENT_MERGE)
async def undo_merge(
    session: AsyncSession, actor: Actor, merge_id: UUID, given: ReasonIn, *, now: datetime
) -> PatientMerge:
    """They are two patients after all: what the merge moved goes back, and nothing that was written since.

    Raises NotFound, or Conflict where it was undone already or a later merge stands on it."""
    merge = await _the_merge(session, merge_id)
    held = await _hold(session, merge.survivor_id, merge.loser_id)
    await session.refresh(merge, with_for_update=True)
    if merge.undone_at is not None:
        raise Conflict("merge-undone", "This merge was undone already.")
    survivor = held[merge.survivor_id]
    if survivor.merged_into_id is not None:
        raise Conflict("merge-built-upon", "The file was merged into another since. Undo that merge first.")
    values = _values(merge, given.reason, now)
    await session.execute(text(statements.ACT), {"act": "undo_merge"})
    for table in rules.moved_tables():
        await session.execute(text(statements.move_back_sql(table)), values)
    await session.execute(text(statements.UNMERGE_PEOPLE), values)
    await _give_back(session, merge, survivor)
    merge.undone_at, merge.undone_by_id, merge.undo_reason = now, actor.user_id, given.reason
    await session.flush()
    await session.refresh(held[merge.loser_id])
    return merge


async def _the_merge(session: AsyncSession, merge_id: UUID) -> PatientMerge:
    merge = await session.scalar(select(PatientMerge).where(PatientMerge.id == merge_id))
    if merge is None:
        raise NotFound("merge-not-found", "There is no such merge here.")
    return merge


async def _give_back(session: AsyncSession, merge: PatientMerge, survivor: Patient) -> None:
    """Facts that the merge carried, as far as nobody has recorded them anew; both of a pair or neither."""
    lines = (
        await session.scalars(
            select(MergeJournal)
            .where(MergeJournal.merge_id == merge.id, MergeJournal.table_name == "patients")
            .order_by(MergeJournal.id)
        )
    ).all()
    for pair in (NONE_KNOWN, SCALE):
        mine = [line for line in lines if line.column_name in pair]
        if all(_as_text(getattr(survivor, line.column_name)) == line.new_value for line in mine):
            for line in mine:
                old = line.old_value
                setattr(survivor, line.column_name, None if old is None else READ[line.column_name](old))


@needs(Permission.PATIENT_MERGE)
async def link_person(
    session: AsyncSession, actor: Actor, patient_id: UUID, given: LinkIn, *, now: datetime
) -> UUID:
    """The file is this person's too: her files at other hospitals and this one are of one human being.

    The person is one that link_candidates names. Raises NotFound, or Conflict where she has a file here already."""
    offered = (await queries.link_candidates(session, actor, patient_id)).items
    chosen = next((each for each in offered if each.person_id == given.person_id), None)
    if chosen is None:
        raise NotFound("person-not-found", "There is no such person among those who may be meant.")
    if chosen.has_file_here:
        raise Conflict("file-exists", "This hospital has a file of this person. Merge the two files instead.")
    held = {"files": [patient_id], "person_id": given.person_id}
    await session.execute(text(statements.HOLD_PEOPLE), held)
    values = {"id": new_id(), "patient_id": patient_id, "person_id": given.person_id}
    linked: UUID | None = await session.scalar(
        text(statements.LINK), {**values, "reason": given.reason, "now": now}
    )
    if linked is None:
        raise NotFound("person-not-found", "There is no such person among those who may be meant.")
    return linked


@needs(Permission.PATIENT_MERGE)
async def unlink_person(
    session: AsyncSession, actor: Actor, patient_id: UUID, given: ReasonIn, *, now: datetime
) -> UUID:
    """The file is of somebody else than the other hospitals' files: it gets a person of its own.

    What this hospital published goes with it. Raises NotFound, or Conflict where no other hospital has a file."""
    file = await session.scalar(select(Patient).where(Patient.id == patient_id))
    if file is None:
        raise NotFound("patient-not-found", "There is no such patient here.")
    if file.merged_into_id is not None:
        raise Conflict("file-merged", "This file was merged into another. Open the one that is used now.")
    await session.execute(text(statements.HOLD_PEOPLE), {"files": [patient_id], "person_id": None})
    values = {"id": new_id(), "patient_id": patient_id, "new_id": new_id(), "reason": given.reason}
    person: UUID | None = await session.scalar(text(statements.UNLINK), {**values, "now": now})
    if person is None:
        raise Conflict("not-linked", "No other hospital has a file of this person, so nothing is to unlink.")
    return person
