"""The plots show what was measured: bands, gaps and nothing in between."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.clinical.vital_ranges import NORMAL_OF_ADULTS
from app.web import plots

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


def pulse(*values: tuple[float, int]) -> plots.Lane:
    """A lane of the pulse at so many hours after the start."""
    points = [plots.Point(START + timedelta(hours=hours), Decimal(value)) for hours, value in values]
    return plots.Lane("heart_rate", "Pulse", "/min", points, NORMAL_OF_ADULTS["heart_rate"], Decimal(40))


def test_a_long_pause_breaks_the_line() -> None:
    lane = pulse((0, 80), (4, 82), (8, 84), (72, 90), (76, 91))
    assert [len(run) for run in plots.runs(lane.points)] == [3, 2]
    assert plots.vitals_plot([lane], "UTC").count("<polyline") == 2


def test_values_outside_the_band_change_their_shape() -> None:
    drawn = plots.vitals_plot([pulse((0, 80), (4, 132), (8, 44))], "UTC")
    assert drawn.count('class="pt hot"') == 2
    assert drawn.count("<circle") == 1
    assert 'class="nrm"' in drawn


def test_the_plot_says_in_words_what_it_shows() -> None:
    words = plots.sentence(pulse((0, 80), (4, 132)), "UTC")
    assert words == (
        "Pulse: 2 measured; last 132 /min on 22-Nov-2026 12:00; lowest 80, highest 132; 1 outside 51–90."
    )


def test_a_sign_that_was_never_measured_has_no_lane() -> None:
    assert plots.vitals_plot([pulse()], "UTC") == ""
    both = plots.vitals_plot([pulse(), pulse((0, 80), (4, 82))], "UTC")
    assert both.count('class="lab"') == 1


def test_one_measurement_is_told_in_words_and_not_drawn() -> None:
    assert not plots.is_drawn(pulse((0, 80)))
    assert plots.vitals_plot([pulse((0, 80))], "UTC") == ""


def test_two_measurements_far_apart_are_two_points_without_a_line() -> None:
    drawn = plots.vitals_plot([pulse((0, 80), (2, 82), (900, 84))], "UTC")
    assert drawn.count("<polyline") == 1
    assert drawn.count("<circle") == 3


def test_every_coordinate_lies_inside_the_drawing() -> None:
    lane = pulse(*((hours * 700, 40 + hours % 90) for hours in range(400)))
    for frame in (plots.WIDE, plots.NARROW):
        drawn = plots.vitals_plot([lane], "America/New_York", frame)
        assert all(0 <= float(x) <= frame.width for x in re.findall(r'\bx[12]?="([-\d.]+)"', drawn))
        assert "nan" not in drawn


def test_the_time_axis_fits_hours_days_months_and_years() -> None:
    for span in (
        timedelta(hours=5),
        timedelta(hours=40),
        timedelta(days=9),
        timedelta(days=200),
        timedelta(days=9000),
    ):
        found = plots.ticks(START, START + span, UTC)
        assert 2 <= len(found) <= 14, span
        assert all(START <= at <= START + span for at, _ in found)


def test_pressure_is_drawn_as_a_pair() -> None:
    points = [plots.Point(START + timedelta(hours=hours), Decimal(120), Decimal(80)) for hours in (0, 4)]
    lane = plots.Lane("blood_pressure_systolic", "Blood pressure", "mmHg", points)
    assert ">120/80<" in plots.vitals_plot([lane], "UTC")


def test_a_sign_without_a_band_has_numbers_to_read_its_height_by() -> None:
    points = [
        plots.Point(START + timedelta(days=days), Decimal(kg)) for days, kg in ((0, 70), (9, 84), (20, 81))
    ]
    lane = plots.Lane("weight", "Weight", "kg", points)
    drawn = plots.vitals_plot([lane], "UTC")
    assert re.findall(r'class="ax e"[^>]*>([^<]+)<', drawn) == ["84", "70"]
