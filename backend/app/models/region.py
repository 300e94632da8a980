"""Regions of the network (S11)."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import JSONB, Row

if TYPE_CHECKING:
    from app.models.hospital import Hospital

CODE_PATTERN = "^[A-Z][A-Z0-9]{1,11}$"


class Region(Row):
    __tablename__ = "regions"
    __table_args__ = (
        CheckConstraint(f"code ~ '{CODE_PATTERN}'", name="code_format"),
        CheckConstraint("btrim(name) <> ''", name="name_given"),
        CheckConstraint("jsonb_typeof(theme_settings) = 'object'", name="theme_object"),
        Index(None, "theme_settings", postgresql_using="gin"),
    )

    name: Mapped[str] = mapped_column(comment="what people read")
    code: Mapped[str] = mapped_column(unique=True, comment="upper-case code; never changes (trigger)")
    theme_settings: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        default=dict,
        comment="primary_color, secondary_color (#rrggbb), logo_url",
    )
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), default=True, comment="false = switched off, the row stays"
    )

    hospitals: Mapped[list["Hospital"]] = relationship(
        back_populates="region",
        lazy="raise",
        primaryjoin="Region.id == foreign(Hospital.region_id)",
        passive_deletes="all",
    )
