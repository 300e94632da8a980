"""The banner: who a page is about, as far as the reader's role goes."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from served import Hospitals
from starlette.testclient import TestClient

from app.access.actor import Actor
from app.access.permissions import GRANTS
from app.core.ids import new_id
from app.features.registration.banner import banner_of
from app.models.role import RoleName

As = Callable[[str], TestClient]
NORMAL = {
    "respiratory_rate": 16, "spo2": 97, "spo2_scale": None, "supplemental_oxygen": False,
    "news2_total": None, "news2_state": None,
    "blood_pressure_systolic": 120, "heart_rate": 80, "consciousness": "A", "temperature": 36.8,
    "recorded_at": "2026-11-24T08:00:00+00:00",
}  # fmt: skip
ROW = {
    **dict.fromkeys(
        ("first_name", "name_prefix", "deceased_on", "bed", "visit_id", "visit_type", "visit_status", "weight")
    ),
    "id": new_id(), "hospital_id": new_id(), "person_id": new_id(), "mrn": "NGH-00000018", "last_name": "Smith",
    "date_of_birth": date(1959, 3, 9), "date_of_birth_precision": "day", "gender": "male", "is_active": True,
    "is_deceased": False, "spo2_scale": 1, "timezone": "UTC", "today": date(2026, 11, 24), "allergies": [],
    "no_known_allergies_at": None, "attending_doctor": None, "signs": None,
    "merged_into_id": None, "former_mrns": [], "is_unknown": False, "identity_note": None, "alerts": None,
}  # fmt: skip


def actor_of(role: RoleName) -> Actor:
    return Actor(
        new_id(), new_id(), "a@hass.example", None, "Actor", None, role, role, "hospital", new_id(), new_id(),
        None, None, None, None, None, "UTC", permissions=frozenset(GRANTS[role]),
    )  # fmt: skip


def score_of(*signs: dict[str, Any], **row: Any) -> Any:
    return banner_of(actor_of(RoleName.NURSE), {**ROW, "signs": list(signs), **row}).news2


def test_the_score_is_that_of_the_last_set_and_says_how_it_moved() -> None:
    score = score_of({**NORMAL, "respiratory_rate": 26, "temperature": 38.5}, NORMAL)
    assert (score.total, score.change, score.risk, score.red) == (4, 4, "low-medium", ["respiratory_rate"])


def test_the_score_that_was_kept_with_its_set_stands() -> None:
    assert score_of({**NORMAL, "news2_total": 9, "news2_state": "complete"}).total == 9
    assert score_of({**NORMAL, "news2_state": "incomplete"}).total is None


def test_an_incomplete_set_has_no_total() -> None:
    score = score_of({**NORMAL, "consciousness": None}, NORMAL)
    assert (score.total, score.risk, score.missing, score.change) == (None, None, ["consciousness"], None)


def test_under_sixteen_there_is_no_total() -> None:
    score = score_of(NORMAL, date_of_birth=date(2010, 11, 25))
    assert (score.total, score.complete) == (None, True)


def alert(kind: str, value: str | None = None) -> dict[str, Any]:
    since = "2026-11-24T08:00:00+00:00"
    return {
        "id": str(new_id()),
        "alert_type": kind,
        "value": value,
        "note": None,
        "since": since,
        "until": None,
    }


def test_in_pregnancy_there_is_no_total() -> None:
    assert score_of(NORMAL, alerts=[alert("falls")]).total == 0
    assert score_of(NORMAL, alerts=[alert("pregnancy")]).total is None


def test_the_scale_of_the_set_counts_before_that_of_the_patient() -> None:
    assert score_of({**NORMAL, "spo2": 88, "spo2_scale": 2}).total == 0
    assert score_of({**NORMAL, "spo2": 88}).total == 3
    assert score_of({**NORMAL, "spo2": 88}, spo2_scale=2).total == 0


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (RoleName.RECEPTION, (False, False)),
        (RoleName.LAB_TECH, (False, True)),
        (RoleName.NURSE, (True, True)),
    ],
)
def test_a_role_sees_what_its_work_needs(role: RoleName, sees: tuple[bool, bool]) -> None:
    banner = banner_of(actor_of(role), {**ROW, "alerts": [alert("isolation", "contact")]})
    assert (banner.allergies is not None, banner.alerts is not None) == sees


def test_the_chart_of_john_shows_his_score_to_a_nurse_and_not_at_the_desk(
    page_as: As, hospitals: Hospitals
) -> None:
    path = f"/patients/{hospitals.john}"
    assert "NEWS2 </span>" in page_as("nurse").get(path).text
    desk = page_as("reception").get(path).text
    assert "NEWS2" not in desk
    assert "17-Apr-1968" in desk


@pytest.mark.parametrize("role", ["nurse", "doctor", "reception", "manager", "lab", "pharma"])
def test_every_way_of_the_banner_leads_somewhere(role: str, page_as: As, hospitals: Hospitals) -> None:
    page = page_as(role)
    shown = page.get(f"/patients/{hospitals.john}").text
    ways = re.findall(r'<a href="([^"]+)"', shown.split('class="ways"')[1].split("</nav>")[0])
    assert len(ways) >= 1
    assert {way: page.get(way).status_code for way in ways} == dict.fromkeys(ways, 200)


def test_a_page_of_a_visit_has_one_row_of_ways_and_says_where_one_is(
    page_as: As, hospitals: Hospitals
) -> None:
    page = page_as("nurse")
    ways = re.findall(r'<a href="(/visits/[^"/?]+)"', page.get(f"/patients/{hospitals.john}").text)
    shown = page.get(f"{ways[0]}/notes?done=written").text
    assert shown.count("Hand-overs</a>") == 1
    assert f'<a href="{ways[0]}/notes" aria-current="page">Notes</a>' in shown
