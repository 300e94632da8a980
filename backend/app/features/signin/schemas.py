"""What sign-in takes and gives."""

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
