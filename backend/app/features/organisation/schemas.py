"""What the organisation answers."""

from uuid import UUID

from pydantic import BaseModel


class HospitalOut(BaseModel):
    id: UUID
    name: str
    code: str
    address: str | None
    phone: str | None
    bed_capacity: int
    timezone: str
    is_active: bool


class RegionOut(BaseModel):
    id: UUID
    name: str
    code: str
    is_active: bool
    hospitals: list[HospitalOut]
