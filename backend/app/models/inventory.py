"""Stock by lot (S22, domain 5.9). Movements come with the stock workflow."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import HospitalRow, enum_column


class ItemType(StrEnum):
    MEDICATION = "medication"
    SUPPLY = "supply"
    REAGENT = "reagent"
    EQUIPMENT = "equipment"


class Inventory(HospitalRow):
    __tablename__ = "inventory"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        # One row per lot; without a lot or an expiry there is still only one row of the item.
        UniqueConstraint(
            "hospital_id", "item_code", "lot_number", "expiry_date", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint(
            "btrim(item_name) <> '' AND btrim(item_code) <> '' AND btrim(unit) <> ''", name="named"
        ),
        # NaN is above every number to PostgreSQL, so that "not below 0" alone would take it.
        CheckConstraint("quantity >= 0 AND quantity < 'NaN'", name="quantity_range"),
        CheckConstraint("NOT counted_whole OR quantity = trunc(quantity)", name="quantity_whole"),
        CheckConstraint("threshold_alert >= 0 AND threshold_alert < 'NaN'", name="threshold_alert_range"),
        Index(None, "hospital_id", "item_type", "item_name"),
        Index(None, "hospital_id", "item_code", "expiry_date"),
        Index(None, "expiry_date", postgresql_where=text("is_active AND quantity > 0")),
        Index(
            "inventory_low_idx",
            "hospital_id",
            "item_code",
            postgresql_where=text("is_active AND quantity <= threshold_alert"),
        ),
    )

    item_type: Mapped[ItemType] = enum_column("item_type", ItemType, comment="kind of item")
    item_name: Mapped[str] = mapped_column(comment="what people read")
    item_code: Mapped[str] = mapped_column(comment="the hospital's own code, or GTIN")
    category: Mapped[str | None] = mapped_column(comment="the hospital's own grouping")
    lot_number: Mapped[str | None] = mapped_column(comment="the maker's lot; NULL = none")
    quantity: Mapped[Decimal] = mapped_column(
        Numeric(12, 3), server_default=text("0"), default=Decimal(0), comment="in unit, never below 0"
    )
    unit: Mapped[str] = mapped_column(comment="smallest unit dispensed: tablet, mL, piece")
    counted_whole: Mapped[bool] = mapped_column(
        server_default=text("true"), default=True, comment="true = quantity is a whole number"
    )
    threshold_alert: Mapped[Decimal] = mapped_column(
        Numeric(12, 3),
        server_default=text("0"),
        default=Decimal(0),
        comment="in unit; at or below it stock is low",
    )
    expiry_date: Mapped[date | None] = mapped_column(comment="last usable day")
    location: Mapped[str | None] = mapped_column(comment="where it is kept")
    supplier: Mapped[str | None] = mapped_column(comment="who delivers it")
    last_restocked_at: Mapped[datetime | None] = mapped_column(comment="instant of the last delivery")
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), default=True, comment="false = switched off, the row stays"
    )
