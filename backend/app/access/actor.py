"""Who acts: what session_open() found out about the caller."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.access.permissions import Permission


@dataclass(frozen=True)
class Actor:
    """A signed-in user with his reach and permissions; made once per request."""

    user_id: UUID
    session_id: UUID
    email: str
    first_name: str | None
    last_name: str
    title: str | None
    role: str
    role_title: str
    scope: str
    region_id: UUID | None
    hospital_id: UUID | None
    person_id: UUID | None
    region_name: str | None
    region_code: str | None
    hospital_name: str | None
    hospital_code: str | None
    timezone: str | None
    theme: dict[str, Any] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()
    # Messages inside HASS that wait to be read.
    alerts: int = 0

    def can(self, permission: Permission) -> bool:
        return permission.value in self.permissions

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part)


@dataclass(frozen=True)
class Caller:
    """Where a request comes from, as the trail keeps it."""

    address: str | None
    agent: str
    request_id: str
