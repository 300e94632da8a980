"""DiagnosticReports and laboratory Observations > lab tests with results (domain 5.6)."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bundles import (
    ENCOUNTER,
    PATIENT,
    concept,
    copies,
    encounter,
    lab,
    observation,
    patient,
    planned,
    quantity,
    reasons,
)

BEGIN = (patient(), encounter())


def report(*results: str, **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": PATIENT, "encounter": ENCOUNTER,
        "category": [concept("LAB", system="http://terminology.hl7.org/CodeSystem/v2-0074")],
        "code": concept("51990-0", "Basic metabolic panel"), "effectiveDateTime": "2020-01-01T10:30:00Z",
        "issued": "2020-01-01T12:00:00Z",
        "result": [{"reference": f"Observation/o-{result}"} for result in results], **elements,
    }  # fmt: skip


def test_a_report_is_one_test_with_its_results_in_order(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, lab("2345-7", 90), lab("3094-0", 12), report("3094-0", "2345-7"))
    (test,) = plan.rows["lab_tests"]
    assert (test["test_type"], test["code"], test["status"]) == (
        "Basic metabolic panel",
        "51990-0",
        "completed",
    )
    assert test["requested_at"] < test["completed_at"] == test["released_at"]
    assert [(one["rank"], one["code"]) for one in plan.rows["lab_results"]] == [(1, "3094-0"), (2, "2345-7")]
    assert not plan.kept
    assert not plan.copied


def test_a_laboratory_observation_outside_a_report_is_a_test_of_its_own(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, lab("2345-7", 90), lab("3094-0", 12), report("3094-0"))
    assert len(plan.rows["lab_tests"]) == len(plan.rows["lab_results"]) == 2


def test_a_test_without_an_encounter_stands_without_a_visit(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, lab("2345-7", 90, encounter=None))
    assert plan.rows["lab_tests"][0]["visit_id"] is None


def test_a_report_of_another_kind_is_kept_whole(tmp_path: Path) -> None:
    imaging = report(category=[concept("RAD")], code=concept("36643-5"))
    assert reasons(planned(tmp_path, *BEGIN, imaging)) == {"unmapped": 1}


def test_a_report_without_a_category_is_laboratory_by_its_results(tmp_path: Path) -> None:
    assert (
        len(planned(tmp_path, *BEGIN, lab("2345-7", 9), report("2345-7", category=None)).rows["lab_tests"])
        == 1
    )


def test_a_report_without_results_is_a_test_and_one_with_text_is_kept_whole_too(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, report(conclusion="All well", presentedForm=[{"data": "x"}]))
    assert plan.rows["lab_tests"][0]["result_summary"] == "All well"
    assert copies(plan) == {"incomplete": 1}


def test_another_observation_of_a_report_is_its_result_and_kept_whole(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, observation("10230-1", 55, "%"), report("10230-1"))
    assert len(plan.rows["lab_results"]) == 1
    assert copies(plan) == {"incomplete": 1}


def test_the_members_of_a_panel_are_results_of_its_report(tmp_path: Path) -> None:
    panel = lab(
        "24323-8", hasMember=[{"reference": "Observation/o-2345-7"}, {"reference": "Observation/o-24323-8"}]
    )
    plan = planned(tmp_path, *BEGIN, lab("2345-7", 90), panel, report("24323-8"))
    assert (len(plan.rows["lab_tests"]), len(plan.rows["lab_results"])) == (1, 1)
    plan = planned(tmp_path, *BEGIN, lab("2345-7", 90), panel)
    assert (len(plan.rows["lab_tests"]), len(plan.rows["lab_results"]), len(plan.placed)) == (1, 1, 3)


def test_a_result_that_is_not_to_be_had_leaves_the_report_whole_beside_its_test(tmp_path: Path) -> None:
    assert copies(planned(tmp_path, *BEGIN, report("2345-7"))) == {"incomplete": 1}


@pytest.mark.parametrize(
    ("value", "columns"),
    [
        ({"valueQuantity": quantity(1.10, "mg/dL")}, {"value_numeric": Decimal("1.1"), "unit": "mg/dL"}),
        (
            {"valueQuantity": {"value": 5, "comparator": "<", "unit": "U/L"}},
            {"value_numeric": 5, "comparator": "<", "unit": "U/L"},
        ),
        ({"valueCodeableConcept": concept("LA6576-8", "Yes")}, {"value_text": "Yes", "value_code": "LA6576-8"}),
        ({"valueString": "cloudy"}, {"value_text": "cloudy"}),
        ({"valueBoolean": False}, {"value_text": "no"}),
        ({"valueInteger": 3}, {"value_numeric": 3}),
        ({"valueRange": {"low": quantity(1, "mg"), "high": quantity(3, "mg")}}, {"value_text": "1 mg to 3 mg"}),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 40}}}, {"value_text": "1:40"}),
        ({"valueQuantity": {"value": 5, "comparator": "ad", "unit": "mg"}}, {"value_text": "ad 5 mg"}),
    ],
    ids=str,
)  # fmt: skip
def test_every_kind_of_value_is_a_result(
    tmp_path: Path, value: dict[str, Any], columns: dict[str, Any]
) -> None:
    (result,) = planned(tmp_path, *BEGIN, {**lab("2345-7"), **value}).rows["lab_results"]
    assert {name: result[name] for name in columns} == columns


def test_each_component_is_a_result(tmp_path: Path) -> None:
    parts = [{"code": concept("2951-2", "Sodium"), "valueQuantity": quantity(140, "mmol/L")}] * 2
    plan = planned(tmp_path, *BEGIN, lab("24326-1", component=parts))
    assert [one["name"] for one in plan.rows["lab_results"]] == ["Sodium", "Sodium"]


@pytest.mark.parametrize("flag", ["N", "L", "H", "LL", "HH", "A", "AA"])
def test_the_seven_flags_are_kept(tmp_path: Path, flag: str) -> None:
    plan = planned(tmp_path, *BEGIN, lab("2345-7", 90, interpretation=[concept(flag)]))
    assert plan.rows["lab_results"][0]["interpretation"] == flag
    assert not plan.copied


def test_a_flag_that_has_no_column_is_kept_whole(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, lab("2345-7", 90, interpretation=[concept("POS")]))
    assert plan.rows["lab_results"][0]["interpretation"] is None
    assert copies(plan) == {"incomplete": 1}


def bounds(low: float, high: float, unit: str = "mg/dL") -> list[dict[str, Any]]:
    return [{"low": quantity(low, unit), "high": quantity(high, unit)}]


def test_the_reference_interval_is_kept(tmp_path: Path) -> None:
    (result,) = planned(tmp_path, *BEGIN, lab("2345-7", 90, referenceRange=bounds(70, 100))).rows[
        "lab_results"
    ]
    assert (result["reference_low"], result["reference_high"]) == (70, 100)


@pytest.mark.parametrize("wrong", [bounds(100, 70), bounds(3.9, 5.6, "mmol/L")])
def test_bounds_in_another_unit_or_order_are_words_and_set_no_flag(tmp_path: Path, wrong: Any) -> None:
    (result,) = planned(tmp_path, *BEGIN, lab("2345-7", 90, referenceRange=wrong)).rows["lab_results"]
    assert (result["reference_low"], result["reference_high"]) == (None, None)
    assert " to " in result["reference_text"]


@pytest.mark.parametrize(
    ("said", "status", "completed"),
    [
        ("final", "completed", True), ("amended", "completed", True), ("corrected", "completed", True),
        ("preliminary", "in_progress", False), ("partial", "in_progress", False), ("registered", "pending", False),
        ("cancelled", "cancelled", False), ("entered-in-error", "entered_in_error", False),
    ],
)  # fmt: skip
def test_the_status_of_a_report(tmp_path: Path, said: str, status: str, completed: bool) -> None:
    (test,) = planned(tmp_path, *BEGIN, report(status=said)).rows["lab_tests"]
    assert (test["status"], test["completed_at"] is not None) == (status, completed)


def test_instants_rise_even_where_the_source_s_do_not(tmp_path: Path) -> None:
    (test,) = planned(tmp_path, *BEGIN, report(issued="2019-12-31T00:00:00Z")).rows["lab_tests"]
    assert test["requested_at"] <= test["completed_at"]


def test_an_observation_without_a_value_says_why_in_its_whole_copy(tmp_path: Path) -> None:
    plan = planned(tmp_path, *BEGIN, lab("2345-7", dataAbsentReason=concept("unknown")))
    assert (len(plan.rows["lab_tests"]), len(plan.rows["lab_results"])) == (1, 0)
    assert copies(plan) == {"incomplete": 1}
