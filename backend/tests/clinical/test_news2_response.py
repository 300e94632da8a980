"""What a NEWS2 asks for: chart 4 of the Royal College of Physicians, and our intervals where it gives none."""

import pytest

from app.clinical.news2_response import NOT_SCORED, response_to


@pytest.mark.parametrize(
    ("total", "red", "minutes"),
    [
        (0, False, 720), (1, False, 360), (4, False, 360), (3, True, 60), (4, True, 60), (5, False, 60),
        (6, True, 60), (7, False, 30), (20, True, 30), (None, False, 60), (None, True, 60),
    ],
)  # fmt: skip
def test_the_next_set_is_due_as_the_score_asks(total: int | None, red: bool, minutes: int) -> None:
    assert response_to(total, red=red).minutes == minutes


def test_only_a_high_score_asks_for_continuous_monitoring() -> None:
    assert [total for total in range(21) if response_to(total, red=False).is_continuous] == list(range(7, 21))


def test_every_interval_names_its_source() -> None:
    found = {response_to(total, red=red).source for total in (None, *range(21)) for red in (True, False)}
    assert found | {NOT_SCORED.source} == {"RCP-NEWS2", "HASS", "RCP-NEWS2;HASS"}
