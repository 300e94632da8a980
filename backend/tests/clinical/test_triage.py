"""Domain 5.4: a published five-level scale, and how soon each level is to be seen."""

from datetime import UTC, datetime, timedelta

from app.clinical import icd10
from app.clinical.triage import LEVELS, due_at

AT = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


def test_five_levels_wait_as_the_scale_says() -> None:
    assert {level: each.minutes for level, each in LEVELS.items()} == {1: 0, 2: 10, 3: 30, 4: 60, 5: 120}


def test_clock_runs_from_the_arrival() -> None:
    assert due_at(3, AT) == AT + timedelta(minutes=30)


def test_every_shipped_diagnosis_has_the_form_of_a_code() -> None:
    known = icd10.common()
    assert len(known) == 291
    assert all(icd10.looks_right(code) and entry.title for code, entry in known.items())


def test_what_has_another_form_is_no_code() -> None:
    assert [
        code for code in ("", "I", "10", "i10", "I10.", "I10.12345", "J18,9") if icd10.looks_right(code)
    ] == []


def test_search_finds_by_code_and_by_every_word() -> None:
    assert icd10.search("I10")[0].code == "I10"
    assert [each.code for each in icd10.search("hypertension primary")] == ["I10"]
    assert list(icd10.search("  ")) == []
