"""How certain an allergy is and how that may change; what the values of alerts are called."""

from collections.abc import Mapping
from types import MappingProxyType

from app.models.patient import Allergy, AllergyStatus, AllergyVerification
from app.models.patient_alert import CHOSEN, AlertType, CodeStatus, Isolation

V = AllergyVerification
# FHIR allergyintolerance-verification as a machine: what was never true stays so.
MOVES: Mapping[AllergyVerification, frozenset[AllergyVerification]] = MappingProxyType(
    {
        V.UNCONFIRMED: frozenset({V.CONFIRMED, V.REFUTED, V.ENTERED_IN_ERROR}),
        V.CONFIRMED: frozenset({V.REFUTED, V.ENTERED_IN_ERROR}),
        V.REFUTED: frozenset({V.CONFIRMED, V.ENTERED_IN_ERROR}),
        V.ENTERED_IN_ERROR: frozenset(),
    }
)


def may_become(old: str, new: AllergyVerification) -> bool:
    return new in MOVES[AllergyVerification(old)]


def may_resolve(clinical_status: str, verification_status: str) -> bool:
    return clinical_status == AllergyStatus.ACTIVE and verification_status in (V.UNCONFIRMED, V.CONFIRMED)


def counts(allergy: Allergy) -> bool:
    """Whether the banner names it (the same rule as AllergyOut.counts)."""
    return may_resolve(allergy.clinical_status, allergy.verification_status)


ALERT_WORDS: Mapping[AlertType, str] = MappingProxyType(
    {
        AlertType.CODE_STATUS: "Code status",
        AlertType.ISOLATION: "Isolation",
        AlertType.PREGNANCY: "Pregnant",
        AlertType.FALLS: "Risk of falling",
        AlertType.PRESSURE_INJURY: "Risk of pressure injury",
        AlertType.DIFFICULT_AIRWAY: "Difficult airway",
        AlertType.COMMUNICATION: "Communication",
        AlertType.SIMILAR_NAME: "Another patient has a similar name",
        AlertType.OTHER: "Alert",
    }
)
VALUE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        CodeStatus.FULL: "full resuscitation",
        CodeStatus.LIMITED: "limited resuscitation",
        CodeStatus.DO_NOT_RESUSCITATE: "do not resuscitate",
        CodeStatus.COMFORT_CARE: "comfort care only",
        Isolation.CONTACT: "contact",
        Isolation.DROPLET: "droplet",
        Isolation.AIRBORNE: "airborne",
        Isolation.PROTECTIVE: "protective",
    }
)


def alert_choices() -> list[tuple[str, str]]:
    """Every alert as one choice: `code_status:dnr`, `falls`; those told in words by their type alone."""
    found: list[tuple[str, str]] = []
    for kind in AlertType:
        values = CHOSEN.get(kind)
        if values is None:
            words = "Another alert" if kind is AlertType.OTHER else ALERT_WORDS[kind]
            found.append((kind.value, words))
        else:
            found += [(f"{kind}:{value}", alert_words(kind, value)) for value in values]
    return found


def alert_words(alert_type: str, value: str | None) -> str:
    """
    >>> alert_words("code_status", "dnr")
    'Code status: do not resuscitate'
    """
    kind = AlertType(alert_type)
    named = value and VALUE_WORDS.get(value, value)
    if kind is AlertType.OTHER and named:
        return named
    return f"{ALERT_WORDS[kind]}: {named}" if named else ALERT_WORDS[kind]
