"""LOINC codes: the check digit, and the vital signs among them.

This material contains content from LOINC (https://loinc.org), copyright Regenstrief Institute, Inc. and the LOINC
Committee, available at no cost under the licence at https://loinc.org/license."""

import re

_FORM = re.compile(r"[0-9]{1,7}-[0-9]")


def check_digit(number: int) -> int:
    """The mod-10 digit after the hyphen (LOINC Users' Guide, appendix "Calculating mod 10 check digits").

    >>> check_digit(85354)
    9
    """
    digits = [int(digit) for digit in str(number)][::-1]
    doubled = [int(digit) for digit in str(int("".join(map(str, digits[::2]))) * 2)]
    return -(sum(doubled) + sum(digits[1::2])) % 10


def is_valid(code: str) -> bool:
    """
    >>> is_valid("8867-4"), is_valid("8867-5")
    (True, False)
    """
    return _FORM.fullmatch(code) is not None and check_digit(int(code[:-2])) == int(code[-1])


# LOINC code > column of vitals. 8331-1 (oral) is a temperature too, 80288-4 (AVPU score) a level of consciousness.
# Head circumference, the Glasgow coma score and glucose have no column among the vital signs.
VITAL_SIGNS = {
    "8310-5": "temperature",
    "8331-1": "temperature",
    "8867-4": "heart_rate",
    "9279-1": "respiratory_rate",
    "59408-5": "spo2",
    "2708-6": "spo2",
    "8480-6": "blood_pressure_systolic",
    "8462-4": "blood_pressure_diastolic",
    "29463-7": "weight",
    "8302-2": "height",
    "67775-7": "consciousness",
    "80288-4": "consciousness",
    "3151-8": "oxygen_flow_lpm",
    "3150-0": "fio2_percent",
    "72514-3": "pain",
}
# Panels: the values stand in components. 55284-4 is the older code of the blood pressure panel.
VITAL_PANELS = frozenset({"85354-9", "55284-4", "85353-1"})
BODY_MASS_INDEX = "39156-5"
