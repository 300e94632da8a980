"""What a vital sign may be: impossible, unusual and outside the normal band are three different things (domain 5.5).

Sources. `HASS`: our own bounds by age band; no standard fixes them, the hospital's clinical lead approves them.
`RCP-NEWS2`: Royal College of Physicians, National Early Warning Score 2, December 2017, chart 1: the values that
score 0 points; from 16 years, not in pregnancy. `WHO-BMI`: World Health Organization, Technical Report Series 894
(2000), adults: 18.5 to 24.9 kg/m2. `WHO-HTN`: World Health Organization, Guideline for the pharmacological treatment
of hypertension in adults (2021): hypertension from 140 mmHg systolic. `NHLBI-LOW`: National Heart, Lung, and Blood
Institute, Low Blood Pressure: below 90 mmHg systolic; both from knowledge of the text. Ages are days; the lower end
belongs to the band, the upper does not.
"""

from dataclasses import dataclass
from decimal import Decimal

AGE_BANDS = {
    "neonate": (0, 28),
    "infant": (28, 365),
    "child": (365, 4383),
    "adolescent": (4383, 6575),
    "adult": (6575, None),
}
# NEWS2 is for people from 16 years: 16 x 365.25 days.
ADULT_FROM_DAYS = 5844
BMI_FROM_DAYS = 6575


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both inside; None is open."""

    low: Decimal | None
    high: Decimal | None
    source: str

    def holds(self, value: Decimal) -> bool:
        return self.side(value) == 0

    def side(self, value: Decimal) -> int:
        """-1 below, 0 inside, 1 above."""
        if self.low is not None and value < self.low:
            return -1
        return 1 if self.high is not None and value > self.high else 0


def _range(low: str | None, high: str | None, source: str) -> Range:
    return Range(None if low is None else Decimal(low), None if high is None else Decimal(high), source)


# Beyond these a value is a slip of the pen or of the machine, and is refused.
REJECT_OUTSIDE = {
    "temperature": _range("20.0", "45.0", "HASS"),
    "heart_rate": _range("0", "350", "HASS"),
    "respiratory_rate": _range("0", "100", "HASS"),
    "spo2": _range("0", "100", "HASS"),
    "blood_pressure_systolic": _range("0", "350", "HASS"),
    "blood_pressure_diastolic": _range("0", "250", "HASS"),
    "weight": _range("0.2", "700", "HASS"),
    "height": _range("20", "280", "HASS"),
    "bmi": _range("2", "250", "HASS"),
    "pain": _range("0", "10", "HASS"),
}

# Beyond these the page asks "Yes, 34 is right": neonate, infant, child, adolescent, adult.
_USUAL = {
    "temperature": (("35.0", "39.0"), ("35.0", "40.5"), ("34.5", "41.0"), ("34.0", "41.0"), ("34.0", "41.0")),
    "heart_rate": (("80", "210"), ("70", "210"), ("50", "200"), ("40", "200"), ("30", "220")),
    "respiratory_rate": (("20", "80"), ("15", "70"), ("10", "60"), ("8", "50"), ("6", "50")),
    "spo2": (("70", "100"),) * 5,
    "blood_pressure_systolic": (("40", "110"), ("50", "130"), ("60", "150"), ("60", "190"), ("60", "250")),
    "blood_pressure_diastolic": (("15", "75"), ("20", "85"), ("25", "100"), ("30", "120"), ("30", "150")),
    "weight": (("0.5", "6"), ("2", "15"), ("6", "80"), ("20", "180"), ("30", "250")),
    "height": (("30", "62"), ("42", "90"), ("62", "180"), ("110", "205"), ("120", "220")),
}

NEWS2_NOTHING = {
    "temperature": _range("36.1", "38.0", "RCP-NEWS2"),
    "heart_rate": _range("51", "90", "RCP-NEWS2"),
    "respiratory_rate": _range("12", "20", "RCP-NEWS2"),
    "spo2": _range("96", "100", "RCP-NEWS2"),
    "blood_pressure_systolic": _range("111", "219", "RCP-NEWS2"),
}
# NEWS2 looks for collapse, so its 0 points reach 219 mmHg, which no chart may call normal.
NORMAL_OF_ADULTS = {**NEWS2_NOTHING, "blood_pressure_systolic": _range("90", "139", "WHO-HTN;NHLBI-LOW")}
NORMAL_BMI = _range("18.5", "24.9", "WHO-BMI")


def age_band(age_days: int) -> str:
    for name, (low, high) in AGE_BANDS.items():
        if low <= age_days and (high is None or age_days < high):
            return name
    return "neonate"


def usual_range(vital: str, age_days: int) -> Range | None:
    """Outside it a value is asked about once more; None where the sign has no such bound."""
    bands = _USUAL.get(vital)
    if bands is None:
        return None
    low, high = bands[list(AGE_BANDS).index(age_band(age_days))]
    return _range(low, high, "HASS")


def normal_band(vital: str, age_days: int, spo2_scale: int = 1) -> Range | None:
    """The band a chart draws: NEWS2's 0 points for adults, but for the pressure; none for children, where no table
    of ours is a norm.

    SpO2 scale 2 (target 88-92 %) has its own 0 points on air: 88 and up."""
    if vital == "bmi":
        return NORMAL_BMI if age_days >= BMI_FROM_DAYS else None
    if age_days < ADULT_FROM_DAYS:
        return None
    if vital == "spo2" and spo2_scale == 2:
        return _range("88", "100", "RCP-NEWS2")
    return NORMAL_OF_ADULTS.get(vital)


def is_abnormal(signs: dict[str, Decimal | int | None], age_days: int) -> bool:
    """True when a measured sign scores in NEWS2 (from 16 years) or, below that, leaves the usual range (domain 5.5).

    Consciousness and oxygen are judged by the caller, who knows them."""
    for vital, value in signs.items():
        if value is None:
            continue
        band = NEWS2_NOTHING.get(vital) if age_days >= ADULT_FROM_DAYS else usual_range(vital, age_days)
        if vital in ("bmi", "weight", "height", "pain") or band is None:
            continue
        if not band.holds(Decimal(value)):
            return True
    return False
