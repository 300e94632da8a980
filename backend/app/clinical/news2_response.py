"""What a NEWS2 asks of the ward: how often to measure, and who comes (domain 5.5).

Source: Royal College of Physicians, National Early Warning Score (NEWS) 2, December 2017, charts 2 and 4, for the
bands, their intervals and the clinical response. `HASS`: ours, where the chart gives no interval; the hospital's
clinical lead approves them. From 7 the chart asks for continuous monitoring, so a set is charted every half hour;
a score that is incomplete may be any score, so the set is completed within the hour; under 16 and in pregnancy NEWS2
says nothing, so a set is due every four hours until somebody measures by the hospital's own chart."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Response:
    """Measure again after `minutes`; `words` is what the chart asks for."""

    minutes: int
    words: str
    source: str
    is_continuous: bool = False

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.minutes)


ROUTINE = Response(720, "Continue routine monitoring", "RCP-NEWS2")
LOW = Response(360, "A registered nurse assesses", "RCP-NEWS2")
LOW_MEDIUM = Response(60, "Urgent review by a ward-based doctor", "RCP-NEWS2")
MEDIUM = Response(60, "Urgent assessment by a clinician competent in acute illness", "RCP-NEWS2")
HIGH = Response(
    30,
    "Continuous monitoring; emergency assessment by the critical care outreach team",
    "RCP-NEWS2;HASS",
    is_continuous=True,
)
INCOMPLETE = Response(60, "Complete the set: without every sign there is no score", "HASS")
NOT_SCORED = Response(240, "NEWS2 does not apply: measure by the chart for this patient", "HASS")


def response_to(total: int | None, *, red: bool) -> Response:
    """The response to a total; to an incomplete set where there is none.

    >>> response_to(3, red=True).words
    'Urgent review by a ward-based doctor'
    """
    if total is not None and total >= 7:
        return HIGH
    if total is not None and total >= 5:
        return MEDIUM
    if red:
        return LOW_MEDIUM
    if total is None:
        return INCOMPLETE
    return LOW if total else ROUTINE
