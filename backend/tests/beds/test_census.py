"""The census between two midnights of the hospital's zone: who lay where, came, moved, left and died."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from factories import Values
from served import Hospitals
from starlette.testclient import TestClient
from ward_world import Ward, build_ward

from app.core import clock
from app.features.beds.census import Place, Stay, bounds, count, stay_days
from app.models.visit import VisitStatus

As = Callable[[str], TestClient]
API = "/api/v1/census"
NEW_YORK = ZoneInfo("America/New_York")
S = VisitStatus
DAY = date(2026, 3, 10)
STARTS, ENDS = bounds(DAY, NEW_YORK)


def at(hour: float) -> datetime:
    """That many hours after the midnight the day begins with."""
    return STARTS + timedelta(hours=hour)


def flows(*stays: Stay, until: datetime = ENDS) -> dict[str | None, dict[str, int]]:
    found = count(stays, STARTS, until, NEW_YORK)
    for flow in found.values():
        came = flow.at_start + flow.admissions + flow.transfers_in
        went = flow.transfers_out + flow.discharges + flow.to_other_hospitals + flow.deaths
        assert came - went == flow.at_end, flow
    shown = {ward: {name: n for name, n in asdict(flow).items() if n} for ward, flow in found.items()}
    return {ward: flow for ward, flow in shown.items() if flow}


def stay(
    began: float, ended: float | None, *beds: tuple[str, float, float | None], status: S = S.ACTIVE
) -> Stay:
    places = [Place(ward, at(start), None if end is None else at(end)) for ward, start, end in beds]
    return Stay(status, at(began), None if ended is None else at(ended), places)


@pytest.mark.parametrize(
    ("each", "wanted"),
    [
        (stay(-30, None, ("A", -30, None)), {"A": {"at_start": 1, "at_end": 1}}),
        (stay(-30, None), {None: {"at_start": 1, "at_end": 1}}),
        (stay(5, None, ("A", 5, None)), {"A": {"admissions": 1, "at_end": 1}}),
        (stay(5, None, ("A", 7, None)), {
            None: {"admissions": 1, "transfers_out": 1}, "A": {"transfers_in": 1, "at_end": 1},
        }),
        (stay(-30, None, ("A", -30, 9), ("B", 9, None)), {
            "A": {"at_start": 1, "transfers_out": 1}, "B": {"transfers_in": 1, "at_end": 1},
        }),
        (stay(-30, None, ("A", -30, 9), ("A", 9, None)), {"A": {"at_start": 1, "at_end": 1}}),
        (stay(-30, 9, ("A", -30, 9), status=S.DISCHARGED), {"A": {"at_start": 1, "discharges": 1, "stay_days": 2}}),
        (stay(-30, 9, ("A", -30, 9), status=S.DECEASED), {"A": {"at_start": 1, "deaths": 1, "stay_days": 2}}),
        (stay(-30, 9, ("A", -30, 9), status=S.TRANSFERRED), {
            "A": {"at_start": 1, "to_other_hospitals": 1, "stay_days": 2},
        }),
        (stay(5, 9, ("A", 5, 9), status=S.DISCHARGED), {"A": {"admissions": 1, "discharges": 1}}),
        (stay(-30, 40, ("A", -30, 40), status=S.DISCHARGED), {"A": {"at_start": 1, "at_end": 1}}),
        # Left the bed before leaving the house.
        (stay(-30, 9, ("A", -30, 8), status=S.DISCHARGED), {
            "A": {"at_start": 1, "transfers_out": 1}, None: {"transfers_in": 1, "discharges": 1, "stay_days": 2},
        }),
        # Whoever comes or goes at midnight does so on the day that begins.
        (stay(0, None, ("A", 0, None)), {"A": {"admissions": 1, "at_end": 1}}),
        (stay(-30, 0, ("A", -30, 0), status=S.DISCHARGED), {"A": {"at_start": 1, "discharges": 1, "stay_days": 2}}),
        (stay(-30, 24, ("A", -30, 24), status=S.DISCHARGED), {"A": {"at_start": 1, "at_end": 1}}),
        (stay(24, None, ("A", 24, None)), {}),
        # A bed that was left as it was taken was none.
        (stay(5, None, ("A", 5, 5), ("B", 5, None)), {"B": {"admissions": 1, "at_end": 1}}),
        (stay(5, 5, ("A", 5, 5), status=S.ENTERED_IN_ERROR), {"A": {"admissions": 1, "transfers_out": 1}}),
        # In an emergency bed, and then in the house without one.
        (stay(2, 3, ("A", 2, 3)), {"A": {"admissions": 1, "transfers_out": 1}}),
    ],
)  # fmt: skip
def test_a_stay_is_counted_where_it_was(each: Stay, wanted: dict[str | None, dict[str, int]]) -> None:
    assert flows(each) == wanted


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("America/New_York", date(2026, 7, 1), 24),
        ("Europe/Oslo", date(2026, 3, 29), 23),
        ("Europe/Oslo", date(2026, 10, 25), 25),
        ("UTC", date(2026, 3, 29), 24),
        # The clocks change at midnight: the day begins at one.
        ("Africa/Cairo", date(2026, 4, 24), 23),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: date, hours: int) -> None:
    starts_at, ends_at = bounds(day, ZoneInfo(zone))
    assert (ends_at - starts_at) == timedelta(hours=hours)
    assert bounds(day + timedelta(days=1), ZoneInfo(zone))[0] == ends_at


def test_length_of_stay_is_the_midnights_of_the_hospitals_zone() -> None:
    late = datetime(2026, 3, 10, 3, 30, tzinfo=UTC)  # 9 March, 23:30 in New York.
    assert stay_days(late, late + timedelta(hours=1), NEW_YORK) == 1
    assert stay_days(late, late + timedelta(hours=1), ZoneInfo("UTC")) == 0
    # Over the night on which the clocks go forward, too.
    assert stay_days(datetime(2026, 3, 8, 2, tzinfo=UTC), datetime(2026, 3, 9, 2, tzinfo=UTC), NEW_YORK) == 1


# By the route, from real rows


@pytest.fixture(scope="module")
def quiet(hospitals: Hospitals) -> Iterator[Ward]:
    """A hospital in which nobody is but those whom the tests put there."""
    with hospitals.database.owner() as connection:
        yield build_ward(connection)


@pytest.fixture
def census(quiet: Ward, api_as: As) -> Callable[[date], Any]:
    program = api_as(quiet.email("manager"))

    def read(day: date) -> Any:
        answer = program.get(API, params={"day": day.isoformat()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return read


def lie(ward: Ward, visit: Values, bed: Values, began: datetime, ended: datetime | None) -> None:
    ward.make.bed_assignment(bed=bed, visit=visit, assigned_at=began, released_at=ended, ward=None)


def of_ward(read: Any, name: str | None) -> dict[str, Any]:
    return next((each for each in read["wards"] if each["ward"] == name), {})


@pytest.mark.parametrize("day", [date(2025, 3, 9), date(2025, 11, 2), date(2025, 7, 1)])
def test_census_of_a_past_midnight(quiet: Ward, census: Callable[[date], Any], day: date) -> None:
    starts_at, ends_at = bounds(day, NEW_YORK)
    name = f"Ward {day}"
    in_use, shut = quiet.bed(ward=name), quiet.bed(ward=name, is_active=False)
    minute = timedelta(minutes=1)
    stayed = quiet.visit(status="discharged", admission_date=starts_at - minute)
    quiet.make.change("visits", stayed["id"], {"discharge_date": ends_at + minute})
    lie(quiet, stayed, in_use, starts_at - minute, ends_at + minute)
    died = quiet.visit(status="deceased", admission_date=starts_at)
    quiet.make.change("visits", died["id"], {"discharge_date": ends_at - minute})
    lie(quiet, died, shut, starts_at, ends_at - minute)
    bedless = quiet.visit(status="discharged", admission_date=ends_at - minute)
    quiet.make.change("visits", bedless["id"], {"discharge_date": ends_at + minute})
    read = census(day)
    assert (read["hours"], read["is_over"], len(read["wards"])) == (
        (ends_at - starts_at).total_seconds() / 3600, True, 2,
    )  # fmt: skip
    here, nowhere = of_ward(read, name), of_ward(read, None)
    assert (here["at_start"], here["admissions"], here["deaths"], here["at_end"]) == (1, 1, 1, 1)
    assert (nowhere["admissions"], nowhere["at_end"]) == (1, 1)
    assert (read["total"]["at_start"], read["total"]["at_end"]) == (1, 2)
    assert read["mean_stay_days"] == 0


def test_planned_cancelled_and_mistaken_visits_and_outpatients_are_not_counted(
    quiet: Ward, census: Callable[[date], Any]
) -> None:
    long_ago = datetime(2024, 5, 5, 12, tzinfo=UTC)
    for status in ("planned", "cancelled", "entered_in_error"):
        quiet.visit(status=status)
    outpatient = quiet.visit(
        status="discharged", visit_type="outpatient", admission_date=long_ago, patient=quiet.patient()
    )
    quiet.make.change("visits", outpatient["id"], {"discharge_date": long_ago + timedelta(hours=40)})
    assert census(date(2024, 5, 6))["wards"] == []


def test_somebody_in_an_emergency_bed_counts_while_he_lies_there(
    quiet: Ward, census: Callable[[date], Any]
) -> None:
    noon = datetime(2024, 6, 5, 16, tzinfo=UTC)
    visit = quiet.visit(status="discharged", visit_type="emergency", admission_date=noon - timedelta(hours=3))
    quiet.make.change("visits", visit["id"], {"discharge_date": noon + timedelta(hours=20)})
    lie(quiet, visit, quiet.bed(ward="Emergency"), noon, noon + timedelta(hours=20))
    read = of_ward(census(date(2024, 6, 5)), "Emergency")
    assert (read["at_start"], read["admissions"], read["at_end"]) == (0, 1, 1)
    assert of_ward(census(date(2024, 6, 6)), "Emergency")["discharges"] == 1


def test_a_ward_is_counted_under_the_name_it_had(quiet: Ward, census: Callable[[date], Any]) -> None:
    noon = datetime(2024, 7, 5, 16, tzinfo=UTC)
    visit = quiet.visit(status="discharged", admission_date=noon)
    quiet.make.change("visits", visit["id"], {"discharge_date": noon + timedelta(days=1)})
    bed = quiet.bed(ward="New name")
    quiet.make.bed_assignment(
        bed=bed, visit=visit, assigned_at=noon, released_at=noon + timedelta(days=1), ward="Old name"
    )
    assert [each["ward"] for each in census(date(2024, 7, 5))["wards"]] == ["Old name"]


def test_census_of_another_hospital_is_its_own(module_ward: Ward, api_as: As) -> None:
    read = api_as(module_ward.email("nurse")).get(API, params={"day": "2024-07-05"}).json()
    assert read["wards"] == []


def test_without_a_day_it_is_the_last_one_that_is_over(quiet: Ward, api_as: As) -> None:
    read = api_as(quiet.email("manager")).get(API).json()
    assert read["day"] == (clock.now().astimezone(NEW_YORK).date() - timedelta(days=1)).isoformat()
    assert read["is_over"] is True


def test_today_is_counted_until_now(quiet: Ward, census: Callable[[date], Any]) -> None:
    today = clock.now().astimezone(NEW_YORK).date()
    assert census(today)["is_over"] is False


@pytest.mark.parametrize("day", ["2999-01-01", "1066-10-14", "yesterday"])
def test_a_day_to_come_has_no_census(quiet: Ward, api_as: As, day: str) -> None:
    assert api_as(quiet.email("manager")).get(API, params={"day": day}).status_code == 422


@pytest.mark.parametrize("who", ["reception", "lab", "pharma"])
def test_whoever_may_not_see_the_census_is_refused(api_as: As, who: str) -> None:
    assert api_as(who).get(API).status_code == 403
