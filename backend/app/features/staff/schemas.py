"""What the management of people and roles takes and gives."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core.sentences import EMAIL, PHONE
from app.models.role import RoleName

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320, pattern=EMAIL)]
State = Literal["active", "invited", "disabled", "removed", "no_login"]
# What a list may be narrowed to; "current" is everybody with a login who was not removed.
Filter = Literal["current", "invited", "disabled", "removed", "no_login", "all"]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class PlaceIn(In):
    """A role and where it reaches: a region's administrator names the region, staff their hospital, others neither."""

    role: RoleName
    region_id: UUID | None = None
    hospital_id: UUID | None = None


class UserIn(PlaceIn):
    email: Email
    title: Word | None = None
    first_name: Word | None = None
    last_name: Word
    phone: Phone | None = None


class UserChangeIn(In):
    """What is left out stays; null empties it."""

    title: Word | None = None
    first_name: Word | None = None
    last_name: Word = ""
    phone: Phone | None = None


class UserOut(Out):
    id: UUID
    email: str | None
    title: str | None
    first_name: str | None
    last_name: str
    phone: str | None
    role: str
    role_title: str
    scope: str
    region_id: UUID | None
    region_name: str | None
    hospital_id: UUID | None
    hospital_name: str | None
    state: State
    is_active: bool
    is_deleted: bool
    last_login: datetime | None
    created_at: datetime
    updated_at: datetime


class UserPageOut(Out):
    items: list[UserOut]
    next_cursor: str | None


class RoleChangeIn(In):
    display_name: Word | None = None
    permissions: Annotated[list[str], Field(max_length=200)] | None = None


class RoleOut(Out):
    id: UUID
    name: str
    display_name: str
    scope: str
    permissions: list[str]
    people: int
    updated_at: datetime


class PermissionOut(Out):
    key: str
    label: str
    description: str


class RolesOut(Out):
    items: list[RoleOut]
    # What a role may be given, so that a program need not know the list.
    known_permissions: list[PermissionOut]
