"""Conversions to the units HASS keeps, each against a value worked out by hand."""

from decimal import Decimal

import pytest

from app.clinical.units import CONVERSIONS, convert, rounded
from app.models.vitals import RANGES


@pytest.mark.parametrize(
    ("sign", "value", "unit", "expected"),
    [
        ("temperature", "98.6", "[degF]", "37"),
        ("temperature", "-40", "[degF]", "-40"),
        ("temperature", "310.15", "K", "37"),
        ("temperature", "37", "°C", "37"),
        ("weight", "1", "[lb_av]", "0.45359237"),
        ("weight", "16", "[oz_av]", "0.45359237"),
        ("weight", "3250", "g", "3.25"),
        ("height", "1", "[in_i]", "2.54"),
        ("height", "1", "[ft_i]", "30.48"),
        ("height", "1.8", "m", "180"),
        ("heart_rate", "72", "{beats}/min", "72"),
        ("heart_rate", "1.2", "/s", "72"),
        ("spo2", "97", "%{O2}", "97"),
        ("oxygen_flow_lpm", "500", "mL/min", "0.5"),
        ("pain", "3", "{score}", "3"),
    ],
)
def test_a_known_unit_is_converted(sign: str, value: str, unit: str, expected: str) -> None:
    assert convert(sign, Decimal(value), unit) == Decimal(expected)


def test_kilopascal_is_converted_to_millimetres_of_mercury() -> None:
    found = convert("blood_pressure_systolic", Decimal(16), "kPa")
    assert found is not None
    assert rounded("blood_pressure_systolic", found) == 120


@pytest.mark.parametrize("unit", ["", "cel", "CEL", "stone", "{}", "[", "mg/dL"])
def test_an_unknown_unit_is_not_taken(unit: str) -> None:
    assert convert("temperature", Decimal(37), unit) is None


@pytest.mark.parametrize(
    ("sign", "value", "expected"),
    [
        ("temperature", "36.65", "36.7"),
        ("temperature", "36.64", "36.6"),
        ("heart_rate", "71.5", "72"),
        ("heart_rate", "72.5", "73"),
        ("spo2", "95.49", "95"),
        ("weight", "69.9995", "70.000"),
        ("height", "175.98241711129813", "175.98"),
    ],
)
def test_rounding_is_half_up(sign: str, value: str, expected: str) -> None:
    assert rounded(sign, Decimal(value)) == Decimal(expected)


def test_every_sign_with_a_range_has_its_units() -> None:
    assert set(CONVERSIONS) == set(RANGES)
