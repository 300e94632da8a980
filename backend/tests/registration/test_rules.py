"""One search box is read as people write."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.registration.rules import PatientSearch, read_search, record_title

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    "words",
    [
        "1959-03-09",
        "9-Mar-1959",
        "09 march 1959",
        "9Mar1959",
        "March 9, 1959",
        "9.mar.1959",
    ],
)
def test_a_date_of_birth_is_read_in_several_spellings(words: str) -> None:
    assert read_search(words, TODAY) == PatientSearch(born=(date(1959, 3, 9),))


@pytest.mark.parametrize("words", ["9 3 1959", "9/3/1959", "09.03.1959", "9-3-1959", "09031959"])
def test_a_date_in_numbers_may_be_either_order(words: str) -> None:
    assert date(1959, 3, 9) in read_search(words, TODAY).born
    if words != "09031959":
        assert date(1959, 9, 3) in read_search(words, TODAY).born


def test_names_lose_accents_case_and_comma() -> None:
    assert read_search("FLÓREZ, María", TODAY).names == ("florez", "maria")


def test_a_year_narrows_names() -> None:
    assert read_search("halvors ing 1959", TODAY) == PatientSearch(names=("halvors", "ing"), year=1959)


@pytest.mark.parametrize("words", ["ngh-0048215", "NGH-0048215", "  ngh-0048215 "])
def test_an_mrn_is_read_in_either_case(words: str) -> None:
    assert read_search(words, TODAY) == PatientSearch(mrn="NGH-0048215")


@pytest.mark.parametrize("words", ["+1 (555) 014-2277", "555.014.2277", "555 0142277"])
def test_a_phone_number_is_read_with_its_signs(words: str) -> None:
    assert (read_search(words, TODAY).digits or "")[-10:] == "5550142277"


def test_an_impossible_day_is_not_a_day() -> None:
    assert read_search("31 2 1959", TODAY).born == ()


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_without_an_error(words: str) -> None:
    read = read_search(words, TODAY)
    assert len(read.names) <= 6
    assert len(read.born) <= 2


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"code": {"text": "Hypertension"}}, "Hypertension"),
        ({"vaccineCode": {"coding": [{"display": "Influenza"}]}}, "Influenza"),
        ({"type": [{"coding": [{"code": "x"}]}, {"text": "Letter"}]}, "Letter"),
        ({"status": "final"}, None),
        ({}, None),
    ],
)
def test_a_record_kept_whole_is_named_by_its_code(data: dict[str, object], title: str | None) -> None:
    assert record_title(data) == title
