"""Pages of visits: forms, what they refuse, and only the buttons that state and rights allow."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from admitting import Ward, ready
from factories import HOUR, NOW, Values


def show(ward: Ward, role: str, path: str, *, place: str = "a") -> Any:
    return ward.login(role, place).page.get(path)


def send(ward: Ward, who: str, path: str, *, place: str = "a", **fields: str) -> Any:
    login = ward.login(who, place)
    return login.page.post(path, data={**fields, "csrf_token": login.csrf})


def buttons(page: str) -> set[str]:
    """What may be done, by the last word of the addresses of links and forms about the visit."""
    found = set(re.findall(r'(?:href|action)="/visits/[0-9a-f-]{36}/([a-z-]+)"', page))
    return found - {"notes", "handovers", "fluids", "care", "observations", "late-entry"}


FORMS = {
    "admit": "nurse", "move": "doctor", "edit": "reception", "cancel": "reception", "enter-in-error": "manager",
    "diagnoses": "doctor", "summary": "doctor", "order-discharge": "doctor", "discharge": "nurse",
    "cancel-discharge": "nurse", "decease": "doctor", "transfer-request": "doctor",
}  # fmt: skip


@pytest.mark.parametrize("form", sorted(FORMS))
def test_form_names_the_patient_twice_and_takes_few_statements(ward: Ward, form: str, queries: Any) -> None:
    visit = ward.visit()
    file = ward.row("patients", visit["patient_id"])
    with queries(at_most=6):
        answer = show(ward, FORMS[form], f"/visits/{visit['id']}/{form}")
    assert answer.status_code == 200
    assert file["last_name"].upper() in answer.text
    assert file["mrn"] in answer.text


def test_page_of_a_visit_takes_few_statements(ward: Ward, queries: Any) -> None:
    visit, _ = ready(ward)
    for _ in range(5):
        ward.make.prescription(visit=visit, status="active")
    with queries(at_most=6):
        assert show(ward, "doctor", f"/visits/{visit['id']}").status_code == 200


BUTTONS: dict[tuple[str, str], set[str]] = {
    ("planned", "reception"): {"start", "edit", "cancel"},
    ("planned", "nurse"): {"admit", "start", "edit", "cancel"},
    ("active", "nurse"): {"leave", "edit"},
    ("active", "doctor"): {"order-discharge", "move", "transfer-request", "leave", "edit",
                           "decease", "diagnoses", "summary"},
    ("active", "manager"): {"enter-in-error"},
    ("on_leave", "nurse"): {"return", "edit"},
    ("discharged", "nurse"): {"cancel-discharge"},
    ("discharged", "reception"): set(),
    ("deceased", "doctor"): set(),
    ("entered_in_error", "manager"): set(),
}  # fmt: skip


@pytest.mark.parametrize(("status", "role"), sorted(BUTTONS))
def test_only_what_state_and_rights_allow_is_offered(ward: Ward, status: str, role: str) -> None:
    page = show(ward, role, f"/visits/{ward.visit(status)['id']}").text
    assert buttons(page) == BUTTONS[status, role]


def test_reception_plans_from_the_patient_s_page(ward: Ward) -> None:
    file = ward.patient()
    at = f"/visits/new?patient_id={file['id']}"
    assert file["mrn"] in show(ward, "reception", at).text
    sent = send(ward, "reception", at, visit_type="inpatient", expected_arrival="2999-03-10T14:30")
    assert sent.status_code == 303, sent.text
    visit = ward.row("visits", sent.headers["location"].split("/")[2].split("?")[0])
    zone = ward.hospital()["timezone"]
    assert visit["expected_arrival"] == datetime(2999, 3, 10, 14, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_what_was_typed_survives_an_error(ward: Ward) -> None:
    at = f"/visits/new?patient_id={ward.patient()['id']}"
    sent = send(
        ward, "reception", at, visit_type="inpatient", expected_arrival="soon", reason_for_visit="Chest pain"
    )
    assert sent.status_code == 422
    assert "Chest pain" in sent.text
    assert 'value="soon"' in sent.text


def test_an_hour_that_the_clocks_leave_out_is_refused(ward: Ward) -> None:
    """Europe/Berlin goes from 02:00 to 03:00 on 29 March 2026; a day of 23 hours."""
    visit = ward.visit("planned")
    at = f"/visits/{visit['id']}/edit"
    assert send(ward, "reception", at, expected_arrival="2026-03-29T02:30").status_code == 422
    assert send(ward, "reception", at, expected_arrival="2026-10-25T02:30").status_code == 303


def test_nurse_admits_by_page(ward: Ward) -> None:
    visit, bed = ward.visit("planned"), ward.bed()
    at = f"/visits/{visit['id']}/admit"
    assert bed["bed_number"] in show(ward, "nurse", at).text
    assert send(ward, "nurse", at, bed_id="").status_code == 422
    assert send(ward, "nurse", at, bed_id=str(bed["id"])).status_code == 303
    assert ward.row("visits", visit["id"])["status"] == "active"


def test_buttons_without_a_form_say_what_was_done_or_why_not(ward: Ward) -> None:
    visit = ward.visit()
    at = f"/visits/{visit['id']}"
    sent = send(ward, "nurse", f"{at}/leave")
    assert sent.status_code == 303
    assert "On leave; the bed is kept." in show(ward, "nurse", sent.headers["location"]).text
    again = send(ward, "nurse", f"{at}/leave")
    assert again.status_code == 409
    assert "This visit is on leave" in again.text
    assert send(ward, "nurse", f"{at}/return").status_code == 303


def test_doctor_settles_and_nurse_confirms_by_page(ward: Ward) -> None:
    visit = ward.visit()
    at, owner = f"/visits/{visit['id']}", str(ward.login("doctor").user["id"])
    order, test = ward.make.prescription(visit=visit, status="active"), ward.make.lab_test(visit=visit)
    assert "Essential (primary) hypertension" in show(ward, "doctor", f"{at}/diagnoses?q=hypertension").text
    send(ward, "doctor", f"{at}/diagnoses?q=hypertension", code="I10", role="final")
    summary = dict.fromkeys(
        ("reason_for_hospitalization", "procedures", "care_provided", "condition_at_discharge", "information_given",
         "follow_up"), "in words",
    )  # fmt: skip
    half = send(ward, "doctor", f"{at}/summary", **{**summary, "follow_up": ""}, disposition="home", sign="1")
    assert half.status_code == 409
    assert "The summary lacks the provisions for follow-up." in half.text
    assert send(ward, "doctor", f"{at}/summary", **summary, disposition="home", sign="1").status_code == 303
    refused = send(ward, "nurse", f"{at}/discharge")
    assert refused.status_code == 409
    assert "A doctor has to order the discharge." in refused.text
    decided = {f"m-{order['id']}": "stop", f"p-{test['id']}": owner}
    assert send(ward, "doctor", f"{at}/order-discharge", **decided).status_code == 303
    assert "discharge" in buttons(show(ward, "nurse", at).text)
    assert send(ward, "nurse", f"{at}/discharge").status_code == 303
    assert ward.row("visits", visit["id"])["status"] == "discharged"


def test_tampered_decisions_are_refused(ward: Ward) -> None:
    visit = ward.visit()
    order = ward.make.prescription(visit=visit, status="active")
    sent = send(ward, "doctor", f"/visits/{visit['id']}/order-discharge", **{f"m-{order['id']}": "double"})
    assert sent.status_code == 422


def test_waiting_board_triages_and_takes_in_the_row(ward: Ward, queries: Any) -> None:
    visit = ward.visit(visit_type="emergency")
    at = f"/visits/{visit['id']}"
    with queries(at_most=3):
        assert str(visit["id"]) in show(ward, "nurse", "/waiting").text
    assert send(ward, "nurse", f"{at}/triage", level="").status_code == 422
    assert send(ward, "nurse", f"{at}/triage", level="2").status_code == 303
    assert "Imminently life-threatening" in show(ward, "reception", "/waiting").text
    assert send(ward, "doctor", f"{at}/take").status_code == 303
    assert str(visit["id"]) not in show(ward, "nurse", "/waiting").text


def test_two_hospitals_settle_a_transfer_by_page(ward: Ward, queries: Any) -> None:
    visit, bed = ward.visit(), ward.bed("b")
    told = {"reason": "Needs a catheter laboratory.", "handover": "Chest pain since noon."}
    target = ward.hospital("b")["code"]
    sent = send(ward, "doctor", f"/visits/{visit['id']}/transfer-request", to_hospital=target, **told)
    assert sent.status_code == 303, sent.text
    with queries(at_most=2):
        listed = show(ward, "doctor", "/transfers", place="b").text
    (found,) = ward.make.connection.execute(
        "SELECT id FROM transfer_requests WHERE visit_id = %s", (visit["id"],)
    ).fetchall()
    at = f"/transfers/{found[0]}"
    assert at in listed
    assert told["handover"] in show(ward, "doctor", at, place="b").text
    assert send(ward, "doctor", f"{at}/accept", place="b", bed_id="").status_code == 422
    short = send(ward, "doctor", f"{at}/decline", place="b", reason="No")
    assert (short.status_code, ">No</textarea>" in short.text) == (422, True)
    assert send(ward, "doctor", f"{at}/accept", place="b", bed_id=str(bed["id"])).status_code == 303
    assert f"{at}/send" in show(ward, "doctor", at).text
    assert send(ward, "doctor", f"{at}/send").status_code == 303
    assert ward.row("visits", visit["id"])["status"] == "transferred"


def test_death_is_recorded_by_page_and_greys_the_banner(ward: Ward) -> None:
    visit: Values = ward.visit(admission_date=NOW - 30 * HOUR)
    here = (NOW - HOUR).astimezone(ZoneInfo(ward.hospital()["timezone"]))
    at = f"/visits/{visit['id']}"
    assert "is not taken back" in show(ward, "doctor", f"{at}/decease").text
    assert send(ward, "doctor", f"{at}/decease", died_at="").status_code == 422
    assert send(ward, "doctor", f"{at}/decease", died_at=f"{here:%Y-%m-%dT%H:%M}").status_code == 303
    assert "Died " in show(ward, "doctor", at).text


@pytest.mark.parametrize(
    ("status", "ended", "words"),
    [("active", None, "<dt>Stay</dt><dd>day 3</dd>"), ("discharged", NOW, "<dt>Stay</dt><dd>2 nights</dd>")],
)
def test_page_of_a_visit_says_how_long_the_stay_is(ward: Ward, status: str, ended: Any, words: str) -> None:
    visit = ward.visit(status, admission_date=NOW - 48 * HOUR, discharge_date=ended)
    assert words in show(ward, "nurse", f"/visits/{visit['id']}").text


def test_page_of_an_emergency_leads_to_the_board_where_it_waits(ward: Ward) -> None:
    visit = ward.visit(visit_type="emergency")
    assert f'href="/waiting#w-{visit["id"]}"' in show(ward, "nurse", f"/visits/{visit['id']}").text
    assert f'id="w-{visit["id"]}"' in show(ward, "nurse", "/waiting").text
