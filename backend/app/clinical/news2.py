"""National Early Warning Score 2, the score a ward calls for help by (domain 5.5).

Source: Royal College of Physicians. National Early Warning Score (NEWS) 2. Standardising the assessment of
acute-illness severity in the NHS. Updated report of a working party. London: RCP, December 2017, charts 1 and 4;
free to use with this acknowledgement. From 16 years, not in pregnancy."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# Chart 1, each row as (highest value, points), read upwards; None is open.
Chart = tuple[tuple[Decimal | None, int], ...]


def _chart(*rows: tuple[str | None, int]) -> Chart:
    return tuple((None if highest is None else Decimal(highest), points) for highest, points in rows)


RESPIRATORY_RATE = _chart(("8", 3), ("11", 1), ("20", 0), ("24", 2), (None, 3))
SPO2_SCALE_1 = _chart(("91", 3), ("93", 2), ("95", 1), (None, 0))
SPO2_SCALE_2_ON_AIR = _chart(("83", 3), ("85", 2), ("87", 1), (None, 0))
SPO2_SCALE_2_ON_OXYGEN = _chart(("83", 3), ("85", 2), ("87", 1), ("92", 0), ("94", 1), ("96", 2), (None, 3))
SYSTOLIC = _chart(("90", 3), ("100", 2), ("110", 1), ("219", 0), (None, 3))
PULSE = _chart(("40", 3), ("50", 1), ("90", 0), ("110", 1), ("130", 2), (None, 3))
TEMPERATURE = _chart(("35.0", 3), ("36.0", 1), ("38.0", 0), ("39.0", 1), (None, 2))
ON_OXYGEN_POINTS = 2
NOT_ALERT_POINTS = 3
RED = 3


@dataclass(frozen=True)
class Signs:
    """What the score is made of. `consciousness` is ACVPU; C is *new* confusion."""

    respiratory_rate: Decimal | int | None = None
    spo2: Decimal | int | None = None
    supplemental_oxygen: bool | None = None
    blood_pressure_systolic: Decimal | int | None = None
    heart_rate: Decimal | int | None = None
    consciousness: str | None = None
    temperature: Decimal | int | None = None


PARAMETERS = tuple(Signs.__dataclass_fields__)


@dataclass(frozen=True)
class News2:
    """`total` is None while an input is missing; the parameters that score 3 (`red`) show all the same."""

    total: int | None
    points: dict[str, int]
    missing: tuple[str, ...]
    scale: int

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def red(self) -> tuple[str, ...]:
        return tuple(name for name, points in self.points.items() if points == RED)

    @property
    def risk(self) -> str | None:
        """Chart 4: low, low-medium (any single 3), medium (5 or 6), high (7 or more)."""
        if self.total is None:
            return None
        if self.total >= 7:
            return "high"
        if self.total >= 5:
            return "medium"
        return "low-medium" if self.red else "low"


def news2(signs: Signs, scale: int = 1) -> News2:
    """The score, 0 to 20 points; 7 or more asks for an emergency team.

    >>> news2(Signs(18, 97, False, 120, 80, "A", Decimal("37.0"))).total
    0
    """
    given = {name: getattr(signs, name) for name in PARAMETERS}
    points = {name: _points(name, value, scale, signs) for name, value in given.items() if value is not None}
    missing = tuple(name for name, value in given.items() if value is None)
    return News2(None if missing else sum(points.values()), points, missing, scale)


def _points(name: str, value: Decimal | int | bool | str, scale: int, signs: Signs) -> int:
    if name == "supplemental_oxygen":
        return ON_OXYGEN_POINTS if value else 0
    if name == "consciousness":
        return 0 if value == "A" else NOT_ALERT_POINTS
    charts = {
        "respiratory_rate": RESPIRATORY_RATE,
        "spo2": _spo2_chart(scale, signs.supplemental_oxygen),
        "blood_pressure_systolic": SYSTOLIC,
        "heart_rate": PULSE,
        "temperature": TEMPERATURE,
    }
    # The chart knows whole numbers, and temperatures to 0.1: rounded half up before scoring.
    step = Decimal("0.1") if name == "temperature" else Decimal(1)
    measured = Decimal(value).quantize(step, ROUND_HALF_UP)
    return next(points for highest, points in charts[name] if highest is None or measured <= highest)


def _spo2_chart(scale: int, on_oxygen: bool | None) -> Chart:
    if scale == 1:
        return SPO2_SCALE_1
    # Scale 2 scores high saturations only on oxygen; where that is not known, air is taken, as in the chart's column.
    return SPO2_SCALE_2_ON_OXYGEN if on_oxygen else SPO2_SCALE_2_ON_AIR
