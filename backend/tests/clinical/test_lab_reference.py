"""Our table of reference intervals: well formed, and silent where it knows nothing."""

from decimal import Decimal

import pytest

from app.clinical.lab_reference import TABLE, interval_for

ADULT = 15_000


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_a_row_is_in_order_and_names_its_source(line: str) -> None:
    code, unit, sex, youngest, oldest, low, high, _, critical_low, critical_high, source, analyte = (
        line.split("|")
    )
    assert unit
    assert source
    assert analyte
    assert sex in ("any", "male", "female")
    assert oldest == "" or int(youngest) < int(oldest)
    limits = [Decimal(each) for each in (critical_low, low, high, critical_high) if each]
    assert limits == sorted(limits)
    digits = code.replace("-", "")
    assert digits.isdigit()


@pytest.mark.parametrize(
    ("value", "flag"),
    [("6.5", "LL"), ("6.6", "L"), ("13.9", "L"), ("14", "N"), ("17", "N"), ("17.1", "H"), ("20", "HH")],
)
def test_haemoglobin_of_a_man_is_flagged_by_its_distance(value: str, flag: str) -> None:
    interval = interval_for("718-7", "g/dL", "male", ADULT)
    assert interval is not None
    assert interval.flag(Decimal(value)) == flag


@pytest.mark.parametrize(
    ("code", "unit", "sex", "days"),
    [
        ("718-7", "g/L", "male", ADULT),
        ("718-7", "g/dL", "unknown", ADULT),
        ("718-7", "g/dL", "male", None),
        ("0-0", "g/dL", "male", ADULT),
        (None, "g/dL", "male", ADULT),
        ("6690-2", "10*3/uL", "male", 400),
    ],
)
def test_what_the_table_does_not_know_has_no_interval(
    code: str | None, unit: str, sex: str, days: int | None
) -> None:
    assert interval_for(code, unit, sex, days) is None


def test_critical_limits_alone_do_not_call_a_value_normal() -> None:
    interval = interval_for("2951-2", "mmol/L", "male", 3000)
    assert interval is not None
    assert interval.flag(Decimal(140)) is None
    assert interval.flag(Decimal(119)) == "LL"
