"""How one search box is read: names, a date of birth, a year, an MRN or a phone number, in any order."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import permutations

from app.models.patient import search_key

MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
NUMBERS = re.compile(r"\b(\d{1,2})[ ./-](\d{1,2})[ ./-](\d{4})\b")
WORDED = re.compile(r"\b(\d{1,2})[ ./-]?([a-zA-Z]{3,9})[ ./-]?(\d{4})\b")
WORDED_FIRST = re.compile(r"\b([a-zA-Z]{3,9})[ .]?(\d{1,2}),? (\d{4})\b")
PACKED = re.compile(r"\b(\d{8})\b")
MRN = re.compile(r"\b([a-zA-Z][a-zA-Z0-9]{1,11})-(\d{1,11})\b")
BED = re.compile(r"[a-zA-Z]{1,4}-?\d{1,3}[a-zA-Z]?")
MOST_NAMES = 6
# A word with so many digits is no name.
CODE_DIGITS = 4
OLDEST_YEAR = 1850


@dataclass(frozen=True)
class PatientSearch:
    """What the words mean. All parts given must hold."""

    names: tuple[str, ...] = ()
    born: tuple[date, ...] = ()
    year: int | None = None
    mrn: str | None = None
    # Digits that may be a phone number, the number part of an MRN, or stand on a document.
    digits: str | None = None
    # Letters and digits mixed: what stands on a passport.
    code: str | None = None
    # Where somebody lies, such as A-07.
    bed: str | None = None

    @property
    def document(self) -> str | None:
        """What may be the number of a document, as it is searched."""
        word = self.code or self.mrn or self.digits
        return re.sub(r"[^A-Z0-9]", "", word.upper()) if word else None

    @property
    def is_empty(self) -> bool:
        return not self.kinds

    @property
    def kinds(self) -> list[str]:
        """By what it searches, without the values."""
        return [
            name for name in ("names", "born", "year", "mrn", "digits", "code", "bed") if getattr(self, name)
        ]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if OLDEST_YEAR <= year <= 2200 else None
    except ValueError:
        return None


def _month(word: str) -> int | None:
    return MONTHS.get(word[:3].casefold())


def read_days(words: str) -> tuple[tuple[date, ...], str]:
    """The days a text may mean, and the text without them. `3/9/1959` means two: both are searched."""
    if match := ISO.search(words):
        found = [_day(int(match[1]), int(match[2]), int(match[3]))]
    elif match := NUMBERS.search(words):
        one, two, year = int(match[1]), int(match[2]), int(match[3])
        found = [_day(year, month, day) for day, month in permutations((one, two))]
    elif (match := WORDED.search(words)) and (month := _month(match[2])):
        found = [_day(int(match[3]), month, int(match[1]))]
    elif (match := WORDED_FIRST.search(words)) and (month := _month(match[1])):
        found = [_day(int(match[3]), month, int(match[2]))]
    elif match := PACKED.search(words):
        # Eight digits are a day only where they make one; else they are a phone number or an MRN.
        found = [_day(int(match[1][4:]), int(match[1][2:4]), int(match[1][:2]))]
        found.append(_day(int(match[1][:4]), int(match[1][4:6]), int(match[1][6:])))
    else:
        return (), words
    days = tuple(dict.fromkeys(each for each in found if each is not None))
    if not days:
        return (), words
    return days, words[: match.start()] + " " + words[match.end() :]


def read_search(words: str, today: date) -> PatientSearch:
    """Reads a search box.

    >>> read_search("halvors ing 1959", date(2026, 11, 24))
    PatientSearch(names=('halvors', 'ing'), born=(), year=1959, mrn=None, digits=None, code=None, bed=None)
    """
    # Neither a NUL nor any other control character is part of a name; the database would refuse it.
    words = " ".join("".join(c if c.isprintable() else " " for c in words.replace(",", " ")).split())
    if BED.fullmatch(words):
        # The beginning of an MRN may look like a bed: both are searched.
        return PatientSearch(bed=words.upper(), mrn=words.upper() if MRN.fullmatch(words) else None)
    mrn = None
    # "Mar-1959" is the end of a date.
    if (match := MRN.search(words)) and not (_month(match[1]) and len(match[2]) == 4):
        mrn = match[0].upper()
        words = words[: match.start()] + " " + words[match.end() :]
    born, words = read_days(words)
    names: list[str] = []
    digits = ""
    year = code = None
    for word in words.split():
        number = re.sub(r"[()+./-]", "", word)
        if number.isascii() and number.isdigit():
            if (
                len(number) == 4
                and OLDEST_YEAR <= int(number) <= today.year
                and not digits
                and year is None
                and not born
            ):
                year = int(number)
            else:
                digits += number
        elif (
            number.isascii()
            and number.isalnum()
            and sum(letter.isdigit() for letter in number) >= CODE_DIGITS
        ):
            code = number.upper()
        else:
            names.extend(search_key(word).split())
    # "0555 1959" is a phone number whose end looks like a year.
    if year is not None and digits:
        digits, year = f"{digits}{year}", None
    return PatientSearch(tuple(names[:MOST_NAMES]), born, year, mrn, digits or None, code)


def record_title(data: dict[str, object]) -> str | None:
    """What a record kept whole is about, in a few words: its code's text, its type, its name."""
    for key in (
        "code",
        "type",
        "vaccineCode",
        "medicationCodeableConcept",
        "category",
        "class",
        "name",
        "title",
    ):
        words = _words(data.get(key))
        if words:
            return words
    return None


def _words(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next((words for each in value if (words := _words(each))), None)
    if isinstance(value, dict):
        for key in ("text", "display"):
            if isinstance(value.get(key), str):
                return str(value[key])
        return _words(value.get("coding"))
    return None
