"""The turnover of a bed by its routes: every state with every act, who may, and what is remembered."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from factories import Values
from served import Hospitals
from starlette.testclient import TestClient
from ward_world import Ward

from app.models.bed import TerminalStep

As = Callable[[str], TestClient]
API = "/api/v1"
STEPS = [step.value for step in TerminalStep]
STATES = ("available", "reserved", "occupied", "cleaning", "maintenance", "closed")
# Domain 5.5, read off by hand: the act > from which states it is taken, and what the bed is then.
ACTS: dict[str, tuple[set[str], str]] = {
    "reserve": ({"available"}, "reserved"),
    "release": ({"reserved"}, "available"),
    "take": ({"available"}, "occupied"),
    "clean": ({"cleaning"}, "available"),
    "maintain": ({"available", "cleaning"}, "maintenance"),
    "close": ({"available"}, "closed"),
    "open": ({"maintenance", "closed"}, "cleaning"),
}


@pytest.fixture
def nurse(module_ward: Ward, api_as: As) -> TestClient:
    return api_as(module_ward.email("nurse"))


def later(hours: int = 1) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def bed_in(ward: Ward, state: str, **given: Any) -> Values:
    visit = ward.visit() if state in ("reserved", "occupied", "cleaning") else None
    return ward.bed(state, visit, **given)


def body_of(ward: Ward, act: str) -> dict[str, Any]:
    if act in ("reserve", "take"):
        sent = {"visit_id": str(ward.visit()["id"])}
        return {**sent, "until": later()} if act == "reserve" else sent
    return {"reason": "The suction is broken."} if act in ("maintain", "close") else {}


def press(program: TestClient, bed: Values, act: str, body: dict[str, Any], **more: Any) -> Any:
    return program.post(f"{API}/beds/{bed['id']}/{act}", json=body, **more)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ACTS)
def test_act_moves_a_bed_from_where_the_domain_says_and_from_nowhere_else(
    module_ward: Ward, nurse: TestClient, act: str, state: str
) -> None:
    bed = bed_in(module_ward, state)
    answer = press(nurse, bed, act, {} if act == "clean" else body_of(module_ward, act))
    allowed, goal = ACTS[act]
    if state in allowed:
        assert (answer.status_code, answer.json().get("status")) == (200, goal), answer.text
        assert answer.headers["etag"]
    else:
        assert answer.status_code == 409, answer.text
    assert module_ward.state(bed) == (goal if state in allowed else state)


@pytest.mark.parametrize("act", ACTS)
def test_doctor_manages_no_beds(module_ward: Ward, api_as: As, act: str) -> None:
    answer = press(api_as(module_ward.email("doctor")), module_ward.bed(), act, body_of(module_ward, act))
    assert answer.status_code == 403
    assert answer.json()["permission"] == "bed.manage"


@pytest.mark.parametrize("act", ACTS)
def test_bed_of_another_hospital_is_not_there(
    module_ward: Ward, api_as: As, hospitals: Hospitals, act: str
) -> None:
    answer = press(api_as("nurse"), module_ward.bed(), act, body_of(module_ward, act))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("reserve", {}),
        ("reserve", {"visit_id": "nobody", "until": "2030-01-01T00:00:00Z"}),
        ("reserve", {"visit_id": str(uuid4()), "until": "2030-01-01T00:00:00"}),
        ("take", {"visit_id": str(uuid4()), "reason": "x"}),
        ("clean", {"steps": ["sweep"]}),
        ("clean", {"cleaned_at": "yesterday"}),
        ("clean", {"is_terminal": True}),
        ("maintain", {"reason": "x"}),
        ("close", {"reason": "  "}),
    ],
)
def test_nonsense_is_refused(module_ward: Ward, nurse: TestClient, act: str, body: dict[str, Any]) -> None:
    assert press(nurse, module_ward.bed(), act, body).status_code == 422


def test_a_bed_is_kept_for_a_day_where_nobody_says_for_how_long(module_ward: Ward, nurse: TestClient) -> None:
    bed, visit = module_ward.bed(), str(module_ward.visit()["id"])
    kept = press(nurse, bed, "reserve", {"reserved_for_visit_id": visit}).json()
    left = datetime.fromisoformat(kept["reserved_until"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert (kept["reserved_for_visit_id"], kept["assigned_visit_id"]) == (visit, None)
    longer = press(nurse, bed, "reserve", {"visit_id": visit, "reserved_until": later(48)}).json()
    assert longer["reserved_until"] > kept["reserved_until"]


@pytest.mark.parametrize(("act", "state"), [("maintain", "maintenance"), ("close", "closed")])
def test_a_bed_goes_out_of_use_without_a_word(
    module_ward: Ward, nurse: TestClient, act: str, state: str
) -> None:
    bed = module_ward.bed()
    answer = nurse.post(f"{API}/beds/{bed['id']}/{act}")
    assert (answer.json()["status"], answer.json()["out_of_use_reason"]) == (state, None)


def test_a_bed_names_who_lies_in_it_as_its_row_does(module_ward: Ward, nurse: TestClient) -> None:
    visit = module_ward.visit()
    told = nurse.get(f"{API}/beds/{module_ward.bed('occupied', visit)['id']}").json()
    assert told["assigned_visit_id"] == str(visit["id"])
    assert told["assigned_patient_id"] == str(visit["patient_id"])
    assert told["hospital_id"] == str(visit["hospital_id"])
    assert told["assigned_at"] is not None


def test_bed_is_not_kept_for_a_visit_that_nobody_knows(module_ward: Ward, nurse: TestClient) -> None:
    answer = press(nurse, module_ward.bed(), "reserve", {"visit_id": str(uuid4()), "until": later()})
    assert answer.status_code == 404


@pytest.mark.parametrize("act", ["take", "release", "clean", "open"])
def test_a_stale_version_changes_nothing(module_ward: Ward, nurse: TestClient, act: str) -> None:
    state = {"take": "available", "release": "reserved", "clean": "cleaning", "open": "closed"}[act]
    bed = bed_in(module_ward, state)
    stale = {"If-Match": '"20200101T000000.000000"'}
    answer = press(nurse, bed, act, body_of(module_ward, act), headers=stale)
    assert (answer.status_code, module_ward.state(bed)) == (412, state)


def test_a_cleaning_says_who_cleaned_when_and_who_says_so(module_ward: Ward, nurse: TestClient) -> None:
    bed = bed_in(module_ward, "cleaning")
    waits_since = module_ward.row("beds", bed["id"])["status_changed_at"]
    assert press(nurse, bed, "clean", {"cleaner": "R. Castellano"}).status_code == 200
    (kept,) = module_ward.rows("SELECT * FROM bed_cleanings WHERE bed_id = %s", bed["id"])
    assert (kept["cleaner"], kept["recorded_by_id"], kept["began_at"], kept["is_terminal"]) == (
        "R. Castellano", module_ward.users["nurse"]["id"], waits_since, False,
    )  # fmt: skip
    assert kept["cleaned_at"] >= waits_since


@pytest.mark.parametrize(("hours", "code"), [(1, "cleaned-later"), (-1, "cleaned-before")])
def test_a_bed_was_cleaned_after_it_was_left_and_not_in_the_future(
    module_ward: Ward, nurse: TestClient, hours: int, code: str
) -> None:
    bed = bed_in(module_ward, "cleaning")
    answer = press(nurse, bed, "clean", {"cleaned_at": later(hours)})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


# After isolation


@pytest.fixture
def left_by_isolated(module_ward: Ward) -> Values:
    visit = module_ward.visit()
    since = datetime.now(UTC) - timedelta(days=2)
    module_ward.make.patient_alert(
        patient=visit_file(module_ward, visit), alert_type="isolation", value="contact", since=since
    )
    bed = module_ward.bed("occupied", visit)
    left = dict.fromkeys(("assigned_patient_id", "assigned_visit_id", "assigned_at"))
    module_ward.make.change("beds", bed["id"], {"status": "cleaning", **left})
    return bed


def visit_file(ward: Ward, visit: Values) -> Values:
    return ward.row("patients", visit["patient_id"])


def test_after_isolation_a_bed_is_clean_with_the_whole_checklist_only(
    module_ward: Ward, nurse: TestClient, left_by_isolated: Values
) -> None:
    bed = left_by_isolated
    assert nurse.get(f"{API}/beds/{bed['id']}").json()["needs_terminal_clean"] is True
    for steps in ([], STEPS[1:]):
        answer = press(nurse, bed, "clean", {"steps": steps})
        assert (answer.status_code, answer.json()["code"]) == (422, "checklist-incomplete")
    assert press(nurse, bed, "clean", {"steps": STEPS}).status_code == 200
    (kept,) = module_ward.rows("SELECT * FROM bed_cleanings WHERE bed_id = %s", bed["id"])
    assert kept["is_terminal"]
    assert all(kept[step] for step in STEPS)


def test_a_repair_in_between_does_not_save_the_checklist(
    module_ward: Ward, nurse: TestClient, left_by_isolated: Values
) -> None:
    bed = left_by_isolated
    press(nurse, bed, "maintain", {"reason": "The brake is loose."})
    press(nurse, bed, "open", {})
    assert press(nurse, bed, "clean", {}).json()["code"] == "checklist-incomplete"
    assert press(nurse, bed, "clean", {"steps": STEPS}).status_code == 200
    press(nurse, bed, "close", {"reason": "Nobody to staff it."})
    press(nurse, bed, "open", {})
    assert press(nurse, bed, "clean", {}).status_code == 200


# Fit: a warning with a reason


def test_a_bed_that_does_not_fit_asks_why_and_keeps_the_answer(module_ward: Ward, nurse: TestClient) -> None:
    visit, bed = module_ward.visit(), module_ward.bed(bed_type="icu")
    body = {"visit_id": str(visit["id"])}
    asked = press(nurse, bed, "take", body)
    assert (asked.status_code, asked.json()["code"]) == (422, "confirm-needed")
    assert [each["field"] for each in asked.json()["errors"]] == ["bed_type", "reason"]
    assert module_ward.state(bed) == "available"
    taken = press(nurse, bed, "take", {**body, "reason": "Needs a ventilator."})
    assert taken.status_code == 200, taken.text
    (stay,) = module_ward.rows("SELECT * FROM bed_assignments WHERE bed_id = %s", bed["id"])
    assert stay["placement_reason"] == "Needs a ventilator."


def test_a_bay_is_asked_about_when_the_other_sex_lies_in_it(module_ward: Ward, nurse: TestClient) -> None:
    his, hers = (module_ward.visit(patient=module_ward.patient(gender=sex)) for sex in ("male", "female"))
    module_ward.bed("occupied", his, ward="Mixed", bay="Bay 1")
    beside = module_ward.bed(ward="Mixed", bay="Bay 1")
    elsewhere = module_ward.bed(ward="Mixed", bay="Bay 2")
    asked = press(nurse, beside, "take", {"visit_id": str(hers["id"])})
    assert [each["field"] for each in asked.json()["errors"]] == ["sex", "reason"]
    assert press(nurse, elsewhere, "take", {"visit_id": str(hers["id"])}).status_code == 200


def test_an_isolated_patient_is_asked_about_outside_isolation(module_ward: Ward, nurse: TestClient) -> None:
    visit = module_ward.visit()
    module_ward.make.patient_alert(
        patient=visit_file(module_ward, visit), alert_type="isolation", value="droplet",
        since=datetime.now(UTC) - timedelta(hours=1),
    )  # fmt: skip
    general, isolation = module_ward.bed(), module_ward.bed(bed_type="isolation")
    asked = press(nurse, general, "take", {"visit_id": str(visit["id"])})
    assert [each["field"] for each in asked.json()["errors"]] == ["isolation", "reason"]
    assert press(nurse, isolation, "take", {"visit_id": str(visit["id"])}).status_code == 200
