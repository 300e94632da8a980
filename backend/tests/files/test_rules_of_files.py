"""What the database itself refuses of files: two of one person, a second merge, a link past its act (S28, S32)."""

from typing import Any

import pytest
from factories import NOW, Make, Values
from refusals import refused_by

from app.core.ids import new_id

MERGED = ("allergies", "appointments", "patient_alerts", "visits")


def at(row: Values) -> Values:
    return {"id": row["hospital_id"], "code": "HX"}


def test_second_file_of_one_person_at_a_hospital_is_refused(make: Make) -> None:
    person = make.person()
    first = make.patient(person=person)
    wrong = refused_by(make, lambda: make.patient(hospital=at(first), person=person))
    assert wrong == "patients_hospital_id_person_id_key"
    # A file that was merged is of the same person; it is not used any more.
    make.patient(hospital=at(first), person=person, merged_into_id=first["id"], is_active=False)
    make.patient(person=person)


def test_second_merge_of_a_file_is_refused_until_the_first_is_undone(make: Make) -> None:
    merge = make.patient_merge()
    again = {"patient": make.patient(hospital=at(merge)), "loser_id": merge["loser_id"]}
    assert refused_by(make, lambda: make.patient_merge(**again)) == "patient_merges_one_live_key"
    undone = {"undone_at": NOW, "undone_by_id": merge["merged_by_id"], "undo_reason": "Two people."}
    make.change("patient_merges", merge["id"], undone)
    make.patient_merge(**again)


@pytest.mark.parametrize(("column", "other"), [("undone_at", None), ("undo_reason", "Another reason.")])
def test_undoing_a_merge_is_written_once(make: Make, column: str, other: Any) -> None:
    merge = make.patient_merge()
    undone = {"undone_at": NOW, "undone_by_id": merge["merged_by_id"], "undo_reason": "Two people."}
    make.change("patient_merges", merge["id"], undone)
    changed = refused_by(make, lambda: make.change("patient_merges", merge["id"], {column: other}))
    assert changed == "patient_merges_fixed"


def test_whose_file_it_is_changes_by_the_acts_only(make: Make) -> None:
    file, person = make.patient(), make.person()
    other = make.patient(hospital=at(file))
    linked = {"person_id": person["id"]}
    assert refused_by(make, lambda: make.change("patients", file["id"], linked)) == "patients_person"
    merged = {"merged_into_id": other["id"], "is_active": False}
    assert refused_by(make, lambda: make.change("patients", file["id"], merged)) == "patients_person"
    make.change("patients", file["id"], {"phone": "+49 30 1234"})


def test_no_file_is_of_a_person_who_was_merged(make: Make) -> None:
    gone = make.person(merged_into_id=make.person()["id"])
    assert refused_by(make, lambda: make.patient(person=gone)) == "patients_merged_person"


def test_a_new_file_of_a_person_whom_another_hospital_knows_stands_in_the_journal(make: Make) -> None:
    person = make.person()
    first, second = make.patient(person=person), make.patient(person=person)
    journal = make.connection.execute(
        "SELECT hospital_id, patient_id, act, from_person_id FROM person_links WHERE to_person_id = %s",
        (person["id"],),
    )
    assert journal.fetchall() == [(second["hospital_id"], second["id"], "register", None)]
    assert first["hospital_id"] != second["hospital_id"]


def test_allergy_entered_in_error_stays_so(make: Make) -> None:
    judged = {"verified_at": NOW, "verification_reason": "Another patient's."}
    allergy = make.allergy()
    wrong = {**judged, "verified_by_id": allergy["recorded_by_id"], "verification_status": "entered-in-error"}
    make.change("allergies", allergy["id"], wrong)
    for change in ({"verification_status": "confirmed"}, {"clinical_status": "resolved"}):
        changed = refused_by(make, lambda: make.change("allergies", allergy["id"], change))  # noqa: B023 - at once.
        assert changed == "allergies_struck_out"


@pytest.mark.parametrize("table", MERGED)
def test_merged_file_takes_nothing_new(make: Make, table: str) -> None:
    merge = make.patient_merge()
    loser = {"id": merge["loser_id"], "hospital_id": merge["hospital_id"]}
    make.of(table, patient={**loser, "id": merge["survivor_id"]})
    assert refused_by(make, lambda: make.of(table, patient=loser)) == f"{table}_merged_file"


def test_a_line_of_the_journal_names_a_merge_of_its_own_hospital(make: Make) -> None:
    line = make.merge_line()
    elsewhere = make.patient_merge()
    wrong = refused_by(
        make,
        lambda: make.merge_line(merge={**elsewhere, "hospital_id": line["hospital_id"]}, row_id=new_id()),
    )
    assert wrong == "merge_journal_hospital_id_merge_id_fkey"
