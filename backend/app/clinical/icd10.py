"""Common inpatient and emergency diagnoses by their ICD-10-CM codes, for a hospital that has no larger list.

Source: ICD-10-CM, release of April 2026 (US government, public domain); the choice of codes is ours. A code that is not
in the list may still be right: it is checked for its form only."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"
# Three characters, then up to four behind a dot (ICD-10-CM guidelines, section I.A.2).
FORM = re.compile(r"[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?")
TABLE = Path(__file__).with_name("data") / "icd10cm_common.csv"


@dataclass(frozen=True)
class Icd10:
    """A code and its title, such as I10, Essential (primary) hypertension."""

    code: str
    title: str
    chapter: str


@cache
def common() -> dict[str, Icd10]:
    """Code > its entry, in the order of the codes."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [Icd10(row["code"], row["description"], row["chapter_name"]) for row in csv.DictReader(file)]
    return {row.code: row for row in sorted(rows, key=lambda row: row.code)}


def search(words: str, *, most: int = 20) -> Sequence[Icd10]:
    """Codes that begin so, then titles that hold every word; an exact code comes first.

    >>> [found.code for found in search("primary hypertension")]
    ['I10']
    """
    asked = words.casefold().split()
    if not asked:
        return []
    typed = words.strip().upper().replace(" ", "")
    by_code = [entry for entry in common().values() if entry.code.startswith(typed)]
    by_title = [
        entry
        for entry in common().values()
        if entry not in by_code and all(word in entry.title.casefold() for word in asked)
    ]
    return [*by_code, *by_title][:most]


def looks_right(code: str) -> bool:
    """Whether the code has the form of ICD-10-CM, such as S72.001A."""
    return FORM.fullmatch(code) is not None
