"""JSON routes: merge two files, take that back, link a file to a person of the network, unlink it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.access.http import CurrentActor, Db, Needs
from app.access.permissions import Permission
from app.core import clock
from app.features.identity import actions, queries, schemas
from app.web.once import Repeatable

router = APIRouter(tags=["registration"], route_class=Repeatable)
MERGE = [Needs(Permission.PATIENT_MERGE)]


@router.get("/patients/{patient_id}/merge-preview", dependencies=MERGE, summary="Two files beside each other")
async def preview_merge(
    db: Db, actor: CurrentActor, patient_id: UUID, loser_id: UUID
) -> schemas.MergePreviewOut:
    """Where they differ, and what has to be settled before they can be merged."""
    return await queries.preview_merge(db, actor, patient_id, loser_id, now=clock.now())


@router.post(
    "/patients/{patient_id}/merge",
    dependencies=MERGE,
    summary="Merge another file into this one",
    status_code=201,
)
async def merge_files(
    db: Db, actor: CurrentActor, patient_id: UUID, given: schemas.MergeIn
) -> schemas.MergeOut:
    """The other file is closed and leads to this one; its number still finds the patient. It can be undone."""
    merge = await actions.merge_files(db, actor, patient_id, given, now=clock.now())
    return await queries.read_merge(db, actor, merge.id)


@router.get("/merges", dependencies=MERGE, summary="Merges of this hospital")
async def list_merges(
    db: Db,
    actor: CurrentActor,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> schemas.MergePageOut:
    """The newest first, with those that were undone."""
    return await queries.list_merges(db, actor, limit=limit, cursor=cursor)


@router.post("/merges/{merge_id}/undo", dependencies=MERGE, summary="Undo a merge")
async def undo_merge(
    db: Db, actor: CurrentActor, merge_id: UUID, given: schemas.ReasonIn
) -> schemas.MergeOut:
    """What the merge moved goes back; what was written on the kept file since stays there."""
    await actions.undo_merge(db, actor, merge_id, given, now=clock.now())
    return await queries.read_merge(db, actor, merge_id)


@router.get("/patients/{patient_id}/links", dependencies=MERGE, summary="Whose file it is")
async def read_links(db: Db, actor: CurrentActor, patient_id: UUID) -> schemas.LinksOut:
    """Names of the other hospitals that keep a file of the same person, and the journal of this file."""
    return await queries.read_links(db, actor, patient_id)


@router.post(
    "/patients/{patient_id}/link-candidates", dependencies=MERGE, summary="People the file may be of"
)
async def link_candidates(db: Db, actor: CurrentActor, patient_id: UUID) -> schemas.LinkCandidatesOut:
    """At most five of the network, best first; every look is in the audit trail."""
    return await queries.link_candidates(db, actor, patient_id)


@router.post("/patients/{patient_id}/link", dependencies=MERGE, summary="Link the file to a person")
async def link_person(
    db: Db, actor: CurrentActor, patient_id: UUID, given: schemas.LinkIn
) -> schemas.LinksOut:
    await actions.link_person(db, actor, patient_id, given, now=clock.now())
    return await queries.read_links(db, actor, patient_id)


@router.post("/patients/{patient_id}/unlink", dependencies=MERGE, summary="Unlink the file from its person")
async def unlink_person(
    db: Db, actor: CurrentActor, patient_id: UUID, given: schemas.ReasonIn
) -> schemas.LinksOut:
    """The file gets a person of its own; what this hospital published goes with it."""
    await actions.unlink_person(db, actor, patient_id, given, now=clock.now())
    return await queries.read_links(db, actor, patient_id)
