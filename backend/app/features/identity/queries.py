"""Reads for merging files and linking them to people."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.actor import Actor
from app.access.needs import needs
from app.access.permissions import Permission
from app.access.reach import the_patient
from app.core.cursors import bad_cursor, read_cursor, read_key, write_cursor
from app.core.errors import Conflict, Invalid, NotFound
from app.features.identity import rules, schemas, statements
from app.models.patient import search_key

MOST_ROWS = 100


def plain(row: Any, *columns: str) -> dict[str, Any]:
    """The row with its json columns as objects, whatever the driver's codec made of them."""
    read = dict(row)
    for name in columns:
        if isinstance(read[name], str | bytes):
            read[name] = json.loads(read[name])
    return read


@needs(Permission.PATIENT_MERGE)
async def preview_merge(
    session: AsyncSession, actor: Actor, survivor_id: UUID, loser_id: UUID, *, now: datetime
) -> schemas.MergePreviewOut:
    """The two files beside each other; the opening of both is in the trail. Raises NotFound, or Invalid."""
    if survivor_id == loser_id:
        raise Invalid(
            "same-file", "A file cannot be merged into itself. Choose the other one.", field="loser_id"
        )
    values = {"survivor_id": survivor_id, "loser_id": loser_id}
    rows = (await session.execute(text(statements.FILES), values)).mappings().all()
    files = {row["id"]: schemas.FileOut.model_validate(plain(row, "identifiers")) for row in rows}
    if len(files) < 2:
        raise NotFound("patient-not-found", "There is no such patient here.")
    survivor, loser = files[survivor_id], files[loser_id]
    differences = rules.differences(survivor, loser)
    return schemas.MergePreviewOut(
        survivor=survivor,
        loser=loser,
        differences=differences,
        grave_differences=[each for each in differences if each in rules.GRAVE],
        obstacles=await obstacles(session, actor, survivor_id, loser_id, now=now),
    )


@needs(Permission.PATIENT_MERGE)
async def obstacles(
    session: AsyncSession, actor: Actor, survivor_id: UUID, loser_id: UUID, *, now: datetime
) -> list[str]:
    """What has to be settled before these two files are one, in sentences."""
    values = {
        "survivor_id": survivor_id,
        "loser_id": loser_id,
        "hospital_id": actor.hospital_id,
        "now": now,
    }
    row = (await session.execute(text(statements.OBSTACLES), values)).mappings().one()
    return rules.obstacle_words([name for name, found in row.items() if found])


@needs(Permission.PATIENT_MERGE)
async def list_merges(
    session: AsyncSession, actor: Actor, *, limit: int = 20, cursor: str | None = None
) -> schemas.MergePageOut:
    """The hospital's merges, the newest first, with those that were undone."""
    after_at, after_id = read_cursor(cursor, 2)
    limit = min(limit, MOST_ROWS)
    try:
        at = None if after_at is None else datetime.fromisoformat(after_at)
    except ValueError:
        raise bad_cursor() from None
    values = {
        "hospital_id": actor.hospital_id,
        "after_at": at,
        "after_id": read_key(after_id),
        "limit": limit + 1,
    }
    rows = (await session.execute(text(statements.PAGE_OF_MERGES), values)).mappings().all()
    items = [schemas.MergeOut.model_validate(plain(row, "moved")) for row in rows[:limit]]
    more = len(rows) > limit
    return schemas.MergePageOut(
        items=items,
        next_cursor=write_cursor(items[-1].merged_at.isoformat(), items[-1].id) if more else None,
    )


@needs(Permission.PATIENT_MERGE)
async def read_merge(session: AsyncSession, actor: Actor, merge_id: UUID) -> schemas.MergeOut:
    values = {"hospital_id": actor.hospital_id, "merge_id": merge_id, "limit": 1}
    row = (await session.execute(text(statements.ONE_MERGE), values)).mappings().one_or_none()
    if row is None:
        raise NotFound("merge-not-found", "There is no such merge here.")
    return schemas.MergeOut.model_validate(plain(row, "moved"))


@needs(Permission.PATIENT_MERGE)
async def read_links(session: AsyncSession, actor: Actor, patient_id: UUID) -> schemas.LinksOut:
    """Which other hospitals keep a file of the same person, and the journal of this one. Raises NotFound."""
    row = (await session.execute(text(statements.LINKS), {"patient_id": patient_id})).mappings().one_or_none()
    if row is None:
        raise NotFound("patient-not-found", "There is no such patient here.")
    return schemas.LinksOut.model_validate(plain(row, "other_hospitals", "items"))


@needs(Permission.PATIENT_MERGE)
async def link_candidates(session: AsyncSession, actor: Actor, patient_id: UUID) -> schemas.LinkCandidatesOut:
    """People of the network whom the file may be of, best first; the look is in the trail."""
    file = await the_patient(session, patient_id)
    if file.merged_into_id is not None:
        raise Conflict("file-merged", "This file was merged into another. Open the one that is used now.")
    values = {
        "hospital_id": file.hospital_id,
        "person_id": file.person_id,
        "names": search_key(file.last_name, file.first_name) or None,
        "born_on": file.date_of_birth,
        "gender": file.gender.value,
        "phone": file.phone_digits,
    }
    rows = (await session.execute(text(statements.CANDIDATES), values)).mappings().all()
    return schemas.LinkCandidatesOut(
        items=[schemas.LinkCandidateOut.model_validate(dict(row)) for row in rows]
    )
