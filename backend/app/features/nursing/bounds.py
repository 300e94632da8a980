"""What a sign can be at all: read into its column, or told why it cannot be (domain 5.5). No I/O."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.clinical.units import convert, rounded
from app.models.vitals import RANGES

WORDS = {
    "temperature": ("Temperature", "°C"),
    "heart_rate": ("Pulse", "/min"),
    "blood_pressure_systolic": ("Systolic pressure", "mmHg"),
    "blood_pressure_diastolic": ("Diastolic pressure", "mmHg"),
    "respiratory_rate": ("Respiration", "/min"),
    "spo2": ("SpO₂", "%"),
    "oxygen_flow_lpm": ("Oxygen flow", "L/min"),
    "fio2_percent": ("Inspired oxygen", "%"),
    "pain": ("Pain", "of 10"),
    "weight": ("Weight", "kg"),
    "height": ("Height", "cm"),
}


def number(value: Decimal | float) -> str:
    words = f"{Decimal(str(value)):f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def read_signs(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The columns, rounded half up; and sign > sentence for what cannot be or contradicts another one."""
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {}
    for sign, (low, high) in RANGES.items():
        value: Decimal | None = given.get(sign)
        if sign == "temperature" and value is not None and given.get("temperature_unit") == "[degF]":
            value = convert(sign, value, "[degF]")
        if value is None:
            values[sign] = None
            continue
        if Decimal(str(low)) <= value <= Decimal(str(high)):
            values[sign] = rounded(sign, value)
        else:
            wrong[sign] = _impossible(sign, value)
    return values, wrong | _contradictions(given, values)


def _impossible(sign: str, value: Decimal) -> str:
    name, unit = WORDS[sign]
    low, high = RANGES[sign]
    sentence = f"{name} is {number(low)} to {number(high)} {unit}. Check the value."
    if sign == "temperature" and 68 <= value <= 113:
        celsius = rounded(sign, convert(sign, value, "[degF]") or value)
        sentence += f" {number(value)} °F is {number(celsius)} °C."
    return sentence


def _contradictions(given: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    upper, lower = given.get("blood_pressure_systolic"), given.get("blood_pressure_diastolic")
    if (upper is None) != (lower is None):
        missing = "blood_pressure_systolic" if upper is None else "blood_pressure_diastolic"
        found[missing] = "Enter both blood pressures or neither."
    kept_upper, kept_lower = (
        values.get("blood_pressure_systolic"),
        values.get("blood_pressure_diastolic"),
    )
    if kept_upper is not None and kept_lower is not None and kept_lower >= kept_upper:
        found["blood_pressure_diastolic"] = "The diastolic pressure is below the systolic. Check the two."
    on_air = given.get("supplemental_oxygen") is False
    if on_air and (values.get("oxygen_flow_lpm") or 0) > 0:
        found["oxygen_flow_lpm"] = "A patient on air has no oxygen flow. Check the two."
    if on_air and (values.get("fio2_percent") or 21) > 21:
        found["fio2_percent"] = "A patient on air breathes 21 % oxygen. Check the two."
    return found
