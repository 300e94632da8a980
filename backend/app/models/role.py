"""Roles and what each may do (specification S10, domain 5.2)."""

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import JSONB, Row, enum_column

if TYPE_CHECKING:
    from app.models.user import User


class RoleName(StrEnum):
    SUPER_ADMIN = "super_admin"
    REGIONAL_ADMIN = "regional_admin"
    MANAGER = "manager"
    DOCTOR = "doctor"
    NURSE = "nurse"
    LAB_TECH = "lab_tech"
    PHARMACIST = "pharmacist"
    RECEPTION = "reception"
    PATIENT = "patient"


class Scope(StrEnum):
    """How far a role reaches: what the row-level policies know of it."""

    NETWORK = "network"
    REGION = "region"
    HOSPITAL = "hospital"
    SELF = "self"


class Role(Row):
    __tablename__ = "roles"
    __table_args__ = (
        # What users repeat of their role, so that a CHECK on users can read the scope.
        UniqueConstraint("id", "scope"),
        CheckConstraint("btrim(name) <> '' AND btrim(display_name) <> ''", name="named"),
        CheckConstraint("jsonb_typeof(permissions) = 'array'", name="permissions_array"),
        # Without them nobody could ever give them back.
        CheckConstraint(
            "name <> 'super_admin' OR permissions ?& ARRAY['role.manage', 'user.manage']",
            name="super_admin_keeps",
        ),
        Index(None, "permissions", postgresql_using="gin"),
    )

    name: Mapped[str] = mapped_column(unique=True, comment="key of the role, lower case with underscores")
    display_name: Mapped[str] = mapped_column(comment="what people read")
    scope: Mapped[Scope] = enum_column("scope", Scope, comment="reach: network, region, hospital or self")
    permissions: Mapped[list[str]] = mapped_column(
        JSONB,
        server_default=text("'[]'"),
        default=list,
        comment="array of permission keys (access/permissions.py)",
    )

    users: Mapped[list["User"]] = relationship(
        back_populates="role",
        lazy="raise",
        primaryjoin="Role.id == foreign(User.role_id)",
        passive_deletes="all",
    )
