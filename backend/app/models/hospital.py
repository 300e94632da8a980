"""Hospitals: the tenants (S12)."""

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Row
from app.models.region import CODE_PATTERN

if TYPE_CHECKING:
    from app.models.bed import Bed
    from app.models.patient import Patient
    from app.models.region import Region


class Hospital(Row):
    __tablename__ = "hospitals"
    __table_args__ = (
        UniqueConstraint("region_id", "id"),
        CheckConstraint(f"code ~ '{CODE_PATTERN}'", name="code_format"),
        CheckConstraint("btrim(name) <> ''", name="name_given"),
        CheckConstraint("bed_capacity >= 0", name="bed_capacity_range"),
        # PostgreSQL also takes offsets, abbreviations and rules such as Mars+3, which no other program knows.
        CheckConstraint("timezone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+)+)$'", name="timezone_iana"),
        # The conversion fails for a zone that PostgreSQL does not know, so a wrong one is never stored.
        CheckConstraint(
            "(TIMESTAMPTZ '2000-01-01 00:00Z' AT TIME ZONE timezone) IS NOT NULL", name="timezone_known"
        ),
    )

    # RESTRICT: a region with hospitals is deactivated, not deleted.
    region_id: Mapped[UUID] = mapped_column(
        ForeignKey("regions.id", ondelete="RESTRICT"), index=True, comment="the region it belongs to"
    )
    name: Mapped[str] = mapped_column(comment="what people read")
    code: Mapped[str] = mapped_column(
        unique=True,
        comment="upper-case code, part of every MRN; unique in the network, never changes (trigger)",
    )
    address: Mapped[str | None] = mapped_column(comment="postal address, lines separated by line breaks")
    phone: Mapped[str | None] = mapped_column(comment="telephone number as it was written")
    email: Mapped[str | None] = mapped_column(comment="e-mail address")
    bed_capacity: Mapped[int] = mapped_column(
        server_default=text("0"), default=0, comment="licensed beds, a count"
    )
    timezone: Mapped[str] = mapped_column(comment="IANA zone; every day boundary of the hospital uses it")
    results_need_second_person: Mapped[bool] = mapped_column(
        server_default=text("false"),
        default=False,
        comment="whoever entered a laboratory result does not verify it (trigger)",
    )
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), default=True, comment="false = switched off, the row stays"
    )

    region: Mapped["Region"] = relationship(
        back_populates="hospitals", lazy="raise", primaryjoin="Region.id == foreign(Hospital.region_id)"
    )
    patients: Mapped[list["Patient"]] = relationship(
        back_populates="hospital",
        lazy="raise",
        primaryjoin="Hospital.id == foreign(Patient.hospital_id)",
        passive_deletes="all",
    )
    beds: Mapped[list["Bed"]] = relationship(
        back_populates="hospital",
        lazy="raise",
        primaryjoin="Hospital.id == foreign(Bed.hospital_id)",
        passive_deletes="all",
    )
