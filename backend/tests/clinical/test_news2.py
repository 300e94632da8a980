"""NEWS2 against the chart of the Royal College of Physicians, at every boundary (domain 5.14, 1)."""

from decimal import Decimal
from typing import Any

import pytest

from app.clinical.news2 import Signs, news2

WELL = {
    "respiratory_rate": 16, "spo2": 97, "supplemental_oxygen": False, "blood_pressure_systolic": 120,
    "heart_rate": 70, "consciousness": "A", "temperature": Decimal("37.0"),
}  # fmt: skip


def points(name: str, value: Any, scale: int = 1, *, oxygen: bool = False) -> int:
    signs = Signs(**{**WELL, "supplemental_oxygen": oxygen, name: value})
    return news2(signs, scale).points[name]


# The chart, as (from, to, points).
@pytest.mark.parametrize(
    ("name", "scale", "oxygen", "bands"),
    [
        ("respiratory_rate", 1, False, [(0, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 100, 3)]),
        ("spo2", 1, False, [(0, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)]),
        ("spo2", 1, True, [(0, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)]),
        ("spo2", 2, False, [(0, 83, 3), (84, 85, 2), (86, 87, 1), (88, 100, 0)]),
        ("spo2", 2, True, [(0, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 94, 1), (95, 96, 2), (97, 100, 3)]),
        ("blood_pressure_systolic", 1, False, [(0, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 350, 3)]),
        ("heart_rate", 1, False, [(0, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2), (131, 350, 3)]),
    ],
)  # fmt: skip
def test_every_whole_number_scores_as_the_chart_says(
    name: str, scale: int, oxygen: bool, bands: list[tuple[int, int, int]]
) -> None:
    for low, high, expected in bands:
        assert {points(name, value, scale, oxygen=oxygen) for value in range(low, high + 1)} == {expected}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [("20.0", "35.0", 3), ("35.1", "36.0", 1), ("36.1", "38.0", 0), ("38.1", "39.0", 1), ("39.1", "45.0", 2)],
)
def test_every_tenth_of_a_degree_scores_as_the_chart_says(low: str, high: str, expected: int) -> None:
    tenths = range(int(Decimal(low) * 10), int(Decimal(high) * 10) + 1)
    assert {points("temperature", Decimal(tenth) / 10) for tenth in tenths} == {expected}


def test_oxygen_scores_two_and_not_being_alert_three() -> None:
    assert points("supplemental_oxygen", True) == 2
    assert [points("consciousness", level) for level in "ACVPU"] == [0, 3, 3, 3, 3]


def test_values_are_rounded_half_up_before_they_score() -> None:
    assert points("spo2", Decimal("95.5")) == 0
    assert points("temperature", Decimal("38.04")) == 0
    assert points("temperature", Decimal("38.05")) == 1


@pytest.mark.parametrize("missing", list(WELL))
def test_without_one_input_there_is_no_total_but_its_reds_show(missing: str) -> None:
    red = "respiratory_rate" if missing != "respiratory_rate" else "heart_rate"
    found = news2(Signs(**{**WELL, red: 200, missing: None}))
    assert (found.total, found.risk, found.complete) == (None, None, False)
    assert found.missing == (missing,)
    assert found.red == (red,)


@pytest.mark.parametrize(
    ("signs", "total", "risk"),
    [
        ({}, 0, "low"),
        ({"heart_rate": 95}, 1, "low"),
        ({"heart_rate": 115, "respiratory_rate": 22}, 4, "low"),
        ({"consciousness": "C"}, 3, "low-medium"),
        ({"heart_rate": 115, "respiratory_rate": 25}, 5, "medium"),
        ({"consciousness": "V", "respiratory_rate": 25, "heart_rate": 95}, 7, "high"),
    ],
)
def test_the_total_gives_the_response(signs: dict[str, Any], total: int, risk: str) -> None:
    found = news2(Signs(**{**WELL, **signs}))
    assert (found.total, found.risk) == (total, risk)


def test_the_worst_is_twenty() -> None:
    worst = Signs(30, 80, True, 70, 150, "U", Decimal("34.0"))
    assert news2(worst).total == 20
