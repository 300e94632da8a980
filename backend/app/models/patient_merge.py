"""Which file is whose: merges of two files of a hospital with their journal, and the links of files to people (S28)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import JSONB, HospitalRow, enum_column, fk_to_patient, user_fk


class PatientMerge(HospitalRow):
    """Two files of one hospital that turned out to be of one patient; the loser leads to the survivor."""

    __tablename__ = "patient_merges"
    __table_args__ = (
        fk_to_patient("survivor_id"),
        fk_to_patient("loser_id"),
        UniqueConstraint("hospital_id", "id"),
        CheckConstraint("survivor_id <> loser_id", name="two_files"),
        CheckConstraint("length(btrim(reason)) BETWEEN 3 AND 500", name="reason_length"),
        CheckConstraint(
            "num_nonnulls(undone_at, undone_by_id, undo_reason) IN (0, 3)"
            " AND (undo_reason IS NULL OR length(btrim(undo_reason)) BETWEEN 3 AND 500)",
            name="undone_together",
        ),
        CheckConstraint("undone_at >= merged_at", name="undone_after_merged"),
        # A file is merged into one other at a time.
        Index(
            "patient_merges_one_live_key",
            "hospital_id",
            "loser_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index(None, "hospital_id", "loser_id"),
        Index(None, "hospital_id", "survivor_id"),
        Index(None, "hospital_id", text("merged_at DESC"), text("id DESC")),
    )

    survivor_id: Mapped[UUID] = mapped_column(comment="the file that is used from then on")
    loser_id: Mapped[UUID] = mapped_column(comment="the file that was merged into it")
    reason: Mapped[str] = mapped_column(comment="why they are of one patient")
    merged_at: Mapped[datetime] = mapped_column(comment="instant of the merge")
    # RESTRICT, both: who moved a patient's record stays named.
    merged_by_id: Mapped[UUID] = mapped_column(user_fk("RESTRICT"), index=True, comment="who merged them")
    undone_at: Mapped[datetime | None] = mapped_column(comment="instant it was taken back; NULL = it holds")
    undone_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who took it back"
    )
    undo_reason: Mapped[str | None] = mapped_column(comment="why they are of two patients after all")


class MergeJournal(HospitalRow):
    """One value that a merge changed, so that undo gives back exactly that. Append-only.

    Rows that hang below a moved one by its key (the vital signs of a visit ...) follow it both ways and stand in no
    line of their own."""

    __tablename__ = "merge_journal"
    __table_args__ = (
        # RESTRICT: what a merge moved is known for as long as the merge is.
        ForeignKeyConstraint(
            ["hospital_id", "merge_id"],
            ["patient_merges.hospital_id", "patient_merges.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("merge_id", "table_name", "row_id", "column_name"),
        CheckConstraint("updated_at = created_at", name="append_only"),
        CheckConstraint("old_value IS DISTINCT FROM new_value", name="value_changed"),
        Index(None, "hospital_id", "merge_id"),
    )

    merge_id: Mapped[UUID] = mapped_column(comment="the merge that changed it")
    table_name: Mapped[str] = mapped_column(comment="table of the row")
    row_id: Mapped[UUID] = mapped_column(comment="id of the row in that table")
    column_name: Mapped[str] = mapped_column(comment="column that was changed")
    old_value: Mapped[str | None] = mapped_column(comment="what stood there before, as text; NULL = nothing")
    new_value: Mapped[str | None] = mapped_column(comment="what the merge wrote, as text; NULL = nothing")


class LinkAct(StrEnum):
    # A new file of somebody of whom another hospital has one.
    REGISTER = "register"
    LINK = "link"
    UNLINK = "unlink"
    MERGE = "merge"
    UNDO = "undo"


class PersonLink(HospitalRow):
    """A file that was given to another person of the network. Written by definer functions; append-only."""

    __tablename__ = "person_links"
    __table_args__ = (
        fk_to_patient(),
        CheckConstraint("(act = 'register') = (from_person_id IS NULL)", name="from_given"),
        CheckConstraint("from_person_id <> to_person_id", name="two_people"),
        CheckConstraint("length(btrim(reason)) BETWEEN 3 AND 500", name="reason_length"),
        CheckConstraint("(act IN ('merge', 'undo')) = (merge_id IS NOT NULL)", name="merge_named"),
        CheckConstraint("jsonb_typeof(moved_identifiers) = 'array'", name="identifiers_listed"),
        CheckConstraint("updated_at = created_at", name="append_only"),
        Index(None, "hospital_id", "patient_id", text("linked_at DESC")),
    )

    patient_id: Mapped[UUID] = mapped_column(comment="the file that changed hands")
    act: Mapped[LinkAct] = enum_column("act", LinkAct, comment="what was done")
    # RESTRICT throughout: a journal refers to what it tells of.
    from_person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("persons.id", ondelete="RESTRICT"),
        index=True,
        comment="whose file it was; NULL = it was new",
    )
    to_person_id: Mapped[UUID] = mapped_column(
        ForeignKey("persons.id", ondelete="RESTRICT"), index=True, comment="whose file it is from then on"
    )
    # The numbers that moved along, when no file was left to the person before.
    moved_identifiers: Mapped[list[str]] = mapped_column(
        JSONB,
        server_default=text("'[]'"),
        default=list,
        comment="ids of person_identifiers that went along, since no other file kept them",
    )
    reason: Mapped[str] = mapped_column(comment="why")
    linked_at: Mapped[datetime] = mapped_column(comment="instant of the change")
    linked_by_id: Mapped[UUID | None] = mapped_column(
        user_fk("RESTRICT"), index=True, comment="who did it; NULL = background work"
    )
    # A merge of one hospital moves the person's files of others too, so the key is a single one.
    merge_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("patient_merges.id", ondelete="RESTRICT"),
        index=True,
        comment="the merge that it was part of",
    )
