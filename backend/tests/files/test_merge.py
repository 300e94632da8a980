"""Two files of one patient become one, and two again (S28, domain 5.3)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from factories import HOUR, MODELS, NOW, Values
from network import Login, Network

from app.features.identity.rules import STAYS

REASON = "Same passport, same address."
UNDO = {"reason": "Twins: two people after all."}


@pytest.fixture
def manager(network: Network) -> Login:
    return network.logins["manager@a"]


@pytest.fixture
def two(network: Network) -> tuple[Values, Values]:
    """The file to keep and the one to merge, of two people, at hospital a."""
    make, at = network.world.make, network.world.at["a"]
    return make.patient(hospital=at), make.patient(hospital=at)


def merge(manager: Login, survivor: Values, loser: Values) -> Any:
    path = f"/api/v1/patients/{survivor['id']}/merge"
    return manager.program.post(path, json={"loser_id": str(loser["id"]), "reason": REASON})


def merged(manager: Login, survivor: Values, loser: Values) -> Any:
    answer = merge(manager, survivor, loser)
    assert answer.status_code == 201, answer.text
    return answer.json()


def undo(manager: Login, merge_id: str) -> Any:
    return manager.program.post(f"/api/v1/merges/{merge_id}/undo", json=UNDO)


def undone(manager: Login, merge_id: str) -> Any:
    answer = undo(manager, merge_id)
    assert answer.status_code == 200, answer.text
    return answer.json()


def value(network: Network, table: str, row_id: Any, column: str = "patient_id") -> Any:
    row = network.world.connection.execute(
        f"SELECT {column} FROM {table} WHERE id = %s", (row_id,)
    ).fetchone()
    assert row is not None
    return row[0]


def hang(network: Network, file: Values) -> dict[str, Values]:
    """A row of every kind on a file: some on its visit, some without one."""
    make = network.world.make
    visit = make.visit(patient=file, status="discharged")
    record = make.emr_local(visit=visit)
    imported: Values = {"visit_id": None, "source": "urn:test:source"}
    vitals = make.vitals(visit=visit)
    test = make.lab_test(visit=visit)
    return {
        "visits": visit,
        "vitals": make.vitals(visit=visit, amends_id=vitals["id"]),
        "nurse_logs": make.nurse_log(visit=visit),
        "diagnoses": make.diagnosis(visit=visit),
        "lab_results": make.lab_result(lab_test=test),
        "emr_local": record,
        "emr_global": make.emr_global(record=record, person={"id": file["person_id"]}),
        "ai_drafts": make.ai_draft(visit=visit),
        "bed_assignments": make.bed_assignment(visit=visit),
        "prescriptions": make.prescription(visit=visit, **imported),
        "lab_tests": make.lab_test(visit=visit, **imported),
        "appointments": make.appointment(patient=file),
        "allergies": make.allergy(patient=file, substance="Latex"),
        "patient_alerts": make.patient_alert(patient=file),
        "patient_identifiers": make.patient_identifier(patient=file),
    }


OF_A_PATIENT = sorted(
    table
    for table, model in MODELS.items()
    if "patient_id" in model.__table__.columns and table != "audit_logs" and table not in STAYS
)


def test_no_table_of_a_patient_is_forgotten(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    """A row of every table that names a patient, also of those that are made tomorrow."""
    survivor, loser = two
    make = network.world.make
    visit = make.visit(patient=loser, status="active")
    beside: dict[str, Values] = {
        "emr_global": {"record": make.emr_local(visit=visit), "person": {"id": loser["person_id"]}},
        "lab_results": {"lab_test": make.lab_test(visit=visit)},
    }
    for table in (each for each in OF_A_PATIENT if each != "visits"):
        of_visit = "visit_id" in MODELS[table].__table__.columns and table != "appointments"
        make.of(table, **beside.get(table, {"visit": visit} if of_visit else {"patient": loser}))
    made = merged(manager, survivor, loser)

    def left(file: Values) -> set[str]:
        return {
            table
            for table in OF_A_PATIENT
            if network.world.ids(table, "patient_id = %(file)s", file=file["id"])
        }

    assert (left(loser), left(survivor)) == (set(), set(OF_A_PATIENT))
    undone(manager, made["id"])
    assert (left(loser), left(survivor)) == (set(OF_A_PATIENT), set())


def test_everything_of_the_loser_moves_and_comes_back(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    rows = hang(network, loser)
    made = merged(manager, survivor, loser)
    assert {table: value(network, table, row["id"]) for table, row in rows.items()} == dict.fromkeys(
        rows, survivor["id"]
    )
    assert value(network, "emr_global", rows["emr_global"]["id"], "person_id") == survivor["person_id"]
    assert made["moved"] == {
        "allergies": 1, "appointments": 1, "lab_tests": 1, "patient_alerts": 1, "patient_identifiers": 1,
        "prescriptions": 1, "visits": 1,
    }  # fmt: skip
    undone(manager, made["id"])
    assert {table: value(network, table, row["id"]) for table, row in rows.items()} == dict.fromkeys(
        rows, loser["id"]
    )
    assert value(network, "emr_global", rows["emr_global"]["id"], "person_id") == loser["person_id"]


def test_undo_leaves_what_was_written_since(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    make = network.world.make
    before = make.allergy(patient=survivor, substance="Nuts")
    moved = make.visit(patient=loser)
    made = merged(manager, survivor, loser)
    since = make.allergy(patient=survivor, substance="Latex")
    on_moved = make.vitals(visit={**moved, "patient_id": survivor["id"]})
    undone(manager, made["id"])
    assert value(network, "allergies", before["id"]) == survivor["id"]
    assert value(network, "allergies", since["id"]) == survivor["id"]
    # What was written on a visit belongs to the visit.
    assert value(network, "vitals", on_moved["id"]) == loser["id"] == value(network, "visits", moved["id"])


def test_the_loser_is_closed_and_leads_to_the_survivor(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    made = merged(manager, survivor, loser)
    assert (made["survivor_mrn"], made["loser_mrn"]) == (survivor["mrn"], loser["mrn"])
    columns = ("merged_into_id", "is_active", "person_id", "mrn")
    stands = [value(network, "patients", loser["id"], column) for column in columns]
    assert stands == [survivor["id"], False, survivor["person_id"], loser["mrn"]]
    undone(manager, made["id"])
    stands = [value(network, "patients", loser["id"], column) for column in columns]
    assert stands == [None, True, loser["person_id"], loser["mrn"]]


def test_the_two_people_are_one_and_two_again(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    """The loser's numbers and files of other hospitals go along; another hospital's own duplicate stays."""
    survivor, loser = two
    make, at = network.world.make, network.world.at
    number = make.person_identifier(person={"id": loser["person_id"]})
    person = {"id": loser["person_id"], "last_name": "Muster"}
    elsewhere = make.patient(hospital=at["b"], person=person)
    made = merged(manager, survivor, loser)
    assert value(network, "patients", elsewhere["id"], "person_id") == survivor["person_id"]
    assert value(network, "persons", loser["person_id"], "merged_into_id") == survivor["person_id"]
    assert value(network, "person_identifiers", number["id"], "person_id") == survivor["person_id"]
    undone(manager, made["id"])
    assert value(network, "patients", elsewhere["id"], "person_id") == loser["person_id"]
    assert value(network, "persons", loser["person_id"], "merged_into_id") is None
    assert value(network, "person_identifiers", number["id"], "person_id") == loser["person_id"]
    journal = network.world.connection.execute(
        "SELECT act, hospital_id FROM person_links WHERE merge_id = %s ORDER BY linked_at, act, hospital_id",
        (made["id"],),
    ).fetchall()
    assert sorted(journal) == sorted(
        (act, at[name]["id"]) for act in ("merge", "undo") for name in ("a", "b")
    )


def test_a_file_of_both_people_elsewhere_is_that_hospitals_to_merge(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    make, at = network.world.make, network.world.at
    theirs = [
        make.patient(hospital=at["b"], person={"id": file["person_id"], "last_name": "Muster"})
        for file in two
    ]
    made = merged(manager, survivor, loser)
    assert [value(network, "patients", file["id"], "person_id") for file in theirs] == [
        survivor["person_id"],
        loser["person_id"],
    ]
    assert value(network, "persons", loser["person_id"], "merged_into_id") is None
    # Merged there too, the person is one; undone here, she is two as far as this hospital knows.
    there = merged(network.logins["manager@b"], theirs[0], theirs[1])
    assert value(network, "persons", loser["person_id"], "merged_into_id") == survivor["person_id"]
    undone(manager, made["id"])
    assert value(network, "patients", loser["id"], "person_id") == loser["person_id"]
    undone(network.logins["manager@b"], there["id"])
    assert value(network, "patients", theirs[1]["id"], "person_id") == loser["person_id"]


def chosen_scale(make: Any, file: Values, scale: int) -> Values:
    by = {"spo2_scale_set_at": NOW, "spo2_scale_set_by_id": make.staff(file)["id"]}
    return {"spo2_scale": scale, "spo2_scale_reason": "Blood gases of today.", **by}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda make, survivor, loser: [make.visit(patient=file) for file in (survivor, loser)],
        lambda make, survivor, loser: [
            make.appointment(patient=file, scheduled_at=NOW + 50 * HOUR) for file in (survivor, loser)
        ],
        lambda make, survivor, loser: [
            make.patient_alert(patient=file, alert_type="code_status", value=code)
            for file, code in ((survivor, "full"), (loser, "dnr"))
        ],
        lambda make, survivor, loser: [
            make.change("patients", file["id"], chosen_scale(make, file, scale))
            for file, scale in ((survivor, 1), (loser, 2))
        ],
        lambda make, survivor, loser: make.change("patients", loser["id"], {"is_deceased": True}),
        lambda make, survivor, loser: make.change("patients", survivor["id"], {"is_active": False}),
        lambda make, survivor, loser: make.change("patients", loser["id"], {"is_active": False}),
    ],
    ids=["inpatient", "appointments", "code_status", "scales", "deceased", "survivor_closed", "loser_closed"],
)
def test_what_contradicts_is_settled_first(
    network: Network, manager: Login, two: tuple[Values, Values], spoil: Callable[..., Any]
) -> None:
    survivor, loser = two
    spoil(network.world.make, survivor, loser)
    preview = manager.program.get(
        f"/api/v1/patients/{survivor['id']}/merge-preview", params={"loser_id": str(loser["id"])}
    )
    assert preview.status_code == 200, preview.text
    assert len(preview.json()["obstacles"]) == 1
    answer = merge(manager, survivor, loser)
    assert (answer.status_code, answer.json()["code"]) == (409, "merge-obstacle")
    assert answer.json()["detail"] == preview.json()["obstacles"][0]
    assert value(network, "patients", loser["id"], "merged_into_id") is None


def test_preview_shows_where_the_files_differ(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    network.world.make.change("patients", loser["id"], {"gender": "male", "phone": "+49 30 7"})
    path = f"/api/v1/patients/{survivor['id']}/merge-preview"
    shown = manager.program.get(path, params={"loser_id": str(loser["id"])}).json()
    assert shown["differences"] == ["family name", "sex"]
    assert (shown["grave_differences"], shown["obstacles"]) == (["sex"], [])
    assert (shown["survivor"]["mrn"], shown["loser"]["mrn"]) == (survivor["mrn"], loser["mrn"])


@pytest.mark.parametrize(
    ("ours", "theirs", "differs"),
    [
        ({"date_of_birth": "1980-05-17"}, {"date_of_birth": "1980-05-18"}, ["date of birth"]),
        ({"date_of_birth": "1980-05-17"}, {"date_of_birth": "1980-01-01", "date_of_birth_precision": "year"}, []),
        ({"date_of_birth": "1980-05-17"}, {"date_of_birth": "1975-01-01", "date_of_birth_precision": "estimated"}, []),
        ({"date_of_birth": "1980-05-17"}, {"date_of_birth": "1980-06-01", "date_of_birth_precision": "month"},
         ["date of birth"]),
        ({"gender": "male"}, {"gender": "female"}, ["sex"]),
        ({"gender": "male"}, {"gender": "unknown"}, []),
        ({"blood_group": "A+"}, {"blood_group": "B+"}, ["blood group"]),
        ({"blood_group": "A+"}, {}, []),
    ],
)  # fmt: skip
def test_what_two_people_rarely_share_asks_to_be_confirmed(
    network: Network,
    manager: Login,
    two: tuple[Values, Values],
    ours: Values,
    theirs: Values,
    differs: list[str],
) -> None:
    for file, given in zip(two, (ours, theirs), strict=True):
        network.world.make.change("patients", file["id"], {"email": None, **given})
    answer = merge(manager, *two)
    assert (answer.status_code == 422) == bool(differs)
    if differs:
        assert answer.json()["code"] == "confirm-needed"
        assert differs[0] in answer.json()["detail"]
        sent = {"loser_id": str(two[1]["id"]), "reason": REASON, "confirmed": True}
        assert manager.program.post(f"/api/v1/patients/{two[0]['id']}/merge", json=sent).status_code == 201


def test_two_documents_of_one_kind_ask_to_be_confirmed(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    for file in two:
        network.world.make.person_identifier(person={"id": file["person_id"]})
    answer = merge(manager, *two)
    assert (answer.status_code, answer.json()["code"]) == (422, "confirm-needed")
    assert "numbers" in answer.json()["detail"]


def test_what_the_survivor_has_already_stays_behind(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    make = network.world.make
    same = {"system": "urn:test:insurance", "value": "I-1", "type": "MR"}
    numbers = [make.patient_identifier(patient=file, **same) for file in two]
    alerts = [make.patient_alert(patient=file) for file in two]
    made = merged(manager, survivor, loser)
    for table, (ours, theirs) in (("patient_identifiers", numbers), ("patient_alerts", alerts)):
        assert value(network, table, ours["id"]) == survivor["id"]
        assert value(network, table, theirs["id"]) == loser["id"]
    assert made["moved"] == {}


def test_an_allergy_of_the_loser_ends_no_known_allergies_and_undo_brings_it_back(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    make = network.world.make
    said = {"no_known_allergies_at": NOW, "no_known_allergies_by_id": make.staff(survivor)["id"]}
    make.change("patients", survivor["id"], said)
    make.allergy(patient=loser)
    made = merged(manager, survivor, loser)
    assert value(network, "patients", survivor["id"], "no_known_allergies_at") is None
    undone(manager, made["id"])
    assert value(network, "patients", survivor["id"], "no_known_allergies_at") == NOW
    assert (
        value(network, "patients", survivor["id"], "no_known_allergies_by_id")
        == said["no_known_allergies_by_id"]
    )


def test_the_scale_that_only_the_loser_has_goes_over_and_back(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    make = network.world.make
    scale = chosen_scale(make, loser, 2)
    make.change("patients", loser["id"], scale)
    made = merged(manager, survivor, loser)
    assert [value(network, "patients", survivor["id"], name) for name in scale] == list(scale.values())
    undone(manager, made["id"])
    assert [value(network, "patients", survivor["id"], name) for name in scale] == [1, None, None, None]


def test_a_merged_file_is_not_merged_again_and_undo_goes_backwards(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    third = network.world.make.patient(hospital=network.world.at["a"])
    visit = network.world.make.visit(patient=loser)
    first = merged(manager, survivor, loser)
    for a, b in ((survivor, loser), (loser, survivor), (third, loser), (loser, third)):
        again = merge(manager, a, b)
        assert (again.status_code, again.json()["code"]) == (409, "file-merged")
    second = merged(manager, third, survivor)
    assert value(network, "visits", visit["id"]) == third["id"]
    assert value(network, "patients", loser["id"], "person_id") == third["person_id"]
    early = undo(manager, first["id"])
    assert (early.status_code, early.json()["code"]) == (409, "merge-built-upon")
    undone(manager, second["id"])
    undone(manager, first["id"])
    assert value(network, "visits", visit["id"]) == loser["id"]
    people = [value(network, "patients", file["id"], "person_id") for file in (survivor, loser, third)]
    assert people == [survivor["person_id"], loser["person_id"], third["person_id"]]


def test_a_merge_is_undone_once_and_may_be_made_anew(manager: Login, two: tuple[Values, Values]) -> None:
    survivor, loser = two
    made = merged(manager, survivor, loser)
    assert undone(manager, made["id"])["undo_reason"] == UNDO["reason"]
    again = undo(manager, made["id"])
    assert (again.status_code, again.json()["code"]) == (409, "merge-undone")
    assert merged(manager, survivor, loser)["id"] != made["id"]


def test_merges_are_listed_newest_first_page_by_page(manager: Login, two: tuple[Values, Values]) -> None:
    survivor, loser = two
    first = merged(manager, survivor, loser)
    undone(manager, first["id"])
    second = merged(manager, loser, survivor)
    page = manager.program.get("/api/v1/merges", params={"limit": 1}).json()
    rest = manager.program.get("/api/v1/merges", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [second["id"], first["id"]]
    assert rest["items"][0]["undone_by"].endswith(str(manager.user["last_name"]))


@pytest.mark.parametrize("role", ["doctor", "nurse", "reception", "lab_tech", "pharmacist"])
def test_only_the_manager_merges(network: Network, two: tuple[Values, Values], role: str) -> None:
    answer = merge(network.logins[f"{role}@a"], *two)
    assert (answer.status_code, answer.json()["permission"]) == (403, "patient.merge")


def test_files_of_another_hospital_are_not_there(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    theirs = network.world.file["b"]
    assert merge(network.logins["manager@b"], *two).status_code == 404
    assert merge(manager, two[0], theirs).status_code == 404
    assert merge(manager, theirs, two[0]).status_code == 404
    made = merged(manager, *two)
    assert undo(network.logins["manager@b"], made["id"]).status_code == 404


@pytest.mark.parametrize("given", [{}, {"reason": REASON}, {"reason": " x ", "loser_id": str(UUID(int=0))}])
def test_nonsense_is_refused(manager: Login, two: tuple[Values, Values], given: dict[str, Any]) -> None:
    path = f"/api/v1/patients/{two[0]['id']}/merge"
    assert manager.program.post(path, json=given).status_code == 422
    same = merge(manager, two[0], two[0])
    assert (same.status_code, same.json()["code"]) == (422, "same-file")


# Where the loser's number leads


def test_the_losers_number_and_chart_lead_to_the_survivor(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    merged(manager, survivor, loser)
    found = manager.program.get("/api/v1/patients", params={"q": loser["mrn"]}).json()["items"]
    assert [(item["id"], item["former_mrns"]) for item in found] == [(str(survivor["id"]), [loser["mrn"]])]
    doctor = network.logins["doctor@a"]
    led = doctor.page.get(f"/patients/{loser['id']}")
    there = f"/patients/{survivor['id']}?was={loser['mrn']}"
    assert (led.status_code, led.headers["location"]) == (303, there)
    shown = doctor.page.get(there).text
    assert f'File <span class="code">{loser["mrn"]}</span> was merged into this one.' in shown
    chart = doctor.program.get(f"/api/v1/patients/{loser['id']}/chart").json()
    assert chart["patient"]["merged_into_id"] == str(survivor["id"])


def test_by_name_the_used_file_is_found_alone(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    survivor, loser = two
    make = network.world.make
    for file in two:
        make.change("patients", file["id"], {"search_family_given": f"twofold {survivor['mrn'].lower()}"})
    merged(manager, survivor, loser)
    params = {"q": f"twofold {survivor['mrn']}"}
    found = manager.program.get("/api/v1/patients", params=params).json()["items"]
    assert {item["id"] for item in found} <= {str(survivor["id"])}
    rows = manager.program.get("/api/v1/patients", params={"limit": 100}).json()["items"]
    assert str(loser["id"]) not in {item["id"] for item in rows}


# The portal


def test_the_patient_sees_everything_after_a_merge_and_after_undo(
    network: Network, manager: Login, two: tuple[Values, Values]
) -> None:
    """With the login on the file that was merged, and with one on each."""
    survivor, loser = two
    make = network.world.make
    moved, kept = (make.visit(patient=file, status="discharged") for file in (loser, survivor))
    logins = [make.user("patient") for _ in two]
    for file, login in zip(two, logins, strict=True):
        make.change("patients", file["id"], {"user_id": login["id"]})

    def seen(login: Values) -> tuple[set[Any], list[Any]]:
        session = make.session(user=login, cookie_hash=None, refresh_hash=f"{login['id'].hex}:{'0' * 64}")
        with network.database.app(autocommit=False) as connection:
            connection.execute(
                "SELECT session_open(%s, NULL, '1 hour', 'test', 'r', NULL, 't')", (session["id"],)
            )
            visits = {row[0] for row in connection.execute("SELECT id FROM visits").fetchall()}
            files = connection.execute("SELECT id FROM patients WHERE merged_into_id IS NULL").fetchall()
            connection.rollback()
            return visits, [row[0] for row in files]

    made = merged(manager, survivor, loser)
    for login in logins:
        assert seen(login) == ({moved["id"], kept["id"]}, [survivor["id"]])
    undone(manager, made["id"])
    assert seen(logins[0]) == ({kept["id"]}, [survivor["id"]])
    assert seen(logins[1]) == ({moved["id"]}, [loser["id"]])
