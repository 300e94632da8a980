"""Vital-sign Observations > one row for each visit and instant (domain 5.5)."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bundles import (
    concept,
    copies,
    encounter,
    lab,
    observation,
    patient,
    planned,
    pressure,
    quantity,
    reasons,
)

from app.fhir.plan import Plan

BEGIN = (patient(), encounter())


def row(plan: Plan) -> dict[str, Any]:
    (only,) = plan.rows["vitals"]
    return only


@pytest.mark.parametrize(
    ("code", "value", "unit", "column", "stored"),
    [
        ("8310-5", 36.6, "Cel", "temperature", "36.6"),
        ("8331-1", 98.6, "[degF]", "temperature", "37.0"),
        ("8310-5", 36.65, "Cel", "temperature", "36.7"),
        ("8867-4", 71.5, "{beats}/min", "heart_rate", "72"),
        ("8867-4", 0, "/min", "heart_rate", "0"),
        ("9279-1", 14, "/min", "respiratory_rate", "14"),
        ("59408-5", 95.5, "%", "spo2", "96"),
        ("2708-6", 97, "%", "spo2", "97"),
        ("29463-7", 154.32, "[lb_av]", "weight", "69.998"),
        ("29463-7", 3250, "g", "weight", "3.250"),
        ("8302-2", 70, "[in_i]", "height", "177.80"),
        ("8302-2", 1.75, "m", "height", "175.00"),
        ("72514-3", 4, "{score}", "pain", "4"),
        ("3151-8", 2, "L/min", "oxygen_flow_lpm", "2.0"),
        ("3150-0", 28, "%", "fio2_percent", "28"),
    ],
)
def test_each_sign_is_converted_and_rounded_half_up(
    tmp_path: Path, code: str, value: float, unit: str, column: str, stored: str
) -> None:
    plan = planned(tmp_path, *BEGIN, observation(code, value, unit))
    assert row(plan)[column] == Decimal(stored)


def test_the_category_does_not_make_a_vital_sign(tmp_path: Path) -> None:
    fraction = observation("10230-1", 55, "%", category=[concept("vital-signs")])
    plan = planned(tmp_path, *BEGIN, fraction, lab("8867-4", 72, "/min"))
    assert row(plan)["heart_rate"] == 72
    assert reasons(plan) == {"unmapped": 1}


@pytest.mark.parametrize("code", ["85354-9", "55284-4"])
def test_a_blood_pressure_panel_gives_both_pressures(tmp_path: Path, code: str) -> None:
    plan = planned(tmp_path, *BEGIN, {**pressure(120, 80), "code": concept(code)})
    assert (row(plan)["blood_pressure_systolic"], row(plan)["blood_pressure_diastolic"]) == (120, 80)


def test_single_pressures_of_one_instant_find_each_other(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, observation("8480-6", 120, "mm[Hg]"), observation("8462-4", 80, "mmHg"))
    assert (row(plan)["blood_pressure_systolic"], row(plan)["blood_pressure_diastolic"]) == (120, 80)
    assert len(plan.placed) == 3


def test_half_a_blood_pressure_is_kept_whole(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, pressure(120, None), observation("8867-4", 72, "/min"))
    assert row(plan)["blood_pressure_systolic"] is None
    assert reasons(plan) == {"incomplete": 1}


@pytest.mark.parametrize(("systolic", "diastolic"), [(80, 120), (80, 80), (400, 80), (120, -1)])
def test_an_impossible_blood_pressure_is_refused_and_kept_whole(
    tmp_path: Path, systolic: int, diastolic: int
) -> None:
    plan = planned(tmp_path, *BEGIN, pressure(systolic, diastolic))
    assert not plan.rows["vitals"]
    assert reasons(plan) == {"refused": 1}


@pytest.mark.parametrize(
    ("code", "value", "unit"),
    [
        ("8310-5", 98.6, "Cel"),
        ("8310-5", 37, "furlong"),
        ("8310-5", 37, ""),
        ("8867-4", 72, "mg/dL"),
        ("59408-5", 101, "%"),
        ("59408-5", 100.4, "%"),
        ("29463-7", 0, "kg"),
        ("8302-2", 1.75, "cm"),
        ("8867-4", 1e30, "/min"),
    ],
)
def test_an_impossible_value_or_an_unknown_unit_is_refused_and_kept_whole(
    tmp_path: Path, code: str, value: float, unit: str
) -> None:
    plan = planned(tmp_path, *BEGIN, observation(code, value, unit))
    assert not plan.rows["vitals"]
    assert reasons(plan) == {"refused": 1}


def test_a_bound_is_no_measurement(tmp_path: Path) -> None:
    low = {**observation("8310-5"), "valueQuantity": {**quantity(35, "Cel"), "comparator": "<"}}
    assert reasons(planned(tmp_path, *BEGIN, low)) == {"refused": 1}


def test_the_signs_of_one_instant_are_one_row_and_others_another(tmp_path: Path) -> None:
    later = observation("9279-1", 15, "/min", effectiveDateTime="2020-01-01T10:16:00Z")
    same_instant = observation("9279-1", 14, "/min", id="x", effectiveDateTime="2020-01-01T12:15:00+02:00")
    plan = planned(tmp_path, *BEGIN, observation("8867-4", 72, "/min"), same_instant, later)
    found = [(one["heart_rate"], one["respiratory_rate"]) for one in plan.rows["vitals"]]
    assert found == [(72, 14), (None, 15)]


def test_the_first_of_two_different_values_stays_and_the_other_is_kept_whole(tmp_path: Path) -> None:
    same, other = observation("8867-4", 72, "/min", id="b"), observation("8867-4", 90, "/min", id="c")
    plan = planned(tmp_path, *BEGIN, observation("8867-4", 72, "/min"), same, other)
    assert row(plan)["heart_rate"] == 72
    assert reasons(plan) == {"clash": 1}
    assert [placed.table for placed in plan.placed].count("vitals") == 2


def test_the_source_s_bmi_is_not_stored_but_kept(tmp_path: Path) -> None:
    mass = observation("39156-5", 27.5, "kg/m2")
    plan = planned(tmp_path, *BEGIN, observation("29463-7", 80, "kg"), mass)
    assert "bmi" not in row(plan)
    assert copies(plan) == {"incomplete": 1}
    assert reasons(planned(tmp_path, *BEGIN, mass)) == {"incomplete": 1}


@pytest.mark.parametrize(
    "elements",
    [
        {"encounter": None},
        {"encounter": {"reference": "Encounter/none"}},
        {"effectiveDateTime": None},
        {"effectiveDateTime": "2020-01"},
        {"status": "entered-in-error"},
        {"valueQuantity": None},
        {"valueQuantity": {"value": "72", "code": "/min"}},
        {"valueQuantity": {"value": True, "code": "/min"}},
    ],
    ids=str,
)
def test_a_sign_without_visit_instant_or_value_is_kept_whole(
    tmp_path: Path, elements: dict[str, Any]
) -> None:
    plan = planned(tmp_path, *BEGIN, {**observation("8867-4", 72, "/min"), **elements})
    assert not plan.rows["vitals"]
    assert reasons(plan) == {"incomplete": 1}


def test_only_what_was_rounded_or_left_out_is_copied(tmp_path: Path) -> None:
    exact, fine = observation("8867-4", 72, "/min"), observation("8310-5", 36.66, "Cel")
    remark = observation("9279-1", 14, "/min", note=[{"text": "at rest"}])
    assert copies(planned(tmp_path, *BEGIN, exact, fine, remark)) == {"rounded": 1, "incomplete": 1}


@pytest.mark.parametrize(
    ("born", "value", "abnormal"),
    [
        ("1970-01-01", 90, False),
        ("1970-01-01", 91, True),
        ("2018-01-01", 91, False),
        ("2018-01-01", 30, True),
    ],
)
def test_abnormal_follows_news2_from_16_and_the_range_for_the_age_below(
    tmp_path: Path, born: str, value: int, abnormal: bool
) -> None:
    plan = planned(tmp_path, patient(birthDate=born), encounter(), observation("8867-4", value, "/min"))
    assert row(plan)["is_abnormal"] is abnormal


@pytest.mark.parametrize(("text", "level"), [("Alert", "A"), ("Responds to pain", "P"), ("Asleep", None)])
def test_an_avpu_score_is_a_level_of_consciousness(tmp_path: Path, text: str, level: str | None) -> None:
    score = {**observation("80288-4"), "valueCodeableConcept": {"text": text}}
    plan = planned(tmp_path, *BEGIN, score)
    assert [one["consciousness"] for one in plan.rows["vitals"]] == ([level] if level else [])
    assert reasons(plan) == ({} if level else {"incomplete": 1})


def test_oxygen_and_a_patient_who_is_not_alert_are_abnormal(tmp_path: Path) -> None:
    awake = {**observation("67775-7"), "valueCodeableConcept": {"text": "Responds to voice"}}
    plan = planned(tmp_path, *BEGIN, awake)
    assert (row(plan)["consciousness"], row(plan)["is_abnormal"]) == ("V", True)
    plan = planned(tmp_path, *BEGIN, observation("3151-8", 2, "L/min"))
    assert (row(plan)["supplemental_oxygen"], row(plan)["is_abnormal"]) == (True, True)
