"""The act of importing: all or nothing, once, into one hospital, and every fault in a sentence."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bundles import (
    DATA,
    ENCOUNTER,
    PATIENT,
    SYSTEM,
    Clinic,
    bundle,
    concept,
    encounter,
    lab,
    observation,
    open_clinic,
    patient,
    practitioner,
    request,
    write,
)
from factories import Make

from app.core.errors import HassError
from app.fhir.importer import import_paths

SSN = "http://hl7.org/fhir/sid/us-ssn"
BACKEND = Path(__file__).resolve().parents[2]


def number(value: str, kind: str = "SS", system: str = SSN) -> dict[str, Any]:
    return {"type": {"coding": [{"code": kind}]}, "system": system, "value": value}


def pair(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Two Patient resources of one bundle."""
    return bundle(patient(id="p1", **first), patient(id="p2", **second))


async def test_the_same_again_changes_nothing(clinic: Clinic) -> None:
    one = bundle(patient(), encounter(), observation("8867-4", 72, "/min"), request())
    await clinic.take(one)
    before = clinic.counts()
    again = await clinic.take(one)
    assert (again.exit_status, again.new, again.unchanged.total()) == (0, 0, 4)
    assert clinic.counts() == before


async def test_the_same_id_with_other_content_is_reported_and_changes_nothing(clinic: Clinic) -> None:
    await clinic.take(bundle(patient(), encounter()))
    before = clinic.rows("SELECT first_name, last_name FROM patients")
    again = await clinic.take(bundle(patient(gender="male"), encounter()))
    assert again.exit_status == 1
    assert [(one.resource_type, one.resource_id) for one in again.changed] == [("Patient", "p1")]
    assert clinic.rows("SELECT first_name, last_name FROM patients") == before
    assert clinic.one("SELECT gender FROM patients") == "female"


async def test_the_same_ids_of_another_system_are_other_resources(clinic: Clinic) -> None:
    await clinic.take(bundle(patient()))
    again = await clinic.take(bundle(patient()), system="https://third.example")
    assert (again.exit_status, again.new) == (0, 1)
    assert clinic.counts()["patients"] == 2


async def test_what_is_new_in_a_known_bundle_links_to_what_is_there(clinic: Clinic) -> None:
    report = {
        "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": PATIENT, "encounter": ENCOUNTER,
        "category": [{"coding": [{"code": "LAB"}]}], "code": {"text": "Metabolic panel"},
        "issued": "2020-01-01T11:00:00Z", "result": [{"reference": "Observation/o-2345-7"}],
    }  # fmt: skip
    await clinic.take(bundle(patient(), encounter(), observation("8867-4", 72, "/min"), report))
    more = [
        observation("8867-4", 72, "/min", id="same"),
        observation("9279-1", 15, "/min"),
        lab("2345-7", 90),
    ]
    again = await clinic.take(bundle(patient(), encounter(), report, *more))
    assert (again.exit_status, again.new, again.unchanged.total()) == (0, 3, 3)
    assert clinic.one("SELECT count(DISTINCT visit_id) FROM vitals") == 1
    assert clinic.rows("SELECT heart_rate, respiratory_rate FROM vitals ORDER BY id") == [
        (72, None),
        (None, 15),
    ]
    assert clinic.one("SELECT t.test_type FROM lab_results r JOIN lab_tests t ON t.id = r.lab_test_id") == (
        "Metabolic panel"
    )


async def test_a_bundle_without_its_patient_links_to_the_one_of_an_earlier_bundle(clinic: Clinic) -> None:
    await clinic.take(bundle(patient(), encounter()))
    later = await clinic.take(bundle(observation("8867-4", 72, "/min"), {"resourceType": "Basic", "id": "b"}))
    assert later.exit_status == 0
    assert clinic.one("SELECT count(*) FROM vitals JOIN visits ON visits.id = vitals.visit_id") == 1
    assert clinic.one("SELECT count(*) FROM emr_local JOIN patients ON patients.id = patient_id") == 1


async def test_what_is_new_for_a_merged_file_goes_to_the_one_that_is_used(clinic: Clinic) -> None:
    await clinic.take(bundle(patient()))
    with clinic.database.owner() as connection:
        ((file, hospital),) = clinic.rows("SELECT id, hospital_id FROM patients")
        used = Make(connection).patient(hospital={"id": hospital, "code": "NGH"})
        connection.execute("SET ROLE hass_definer")
        merged = "UPDATE patients SET merged_into_id = %s, is_active = false WHERE id = %s"
        connection.execute(merged, (used["id"], file))
    again = await clinic.take(bundle(patient(), encounter(), observation("8867-4", 72, "/min")))
    assert again.exit_status == 0
    assert clinic.rows(
        "SELECT v.patient_id, s.patient_id FROM visits v JOIN vitals s ON s.visit_id = v.id"
    ) == [(used["id"], used["id"])]


async def test_a_bundle_without_any_patient_is_refused_with_a_reason(clinic: Clinic) -> None:
    summary = await clinic.take(bundle({"resourceType": "Organization", "id": "x"}))
    assert summary.exit_status == 1
    assert "belongs to no patient" in summary.broken[0].reason
    assert clinic.counts()["import_sources"] == 0


async def test_practitioners_alone_go_in_as_doctors_without_a_login(clinic: Clinic) -> None:
    assert (await clinic.take(bundle(practitioner()))).exit_status == 0
    query = "SELECT last_name, title, email, password_hash, scope FROM users WHERE source = %s"
    assert clinic.rows(query, SYSTEM) == [("Heiler", "Dr.", None, None, "hospital")]


async def test_two_imports_of_one_bundle_at_once_make_one_file(clinic: Clinic) -> None:
    path = next(DATA.glob("Raymon_*"))
    both = await asyncio.gather(clinic.take(path), clinic.take(path))
    assert [one.exit_status for one in both] == [0, 0]
    assert sorted(one.new for one in both) == [0, 122]
    assert clinic.counts()["patients"] == 1
    assert clinic.counts()["import_sources"] == 122


async def test_one_person_imported_into_two_hospitals_at_once_is_one_person(
    clinic: Clinic, tmp_path: Path
) -> None:
    other = open_clinic(clinic.database, tmp_path, "OTHER")
    one = bundle(patient(identifier=[number("123")]))
    both = await asyncio.gather(clinic.take(one), other.take(one))
    assert [one.exit_status for one in both] == [0, 0]
    assert (clinic.counts()["persons"], clinic.counts()["patients"]) == (1, 2)


@pytest.mark.parametrize("kind", ["SS", "NI", "PPN", "DL"])
async def test_an_equal_number_of_a_human_being_joins_two_resources_in_one_file(
    clinic: Clinic, kind: str
) -> None:
    one, same = (
        {"identifier": [number("123", kind)]},
        {"identifier": [number("123", kind), number("9", "MR")]},
    )
    summary = await clinic.take(pair(one, same))
    counts = clinic.counts()
    assert (summary.exit_status, counts["patients"], counts["persons"]) == (0, 1, 1)
    assert counts["import_sources"] == counts["patient_identifiers"] == 2


@pytest.mark.parametrize(
    "second",
    [
        {"identifier": [number("123", "MR")]},
        {"identifier": [number("124")]},
        {"identifier": [number("123", system="urn:other")]},
        {"identifier": [number("123")], "birthDate": "1971-03-01"},
        {"identifier": [{"system": SSN, "value": "123"}]},
    ],
    ids=["mrn", "other value", "other system", "other birth date", "no type"],
)
async def test_nothing_less_than_an_equal_number_shares_a_person(
    clinic: Clinic, second: dict[str, Any]
) -> None:
    await clinic.take(pair({"identifier": [number("123")]}, second))
    assert (clinic.counts()["patients"], clinic.counts()["persons"]) == (2, 2)


async def test_numbers_of_two_persons_share_neither(clinic: Clinic) -> None:
    await clinic.take(pair({"identifier": [number("1")]}, {"identifier": [number("2")]}))
    summary = await clinic.take(bundle(patient(id="p3", identifier=[number("1"), number("2"), number("3")])))
    assert sum(summary.warnings.values()) == 1
    assert clinic.counts()["persons"] == 3
    assert clinic.one("SELECT count(*) FROM person_identifiers") == 3


async def test_a_bundle_of_several_patients_keeps_each_one_s_records_apart(clinic: Clinic) -> None:
    her = {"subject": {"reference": "Patient/p2"}}
    await clinic.take(
        bundle(patient(), patient(id="p2", name=[{"family": "Zweite"}]), encounter(), encounter(id="e2", **her),
               request(), request(id="m2", encounter={"reference": "Encounter/e2"}, **her),
               request(id="m3", encounter={"reference": "Encounter/e1"}, **her))
    )  # fmt: skip
    query = (
        "SELECT p.last_name, r.visit_id IS NULL FROM prescriptions r JOIN patients p ON p.id = r.patient_id"
        " ORDER BY r.id"
    )
    assert clinic.rows(query) == [("Testfrau", False), ("Zweite", False), ("Zweite", True)]


async def test_a_resource_of_someone_who_is_not_here_never_stands_among_anothers_values(
    clinic: Clinic,
) -> None:
    stranger = {"subject": {"reference": "Patient/stranger"}}
    summary = await clinic.take(
        bundle(patient(), encounter(), lab("2345-7", 90, **stranger), request(**stranger))
    )
    counts = clinic.counts()
    assert (counts["lab_tests"], counts["prescriptions"], counts["emr_local"]) == (0, 0, 2)
    assert clinic.rows("SELECT DISTINCT kept_reason FROM emr_local") == [("refused",)]
    assert sum(summary.warnings.values()) == 2


@pytest.mark.parametrize("kind", ["batch", "collection", "searchset", "document", "message"])
async def test_every_kind_of_bundle_that_holds_resources_is_taken(clinic: Clinic, kind: str) -> None:
    assert (await clinic.take(bundle(patient(), encounter(), kind=kind))).new == 2


async def test_references_by_urn_by_address_and_by_identifier_find_their_target(clinic: Clinic) -> None:
    doctor = practitioner(id="d", identifier=[{"system": "npi", "value": "77"}])
    one = {
        "resourceType": "Bundle", "type": "transaction",
        "entry": [
            {"fullUrl": "urn:uuid:0b1", "resource": {**patient(), "id": "p1"}},
            {"fullUrl": "urn:uuid:0b2", "resource": {**doctor}},
            {
                "fullUrl": "https://elsewhere.example/fhir/Encounter/e1",
                "resource": encounter(
                    subject={"reference": "urn:uuid:0b1"},
                    participant=[{"individual": {"reference": "Practitioner?identifier=npi|77"}}],
                ),
            },
            {
                "resource": request(
                    subject={"reference": "https://elsewhere.example/fhir/Patient/p1"},
                    requester={"identifier": {"system": "npi", "value": "77"}},
                )
            },
        ],
    }  # fmt: skip
    assert not (await clinic.take(one)).warnings
    query = (
        "SELECT count(*) FROM visits v JOIN prescriptions r ON r.visit_id = v.id"
        " AND r.prescribed_by_id = v.attending_doctor_id"
    )
    assert clinic.one(query) == 1


async def test_one_id_twice_in_a_bundle_is_taken_once(clinic: Clinic) -> None:
    same, other = encounter(), encounter(status="planned")
    summary = await clinic.take(bundle(patient(), encounter(), same, other))
    assert (summary.new, summary.unchanged.total(), len(summary.changed), summary.exit_status) == (2, 1, 1, 1)
    assert clinic.counts()["visits"] == 1


async def test_a_broken_file_is_named_and_the_others_go_in(clinic: Clinic) -> None:
    good = write(clinic.folder, bundle(patient()), "good.json")
    bad = write(clinic.folder, gzip.compress(json.dumps(bundle(patient(id="x"))).encode())[:-9], "bad.json")
    missing = clinic.folder / "missing.json"
    summary = await clinic.take(bad, good, missing)
    assert {Path(one.path).name for one in summary.broken} == {"bad.json", "missing.json"}
    assert (summary.exit_status, summary.bundles, clinic.counts()["patients"]) == (1, 1, 1)


async def test_an_appointment_that_clashes_is_kept_whole_and_counted(clinic: Clinic) -> None:
    def appointment(name: str, start: str) -> dict[str, Any]:
        actors = [{"actor": {"reference": one}} for one in ("Patient/p1", "Practitioner/p1")]
        return {
            "resourceType": "Appointment", "id": name, "status": "booked", "participant": actors,
            "start": f"2030-01-01T{start}:00Z", "minutesDuration": 30,
        }  # fmt: skip

    three = [appointment("a", "10:00"), appointment("b", "10:15"), appointment("c", "10:30")]
    summary = await clinic.take(bundle(patient(), practitioner(), *three))
    assert summary.kept == {("Appointment", "clash"): 1}
    assert clinic.counts()["appointments"] == 2
    assert clinic.one("SELECT data ->> 'id' FROM emr_local WHERE kept_reason = 'clash'") == "b"


async def test_a_second_open_inpatient_visit_is_kept_whole_and_its_records_stand_without_a_visit(
    clinic: Clinic,
) -> None:
    stay = {"status": "in-progress", "class": {"code": "IMP"}, "period": {"start": "2020-01-01T10:00:00Z"}}
    await clinic.take(bundle(patient(), encounter(**stay)))
    second = encounter(id="e2", **stay)
    there = {"encounter": {"reference": "Encounter/e2"}}
    hers = [request(**there), observation("8867-4", 72, "/min", **there)]
    summary = await clinic.take(bundle(patient(), second, *hers))
    assert summary.kept == {("Encounter", "clash"): 1, ("Observation", "incomplete"): 1}
    assert clinic.rows("SELECT visit_id FROM prescriptions") == [(None,)]


async def test_no_known_allergies_is_a_fact_on_the_file_unless_an_allergy_stands_against_it(
    clinic: Clinic,
) -> None:
    def allergy(name: str, code: str) -> dict[str, Any]:
        concept = {"coding": [{"system": "http://snomed.info/sct", "code": code, "display": code}]}
        return {"resourceType": "AllergyIntolerance", "id": name, "patient": PATIENT, "code": concept}

    none, nuts = allergy("none", "716186003"), allergy("nuts", "91935009")
    await clinic.take(bundle(patient(), nuts))
    await clinic.take(bundle(patient(), none))
    assert clinic.rows("SELECT no_known_allergies_at FROM patients") == [(None,)]
    other = {"patient": {"reference": "Patient/p2"}}
    await clinic.take(bundle(patient(id="p2"), {**none, "id": "n2", **other}))
    assert clinic.one("SELECT count(*) FROM patients WHERE no_known_allergies_at IS NOT NULL") == 1


async def test_the_hospital_must_be_named_where_there_are_several(clinic: Clinic, tmp_path: Path) -> None:
    path = write(tmp_path, bundle(patient()))
    url = clinic.database.app_url
    assert (await import_paths([path], url=url)).hospital == "NGH"
    with clinic.database.owner() as connection:
        Make(connection).hospital(code="SOUTH")
    with pytest.raises(HassError, match="Name one with --hospital: NGH, SOUTH"):
        await import_paths([path], url=url)
    with pytest.raises(HassError, match="no active hospital 'WEST'"):
        await import_paths([path], url=url, hospital="WEST")
    assert (await import_paths([path], url=url, hospital="south")).hospital == "SOUTH"


async def test_without_a_hospital_nothing_goes_in(clinic: Clinic, tmp_path: Path) -> None:
    with clinic.database.owner() as connection:
        connection.execute("UPDATE hospitals SET is_active = false")
    with pytest.raises(HassError, match="no hospital"):
        await import_paths([write(tmp_path, bundle(patient()))], url=clinic.database.app_url)


def test_a_killed_import_leaves_whole_bundles_only(clinic: Clinic) -> None:
    """kill -9 as soon as the first bundle is in: what is there is there whole, and a second run adds the rest."""
    environment = {
        **os.environ, "HASS_DATABASE_URL": clinic.database.app_url,
        "HASS_OWNER_DATABASE_URL": clinic.database.owner_url,
    }  # fmt: skip
    command = [sys.executable, "-m", "app.cli", "import", "fhir", str(DATA), "--system", SYSTEM]
    with subprocess.Popen(
        command, cwd=BACKEND, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        deadline = time.monotonic() + 60
        while not clinic.counts()["patients"] and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    bundles = "SELECT bundle_hash, count(*) FROM import_sources GROUP BY 1"
    taken = dict(clinic.rows(bundles))
    assert 0 < len(taken) < 20
    assert clinic.counts()["patients"] == len(taken)
    summary = asyncio.run(clinic.take(DATA))
    assert (summary.exit_status, summary.new) == (0, 5820 - sum(taken.values()))
    after = dict(clinic.rows(bundles))
    assert {name: after[name] for name in taken} == taken


async def test_only_numbers_and_words_that_a_reader_would_miss_make_a_second_copy(clinic: Clinic) -> None:
    plain = encounter(serviceType={"text": "Medicine"}, priority=concept("R"))
    speaking = encounter(id="e2", location=[{"location": {"display": "Bed 12"}}])
    counted = encounter(id="e3", length={"value": 10, "unit": "min"})
    summary = await clinic.take(bundle(patient(), plain, speaking, counted))
    assert summary.copied == {("Encounter", "incomplete"): 2}
    assert dict(clinic.rows("SELECT data ->> 'id', kept_reason FROM emr_local")) == {
        "e2": "incomplete",
        "e3": "incomplete",
    }


async def test_in_a_bundle_of_several_patients_a_value_that_names_none_belongs_to_none(
    clinic: Clinic,
) -> None:
    nobody = {key: value for key, value in lab("2345-7", 90).items() if key != "subject"}
    await clinic.take(bundle(patient(), encounter(), nobody))
    assert clinic.counts()["lab_tests"] == 1
    await clinic.take(bundle(patient(), patient(id="p2"), {**nobody, "id": "other"}))
    assert clinic.counts()["lab_tests"] == 1
