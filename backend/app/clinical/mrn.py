"""Medical record numbers: HOSPITAL-sequence and a mod-10 check digit (domain 5.3)."""

SEQUENCE_DIGITS = 6


def check_digit(number: int) -> int:
    """The mod-10 digit of HL7 v2 table 0061, `M10` (the Luhn formula), which finds any one wrong digit.

    >>> check_digit(4821)
    5
    """
    total = 0
    for place, digit in enumerate(reversed(str(number))):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def format_mrn(hospital_code: str, number: int) -> str:
    """
    >>> format_mrn("NGH", 4821)
    'NGH-0048215'
    """
    return f"{hospital_code}-{number:0{SEQUENCE_DIGITS}d}{check_digit(number)}"


def is_valid_mrn(mrn: str) -> bool:
    """Whether the check digit fits: a mistyped MRN is told from an unknown one."""
    _, _, digits = mrn.rpartition("-")
    return (
        len(digits) > 1
        and digits.isascii()
        and digits.isdigit()
        and check_digit(int(digits[:-1])) == int(digits[-1])
    )
