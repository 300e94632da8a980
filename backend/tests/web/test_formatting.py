"""Values read as ui.md, section 5, says."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.web import formatting


def test_the_family_name_stands_in_capitals() -> None:
    assert formatting.list_name("Halvorsen", "Ingrid") == "HALVORSEN, Ingrid"
    assert formatting.list_name("Halvorsen", None) == "HALVORSEN"


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        ("day", ">09-Mar-1959<"),
        ("month", '"1959-03">Mar-1959<'),
        ("year", '"1959">1959<'),
        ("estimated", "about <time"),
    ],
)
def test_a_birth_date_shows_no_more_than_is_known(precision: str, words: str) -> None:
    assert words in str(formatting.born_tag(date(1959, 3, 9), precision))


def test_days_name_their_month() -> None:
    assert formatting.day(date(2026, 11, 4)) == "04-Nov-2026"
    assert formatting.day(None) == "not known"
    assert formatting.weekday_in_words(date(2026, 12, 1)) == "Tuesday 1 December 2026"


@pytest.mark.parametrize(
    ("born", "words"),
    [
        (date(1959, 3, 9), "67 y"),
        (date(2026, 11, 23), "1 day"),
        (date(2026, 11, 3), "21 days"),
        (date(2025, 5, 24), "18 months"),
        (date(2024, 11, 24), "2 y"),
        (date(2024, 11, 25), "23 months"),
        (date(2026, 12, 1), "not known"),
    ],
)
def test_age_is_in_the_unit_of_the_age(born: date, words: str) -> None:
    assert formatting.age(born, date(2026, 11, 24)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Decimal("5.0"), "5"),
        (Decimal("0.50"), "0.5"),
        (1000, "1,000"),
        (Decimal("1234567.25"), "1,234,567.25"),
        (Decimal("1E+3"), "1,000"),
        (0, "0"),
        (None, "not known"),
    ],
)
def test_numbers_have_commas_and_no_trailing_zero(value: Decimal | int | None, words: str) -> None:
    assert formatting.number(value) == words


def test_times_are_the_hospitals() -> None:
    at = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
    assert formatting.instant(at, "America/New_York") == "23-Nov-2026 22:42"
    assert formatting.clock_in_words(at, "America/New_York") == "10:42pm"
    assert formatting.instant(at, "Nowhere/Else") == "24-Nov-2026 03:42"


def test_what_was_searched_for_is_marked_and_the_rest_escaped() -> None:
    assert formatting.highlight("<b>, HALVORSEN", ["halv"]) == "&lt;b&gt;, <mark>HALV</mark>ORSEN"
    assert formatting.highlight("HALVORSEN", ["vor"]) == "HALVORSEN"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("42.463677461606125", "42.46"),
        ("1832.288245415077", "1,832"),
        ("0.383678", "0.3837"),
        ("5", "5"),
        ("0", "0"),
    ],
)
def test_measurements_show_the_digits_that_count(value: str, words: str) -> None:
    assert formatting.measured(Decimal(value)) == words


@pytest.mark.parametrize(
    ("substance", "words"),
    [
        ("Allergy to nut", "nut"),
        ("Shellfish allergy", "shellfish"),
        ("Penicillin V", "penicillin V"),
        ("Allergy", "allergy"),
    ],
)
def test_an_allergen_reads_well_in_the_banner(substance: str, words: str) -> None:
    assert formatting.allergen(substance) == words


@pytest.mark.parametrize(
    ("ucum", "sign"),
    [
        ("mL/min/{1.73_m2}", "mL/min/1.73 m²"),
        ("10*3/uL", "10³/µL"),
        ("10^12/L", "10¹²/L"),
        ("umol/L", "µmol/L"),
        ("u[IU]/mL", "µIU/mL"),
        ("kg/m2", "kg/m²"),
        ("mm[Hg]", "mmHg"),
        ("Cel", "°C"),
        ("mg/dL", "mg/dL"),
        ("%", "%"),
        (None, ""),
    ],
)
def test_a_unit_reads_as_people_write_it(ucum: str | None, sign: str) -> None:
    assert formatting.unit_sign(ucum) == sign


def test_a_long_name_breaks_between_its_words_and_is_escaped() -> None:
    assert formatting.breakable("A1c/Hemoglobin.total & 1.73") == "A1c/<wbr>Hemoglobin.<wbr>total &amp; 1.73"
