"""What sign-in takes and gives."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LoginIn(In):
    email: str = Field(min_length=1, max_length=320)
    # Longer than bcrypt reads is answered like any wrong password, so it must get that far.
    password: str = Field(min_length=1, max_length=1000)


class RefreshIn(In):
    refresh_token: str = Field(min_length=1, max_length=400)


class TokensOut(BaseModel):
    """`expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


class MeOut(BaseModel):
    id: UUID
    email: str
    first_name: str | None
    last_name: str
    role: str
    permissions: list[str]
    region_id: UUID | None
    hospital_id: UUID | None


class PasswordIn(In):
    old_password: str = Field(min_length=1, max_length=1000)
    new_password: str = Field(min_length=1, max_length=1000)


class ForgottenIn(In):
    email: str = Field(min_length=1, max_length=320)


class ForgottenOut(BaseModel):
    """The same for every address, known or not."""

    detail: str


class LinkIn(In):
    link: str = Field(min_length=1, max_length=200)
    new_password: str = Field(min_length=1, max_length=1000)


class SessionOut(BaseModel):
    """One living sign-in. `kind` is page or program; `last_used_at` is kept to the minute."""

    id: UUID
    kind: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    address: str | None
    agent: str | None
    is_current: bool


class SessionsOut(BaseModel):
    items: list[SessionOut]
    next_cursor: str | None


class EndedOut(BaseModel):
    """How many sign-ins ended."""

    ended: int


class DraftIn(In):
    """What stands in a form: name and value of each field; empty once it has been sent."""

    page: str = Field(min_length=1, max_length=500, pattern="^/")
    form: str = Field(min_length=1, max_length=500, pattern="^/")
    fields: dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=20_000)]] = Field(
        max_length=100
    )
