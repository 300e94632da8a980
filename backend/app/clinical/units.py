"""Units of the vital signs: from the UCUM code (or a common spelling of it) to the unit HASS keeps (domain 5.5).

Factors: the international pound is 0.45359237 kg and the inch 2.54 cm exactly (NIST Special Publication 811, 2008,
appendix B); 1 mmHg is 0.133322387415 kPa (the same); 0 Cel is 273.15 K. UCUM: https://ucum.org, version 2.1."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

Conversion = Callable[[Decimal], Decimal]


def _times(factor: str) -> Conversion:
    return lambda value: value * Decimal(factor)


def _same(value: Decimal) -> Decimal:
    return value


def _from_fahrenheit(value: Decimal) -> Decimal:
    return (value - 32) * 5 / 9


def _from_kelvin(value: Decimal) -> Decimal:
    return value - Decimal("273.15")


def _from_kilopascal(value: Decimal) -> Decimal:
    return value / Decimal("0.133322387415")


_POUND, _OUNCE = _times("0.45359237"), _times("0.028349523125")
_INCH, _FOOT = _times("2.54"), _times("30.48")
_PER_MINUTE: dict[str, Conversion] = {
    "/min": _same,
    "1/min": _same,
    "min-1": _same,
    "bpm": _same,
    "/m": _same,
    "/s": _times("60"),
}
_PERCENT: dict[str, Conversion] = {"%": _same}
_PRESSURE: dict[str, Conversion] = {"mm[Hg]": _same, "mmHg": _same, "kPa": _from_kilopascal}

# Column of vitals > unit > conversion. A unit that is not here is not known, and its value is not taken.
CONVERSIONS: dict[str, dict[str, Conversion]] = {
    "temperature": {
        "Cel": _same, "C": _same, "degC": _same, "°C": _same,
        "[degF]": _from_fahrenheit, "degF": _from_fahrenheit, "F": _from_fahrenheit, "°F": _from_fahrenheit,
        "K": _from_kelvin,
    },
    "heart_rate": _PER_MINUTE,
    "respiratory_rate": _PER_MINUTE,
    "spo2": _PERCENT,
    "blood_pressure_systolic": _PRESSURE,
    "blood_pressure_diastolic": _PRESSURE,
    "weight": {
        "kg": _same, "g": _times("0.001"),
        "[lb_av]": _POUND, "lb_av": _POUND, "lb": _POUND, "lbs": _POUND,
        "[oz_av]": _OUNCE, "oz_av": _OUNCE, "oz": _OUNCE,
    },
    "height": {
        "cm": _same, "m": _times("100"), "mm": _times("0.1"),
        "[in_i]": _INCH, "in_i": _INCH, "[in_us]": _INCH, "in": _INCH,
        "[ft_i]": _FOOT, "ft_i": _FOOT, "ft": _FOOT,
    },
    "oxygen_flow_lpm": {"L/min": _same, "l/min": _same, "mL/min": _times("0.001"), "ml/min": _times("0.001")},
    "fio2_percent": _PERCENT,
    "pain": {"": _same, "1": _same},
}  # fmt: skip

# How fine each sign is kept: whole numbers, but temperature and oxygen flow to 0.1, weight to the gram.
STEPS = {
    "temperature": Decimal("0.1"),
    "oxygen_flow_lpm": Decimal("0.1"),
    "weight": Decimal("0.001"),
    "height": Decimal("0.01"),
}
WHOLE = Decimal(1)


def convert(sign: str, value: Decimal, unit: str) -> Decimal | None:
    """The value in the unit HASS keeps, unrounded; None where the unit is not known for this sign.

    An annotation in braces says what is counted and changes nothing: {beats}/min is /min.

    >>> convert("temperature", Decimal("98.6"), "[degF]")
    Decimal('37.0')
    """
    conversion = CONVERSIONS[sign].get(re.sub(r"\{[^{}]*\}", "", unit).strip())
    return None if conversion is None else conversion(value)


def rounded(sign: str, value: Decimal) -> Decimal:
    """Half up, as people round: 36.65 is 36.7, 95.5 % is 96 %."""
    return value.quantize(STEPS.get(sign, WHOLE), ROUND_HALF_UP)
