"""Domain 5.4: what a closed visit refuses, and what it still takes."""

from typing import Any

import pytest
from admitting import Ward, ready, summary
from factories import NOW, Values

NEW: dict[str, tuple[str, Values]] = {
    "vitals": ("nurse", {"heart_rate": 72}),
    "diagnoses": ("doctor", {"code": "I10", "role": "comorbid"}),
    "order-discharge": ("doctor", {}),
    "transfer": ("doctor", {"bed_id": None}),
    "transfer-requests": ("doctor", {"to_hospital": "X2", "reason": "A bed", "handover": "In words"}),
    "triage": ("nurse", {"level": 3}),
}


@pytest.fixture
def closed(ward: Ward) -> Values:
    visit, _ = ready(ward)
    ward.make.lab_result(
        lab_test=ward.make.lab_test(visit=visit, status="completed"),
        interpretation="HH",
        acknowledged_at=NOW,
        acknowledged_by_id=ward.login("doctor").user["id"],
    )
    assert ward.act("nurse", f"/visits/{visit['id']}/discharge").status_code == 200
    return visit


@pytest.mark.parametrize("what", sorted(NEW))
def test_closed_visit_refuses_what_is_new(ward: Ward, closed: Values, what: str) -> None:
    who, body = NEW[what]
    sent: Any = {**body, "bed_id": str(ward.bed()["id"])} if "bed_id" in body else body
    answer = ward.act(who, f"/visits/{closed['id']}/{what}", sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "visit-closed"), answer.text


def test_closed_visit_takes_an_amendment_of_its_summary(ward: Ward, closed: Values) -> None:
    at = f"/visits/{closed['id']}/summary"
    assert ward.act("doctor", at, summary(follow_up="Clinic in two weeks.")).status_code == 200
    assert ward.act("doctor", f"{at}/sign").status_code == 200
    assert ward.row("visits", closed["id"])["sync_status"] == "pending"


def test_closed_visit_takes_note_of_a_critical_result_that_came_late(ward: Ward, closed: Values) -> None:
    late = ward.make.lab_result(
        lab_test=ward.make.lab_test(visit=closed, status="completed"), interpretation="LL"
    )
    answer = ward.act("doctor", f"/visits/{closed['id']}/results/{late['id']}/acknowledge")
    assert answer.status_code == 200


def test_closed_visit_is_marked_as_an_error_with_its_rows_kept(ward: Ward, closed: Values) -> None:
    answer = ward.act("manager", f"/visits/{closed['id']}/enter-in-error", {"reason": "wrong patient"})
    assert answer.status_code == 200
    kept = "SELECT count(*) FROM discharge_summaries WHERE visit_id = %s"
    assert ward.make.connection.execute(kept, (closed["id"],)).fetchone() == (1,)


def test_summary_of_a_closed_visit_lacks_nothing_either(ward: Ward, closed: Values) -> None:
    at = f"/visits/{closed['id']}/summary"
    ward.act("doctor", at, summary(procedures=None))
    answer = ward.act("doctor", f"{at}/sign")
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (
        409, ["summary.procedures"],
    )  # fmt: skip
