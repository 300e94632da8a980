"""What the organisation takes and gives: regions, hospitals, beds and figures."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core.sentences import CODE, EMAIL, PHONE
from app.models.bed import BedType

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=CODE, max_length=12)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=EMAIL)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE)]
Colour = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)]
Zone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Count = Annotated[int, Field(ge=0, le=100_000)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class RegionIn(In):
    name: Word
    code: Code


class RegionChangeIn(In):
    name: Word


class ThemeIn(In):
    """`#rrggbb`; the pairs that pages use are computed from them."""

    primary_color: Colour
    secondary_color: Colour | None = None


class HospitalIn(In):
    region_id: UUID
    name: Word
    code: Code
    address: Word | None = None
    phone: Phone | None = None
    email: Email | None = None
    bed_capacity: Count = 0
    timezone: Zone
    results_need_second_person: bool = False


class HospitalChangeIn(In):
    """What is left out stays; null empties address, phone and e-mail."""

    name: Word = ""
    address: Word | None = None
    phone: Phone | None = None
    email: Email | None = None
    bed_capacity: Count = 0
    timezone: Zone = ""
    results_need_second_person: bool = False


class HospitalOut(Out):
    id: UUID
    region_id: UUID
    name: str
    code: str
    address: str | None
    phone: str | None
    email: str | None
    bed_capacity: int
    timezone: str
    results_need_second_person: bool
    is_active: bool
    updated_at: datetime


class RegionOut(Out):
    id: UUID
    name: str
    code: str
    primary_color: str | None
    secondary_color: str | None
    logo_url: str | None
    is_active: bool
    updated_at: datetime
    hospitals: list[HospitalOut]


class HospitalsOut(Out):
    items: list[HospitalOut]


class RegionsOut(Out):
    items: list[RegionOut]


class BedsIn(In):
    """Beds of one kind for one ward; a ward is there as soon as it has a bed."""

    ward: Word
    bay: Word | None = None
    floor: Word | None = None
    bed_type: BedType = BedType.GENERAL
    bed_numbers: Annotated[list[Word], Field(min_length=1, max_length=200)]


class BedChangeIn(In):
    """What is left out stays."""

    bed_number: Word = ""
    ward: Word = ""
    bay: Word | None = None
    floor: Word | None = None
    bed_type: BedType = BedType.GENERAL


class WardRenameIn(In):
    ward: Word
    new_name: Word


class BedOut(Out):
    id: UUID
    bed_number: str
    ward: str
    bay: str | None
    floor: str | None
    bed_type: str
    status: str
    is_active: bool
    updated_at: datetime


class BedsOut(Out):
    """`over_capacity`: more beds are in use than the hospital is licensed for."""

    items: list[BedOut]
    licensed_beds: int
    active_beds: int
    over_capacity: bool


class FiguresOut(Out):
    """Counts only. `over_capacity`: more beds are in use than are licensed."""

    licensed_beds: int
    active_beds: int
    occupied_beds: int
    beds_by_status: dict[str, int]
    open_visits: int
    open_visits_by_type: dict[str, int]
    active_users: int
    active_users_by_role: dict[str, int]
    patient_files: int
    imported_resources: int
    over_capacity: bool


class HospitalFiguresOut(FiguresOut):
    hospital_id: UUID
    region_id: UUID
    name: str
    code: str
    is_active: bool


class MetricsOut(Out):
    total: FiguresOut
    hospitals: list[HospitalFiguresOut]
