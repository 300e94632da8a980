"""Who somebody is, as far as it is known: dates of birth in any form, numbers on documents, temporary names."""

import re
from datetime import date

from app.core.errors import Invalid
from app.features.registration.rules import MONTHS, read_days
from app.models.patient import BirthPrecision, IdentifierType

P = BirthPrecision
# Domain 5.3: nobody was ever older (the oldest person known reached 122 years).
OLDEST = 130
AGE = re.compile(r"(?:about |ca\.? |~)?(\d{1,3}) ?(?:y|yrs?|years?)?(?: old)?")
ABOUT_YEAR = re.compile(r"(?:about |ca\.? |~) ?(\d{4})")
YEAR = re.compile(r"(\d{4})")
NUMBERED_MONTH = re.compile(r"(\d{1,2})[ ./-](\d{4})")
ISO_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
WORDED_MONTH = re.compile(r"([a-z]{3,9})[ ./-]?(\d{4})")
# Where a number comes from: the American ones as the systems we import from name it, the others as we do.
SYSTEMS: dict[IdentifierType, str] = {
    IdentifierType.SOCIAL_SECURITY: "http://hl7.org/fhir/sid/us-ssn",
    IdentifierType.NATIONAL: "urn:hass:national-number",
    IdentifierType.PASSPORT: "urn:hass:passport",
    IdentifierType.DRIVING_LICENCE: "urn:hass:driving-licence",
}
# The spelling alphabet of ICAO and ITU: words that nobody mistakes for each other on the telephone.
SPELLING = (
    "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett", "Kilo", "Lima",
    "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor", "Whiskey",
    "X-ray", "Yankee", "Zulu",
)  # fmt: skip


def read_birth(words: str, today: date) -> tuple[date, BirthPrecision] | None:
    """What somebody typed as a date of birth, day before month, or as an age; None where it is neither.

    >>> read_birth("9 3 1959", date(2026, 11, 24))
    (datetime.date(1959, 3, 9), <BirthPrecision.DAY: 'day'>)
    >>> read_birth("67y", date(2026, 11, 24))
    (datetime.date(1959, 1, 1), <BirthPrecision.ESTIMATED: 'estimated'>)
    """
    plain = " ".join(words.casefold().replace(",", " ").split())
    days, rest = read_days(plain)
    if days and not rest.strip():
        return days[0], P.DAY
    if match := ABOUT_YEAR.fullmatch(plain):
        return _first(int(match[1]), 1, P.ESTIMATED)
    if match := YEAR.fullmatch(plain):
        return _first(int(match[1]), 1, P.YEAR)
    if match := NUMBERED_MONTH.fullmatch(plain):
        return _first(int(match[2]), int(match[1]), P.MONTH)
    if match := ISO_MONTH.fullmatch(plain):
        return _first(int(match[1]), int(match[2]), P.MONTH)
    if (match := WORDED_MONTH.fullmatch(plain)) and match[1][:3] in MONTHS:
        return _first(int(match[2]), MONTHS[match[1][:3]], P.MONTH)
    if (match := AGE.fullmatch(plain)) and int(match[1]) <= OLDEST:
        return _first(today.year - int(match[1]), 1, P.ESTIMATED)
    return None


def _first(year: int, month: int, precision: BirthPrecision) -> tuple[date, BirthPrecision] | None:
    try:
        return date(year, month, 1), precision
    except ValueError:
        return None


def birth_of(born: date | None, precision: BirthPrecision, today: date) -> date | None:
    """The date as it is kept: what is not known of it stands as 1. Raises Invalid for one that nobody can have."""
    if born is None:
        return None
    kept = born if precision is P.DAY else born.replace(day=1)
    if precision in (P.YEAR, P.ESTIMATED):
        kept = kept.replace(month=1)
    if kept > today:
        raise Invalid(
            "born-later", "The date of birth lies in the future. Look at the year.", field="date_of_birth"
        )
    if today.year - kept.year > OLDEST:
        raise Invalid(
            "born-long-ago",
            f"Nobody is older than {OLDEST} years. Look at the year of birth.",
            field="date_of_birth",
        )
    return kept


def document_number(number: str, kind: IdentifierType) -> str:
    """A number as it is kept: capitals without blanks; a social security number with its dashes, as others send it.

    >>> document_number("999 123456", IdentifierType.SOCIAL_SECURITY)
    '999-12-3456'
    """
    plain = re.sub(r"[^A-Z0-9]", "", number.upper())
    if kind is IdentifierType.SOCIAL_SECURITY and re.fullmatch(r"\d{9}", plain):
        return f"{plain[:3]}-{plain[3:5]}-{plain[5:]}"
    return plain


def temporary_name(number: int) -> str:
    """The given name of an unknown patient, made from the MRN's number: never two alike in one hospital.

    >>> temporary_name(4821)
    'Lima 4821'
    """
    return f"{SPELLING[number % len(SPELLING)]} {number}"
