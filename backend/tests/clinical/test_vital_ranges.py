"""Bounds and bands of vital signs agree with their sources (domain 5.5)."""

from decimal import Decimal

import pytest

from app.clinical import vital_ranges as ranges
from app.models.vitals import RANGES

ADULT, CHILD = 40 * 365, 8 * 365


@pytest.mark.parametrize("sign", [sign for sign in RANGES if sign in ranges.REJECT_OUTSIDE])
def test_what_is_refused_here_is_what_the_database_refuses(sign: str) -> None:
    low, high = RANGES[sign]
    assert (ranges.REJECT_OUTSIDE[sign].low, ranges.REJECT_OUTSIDE[sign].high) == (
        Decimal(str(low)),
        Decimal(high),
    )


@pytest.mark.parametrize(
    ("sign", "inside", "outside"),
    [
        ("respiratory_rate", (12, 20), (11, 21)),
        ("spo2", (96, 100), (95,)),
        ("blood_pressure_systolic", (90, 139), (89, 140)),
        ("heart_rate", (51, 90), (50, 91)),
        ("temperature", ("36.1", "38.0"), ("36.0", "38.1")),
    ],
)
def test_the_normal_band_of_adults_is_what_scores_nothing_in_news2_but_for_the_pressure(
    sign: str, inside: tuple[object, ...], outside: tuple[object, ...]
) -> None:
    band = ranges.normal_band(sign, ADULT)
    assert band is not None
    assert all(band.holds(Decimal(str(value))) for value in inside)
    assert not any(band.holds(Decimal(str(value))) for value in outside)


def test_children_have_no_band_of_adults() -> None:
    assert ranges.normal_band("heart_rate", CHILD) is None
    assert ranges.normal_band("heart_rate", ranges.ADULT_FROM_DAYS) is not None


def test_spo2_scale_2_has_its_own_band() -> None:
    band = ranges.normal_band("spo2", ADULT, spo2_scale=2)
    assert band is not None
    assert band.holds(Decimal(88))
    assert not band.holds(Decimal(87))


def test_usual_ranges_lie_inside_what_is_possible_and_bands_have_no_gap() -> None:
    for sign in ("temperature", "heart_rate", "respiratory_rate", "weight", "height", "spo2"):
        whole = ranges.REJECT_OUTSIDE[sign]
        for days in (0, 27, 28, 364, 365, 4382, 4383, 6574, 6575, 40000):
            usual = ranges.usual_range(sign, days)
            assert usual is not None
            assert whole.holds(usual.low or Decimal(0))
            assert whole.holds(usual.high or Decimal(0))


def test_abnormal_is_judged_by_age() -> None:
    assert ranges.is_abnormal({"heart_rate": 120}, ADULT)
    assert not ranges.is_abnormal({"heart_rate": 120}, CHILD)
    assert not ranges.is_abnormal({"heart_rate": None, "weight": Decimal(300)}, ADULT)
    assert ranges.is_abnormal({"heart_rate": 0}, ADULT)
    # NEWS2 gives 186 mmHg no points, whatever the chart's band says.
    assert not ranges.is_abnormal({"blood_pressure_systolic": 186}, ADULT)
    assert ranges.is_abnormal({"blood_pressure_systolic": 110}, ADULT)
