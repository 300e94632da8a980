"""The pages of records and emergency access: what is shown, what is asked, what is refused."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from factories import HOUR, NOW
from network import Login, Network

REASON = "Unconscious after a fall, no history known."


@pytest.fixture
def unknown(network: Network) -> UUID:
    """A file at a of a person whom a does not treat, and of whom b has published a confidential record."""
    make, at = network.world.make, network.world.at
    person = make.person()
    file = make.patient(hospital=at["a"], person=person)
    visit = make.visit(patient=make.patient(hospital=at["b"], person=person), status="discharged")
    published = {"status": "synced", "synced_at": NOW, "confidentiality": "R"}
    make.emr_global(record=make.emr_local(visit=visit), person=person, **published)
    return UUID(str(file["id"]))


@pytest.fixture
def doctor(network: Network) -> Login:
    return network.logins["doctor@a"]


@pytest.fixture
def manager(network: Network) -> Login:
    return network.logins["manager@a"]


def post(login: Login, path: str, **form: str) -> Any:
    return login.page.post(path, data={**form, "csrf_token": login.csrf})


def break_glass(doctor: Login, file: UUID) -> None:
    answer = post(doctor, f"/patients/{file}/break-glass", reason=REASON)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/patients/{file}/global-records")


def test_closed_records_say_what_opens_them_and_offer_it(doctor: Login, unknown: UUID) -> None:
    page = doctor.page.get(f"/patients/{unknown}/global-records")
    assert page.status_code == 403
    assert "These records are closed" in page.text
    assert f'href="/patients/{unknown}/break-glass"' in page.text


def test_of_the_dead_nothing_is_opened_in_an_emergency(
    network: Network, doctor: Login, unknown: UUID
) -> None:
    break_glass(doctor, unknown)
    network.world.make.change("patients", unknown, {"is_deceased": True})
    # What lives goes on to its end; a new one is not offered and not given.
    open_still = doctor.page.get(f"/patients/{unknown}/global-records")
    assert (open_still.status_code, "60 min left" in open_still.text) == (200, True)
    post(doctor, f"/patients/{unknown}/break-glass/end")
    page = doctor.page.get(f"/patients/{unknown}/global-records")
    assert page.status_code == 403
    assert "This patient has died, so emergency access is no longer given." in page.text
    assert f'href="/patients/{unknown}/break-glass"' not in page.text
    assert doctor.page.get(f"/patients/{unknown}/break-glass").status_code == 409
    assert post(doctor, f"/patients/{unknown}/break-glass", reason=REASON).status_code == 409
    refused = doctor.program.post(f"/api/v1/patients/{unknown}/break-glass", json={"reason": REASON})
    assert (refused.status_code, refused.json()["code"]) == (409, "patient-deceased")


def test_form_names_the_patient_and_the_act(network: Network, doctor: Login, unknown: UUID) -> None:
    page = doctor.page.get(f"/patients/{unknown}/break-glass").text
    row = network.world.connection.execute(
        "SELECT first_name || ' ' || last_name, mrn FROM patients WHERE id = %s", (unknown,)
    ).fetchone()
    assert row is not None
    assert f"Emergency access to the records of {row[0]}" in page
    assert "Open them for 60 minutes</button>" in page
    assert row[1] in page


def test_open_access_is_seen_on_the_chart_and_ended_with_one_press(doctor: Login, unknown: UUID) -> None:
    break_glass(doctor, unknown)
    records = doctor.page.get(f"/patients/{unknown}/global-records")
    assert records.status_code == 200
    assert "Confidential" in records.text
    for path in (
        f"/patients/{unknown}",
        f"/patients/{unknown}/visits",
        f"/patients/{unknown}/global-records",
    ):
        page = doctor.page.get(path).text
        assert "60 min left" in page
        assert "End now" in page
    ended = post(doctor, f"/patients/{unknown}/break-glass/end")
    assert (ended.status_code, ended.headers["location"]) == (303, f"/patients/{unknown}")
    assert "End now" not in doctor.page.get(f"/patients/{unknown}").text
    assert post(doctor, f"/patients/{unknown}/break-glass/end").status_code == 303


def test_colleague_sees_no_bar(network: Network, doctor: Login, unknown: UUID) -> None:
    break_glass(doctor, unknown)
    assert "End now" not in network.logins["nurse@a"].page.get(f"/patients/{unknown}").text


@pytest.mark.parametrize("reason", ["", "urgent", "x" * 501])
def test_reason_that_says_nothing_is_asked_again_and_kept(doctor: Login, unknown: UUID, reason: str) -> None:
    page = post(doctor, f"/patients/{unknown}/break-glass", reason=reason)
    assert page.status_code == 422
    assert "Say in 10 to 500 characters why this cannot wait." in page.text
    assert "<title>Error: " in page.text
    assert f">{reason}</textarea>" in page.text


def test_second_access_says_that_there_is_one(doctor: Login, unknown: UUID) -> None:
    break_glass(doctor, unknown)
    page = post(doctor, f"/patients/{unknown}/break-glass", reason=REASON)
    assert page.status_code == 409
    assert "You have emergency access to this person already." in page.text


@pytest.mark.parametrize("role", ["reception", "manager", "pharmacist"])
def test_other_roles_get_no_form(network: Network, unknown: UUID, role: str) -> None:
    assert network.logins[f"{role}@a"].page.get(f"/patients/{unknown}/break-glass").status_code == 403


def test_file_of_another_hospital_is_not_there(network: Network, unknown: UUID) -> None:
    other = network.logins["doctor@b"]
    for path in ("global-records", "break-glass"):
        assert other.page.get(f"/patients/{unknown}/{path}").status_code == 404
    assert post(other, f"/patients/{unknown}/break-glass", reason=REASON).status_code == 404


def test_manager_finds_it_counted_in_the_rail_and_reviews_it(
    doctor: Login, manager: Login, unknown: UUID
) -> None:
    break_glass(doctor, unknown)
    assert counted(manager) > 0
    before = counted(manager)
    post(doctor, f"/patients/{unknown}/break-glass/end")
    queue = manager.page.get("/break-glass").text
    assert REASON in queue
    grant = (
        queue[: queue.index(REASON) + 2000].split(REASON)[1].split('action="/break-glass/')[1].split("/")[0]
    )
    wrong = post(manager, f"/break-glass/{grant}/review", outcome="not_justified", comment="")
    assert wrong.status_code == 422
    assert "Say why the emergency access was not justified." in wrong.text
    # The summary's link leads to the field.
    assert 'href="#f-comment"' in wrong.text
    assert 'id="f-comment"' in wrong.text
    blank = post(manager, f"/break-glass/{grant}/review", outcome="", comment="Typed")
    assert "Whether it was justified is needed." in blank.text
    assert ('href="#f-outcome"' in blank.text, 'id="f-outcome"' in blank.text, ">Typed<" in blank.text) == (
        True,
        True,
        True,
    )
    done = post(manager, f"/break-glass/{grant}/review", outcome="justified", comment="The ward confirms it.")
    assert (done.status_code, done.headers["location"]) == (303, "/break-glass?done=true")
    assert "The ward confirms it." in manager.page.get("/break-glass?state=reviewed").text
    assert counted(manager) == before - 1


def counted(manager: Login) -> int:
    """The number beside the entry of the rail."""
    rail = manager.page.get("/patients").text.split('href="/break-glass"')[1].split("</a>")[0]
    return int(rail.split('class="count crit">')[1].split("<")[0]) if "count crit" in rail else 0


def test_overdue_review_is_marked(network: Network, doctor: Login, manager: Login, unknown: UUID) -> None:
    row = network.world.connection.execute(
        "SELECT id, hospital_id, person_id FROM patients WHERE id = %s", (unknown,)
    ).fetchone()
    assert row is not None
    file = dict(zip(("id", "hospital_id", "person_id"), row, strict=True))
    network.world.make.access_grant(patient=file, user=doctor.user, granted_at=NOW - 200 * HOUR)
    assert "Overdue" in manager.page.get("/break-glass").text


@pytest.mark.parametrize("state", ["waiting", "open", "reviewed", "all"])
def test_empty_queue_says_so(network: Network, state: str) -> None:
    """b's manager: nothing was ever opened there but what the world made."""
    page = network.logins["manager@b"].page.get("/break-glass", params={"state": state})
    assert page.status_code == 200


def test_review_of_what_is_not_there_is_404(manager: Login) -> None:
    assert post(manager, f"/break-glass/{uuid4()}/review", outcome="justified").status_code == 404


def test_patient_reads_who_and_why_in_the_portal(network: Network) -> None:
    nurse, patient = network.logins["nurse@a"], network.logins["patient"]
    reason = "Found without pulse at the bus stop."
    network.world.make.access_grant(
        patient=network.world.file["shared_a"], user=nurse.user, granted_at=NOW - 60 * HOUR, reason=reason
    )
    page = patient.page.get("/my/emergency-access")
    assert page.status_code == 200
    assert f"Ada {nurse.user['last_name']}" in page.text
    assert reason in page.text
    assert "/my/emergency-access" in patient.page.get("/").text
    assert nurse.page.get("/my/emergency-access").status_code == 404


def test_patient_reads_the_own_records_of_other_hospitals(network: Network) -> None:
    file = network.world.file["shared_a"]["id"]
    page = network.logins["patient"].page.get(f"/patients/{file}/global-records")
    assert page.status_code == 200
    assert network.world.at["b"]["name"] in page.text
