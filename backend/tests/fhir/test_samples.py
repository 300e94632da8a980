"""All 20 sample bundles: every entry is accounted for, by an independent count of the files (issue 2, point 6)."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bundles import DATA, Clinic, open_clinic
from cluster import Database

from app.clinical.mrn import is_valid_mrn
from app.fhir.summary import Summary

BUNDLES = sorted(DATA.glob("*.json.gz"))
VITALS = {"8302-2", "29463-7", "39156-5", "72514-3", "55284-4", "8331-1"}


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path) as opened:
        return [entry["resource"] for entry in json.load(opened)["entry"]]


@pytest.fixture(scope="module")
def resources() -> list[dict[str, Any]]:
    return [resource for path in BUNDLES for resource in read(path)]


@pytest.fixture(scope="module")
def distinct(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Seven practitioners and seven organisations stand in two bundles each."""
    return list({(one["resourceType"], one["id"]): one for one in resources}.values())


@pytest.fixture(scope="module")
async def imported(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Clinic, Summary]:
    clinic = open_clinic(module_database, tmp_path_factory.mktemp("samples"))
    return clinic, await clinic.take(DATA)


@pytest.fixture(scope="module")
def clinic(imported: tuple[Clinic, Summary]) -> Clinic:
    return imported[0]


@pytest.fixture(scope="module")
def summary(imported: tuple[Clinic, Summary]) -> Summary:
    return imported[1]


def code(resource: dict[str, Any]) -> str:
    return str(resource["code"]["coding"][0]["code"])


def category(resource: dict[str, Any]) -> str:
    return str(resource["category"][0]["coding"][0]["code"])


def test_all_twenty_bundles_go_in(summary: Summary) -> None:
    assert (summary.bundles, summary.resources, summary.exit_status) == (20, 5834, 0)
    assert not summary.broken
    assert not summary.changed
    assert not summary.warnings


def test_every_entry_is_new_or_unchanged(summary: Summary, resources: list[dict[str, Any]]) -> None:
    assert summary.entries == Counter(one["resourceType"] for one in resources)
    assert summary.new + summary.unchanged.total() == len(resources)
    assert summary.unchanged == {"Organization": 7, "Practitioner": 7}


def test_every_resource_has_exactly_one_source_that_names_a_row(
    clinic: Clinic, distinct: list[dict[str, Any]]
) -> None:
    found = clinic.rows("SELECT resource_type, resource_id FROM import_sources")
    assert Counter(found) == Counter((one["resourceType"], one["id"]) for one in distinct)
    for (table,) in clinic.rows("SELECT DISTINCT target_table FROM import_sources"):
        missing = f"SELECT count(*) FROM import_sources s WHERE target_table = '{table}' AND NOT EXISTS "
        assert clinic.one(f"{missing}(SELECT FROM {table} t WHERE t.id = s.target_id)") == 0


def test_each_kind_of_resource_fills_its_table(clinic: Clinic, distinct: list[dict[str, Any]]) -> None:
    kinds = Counter(one["resourceType"] for one in distinct)
    counts = clinic.counts()
    assert counts["patients"] == counts["persons"] == kinds["Patient"] == 20
    assert counts["visits"] == kinds["Encounter"] == 543
    assert counts["prescriptions"] == kinds["MedicationRequest"] == 131
    assert counts["allergies"] == kinds["AllergyIntolerance"] == 11
    assert counts["users"] == kinds["Practitioner"] == 31


def test_each_report_and_each_single_observation_is_a_lab_test(
    clinic: Clinic, distinct: list[dict[str, Any]]
) -> None:
    reports = [one for one in distinct if one["resourceType"] == "DiagnosticReport"]
    reported = {result["reference"][9:] for one in reports for result in one["result"]}
    laboratory = [
        one for one in distinct if one["resourceType"] == "Observation" and category(one) == "laboratory"
    ]
    single = [one for one in laboratory if one["id"] not in reported]
    assert clinic.one("SELECT count(*) FROM lab_tests") == len(reports) + len(single) == 208 + 133
    assert clinic.one("SELECT count(*) FROM lab_results") == len(reported) + len(single) == 1667 + 133
    coded = sum("valueCodeableConcept" in one for one in distinct if one in laboratory)
    assert clinic.one("SELECT count(*) FROM lab_results WHERE value_code IS NOT NULL") >= coded == 22


def test_one_row_of_vitals_for_each_visit_and_instant(clinic: Clinic, distinct: list[dict[str, Any]]) -> None:
    signs = [one for one in distinct if one["resourceType"] == "Observation" and code(one) in VITALS]
    sets = {(one["encounter"]["reference"], one["effectiveDateTime"]) for one in signs}
    assert clinic.one("SELECT count(*) FROM vitals") == len(sets)
    named = "SELECT count(*) FROM import_sources WHERE target_table = 'vitals'"
    assert clinic.one(named) == len(signs) == 897


def test_an_ejection_fraction_under_vital_signs_is_no_vital_sign(clinic: Clinic) -> None:
    """Seven stand under `vital-sign`; they are results of their report, and whole records as well."""
    assert clinic.one("SELECT count(*) FROM lab_results WHERE code = '10230-1'") == 7
    kept = "SELECT count(*) FROM emr_local WHERE data #>> '{category,0,coding,0,code}' = 'vital-sign'"
    assert clinic.one(kept) == 7


def test_the_value_of_a_sign_is_the_source_s_rounded_half_up(
    clinic: Clinic, distinct: list[dict[str, Any]]
) -> None:
    weights = [one for one in distinct if one["resourceType"] == "Observation" and code(one) == "29463-7"]
    for one in weights[::20]:
        query = "SELECT v.weight FROM vitals v JOIN import_sources s ON s.target_id = v.id WHERE s.resource_id = %s"
        assert abs(float(clinic.one(query, one["id"])) - one["valueQuantity"]["value"]) <= 0.0005


def test_what_was_rounded_is_kept_whole_with_every_digit(
    clinic: Clinic, distinct: list[dict[str, Any]]
) -> None:
    kept = dict(
        clinic.rows(
            "SELECT data ->> 'id', (data #>> '{valueQuantity,value}')::float8 FROM emr_local"
            " WHERE kept_reason = 'rounded' AND data ? 'valueQuantity'"
        )
    )
    values = {one["id"]: one.get("valueQuantity", {}).get("value") for one in distinct}
    assert len(kept) > 300
    assert all(values[resource_id] == value for resource_id, value in kept.items())


def test_what_has_no_table_is_kept_whole(clinic: Clinic, distinct: list[dict[str, Any]]) -> None:
    kinds = ("Condition", "Procedure", "Immunization", "CarePlan", "Goal", "Claim", "ExplanationOfBenefit")
    for kind in (*kinds, "ImagingStudy", "Organization"):
        whole = dict(clinic.rows("SELECT data ->> 'id', data FROM emr_local WHERE record_type = %s", kind))
        assert whole == {one["id"]: one for one in distinct if one["resourceType"] == kind}


def test_a_finished_encounter_is_a_discharged_visit_with_its_class(
    clinic: Clinic, distinct: list[dict[str, Any]]
) -> None:
    found = Counter(dict(clinic.rows("SELECT visit_type, count(*) FROM visits GROUP BY 1")))
    assert found == {"outpatient": 467, "emergency": 47, "inpatient": 29}
    assert clinic.rows("SELECT DISTINCT status FROM visits") == [("discharged",)]
    unattended = sum(one["resourceType"] == "Encounter" and "participant" not in one for one in distinct)
    assert clinic.one("SELECT count(*) FROM visits WHERE attending_doctor_id IS NULL") == unattended


def test_encounters_after_death_went_in(clinic: Clinic) -> None:
    late = "SELECT count(*) FROM visits v JOIN patients p ON p.id = v.patient_id WHERE v.admission_date > p.deceased_at"
    assert clinic.one(late) > 0
    assert clinic.one("SELECT count(*) FROM patients WHERE is_deceased AND deceased_at IS NOT NULL") == 7


def test_every_file_has_an_mrn_of_ours_and_the_source_s_numbers(
    clinic: Clinic, distinct: list[dict[str, Any]]
) -> None:
    mrns = [mrn for (mrn,) in clinic.rows("SELECT mrn FROM patients")]
    assert len(set(mrns)) == 20
    assert all(mrn.startswith("NGH-") and is_valid_mrn(mrn) for mrn in mrns)
    numbers = sum(len(one["identifier"]) for one in distinct if one["resourceType"] == "Patient")
    assert clinic.one("SELECT count(*) FROM patient_identifiers") == numbers
    kinds = dict(clinic.rows("SELECT type, count(*) FROM patient_identifiers GROUP BY 1"))
    assert kinds["MR"] == kinds["SS"] == 20


def test_a_child_row_hangs_below_its_own_visit(clinic: Clinic, distinct: list[dict[str, Any]]) -> None:
    for one in [one for one in distinct if one["resourceType"] == "MedicationRequest"][::10]:
        query = (
            "SELECT v.resource_id FROM prescriptions p JOIN import_sources s ON s.target_id = p.id"
            " JOIN import_sources v ON v.target_id = p.visit_id WHERE s.resource_id = %s"
        )
        assert clinic.one(query, one["id"]) == one["encounter"]["reference"][9:]


def test_every_row_is_in_the_audit_trail_under_the_act(clinic: Clinic) -> None:
    counts = clinic.counts()
    for table in ("visits", "vitals", "lab_results", "emr_local", "import_sources"):
        written = "SELECT count(*) FROM audit_logs WHERE resource_type = %s AND act = 'import fhir' AND action = 'C'"
        assert clinic.one(written, table) == counts[table]


async def test_a_second_run_changes_nothing_and_says_so(clinic: Clinic, summary: Summary) -> None:
    before, trail = clinic.counts(), clinic.one("SELECT count(*) FROM audit_logs")
    again = await clinic.take(DATA)
    assert (again.exit_status, again.new, again.unchanged.total()) == (0, 0, 5834)
    assert clinic.counts() == before
    assert clinic.one("SELECT count(*) FROM audit_logs") == trail
    assert again.as_json()["unchanged"] == 5834
