"""S15, S32: what a visit, its bed, its doctor, its record and a transfer owe each other, by SQL directly."""

import pytest
from factories import HOUR, NOW, Make, Values
from refusals import refused_by

ENDED = ("planned", "discharged", "transferred", "deceased", "cancelled", "entered_in_error")


def here(row: Values) -> Values:
    return {"id": row["hospital_id"], "code": "HX"}


@pytest.mark.parametrize("status", ENDED)
def test_only_an_open_visit_is_given_a_bed(make: Make, status: str) -> None:
    visit = make.visit(status=status)
    bed = make.bed(hospital=here(visit))
    taken = {"assigned_patient_id": visit["patient_id"], "assigned_visit_id": visit["id"], "assigned_at": NOW}
    lie_down = {"status": "occupied", **taken}
    assert refused_by(make, lambda: make.change("beds", bed["id"], lie_down)) == "beds_open_visit"


@pytest.mark.parametrize("status", ENDED[1:])
def test_no_bed_is_reserved_for_a_visit_that_has_ended(make: Make, status: str) -> None:
    visit = make.visit(status=status)
    bed = make.bed(hospital=here(visit))
    kept = {"status": "reserved", "reserved_for_visit_id": visit["id"], "reserved_until": NOW + HOUR}
    assert refused_by(make, lambda: make.change("beds", bed["id"], kept)) == "beds_open_visit"


def test_a_bed_is_reserved_for_somebody_who_is_expected(make: Make) -> None:
    assert make.bed(status="reserved", visit=make.visit(status="planned"))["status"] == "reserved"


@pytest.mark.parametrize(("begun", "ended"), [("active", "discharged"), ("planned", "cancelled")])
def test_a_visit_does_not_end_while_it_has_a_bed(make: Make, begun: str, ended: str) -> None:
    visit = make.visit(status=begun)
    make.bed(visit=visit, status="occupied" if begun == "active" else "reserved")
    facts = {"discharge_date": NOW} if ended == "discharged" else {"status_reason": "not needed"}
    leave = {"status": ended, **facts}
    assert refused_by(make, lambda: make.change("visits", visit["id"], leave)) == "visits_bed_left"


def test_a_patient_on_leave_keeps_the_bed(make: Make) -> None:
    visit = make.visit()
    make.bed(visit=visit, status="occupied")
    make.change("visits", visit["id"], {"status": "on_leave"})


def test_a_nurse_is_nobody_s_doctor(make: Make) -> None:
    file = make.patient()
    nurse = make.staff({"hospital_id": file["hospital_id"]}, "nurse")
    attended = lambda: make.visit(patient=file, attending_doctor_id=nurse["id"])  # noqa: E731 - said twice below.
    assert refused_by(make, attended) == "visits_doctor"
    assert (
        refused_by(make, lambda: make.appointment(patient=file, doctor_id=nurse["id"]))
        == "appointments_doctor"
    )


def test_a_doctor_of_another_hospital_attends_nobody_here(make: Make) -> None:
    visit, stranger = make.visit(), make.user("doctor")
    change = {"attending_doctor_id": stranger["id"]}
    assert refused_by(make, lambda: make.change("visits", visit["id"], change)) == "visits_doctor"


def test_a_struck_out_diagnosis_gives_its_rank_back(make: Make) -> None:
    first = make.diagnosis()
    visit = {"id": first["visit_id"], **{key: first[key] for key in ("hospital_id", "patient_id")}}
    assert refused_by(make, lambda: make.diagnosis(visit=visit)) == "diagnoses_visit_id_role_rank_key"
    struck = {"entered_in_error_at": NOW, "entered_in_error_by_id": make.staff(visit)["id"]}
    make.change("diagnoses", first["id"], struck)
    make.diagnosis(visit=visit)


def test_a_signed_summary_never_changes(make: Make) -> None:
    draft = make.discharge_summary()
    signature = {"signed_at": NOW, "signed_by_id": draft["written_by_id"]}
    make.change("discharge_summaries", draft["id"], {"follow_up": "Clinic in a week.", **signature})
    for change in ({"follow_up": "None."}, {"signed_at": None, "signed_by_id": None}):
        refused = refused_by(
            make, lambda change=change: make.change("discharge_summaries", draft["id"], change)
        )
        assert refused == "discharge_summaries_signed"


def test_against_advice_the_signed_refusal_stands_for_the_information(make: Make) -> None:
    author = make.user()["id"]
    left = {"disposition": "aadvice", "information_given": None, "refusal_signed_at": NOW}
    make.discharge_summary(**left, signed_at=NOW, signed_by_id=author)


@pytest.mark.parametrize("change", [{"locked_at": None}, {"signed_at": NOW, "signed_by_id": "author"}])
def test_the_record_of_a_visit_that_ended_is_locked(make: Make, change: Values) -> None:
    record = make.emr_local(locked_at=NOW)
    given = {name: record["created_by_id"] if value == "author" else value for name, value in change.items()}
    assert refused_by(make, lambda: make.change("emr_local", record["id"], given)) == "emr_local_locked"
    make.change("emr_local", record["id"], {"status": "amended"})


def test_a_patient_is_asked_for_at_one_hospital_at_a_time(make: Make) -> None:
    visit = make.visit()
    first = make.transfer_request(visit=visit)
    assert refused_by(make, lambda: make.transfer_request(visit=visit)) == "transfer_requests_one_open_key"
    make.change("transfer_requests", first["id"], {"status": "withdrawn", "closed_at": NOW})
    make.transfer_request(visit=visit)


def test_an_answer_to_a_request_is_written_once(make: Make) -> None:
    request = make.transfer_request(status="accepted")
    other = {"answered_by_name": "Somebody else"}
    refused = refused_by(make, lambda: make.change("transfer_requests", request["id"], other))
    assert refused == "transfer_requests_fixed"


def test_merge_of_two_files_takes_signed_summaries_and_requests_along(make: Make) -> None:
    visit = make.visit()
    signed = {"signed_at": NOW, "signed_by_id": make.staff(visit)["id"]}
    rows = {
        "discharge_summaries": make.discharge_summary(visit=visit, **signed),
        "transfer_requests": make.transfer_request(visit=visit),
    }
    survivor = make.patient(hospital=here(visit))
    make.connection.execute("SELECT set_config('hass.act', 'merge_files', true)")
    make.change("visits", visit["id"], {"patient_id": survivor["id"]})
    for table, row in rows.items():
        found = make.connection.execute(f"SELECT patient_id FROM {table} WHERE id = %s", (row["id"],))
        assert found.fetchone() == (survivor["id"],)
