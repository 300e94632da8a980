"""The score while somebody types: the charts of clinical/news2.py as a page's script reads them, so that no number of
the score stands in a script. What counts is the server's score of what was saved."""

import json
from functools import cache

from app.clinical import news2
from app.models.vitals import RANGES


def _rows(chart: news2.Chart) -> list[list[float | None]]:
    return [[None if highest is None else float(highest), points] for highest, points in chart]


@cache
def score_tables() -> str:
    """JSON: sign > its chart, read upwards as [highest value, points]."""
    return json.dumps(
        {
            "respiratory_rate": _rows(news2.RESPIRATORY_RATE),
            "spo2": {
                "1": _rows(news2.SPO2_SCALE_1),
                "2": _rows(news2.SPO2_SCALE_2_ON_AIR),
                "2oxygen": _rows(news2.SPO2_SCALE_2_ON_OXYGEN),
            },
            "blood_pressure": _rows(news2.SYSTOLIC),
            "heart_rate": _rows(news2.PULSE),
            "temperature": _rows(news2.TEMPERATURE),
            "oxygen": news2.ON_OXYGEN_POINTS,
            "not_alert": news2.NOT_ALERT_POINTS,
            # What cannot be true has no points.
            "limits": {
                "respiratory_rate": RANGES["respiratory_rate"],
                "spo2": RANGES["spo2"],
                "blood_pressure": RANGES["blood_pressure_systolic"],
                "heart_rate": RANGES["heart_rate"],
                "temperature": RANGES["temperature"],
            },
        }
    )
