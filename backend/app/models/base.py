"""What every table shares: key, instants, naming of constraints, and the small words models are written in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Numeric,
    String,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import CITEXT, INET, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from app.core.errors import Conflict
from app.core.ids import new_id

__all__ = [
    "CITEXT",
    "INET",
    "JSONB",
    "Base",
    "EnumText",
    "HospitalRow",
    "Machine",
    "Moving",
    "Row",
    "SourcedRow",
    "authored_or_imported",
    "enum_column",
    "fk_to_patient",
    "fk_to_visit",
    "one_of",
    "user_fk",
]

NAMING = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


class EnumText(TypeDecorator[StrEnum]):
    """A StrEnum kept as text: under row-level security only plain types find their index (design 4)."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__(length=32)
        self.enum = enum

    def process_bind_param(self, value: StrEnum | str | None, dialect: Any) -> str | None:
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Any) -> StrEnum | None:
        return None if value is None else self.enum(value)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        str: Text(),
        datetime: DateTime(timezone=True),
        date: Date(),
        Decimal: Numeric(),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
    }


class Row(Base):
    """The common columns. `__repr__` shows the key and the state, never a person."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=new_id, sort_order=-10, comment="UUID version 7, made by the application"
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), sort_order=90, comment="instant the row was written"
    )
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), sort_order=91, comment="instant of the last change, moved by trigger"
    )

    def __repr__(self) -> str:
        shown = [f"id={self.__dict__.get('id')}"]
        shown += [
            f"{name}={self.__dict__[name]}" for name in ("code", "name", "status") if name in self.__dict__
        ]
        return f"<{type(self).__name__} {' '.join(shown)}>"


class HospitalRow(Row):
    """A row that belongs to one hospital, and that row-level security shows to no other."""

    __abstract__ = True

    @declared_attr
    def hospital_id(cls) -> Mapped[UUID]:  # noqa: N805 - a declared attribute takes the class.
        # RESTRICT: a hospital with anything in it is closed, never deleted.
        return mapped_column(
            ForeignKey("hospitals.id", ondelete="RESTRICT"),
            sort_order=-9,
            comment="tenant: the hospital of the row",
        )


class SourcedRow(HospitalRow):
    """A hospital's row that may have been imported."""

    __abstract__ = True

    source: Mapped[str | None] = mapped_column(
        sort_order=80, comment="URI of the system the row was imported from; NULL = authored here"
    )


def one_of(column: str, values: Iterable[str]) -> str:
    """The SQL condition that `column` is one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def enum_column(
    name: str,
    enum: type[StrEnum],
    *,
    comment: str,
    default: StrEnum | None = None,
    nullable: bool = False,
) -> Any:
    """A StrEnum column with its named CHECK; `default` is the server's default too."""
    return mapped_column(
        name,
        EnumText(enum),
        CheckConstraint(one_of(name, enum), name=name),
        nullable=nullable,
        server_default=None if default is None else default.value,
        default=default,
        comment=comment,
    )


def user_fk(ondelete: str) -> ForeignKey:
    """A reference to a user: RESTRICT where the law wants the name, SET NULL where it is soft.

    Single-column, since a user's own row decides its hospital (design 4)."""
    return ForeignKey("users.id", ondelete=ondelete)


def fk_to_visit(ondelete: str, column: str = "visit_id") -> ForeignKeyConstraint:
    """The row belongs to its visit's patient in its visit's hospital; a merge of files moves it along (ON UPDATE)."""
    return ForeignKeyConstraint(
        ["hospital_id", "patient_id", column],
        ["visits.hospital_id", "visits.patient_id", "visits.id"],
        ondelete=ondelete,
        onupdate="CASCADE",
    )


def fk_to_patient(column: str = "patient_id") -> ForeignKeyConstraint:
    """The row belongs to a file of its own hospital; RESTRICT, since a file is merged or closed, never deleted."""
    return ForeignKeyConstraint(
        ["hospital_id", column], ["patients.hospital_id", "patients.id"], ondelete="RESTRICT"
    )


def authored_or_imported(*columns: str) -> CheckConstraint:
    """What may be missing only on imported rows (specification 2)."""
    present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return CheckConstraint(f"source IS NOT NULL OR ({present})", name="authored_complete")


@dataclass(frozen=True)
class Machine:
    """The transition table of a status: it drives `move_to()`, the database's trigger, buttons and the diagram.

    A row starts in `first`; only an imported row (with a source) may start elsewhere."""

    first: StrEnum
    moves: Mapping[StrEnum, frozenset[StrEnum]]

    def allows(self, old: StrEnum, new: StrEnum) -> bool:
        return new in self.moves.get(old, frozenset())

    def as_json(self) -> dict[str, list[str]]:
        """Every state with the states it may move to, sorted, so that the trigger's text is stable."""
        return {
            state.value: sorted(to.value for to in self.moves.get(state, frozenset()))
            for state in type(self.first)
        }


class Moving:
    """A row whose status moves through its machine only."""

    machine: ClassVar[Machine]

    def move_to(self, state: StrEnum) -> None:
        """Go to `state`; raises Conflict where the machine knows no such move. The trigger says the same."""
        old: StrEnum = self.status  # type: ignore[has-type]  # each model declares its own enum.
        if not self.machine.allows(old, state):
            raise Conflict(
                "state-move-refused",
                f"This is {old.value.replace('_', ' ')} and cannot become {state.value.replace('_', ' ')}.",
            )
        self.status = state
