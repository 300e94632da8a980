"""The balance of fluids: amounts, bounds, corrections, and the days of a hospital of 23 and 25 hours (S62)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from factories import HOUR, NOW, Values
from notes_team import Team, code

from app.clinical.fluids import CONFIRM_ABOVE_ML, KINDS, MOST_ML
from app.core import clock


def path(visit: Values) -> str:
    return f"/api/v1/visits/{visit['id']}/fluids"


def enter(team: Team, visit: Values, by: str = "nurse", **given: Any) -> Any:
    body = {"direction": "in", "kind": "oral", "volume_ml": 200, **given}
    return team.programs[by].post(path(visit), json=body)


def entered(team: Team, visit: Values, **given: Any) -> str:
    answer = enter(team, visit, **given)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def read(team: Team, visit: Values, **params: Any) -> dict[str, Any]:
    answer = team.doctor.get(path(visit), params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize(
    ("direction", "kind"), [(way, kind) for way, kinds in KINDS.items() for kind in kinds]
)
def test_each_kind_goes_its_way_and_an_unusual_amount_is_asked_for_twice(
    team: Team, direction: str, kind: str
) -> None:
    visit, way = team.visit(), {"direction": direction, "kind": kind}
    most = CONFIRM_ABOVE_ML[direction, kind]
    assert enter(team, visit, volume_ml=most, **way).status_code == 201
    asked = enter(team, visit, volume_ml=most + 1, **way)
    assert code(asked) == (422, "confirm-needed")
    assert [each["field"] for each in asked.json()["errors"]] == ["volume_ml"]
    assert enter(team, visit, volume_ml=most + 1, confirmed=["volume_ml"], **way).status_code == 201
    both = read(team, visit)["last_24_hours"]
    assert both[f"{direction}_ml"] == 2 * most + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"volume_ml": -1}, {"volume_ml": MOST_ML + 1, "confirmed": ["volume_ml"]}, {"volume_ml": 1.5},
        {"volume_ml": True}, {"volume_ml": "200"},
        {"kind": "urine"}, {"direction": "sideways"}, {"measured_at": (NOW + HOUR).isoformat()},
        {"measured_at": (NOW - 72 * HOUR).isoformat()}, {"measured_at": (NOW - 30 * HOUR).isoformat()}, {"unit": "L"},
    ],
)  # fmt: skip
def test_nonsense_is_refused(team: Team, wrong: dict[str, Any]) -> None:
    assert enter(team, team.visit(), **wrong).status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "yesterday"])
def test_a_day_without_a_neighbour_is_refused(team: Team, day: str) -> None:
    visit = team.visit()
    assert team.nurse.get(path(visit), params={"day": day}).status_code == 422
    assert read(team, visit, day="1999-12-31")["items"] == []


def test_zero_is_a_value_and_what_is_late_says_why(team: Team) -> None:
    visit = team.visit()
    entered(team, visit, direction="out", kind="urine", volume_ml=0)
    late = {"measured_at": (NOW - 30 * HOUR).isoformat(), "late_reason": "The sheet lay in theatre."}
    entered(team, visit, **late)
    assert sum(day["in_ml"] for day in read(team, visit)["days"]) == 200


def test_corrected_entry_and_one_struck_out_stay_and_do_not_count(team: Team) -> None:
    visit = team.visit()
    first, second = entered(team, visit), entered(team, visit, volume_ml=500)
    change = {"direction": "in", "kind": "oral", "volume_ml": 20, "reason": "A nought too many."}
    assert team.other_nurse.post(f"/api/v1/fluids/{first}/amend", json=change).status_code == 201
    assert code(team.nurse.post(f"/api/v1/fluids/{first}/amend", json=change)) == (409, "fluid-amended")
    strike = f"/api/v1/fluids/{second}/enter-in-error"
    assert code(team.other_nurse.post(strike, json={"reason": "Wrong bed."})) == (403, "not-your-entry")
    assert team.manager.post(strike, json={"reason": "Wrong bed."}).status_code == 200
    assert code(team.nurse.post(strike, json={"reason": "Wrong bed."})) == (409, "fluid-struck-out")
    told = read(team, visit)
    assert told["last_24_hours"] == {"in_ml": 20, "out_ml": 0, "balance_ml": 20}
    shown = {item["id"]: item for item in told["items"]}
    assert len(shown) == 3
    assert (shown[first]["replaced_reason"], shown[first]["running_ml"]) == ("A nought too many.", None)
    assert (shown[second]["entered_in_error_reason"], shown[second]["running_ml"]) == ("Wrong bed.", None)


def test_days_run_on_and_the_last_24_hours_slide(team: Team) -> None:
    visit = team.visit()
    make, amounts = (
        team.ward.make,
        (
            (26, "in", "iv", 1000),
            (25, "out", "urine", 400),
            (23, "in", "oral", 250),
            (1, "out", "urine", 300),
        ),
    )
    for hours, direction, kind, volume in amounts:
        make.fluid_entry(
            visit=visit, direction=direction, kind=kind, volume_ml=volume, measured_at=NOW - hours * HOUR
        )
    told = read(team, visit)
    assert told["last_24_hours"] == {"in_ml": 250, "out_ml": 300, "balance_ml": -50}
    assert told["days"][0]["running_ml"] == 550
    assert sum(day["balance_ml"] for day in told["days"]) == 550


# In New York clocks go forward at 2:00 on 8-Mar-2026 and back at 2:00 on 1-Nov-2026: midnights in UTC.
DAYS = {
    "2026-03-08": (datetime(2026, 3, 8, 5, tzinfo=UTC), 23),
    "2026-11-01": (datetime(2026, 11, 1, 4, tzinfo=UTC), 25),
    "2026-06-15": (datetime(2026, 6, 15, 4, tzinfo=UTC), 24),
}


@pytest.mark.parametrize("day", DAYS)
def test_day_of_the_hospital_lasts_from_midnight_to_midnight(team: Team, day: str) -> None:
    begins, hours = DAYS[day]
    ends, minute = begins + timedelta(hours=hours), timedelta(minutes=1)
    visit = team.visit(admission_date=begins - timedelta(days=1))
    for volume, at in ((1, begins - minute), (10, begins), (100, ends - minute), (1000, ends)):
        team.ward.make.fluid_entry(visit=visit, volume_ml=volume, measured_at=at)
    clock.fix(ends - minute)
    try:
        told = read(team, visit, day=day)
    finally:
        clock.fix(None)
    assert [item["volume_ml"] for item in told["items"]] == [10, 100]
    assert [item["running_ml"] for item in told["items"]] == [10, 110]
    (shown,) = [each for each in told["days"] if each["day"] == day]
    assert (shown["hours"], shown["in_ml"], shown["running_ml"]) == (hours, 110, 111)


@pytest.mark.parametrize(
    ("by", "status"), [("nurse", 201), ("doctor", 201), ("manager", 403), ("reception", 403)]
)
def test_nurses_and_doctors_record_fluids(team: Team, by: str, status: int) -> None:
    visit = team.visit()
    assert enter(team, visit, by=by).status_code == status
    assert team.programs[by].get(path(visit)).status_code == (200 if status == 201 else 403)


def test_visit_that_has_ended_takes_no_amount_and_unknown_ones_are_not_there(team: Team) -> None:
    assert code(enter(team, team.visit(status="discharged"))) == (409, "visit-closed")
    nowhere = {"id": uuid4()}
    assert enter(team, nowhere).status_code == team.nurse.get(path(nowhere)).status_code == 404
    strike = team.nurse.post(f"/api/v1/fluids/{uuid4()}/enter-in-error", json={"reason": "Wrong bed."})
    assert strike.status_code == 404


def test_balance_is_read_with_few_statements_whatever_its_length(team: Team, queries: Any) -> None:
    visit = team.visit()
    for number in range(40):
        team.ward.make.fluid_entry(visit=visit, measured_at=NOW - number * HOUR)
    with queries(at_most=4):
        assert len(read(team, visit)["days"]) >= 2
