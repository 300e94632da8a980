"""The pages of nursing: everyone by need, the entry row that loses nothing, the chart, the calls."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from factories import Make, Values
from nursing_ward import ILL, Ward
from served import token_of
from starlette.testclient import TestClient

from app.web import news2_chart

As = Callable[[str], TestClient]
Record = Callable[..., Any]
TYPED = {
    "respiratory_rate": "16", "spo2": "97", "oxygen": "air", "blood_pressure": "120/80", "heart_rate": "80",
    "consciousness": "A", "temperature": "37,0",
}  # fmt: skip


def bedded(ward: Ward, name: str, **given: Any) -> Values:
    """A visit in a bed of the ward `name`."""
    visit = ward.visit(**given)
    with ward.database.owner() as connection:
        Make(connection).bed(visit=visit, status="occupied", ward=name)
    return visit


def send(page: TestClient, visit: Values, **typed: str) -> Any:
    token = token_of(page.get(f"/visits/{visit['id']}/observations").text)
    return page.post(f"/visits/{visit['id']}/vitals", data={**TYPED, **typed, "csrf_token": token})


def test_the_ward_stands_by_need_the_call_first_then_the_late_ones(
    ward: Ward, record: Record, page_as: As, queries: Any
) -> None:
    now = datetime.now(UTC)
    calm, called, late, ill = (bedded(ward, "Needs") for _ in range(4))
    record(calm)
    record(called, signs=ILL)
    record(late, recorded_at=(now - timedelta(hours=13)).isoformat())
    # Five points, answered: high in the order, but not late.
    call = record(ill, temperature=39.5, heart_rate=115, blood_pressure_systolic=105).json()["escalation_id"]
    ward.rows(
        "UPDATE escalations SET status = 'acknowledged', acknowledged_at = now(), climbs_at = NULL,"
        " acknowledged_by_id = (SELECT id FROM users WHERE email = 'nurse@hass.example') WHERE id = %s",
        call,
    )
    nurse = page_as("nurse")
    with queries(at_most=6):
        shown = nurse.get("/ward?ward=Needs")
    assert shown.status_code == 200
    order = sorted((called, late, ill, calm), key=lambda visit: shown.text.index(f'id="v-{visit["id"]}"'))
    assert [each["id"] for each in order] == [each["id"] for each in (called, late, ill, calm)]
    assert "calls for help since" in shown.text
    assert "late since" in shown.text


def test_a_full_ward_takes_no_more_statements_than_a_small_one(
    ward: Ward, record: Record, page_as: As, queries: Any
) -> None:
    for _ in range(12):
        record(bedded(ward, "Full"))
    nurse = page_as("nurse")
    with queries(at_most=6):
        assert nurse.get("/ward?ward=Full").text.count("Record observations for") == 12


def test_a_ward_with_nobody_says_so(page_as: As) -> None:
    assert "Nobody is here" in page_as("nurse").get("/ward?ward=Nowhere").text
    assert page_as("nurse").get("/ward").status_code == 200
    assert page_as("nurse").get("/ward?ward=-").status_code == 200


def test_my_patients_are_those_one_cares_for(ward: Ward, page_as: As, record: Record) -> None:
    mine, other = ward.visit(), ward.visit()
    doctor = {"id": ward.user("doctor@hass.example")}
    with ward.database.owner() as connection:
        Make(connection).care_assignment(visit=mine, user=doctor, role="doctor")
    record(mine, signs=ILL)
    shown = page_as("doctor").get("/my-patients").text
    assert str(mine["id"]) in shown
    assert str(other["id"]) not in shown
    assert page_as("nurse").get("/my-patients").status_code == 403


def test_the_entry_row_records_and_says_what_it_did(ward: Ward, page_as: As) -> None:
    visit = bedded(ward, "Entry")
    nurse = page_as("nurse")
    opened = nurse.get(f"/ward?ward=Entry&visit={visit['id']}").text
    assert f'action="/visits/{visit["id"]}/vitals"' in opened
    answer = nurse.post(
        f"/visits/{visit['id']}/vitals",
        data={**TYPED, "back": "/ward?ward=Entry", "csrf_token": token_of(opened)},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/ward?ward=Entry&done=recorded")
    kept = ward.rows("SELECT * FROM vitals WHERE visit_id = %s", visit["id"])[0]
    assert (kept["blood_pressure_systolic"], kept["supplemental_oxygen"], kept["news2_total"]) == (
        120,
        False,
        0,
    )
    called = send(nurse, visit, heart_rate="131", respiratory_rate="25")
    assert called.headers["location"].endswith("done=called")


def test_on_an_error_the_row_comes_back_with_every_word(ward: Ward, page_as: As) -> None:
    visit = bedded(ward, "Errors")
    nurse = page_as("nurse")
    token = token_of(nurse.get(f"/ward?ward=Errors&visit={visit['id']}").text)
    typed = {
        **TYPED,
        "temperature": "98.6",
        "blood_pressure": "120",
        "notes": "Slept <b>badly</b>",
        "weight": "71.5",
    }
    answer = nurse.post(
        f"/visits/{visit['id']}/vitals", data={**typed, "back": "/ward?ward=Errors", "csrf_token": token}
    )
    assert answer.status_code == 422
    assert "<title>Error: Errors" in answer.text
    assert "Blood pressure needs both pressures, such as 120/80." in answer.text
    assert "98.6 °F is 37 °C." in answer.text
    for value in ("98.6", "97", "air", "71.5", "Slept &lt;b&gt;badly&lt;/b&gt;"):
        assert f'value="{value}"' in answer.text
    assert '<option value="A" selected>' in answer.text


def test_what_is_unusual_is_asked_and_taken_with_a_tick(ward: Ward, page_as: As) -> None:
    visit = ward.visit()
    nurse = page_as("nurse")
    asked = send(nurse, visit, heart_rate="29")
    assert asked.status_code == 422
    assert "Yes, 29 is right" in asked.text
    assert send(nurse, visit, heart_rate="29", confirmed="heart_rate").status_code == 303


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("4", (True, 4, None)),
        ("4 L", (True, 4, None)),
        ("28 %", (True, None, 28)),
        ("air", (False, None, None)),
    ],
    ids=["litres", "litres with unit", "share", "air"],
)
def test_oxygen_is_typed_as_the_ward_says_it(ward: Ward, page_as: As, typed: str, kept: Any) -> None:
    visit = ward.visit()
    assert send(page_as("nurse"), visit, oxygen=typed).status_code == 303
    row = ward.rows("SELECT * FROM vitals WHERE visit_id = %s", visit["id"])[0]
    assert (row["supplemental_oxygen"], row["oxygen_flow_lpm"], row["fio2_percent"]) == kept


def test_fahrenheit_with_its_sign_and_a_time_of_today_are_read(ward: Ward, page_as: As) -> None:
    visit = ward.visit()
    answer = send(
        page_as("nurse"), visit, temperature="98.6 F", taken_at="2026-01-02T03:04", reason="Found on paper."
    )
    assert answer.status_code == 303
    row = ward.rows("SELECT temperature, recorded_at FROM vitals WHERE visit_id = %s", visit["id"])[0]
    assert float(row["temperature"]) == 37.0
    # Hospital time, five hours behind UTC in January.
    assert row["recorded_at"] == datetime(2026, 1, 2, 8, 4, tzinfo=UTC)


def test_the_page_of_a_visit_draws_the_chart_and_lists_the_sets(
    ward: Ward, record: Record, page_as: As, queries: Any
) -> None:
    visit = ward.visit()
    for rate in (12, 18, 22, 25):
        record(visit, respiratory_rate=rate)
    nurse = page_as("nurse")
    with queries(at_most=6):
        shown = nurse.get(f"/visits/{visit['id']}/observations")
    assert shown.status_code == 200
    assert 'class="obs"' in shown.text
    assert "NEWS2 of the last one: 3, low-medium." in shown.text
    assert "Calls for help since" in shown.text
    assert page_as("doctor@lakeside.example").get(f"/visits/{visit['id']}/observations").status_code == 404
    assert page_as("reception").get(f"/visits/{visit['id']}/observations").status_code == 403


def test_a_set_is_amended_and_struck_out_on_the_page(ward: Ward, record: Record, page_as: As) -> None:
    visit = ward.visit()
    old = record(visit, heart_rate=180).json()
    nurse = page_as("nurse")
    here = f"/visits/{visit['id']}/observations"
    form = nurse.get(f"{here}?amend={old['id']}").text
    assert 'value="180"' in form
    token = token_of(form)
    without = nurse.post(f"/vitals/{old['id']}/amend", data={**TYPED, "csrf_token": token})
    assert without.status_code == 422
    assert "Say why the set is amended." in without.text
    done = nurse.post(
        f"/vitals/{old['id']}/amend", data={**TYPED, "reason": "Two digits swapped.", "csrf_token": token}
    )
    assert done.headers["location"] == f"{here}?done=amended"
    new = ward.rows("SELECT id FROM vitals WHERE amends_id = %s", old["id"])[0]["id"]
    empty = nurse.post(f"/vitals/{new}/enter-in-error", data={"csrf_token": token})
    assert empty.status_code == 422
    struck = nurse.post(
        f"/vitals/{new}/enter-in-error", data={"reason": "Other patient.", "csrf_token": token}
    )
    assert struck.status_code == 303
    assert "Other patient." in nurse.get(here).text


def test_a_doctor_sets_the_scale_on_the_page_and_a_nurse_does_not(ward: Ward, page_as: As) -> None:
    visit = ward.visit()
    doctor = page_as("doctor")
    here = f"/visits/{visit['id']}/observations"
    token = token_of(doctor.get(here).text)
    assert (
        doctor.post(f"/visits/{visit['id']}/spo2-scale", data={"scale": "2", "csrf_token": token}).status_code
        == 422
    )
    done = doctor.post(
        f"/visits/{visit['id']}/spo2-scale", data={"scale": "2", "reason": "Known COPD.", "csrf_token": token}
    )
    assert done.headers["location"] == f"{here}?done=scale"
    nurse = page_as("nurse").get(here).text
    assert "Scale 2 now" not in nurse
    assert "SpO₂ scale 2" in nurse


def test_a_call_is_taken_on_from_the_list_and_from_the_patients_page(
    ward: Ward, record: Record, page_as: As
) -> None:
    for back in ("", "observations"):
        visit = ward.visit()
        call = record(visit, signs=ILL).json()["escalation_id"]
        page = page_as("doctor")
        here = f"/visits/{visit['id']}/observations" if back else "/escalations"
        shown = page.get(here).text
        assert f"/escalations/{call}/acknowledge" in shown
        answer = page.post(
            f"/escalations/{call}/acknowledge",
            data={"answer": "On my way.", "back": here if back else "", "csrf_token": token_of(shown)},
        )
        assert answer.headers["location"] == f"{here}?done=answered"
        late = page.post(
            f"/escalations/{call}/acknowledge", data={"answer": "Me too.", "csrf_token": token_of(shown)}
        )
        assert late.status_code == 409
    assert page_as("manager").get("/escalations").status_code == 200
    assert page_as("reception").get("/escalations").status_code == 403


def test_a_child_and_a_pregnant_patient_have_no_total_and_the_page_says_why(
    ward: Ward, record: Record, page_as: As
) -> None:
    child = ward.visit(date_of_birth=datetime.now(UTC).date() - timedelta(days=3000))
    record(child)
    assert (
        "No NEWS2 total: the patient is under 16 (child)."
        in page_as("nurse").get(f"/visits/{child['id']}/observations").text
    )
    expecting = ward.visit()
    ward.alert(expecting, alert_type="pregnancy", since=datetime.now(UTC) - timedelta(days=9))
    record(expecting)
    assert (
        "No NEWS2 total in pregnancy." in page_as("nurse").get(f"/visits/{expecting['id']}/observations").text
    )


def test_who_has_just_arrived_is_due_now_and_late_only_later(ward: Ward, page_as: As) -> None:
    now = datetime.now(UTC)
    bedded(ward, "Arrivals", admission_date=now - timedelta(minutes=10))
    shown = page_as("nurse").get("/ward?ward=Arrivals").text
    assert "due now" in shown
    assert "min late" not in shown
    assert "next one now" in shown
    bedded(ward, "Arrivals", admission_date=now - timedelta(minutes=16))
    assert "16 min late" in page_as("nurse").get("/ward?ward=Arrivals").text


def test_a_value_beyond_the_edge_of_its_lane_is_drawn_inside_it() -> None:
    values = {
        "respiratory_rate": Decimal(60), "spo2": Decimal(40), "blood_pressure": Decimal(300),
        "heart_rate": Decimal(0), "temperature": Decimal(44),
    }  # fmt: skip
    set_ = news2_chart.Column(
        datetime(2026, 1, 2, tzinfo=UTC), values, Decimal(20), "air", "A",
        dict.fromkeys(values, 3) | {"blood_pressure_systolic": 3}, None, None, 1,
    )  # fmt: skip
    drawn = str(news2_chart.chart([set_], "UTC", "A chart."))
    heads = [float(y) for y in re.findall(r'class="gr-s" d="M0 ([\d.]+)H', drawn)]
    places = {
        word: float(y)
        for y, word in re.findall(r'class="(?:val|ax) c" x="[\d.]+" y="([\d.]+)">(\d+)<', drawn)
    }
    # Respiration, SpO2, air, pressure, pulse, consciousness, temperature, total.
    for lane, words in ((0, "60"), (1, "40"), (3, "300"), (3, "20"), (4, "0"), (6, "44")):
        assert heads[lane] < places[words] < heads[lane + 1], words


def test_the_axis_of_saturation_is_that_of_the_scale_that_is_named() -> None:
    def column(scale: int) -> news2_chart.Column:
        return news2_chart.Column(
            datetime(2026, 1, 2, tzinfo=UTC), dict.fromkeys(news2_chart.EDGES), None, "air", "A", {}, None, None, scale
        )  # fmt: skip

    changed = str(news2_chart.chart([column(1), column(2)], "UTC", "A chart."))
    assert "SpO₂, scale 2" in changed
    assert ">88</text>" in changed
    assert ">96</text>" not in changed


def test_the_printed_chart_says_whose_it_is_and_who_printed_it(ward: Ward, page_as: As) -> None:
    visit = ward.visit()
    shown = page_as("nurse").get(f"/visits/{visit['id']}/observations").text
    foot = shown.partition('class="on-paper"')[2].partition("</p>")[0]
    mrn = ward.rows("SELECT mrn FROM patients WHERE id = %s", visit["patient_id"])[0]["mrn"]
    assert mrn in foot
    assert "printed by Ingrid Okafor" in foot
