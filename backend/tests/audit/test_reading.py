"""Reading the trail: the manager's search, the administrators' reach, and who opened a patient's own record."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from served import PASSWORDS, Hospitals
from starlette.testclient import TestClient

from app.core.ids import new_id
from app.features.trail import rules
from app.models import Base

As = Callable[[str], TestClient]
LOGS = "/api/v1/audit-logs"


def found(api: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = api.get(LOGS, params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def user_id(hospitals: Hospitals, name: str) -> str:
    with hospitals.database.owner() as connection:
        row = connection.execute(
            "SELECT id FROM users WHERE email = %s", (f"{name}@hass.example",)
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_the_manager_finds_who_opened_a_patients_record(api_as: As, hospitals: Hospitals) -> None:
    api_as("nurse").get(f"/api/v1/patients/{hospitals.john}/chart")
    newest, *_ = found(api_as("manager"), patient_id=str(hospitals.john), kind="reads")
    assert newest["user_id"] == user_id(hospitals, "nurse")
    assert newest["user_name"]
    assert (newest["user_role"], newest["act"], newest["purpose"]) == ("nurse", "read_chart", "TREAT")
    assert newest["patient_mrn"].startswith("NGH-")


def test_every_condition_narrows_the_search(api_as: As, hospitals: Hospitals) -> None:
    manager, nurse = api_as("manager"), user_id(hospitals, "nurse")
    api_as("nurse").get(f"/api/v1/patients/{hospitals.john}/chart")
    now = datetime.now(UTC)
    assert {each["user_id"] for each in found(manager, user_id=nurse)} == {nurse}
    assert {each["resource_type"] for each in found(manager, resource_type="vitals")} == {"vitals"}
    (one, *_) = found(manager, resource_type="vitals")
    assert {each["resource_id"] for each in found(manager, resource_id=one["resource_id"])} == {
        one["resource_id"]
    }
    assert all(each["act"].startswith("read_ch") for each in found(manager, act="read ch"))
    assert found(manager, act="read ch")
    assert found(manager, **{"from": (now + timedelta(days=1)).isoformat()}) == []
    assert found(manager, to=(now - timedelta(days=1)).isoformat()) == []
    assert found(manager, **{"from": (now - timedelta(hours=1)).isoformat()})
    assert {each["outcome"] for each in found(manager, kind="refusals")} <= {4}


def test_pages_follow_one_another_without_a_gap(api_as: As, hospitals: Hospitals) -> None:
    seen, cursor, asked = [], None, {"resource_type": "beds", "limit": 4}
    while True:
        answer = (
            api_as("manager").get(LOGS, params={**asked, **({"cursor": cursor} if cursor else {})}).json()
        )
        seen += [each["id"] for each in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    with hospitals.database.owner() as connection:
        rows = connection.execute(
            "SELECT id FROM audit_logs WHERE resource_type = 'beds' AND hospital_id ="
            " (SELECT id FROM hospitals WHERE code = 'NGH') ORDER BY created_at DESC, id DESC"
        ).fetchall()
    assert seen == [str(row[0]) for row in rows]
    assert len(seen) > 8


def test_what_a_row_holds_goes_with_the_permission_to_see_it(api_as: As, hospitals: Hospitals) -> None:
    """The manager reads the hospital's trail but no clinical content (domain 5.2)."""
    (vitals, *_) = found(api_as("manager"), resource_type="vitals")
    assert vitals["content_withheld"]
    assert vitals["before_state"] is None is vitals["after_state"]
    assert "heart_rate" in vitals["changed"]
    (bed, *_) = found(api_as("manager"), resource_type="beds", limit=1)
    assert not bed["content_withheld"]
    assert bed["after_state"]


def test_every_table_has_its_say_in_who_sees_its_content() -> None:
    unsaid = set(Base.metadata.tables) - rules.OPEN - set(rules.CONTENT)
    # Shown to nobody: counters, answers, messages to others, the seals.
    assert unsaid >= {"audit_seals", "idempotency_keys", "notifications", "mrn_counters"}
    assert not unsaid & {"vitals", "visits", "patients", "users"}


@pytest.mark.parametrize("role", ["admin", "radmin"])
def test_administrators_find_the_organisations_events_only(api_as: As, role: str) -> None:
    kinds = {each["resource_type"] for each in found(api_as(role), limit=100)}
    assert kinds
    assert kinds <= rules.OPEN
    assert found(api_as(role), resource_type="vitals") == []


def test_another_hospitals_events_are_out_of_sight(api_as: As, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as connection:
        theirs = connection.execute(
            "SELECT id FROM audit_logs WHERE patient_id = %s LIMIT 1", (hospitals.nora,)
        ).fetchone()
    assert theirs is not None
    assert found(api_as("manager"), patient_id=str(hospitals.nora)) == []


@pytest.mark.parametrize("role", ["doctor", "nurse", "lab", "pharma", "reception", "patient"])
@pytest.mark.parametrize("path", [LOGS, f"{LOGS}/verify"])
def test_who_may_not_read_the_trail_is_refused(api_as: As, role: str, path: str) -> None:
    assert api_as(role).get(path).status_code == 403


@pytest.mark.parametrize(
    "asked",
    [{"user_id": "x"}, {"kind": "gossip"}, {"from": "yesterday"}, {"from": "2026-01-01T00:00:00"}, {"limit": 0},
     {"cursor": "!"}, {"cursor": "WyJ4IiwgIngiXQ"}],
)  # fmt: skip
def test_nonsense_is_refused(api_as: As, asked: dict[str, Any]) -> None:
    assert api_as("manager").get(LOGS, params=asked).status_code == 422


def test_reading_the_trail_is_an_event_itself(api_as: As, hospitals: Hospitals) -> None:
    answer = api_as("manager").get(LOGS, params={"resource_type": "beds"})
    with hospitals.database.owner() as connection:
        rows = connection.execute(
            "SELECT event_type, query, user_role FROM audit_logs WHERE request_id = %s",
            (answer.headers["X-Request-ID"],),
        ).fetchall()
    assert rows == [("110101", {"by": ["resource_type"], "found": len(answer.json()["items"])}, "manager")]


def test_a_search_takes_few_statements(api_as: As, queries: Any) -> None:
    with queries(at_most=2):
        found(api_as("manager"), limit=100)


def test_verify_tells_by_the_route_as_well(api_as: As, hospitals: Hospitals) -> None:
    answer = api_as("admin").get(f"{LOGS}/verify")
    assert answer.status_code == 200
    assert answer.json()["is_whole"]
    assert answer.json()["findings"] == []
    assert answer.json()["unsealed"] > 0


# The pages


def test_the_page_says_who_when_and_what_changed_in_words(page_as: As, hospitals: Hospitals) -> None:
    page_as("nurse").get(f"/patients/{hospitals.john}")
    page = page_as("manager").get("/audit", params={"kind": "reads"})
    assert page.status_code == 200
    assert "Opened the record" in page.text
    assert "for treatment" in page.text
    assert "Nurse" in page.text
    assert "NGH-" in page.text


def test_the_page_shows_sign_ins_without_the_delays_that_count_them(
    page_as: As, client: TestClient, api_as: As
) -> None:
    """Nothing is hidden from who asks for it, and a program gets the whole trail."""
    login = {"email": "nurse@hass.example", "password": PASSWORDS["nurse@hass.example"]}
    assert client.post("/api/v1/auth/login", json=login).status_code == 200
    manager = page_as("manager")
    page = manager.get("/audit").text
    assert "Signed in" in page
    assert "a delay of sign-ins" not in page
    assert "a delay of sign-ins" not in manager.get("/audit", params={"kind": "changes"}).text
    assert "Changed a delay of sign-ins" in manager.get("/audit", params={"kind": "delays"}).text
    everything = found(api_as("manager"))
    assert {"sessions", "sign_in_delays"} <= {each["resource_type"] for each in everything}
    assert found(api_as("manager"), kind="delays")[0]["resource_type"] == "sign_in_delays"


def test_the_page_searches_by_person_mrn_and_day(page_as: As, hospitals: Hospitals) -> None:
    manager = page_as("manager")
    page_as("nurse").get(f"/patients/{hospitals.john}")
    with hospitals.database.owner() as connection:
        mrn, nurse = connection.execute(
            "SELECT (SELECT mrn FROM patients WHERE id = %s), last_name FROM users WHERE email = 'nurse@hass.example'",
            (hospitals.john,),
        ).fetchone() or ("", "")
    by_mrn = manager.get("/audit", params={"mrn": mrn.lower(), "person": nurse[:3], "kind": "reads"})
    assert "Opened the record" in by_mrn.text
    for nobody in ({"mrn": "NGH-0"}, {"person": "Zzzz"}, {"to": "2001-01-01"}, {"person": "%"}):
        assert "Nothing like that happened" in manager.get("/audit", params=nobody).text


def test_a_day_that_is_none_is_said_on_the_page_and_kept(page_as: As) -> None:
    page = page_as("manager").get("/audit", params={"from": "tomorrow", "person": "Ada"})
    assert page.status_code == 422
    assert "A day is written like" in page.text
    assert 'value="Ada"' in page.text


def test_a_period_that_runs_backwards_is_said_on_the_page_and_kept(page_as: As) -> None:
    page = page_as("manager").get("/audit", params={"from": "2026-11-30", "to": "2026-11-01"})
    assert page.status_code == 422
    assert 'href="#trail-to"' in page.text
    assert 'value="2026-11-30"' in page.text


def test_content_that_is_not_part_of_the_role_is_named_only(page_as: As, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as connection:
        connection.execute(
            "UPDATE visits SET reason_for_visit = 'A private reason' WHERE patient_id = %s", (hospitals.john,)
        )
    page = page_as("manager").get("/audit", params={"kind": "changes"})
    assert "reason for visit" in page.text
    assert "not part of your role" in page.text
    assert "A private reason" not in page.text


@pytest.mark.parametrize("role", ["doctor", "patient"])
def test_the_page_is_refused_without_the_right(page_as: As, role: str) -> None:
    assert page_as(role).get("/audit").status_code == 403


def test_older_events_come_as_rows(page_as: As) -> None:
    page = page_as("manager").get("/audit")
    cursor = page.text.split("cursor=", 1)[1].split('"', 1)[0]
    older = page_as("manager").get("/audit", params={"cursor": cursor}, headers={"HX-Request": "true"})
    assert older.status_code == 200
    assert "<html" not in older.text
    assert "<tr" in older.text


# Who opened my record


def test_a_patient_sees_who_opened_the_record_from_where_and_why(
    api_as: As, page_as: As, hospitals: Hospitals
) -> None:
    api_as("nurse").get(f"/api/v1/patients/{hospitals.john}/chart")
    newest, *_ = api_as("patient").get("/api/v1/my/record-openings").json()["items"]
    assert newest["role"] == "Nurse"
    assert newest["name"]
    assert newest["hospital_name"] == newest["file_hospital"] == "North General Hospital"
    assert (newest["purpose"], newest["is_own"], newest["is_emergency"]) == ("TREAT", False, False)
    page = page_as("patient").get("/my/openings")
    assert page.status_code == 200
    assert "For your treatment, as nurse, North General Hospital." in page.text


def test_an_emergency_access_is_shown_as_one(api_as: As, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as connection:
        connection.execute(
            "SELECT set_config('hass.role', 'doctor', false), audit_event('E', '110113', 'patients', %s, %s,"
            " 0::smallint, NULL, NULL, '110127', 'ETREAT')",
            (hospitals.john, hospitals.john),
        )
    newest, *_ = api_as("patient").get("/api/v1/my/record-openings").json()["items"]
    assert newest["is_emergency"]


def test_openings_of_others_stay_theirs(api_as: As, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as connection:
        connection.execute(
            "SELECT audit_event('R', '110110', 'patients', %s, %s)", (hospitals.nora, hospitals.nora)
        )
    names = {
        each["file_hospital"] for each in api_as("patient").get("/api/v1/my/record-openings").json()["items"]
    }
    assert names == {"North General Hospital"}


@pytest.mark.parametrize(
    "event",
    ["'U', 'rest', 'visits', NULL, %(john)s", "'E', '110112', 'patients', NULL, %(john)s",
     "'R', '110110', 'patients', %(john)s, %(john)s, 4::smallint",
     "'E', '110113', 'access_grants', NULL, %(john)s, 0::smallint, NULL, NULL, '110138'"],
    ids=["a change", "a search", "a refusal", "the end of an emergency"],
)  # fmt: skip
def test_what_opened_nothing_is_no_opening(api_as: As, hospitals: Hospitals, event: str) -> None:
    with hospitals.database.owner() as connection:
        made = connection.execute(f"SELECT audit_event({event})", {"john": hospitals.john}).fetchone()
    assert made is not None
    listed = api_as("patient").get("/api/v1/my/record-openings").json()["items"]
    assert str(made[0]) not in {each["id"] for each in listed}


def test_openings_page_by_page(api_as: As, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as connection:
        for _ in range(5):
            connection.execute(
                "SELECT audit_event('R', '110110', 'patients', %s, %s)", (hospitals.john, hospitals.john)
            )
    seen, cursor = [], None
    while True:
        asked = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        answer = api_as("patient").get("/api/v1/my/record-openings", params=asked).json()
        seen += [each["id"] for each in answer["items"]]
        if (cursor := answer["next_cursor"]) is None:
            break
    assert len(seen) == len(set(seen)) >= 5


def test_staff_have_no_such_list_of_their_own(api_as: As, page_as: As) -> None:
    assert api_as("nurse").get("/api/v1/my/record-openings").json() == {"items": [], "next_cursor": None}
    assert page_as("nurse").get("/my/openings").status_code == 404
    assert api_as("admin").get("/api/v1/my/record-openings").status_code == 403


@pytest.mark.parametrize("cursor", ["!", "WyJ4IiwgIngiXQ"])
def test_a_foreign_cursor_is_refused(api_as: As, cursor: str) -> None:
    answer = api_as("patient").get("/api/v1/my/record-openings", params={"cursor": cursor})
    assert answer.status_code == 422


def test_the_function_answers_nobody_but_the_patient(hospitals: Hospitals) -> None:
    """By SQL, whatever context is set: without a person of scope self there is nothing."""
    with hospitals.database.app(autocommit=False) as connection:
        for scope in ("", "network", "region", "hospital", "self"):
            connection.execute("SELECT set_config('hass.scope', %s, true)", (scope,))
            connection.execute("SELECT set_config('hass.person_id', %s, true)", (str(new_id()),))
            rows = connection.execute("SELECT * FROM own_record_openings(NULL, NULL, 10)").fetchall()
            assert rows == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM audit_digests(0, 1, 0, 1)")
