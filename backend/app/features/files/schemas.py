"""What allergies and alerts take and give. `Out` has no defaults: what is not known is null."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.features.registration.schemas import AllergyState
from app.models.patient import (
    AllergyCategory,
    AllergyCriticality,
    AllergyStatus,
    AllergyVerification,
    ReactionSeverity,
)
from app.models.patient_alert import CHOSEN, IN_WORDS, AlertEnd, AlertType

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AllergyIn(In):
    substance: Words = Field(description="What the patient does not tolerate, in words")
    code_system: Code | None = Field(default=None, description="URI of the code system, with the code")
    code: Code | None = None
    category: AllergyCategory | None = None
    criticality: AllergyCriticality | None = None
    reaction: Words | None = Field(default=None, description="What happened, in words")
    reaction_severity: ReactionSeverity | None = None
    clinical_status: AllergyStatus = AllergyStatus.ACTIVE
    verification_status: Literal[AllergyVerification.UNCONFIRMED, AllergyVerification.CONFIRMED] = Field(
        default=AllergyVerification.UNCONFIRMED, description="Confirmed: tested or witnessed, not only told"
    )

    @model_validator(mode="after")
    def code_with_system(self) -> Self:
        if (self.code is None) != (self.code_system is None):
            raise ValueError("A code has its code system. Give both or neither.")
        return self


class ReasonIn(In):
    reason: Reason


class AlertIn(In):
    alert_type: AlertType
    value: Words | None = Field(
        default=None, description="Which code status or isolation; the words of a type that needs some"
    )
    since: datetime | None = Field(default=None, description="Default: now")
    until: datetime | None = Field(default=None, description="When it is foreseen to end")
    note: Note | None = None

    @model_validator(mode="after")
    def value_of_type(self) -> Self:
        chosen = CHOSEN.get(self.alert_type)
        if chosen is not None and self.value not in set(chosen):
            listed = ", ".join(chosen)
            raise ValueError(f"The value of this alert is one of: {listed}.")
        if self.alert_type in IN_WORDS and self.value is None:
            raise ValueError("Say in words what the alert is about.")
        if chosen is None and self.alert_type not in IN_WORDS and self.value is not None:
            raise ValueError("This alert has no value. Write what else one must know as its note.")
        return self


class Out(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AllergyItemOut(Out):
    """An allergy with how certain it is, and who said so."""

    id: UUID
    patient_id: UUID
    substance: str
    code_system: str | None
    code: str | None
    category: str | None
    criticality: str | None
    clinical_status: str
    verification_status: str
    reaction: str | None
    reaction_severity: str | None
    recorded_at: datetime | None
    recorded_by: str | None
    verified_at: datetime | None
    verified_by: str | None
    verification_reason: str | None
    updated_at: datetime


class AllergyListOut(Out):
    """`state` is what the banner says; refuted, resolved and wrong ones stand in `items` too."""

    state: AllergyState
    no_known_allergies_at: datetime | None
    no_known_allergies_by: str | None
    items: list[AllergyItemOut]


class AlertOut(Out):
    id: UUID
    patient_id: UUID
    alert_type: AlertType
    value: str | None
    since: datetime
    until: datetime | None
    note: str | None
    recorded_by: str | None
    ended_by: str | None
    end_reason: AlertEnd | None
    is_active: bool
    updated_at: datetime


class AlertListOut(Out):
    items: list[AlertOut]


Which = Literal["active", "all"]
