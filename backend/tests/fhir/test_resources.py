"""Patient, Encounter, MedicationRequest, AllergyIntolerance, Appointment: each element in its column."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from bundles import (
    DOCTOR,
    PATIENT,
    SNOMED,
    SYSTEM,
    bundle,
    concept,
    copies,
    encounter,
    patient,
    planned,
    practitioner,
    reasons,
    request,
    write,
)

from app.fhir.bundle_reader import read_bundle
from app.fhir.patient import PatientRead, read_patient
from app.fhir.plan import Destination

TO = Destination(uuid4(), uuid4(), "NGH", ZoneInfo("America/New_York"), uuid4(), SYSTEM)


def read(tmp_path: Path, **elements: Any) -> PatientRead:
    return read_patient(read_bundle(write(tmp_path, bundle(patient(**elements)))).entries[0], TO)


def only(tmp_path: Path, table: str, *resources: Any) -> dict[str, Any]:
    (row,) = planned(tmp_path, patient(), *resources).rows[table]
    return row


# Patient


def test_the_official_name_comes_first_and_an_old_one_last(tmp_path: Path) -> None:
    names = [
        {"use": "old", "family": "Alt"},
        {"use": "nickname", "family": "Nick"},
        {"use": "official", "family": "Amt"},
    ]
    found = read(tmp_path, name=names)
    assert found.columns["last_name"] == "Amt"
    assert not found.is_complete


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ([{"family": "Flórez", "given": ["María", "José"]}], "María José", "Flórez"),
        ([{"text": "Sukarno"}], None, "Sukarno"),
        ([], None, "Unknown"),
        ("nonsense", None, "Unknown"),
        ([{"family": " ", "given": ["Anna"]}], None, "Unknown"),
        ([{"family": "x" * 9000}], None, "x" * 250),
    ],
)
def test_whatever_the_name_the_file_has_one(tmp_path: Path, name: Any, first: str | None, last: str) -> None:
    columns = read(tmp_path, name=name).columns
    assert (columns["first_name"], columns["last_name"]) == (first, last)


@pytest.mark.parametrize("born", ["1980", "1980-05", "soon", "0001-01-01", "9999-12-31", "1980-02-30", 1980])
def test_a_birth_date_that_is_not_a_whole_possible_day_is_not_made_up(tmp_path: Path, born: Any) -> None:
    found = read(tmp_path, birthDate=born)
    assert found.born_on is None
    assert not found.is_complete or found.is_refused


@pytest.mark.parametrize(
    ("elements", "dead", "at"),
    [
        ({}, False, None),
        ({"deceasedBoolean": True}, True, None),
        ({"deceasedBoolean": False}, False, None),
        ({"deceasedDateTime": "2017"}, True, None),
        ({"deceasedDateTime": "2017-06-18T11:06:44+00:00"}, True, "2017-06-18T11:06:44+00:00"),
        ({"deceasedDateTime": "2017-06-18"}, True, "2017-06-18T04:00:00+00:00"),
    ],
)
def test_death_is_read_in_each_form(tmp_path: Path, elements: Any, dead: bool, at: str | None) -> None:
    columns = read(tmp_path, **elements).columns
    died = columns["deceased_at"]
    assert (columns["is_deceased"], died and died.isoformat()) == (dead, at)


def test_telecom_address_and_contact_stand_in_their_columns(tmp_path: Path) -> None:
    columns = read(
        tmp_path,
        telecom=[{"system": "phone", "value": "old", "use": "old"}, {"system": "phone", "value": "+1 555 0100"},
                 {"system": "email", "value": "a@b.example"}],
        address=[{"line": ["1 Elm St"], "city": "Erfurt", "postalCode": "99084", "country": "DE"}],
        contact=[{"name": {"family": "Mann", "given": ["Otto"]}, "telecom": [{"system": "phone", "value": "1"}]}],
    ).columns  # fmt: skip
    assert (columns["phone"], columns["phone_digits"], columns["email"]) == (
        "+1 555 0100",
        "15550100",
        "a@b.example",
    )
    assert columns["address"] == "1 Elm St\nErfurt 99084\nDE"
    assert (columns["emergency_contact_name"], columns["emergency_contact_phone"]) == ("Otto Mann", "1")


# Encounter


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("planned", "planned"), ("arrived", "active"), ("triaged", "active"), ("in-progress", "active"),
        ("onleave", "on_leave"), ("finished", "discharged"), ("cancelled", "cancelled"),
        ("entered-in-error", "entered_in_error"), ("unknown", "discharged"), ("nonsense", "discharged"),
    ],
)  # fmt: skip
def test_the_status_of_an_encounter(tmp_path: Path, said: str, status: str) -> None:
    assert only(tmp_path, "visits", encounter(status=said))["status"] == status


@pytest.mark.parametrize(
    ("code", "disposition", "status"),
    [
        ("01", "home", "discharged"), ("20", "exp", "deceased"), ("40", "exp", "deceased"), ("41", "exp", "deceased"),
        ("42", "exp", "deceased"), ("exp", "exp", "deceased"), ("07", "aadvice", "discharged"),
        ("snf", "snf", "discharged"), ("99", "oth", "discharged"),
    ],
)  # fmt: skip
def test_the_disposition_tells_death_from_discharge(
    tmp_path: Path, code: str, disposition: str, status: str
) -> None:
    row = only(tmp_path, "visits", encounter(hospitalization={"dischargeDisposition": concept(code)}))
    assert (row["disposition"], row["status"]) == (disposition, status)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("IMP", "inpatient"), ("ACUTE", "inpatient"), ("NONAC", "inpatient"), ("OBSENC", "inpatient"),
        ("EMER", "emergency"), ("AMB", "outpatient"), ("VR", "outpatient"), ("HH", "outpatient"),
    ],
)  # fmt: skip
def test_the_class_gives_the_kind_of_visit_and_is_kept(tmp_path: Path, code: str, kind: str) -> None:
    row = only(tmp_path, "visits", encounter(**{"class": {"code": code}}))
    assert (row["visit_type"], row["class_code"]) == (kind, code)


def test_an_encounter_that_ends_before_it_begins_stands_without_its_end(tmp_path: Path) -> None:
    period = {"start": "2020-01-02T00:00:00Z", "end": "2020-01-01T00:00:00Z"}
    plan = planned(tmp_path, patient(), encounter(period=period))
    assert plan.rows["visits"][0]["discharge_date"] is None
    assert copies(plan) == {"refused": 1}


@pytest.mark.parametrize("status", ["in-progress", "planned"])
def test_an_encounter_that_is_not_over_has_no_end(tmp_path: Path, status: str) -> None:
    plan = planned(tmp_path, patient(), encounter(status=status))
    assert plan.rows["visits"][0]["discharge_date"] is None
    assert copies(plan) == {"incomplete": 1}


def test_who_attends_is_named(tmp_path: Path) -> None:
    others = [{"individual": {"reference": "Practitioner/none"}}, {"individual": DOCTOR}]
    plan = planned(
        tmp_path,
        patient(id="p9"),
        practitioner(),
        encounter(participant=others, subject={"reference": "Patient/p9"}),
    )
    assert plan.rows["visits"][0]["attending_doctor_id"] == plan.rows["users"][0]["id"]


# MedicationRequest


def dosage(**elements: Any) -> dict[str, Any]:
    return request(dosageInstruction=[elements])


def repeat(frequency: int, period: int, unit: str) -> dict[str, Any]:
    return {"timing": {"repeat": {"frequency": frequency, "period": period, "periodUnit": unit}}}


@pytest.mark.parametrize(
    ("elements", "column", "text"),
    [
        (repeat(1, 1, "d"), "frequency", "once daily"),
        (repeat(2, 1, "d"), "frequency", "twice daily"),
        (repeat(3, 1, "d"), "frequency", "3 times daily"),
        (repeat(1, 4, "h"), "frequency", "every 4 hours"),
        (repeat(1, 1, "wk"), "frequency", "every week"),
        ({"timing": {"code": {"text": "BID"}}}, "frequency", "BID"),
        ({"timing": {"repeat": {"when": ["HS"]}}}, "frequency", "before sleep"),
        ({"route": {"text": "oral"}}, "route", "oral"),
        ({"doseAndRate": [{"doseQuantity": {"value": 10, "unit": "mg"}}]}, "dosage", "10 mg"),
        ({"doseAndRate": [{"doseQuantity": {"value": 1}}]}, "dosage", "1 (unit not given)"),
        ({"text": "With food"}, "instructions", "With food"),
        ({"asNeededBoolean": True}, "as_needed", True),
        ({"asNeededCodeableConcept": {"text": "pain"}}, "as_needed_reason", "pain"),
    ],
    ids=str,
)
def test_a_dosage_is_written_as_it_is_read_on_a_ward(
    tmp_path: Path, elements: dict[str, Any], column: str, text: Any
) -> None:
    assert only(tmp_path, "prescriptions", dosage(**elements))[column] == text


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("active", "active"), ("on-hold", "on_hold"), ("stopped", "discontinued"), ("completed", "completed"),
        ("cancelled", "cancelled"), ("draft", "draft"), ("entered-in-error", "entered_in_error"), ("unknown", "draft"),
    ],
)  # fmt: skip
def test_the_status_of_a_prescription(tmp_path: Path, said: str, status: str) -> None:
    assert only(tmp_path, "prescriptions", request(status=said))["status"] == status


def test_a_request_without_dosage_is_a_prescription(tmp_path: Path) -> None:
    row = only(tmp_path, "prescriptions", request())
    assert (row["medication_name"], row["dosage"], row["start_date"]) == (
        "Lisinopril 10 MG Oral Tablet", None, date(2020, 1, 1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("supply", "copied"),
    [
        ({"validityPeriod": {"start": "2020-01-01"}, "numberOfRepeatsAllowed": 2}, {}),
        ({"initialFill": {"quantity": {"value": 10}}}, {"incomplete": 1}),
        ({"numberOfRepeatsAllowed": -1}, {"incomplete": 1}),
    ],
)
def test_a_request_is_copied_whole_only_where_a_number_of_its_supply_was_left_out(
    tmp_path: Path, supply: dict[str, Any], copied: dict[str, int]
) -> None:
    assert copies(planned(tmp_path, patient(), request(dispenseRequest=supply))) == copied


def test_the_day_of_an_order_is_the_hospital_s(tmp_path: Path) -> None:
    assert only(tmp_path, "prescriptions", request(authoredOn="2020-01-02T03:00:00Z"))["start_date"] == date(
        2020, 1, 1
    )


def test_the_medication_is_found_contained_or_in_the_bundle_or_by_its_display(tmp_path: Path) -> None:
    drug = {"resourceType": "Medication", "id": "x", "code": {"text": "Aspirin"}}
    for others, elements in (
        ((), {"contained": [drug], "medicationReference": {"reference": "#x"}}),
        ((drug,), {"medicationReference": {"reference": "Medication/x"}}),
        ((), {"medicationReference": {"reference": "Medication/none", "display": "Aspirin"}}),
    ):
        row = only(
            tmp_path, "prescriptions", *others, {**request(medicationCodeableConcept=None), **elements}
        )
        assert row["medication_name"] == "Aspirin"


def test_an_order_not_to_give_a_drug_is_no_prescription(tmp_path: Path) -> None:
    plan = planned(tmp_path, patient(), request(doNotPerform=True))
    assert not plan.rows["prescriptions"]
    assert reasons(plan) == {"incomplete": 1}


# AllergyIntolerance


def allergy(**elements: Any) -> dict[str, Any]:
    nuts = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": PATIENT,
        "code": concept("91935009", "Peanuts", SNOMED),
    }
    return {**nuts, **elements}


def test_an_allergy_stands_with_its_category_status_and_reaction(tmp_path: Path) -> None:
    row = only(
        tmp_path,
        "allergies",
        allergy(
            category=["food"], criticality="high", clinicalStatus=concept("resolved"),
            verificationStatus=concept("confirmed"),
            reaction=[{"manifestation": [{"text": "Hives"}], "severity": "severe"}],
        ),
    )  # fmt: skip
    assert (row["substance"], row["category"], row["criticality"]) == ("Peanuts", "food", "high")
    assert (row["clinical_status"], row["verification_status"]) == ("resolved", "confirmed")
    assert (row["reaction"], row["reaction_severity"]) == ("Hives", "severe")


def test_of_several_categories_the_first_stands_and_the_whole_is_kept(tmp_path: Path) -> None:
    plan = planned(tmp_path, patient(), allergy(category=["food", "environment"]))
    assert plan.rows["allergies"][0]["category"] == "food"
    assert copies(plan) == {"incomplete": 1}


def test_an_allergy_that_does_not_say_is_active_and_one_that_was_refuted_is_not(tmp_path: Path) -> None:
    assert only(tmp_path, "allergies", allergy())["clinical_status"] == "active"
    refuted = allergy(verificationStatus=concept("refuted"))
    assert only(tmp_path, "allergies", refuted)["clinical_status"] == "inactive"


def test_no_known_allergy_to_one_thing_is_no_allergy(tmp_path: Path) -> None:
    plan = planned(tmp_path, patient(), allergy(code=concept("409137002", "No known drug allergy", SNOMED)))
    assert not plan.rows["allergies"]
    assert reasons(plan) == {"incomplete": 1}


# Appointment


@pytest.mark.parametrize(
    ("minutes", "taken"), [(5, True), (480, True), (4, False), (481, False), (None, False), (-5, False)]
)
def test_an_appointment_lasts_5_to_480_minutes(tmp_path: Path, minutes: Any, taken: bool) -> None:
    one = {
        "resourceType": "Appointment", "id": "a", "status": "booked", "start": "2030-01-01T10:00:00Z",
        "participant": [{"actor": PATIENT}, {"actor": DOCTOR}], "minutesDuration": minutes,
    }  # fmt: skip
    plan = planned(tmp_path, patient(), practitioner(), one)
    assert bool(plan.rows["appointments"]) is taken
    assert bool(plan.kept) is not taken
