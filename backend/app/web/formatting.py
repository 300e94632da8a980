"""How values read on a page: names, days, times, ages and numbers (ui.md, section 5)."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS_IN_FULL = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NOT_KNOWN = "not known"
SEXES = {"male": "Male", "female": "Female", "other": "Other", "unknown": NOT_KNOWN}


def zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def list_name(family: str, given: str | None) -> str:
    """`HALVORSEN, Ingrid`: the family name in capitals, as lists and the banner show it."""
    return f"{family.upper()}, {given}" if given else family.upper()


def spoken_name(family: str, given: str | None) -> str:
    return f"{given or ''} {family}".strip()


def initials(given: str | None, family: str) -> str:
    return f"{(given or '')[:1]}{family[:1]}".upper()


def day(value: date | None) -> str:
    """`24-Nov-2026`, for staff."""
    if value is None:
        return NOT_KNOWN
    return f"{value.day:02d}-{MONTHS[value.month - 1]}-{value.year:04d}"


def day_in_words(value: date) -> str:
    """`1 December 2026`, for patients."""
    return f"{value.day} {MONTHS_IN_FULL[value.month - 1]} {value.year}"


def weekday_in_words(value: date) -> str:
    """`Tuesday 1 December 2026`, for patients."""
    return f"{WEEKDAYS[value.weekday()]} {day_in_words(value)}"


def local(value: datetime, timezone: str | None) -> datetime:
    return value.astimezone(zone(timezone))


def local_date(value: datetime, timezone: str | None) -> date:
    return local(value, timezone).date()


def local_day(value: datetime | None, timezone: str | None) -> str:
    return NOT_KNOWN if value is None else day(local(value, timezone).date())


def clock(value: datetime, timezone: str | None) -> str:
    here = local(value, timezone)
    return f"{here.hour:02d}:{here.minute:02d}"


def clock_in_words(value: datetime, timezone: str | None) -> str:
    """`10:30am`, for patients."""
    here = local(value, timezone)
    return f"{(here.hour % 12) or 12}:{here.minute:02d}{'am' if here.hour < 12 else 'pm'}"


def instant(value: datetime | None, timezone: str | None) -> str:
    """`24-Nov-2026 10:42`, in the hospital's zone."""
    return NOT_KNOWN if value is None else f"{local_day(value, timezone)} {clock(value, timezone)}"


def time_tag(value: datetime | None, timezone: str | None, form: str = "instant") -> Markup:
    """A `<time>` element, which also keeps its order in right-to-left text."""
    if value is None:
        return Markup('<span class="quiet">not known</span>')
    words = {"instant": instant, "day": local_day, "clock": clock}[form](value, timezone)
    return Markup('<time datetime="{}">{}</time>').format(local(value, timezone).isoformat(), words)


def day_tag(value: date | None) -> Markup:
    if value is None:
        return Markup('<span class="quiet">not known</span>')
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), day(value))


def born_tag(born: date | None, precision: str) -> Markup:
    """A date of birth as far as it is known: `09-Mar-1959`, `Mar-1959`, `1959`, `about 1959`."""
    if born is None or precision == "day":
        return day_tag(born)
    if precision == "month":
        return Markup('<time datetime="{}">{}-{:04d}</time>').format(
            f"{born:%Y-%m}", MONTHS[born.month - 1], born.year
        )
    about = "about " if precision == "estimated" else ""
    return Markup('{}<time datetime="{:04d}">{:04d}</time>').format(about, born.year, born.year)


def years_between(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def age(born: date, on: date) -> str:
    """`67 y`; under two years in months, under four weeks in days."""
    if on < born:
        return NOT_KNOWN
    if on - born < timedelta(weeks=4):
        days = (on - born).days
        return f"{days} day" if days == 1 else f"{days} days"
    years = years_between(born, on)
    if years >= 2:
        return f"{years} y"
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    return f"{months} month" if months == 1 else f"{months} months"


def number(value: float | Decimal | None) -> str:
    """`1,000`, `0.5`: commas in thousands, a leading zero, no trailing zeros."""
    if value is None:
        return NOT_KNOWN
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    words = f"{exact:,f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def measured(value: float | Decimal | None) -> str:
    """A measurement as a reader needs it: four digits that count, whole from 1,000 up; the record keeps them all."""
    if value is None:
        return NOT_KNOWN
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    places = 3 - exact.adjusted() if exact else 0
    return number(round(exact, max(0, min(places, 6))))


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
UCUM_SIGNS = {
    "[degF]": "°F",
    "Cel": "°C",
    "mm[Hg]": "mmHg",
    "[lb_av]": "lb",
    "[in_i]": "in",
    "[IU]": "IU",
    "[pH]": "",
}


def unit_sign(ucum: str | None) -> str:
    """`mL/min/{1.73_m2}` reads `mL/min/1.73 m²`, `10*3/uL` reads `10³/µL`: UCUM in the record, signs on a page."""
    words = ucum or ""
    for code, sign in UCUM_SIGNS.items():
        words = words.replace(code, sign)
    words = re.sub(r"\{([^{}]*)\}", lambda note: note[1].replace("_", " "), words)
    words = re.sub(r"\b10[*^](-?\d+)", lambda power: "10" + power[1].translate(SUPERSCRIPT), words)
    words = re.sub(r"\bm([23])\b", lambda power: "m" + power[1].translate(SUPERSCRIPT), words)
    return re.sub(r"\bu(?=(?:L|g|m|mol|kat|U|IU)\b)", "µ", words)


def breakable(text: str) -> Markup:
    """A long name that may go on in the next line after a slash or a dot, and not within a word."""
    parts = re.split(r"(?<=/)(?=\w)|(?<=[^\W\d]\.)(?=[^\W\d])", text)
    return Markup("<wbr>").join(parts)


def allergen(substance: str) -> str:
    """`Allergy to nut` and `Shellfish allergy` read `nut` and `shellfish` after "Known allergies:"."""
    plain = re.sub(r"^allergy to (?:a |an |the )?|\s+allergy$", "", substance.strip(), flags=re.IGNORECASE)
    return in_sentence(plain or substance)


def sex(value: str | None) -> str:
    return SEXES.get(value or "unknown", NOT_KNOWN)


def in_sentence(text: str) -> str:
    """`Penicillin V` reads `penicillin V` within a sentence; abbreviations such as `NSAID` stay."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def words(value: str | None) -> str:
    """`in_progress` reads `in progress`."""
    return (value or NOT_KNOWN).replace("_", " ")


def highlight(text: str, parts: list[str]) -> Markup:
    """The text with what was searched for marked, without regard to case."""
    for part in sorted((p for p in parts if len(p) > 1), key=len, reverse=True):
        at = text.casefold().find(part.casefold())
        if at >= 0 and (at == 0 or not text[at - 1].isalnum()):
            return Markup("{}<mark>{}</mark>{}").format(
                text[:at], text[at : at + len(part)], text[at + len(part) :]
            )
    return escape(text)
