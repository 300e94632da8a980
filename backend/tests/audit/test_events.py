"""Domain 5.12: what is an event besides a changed row, and who it says it was."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from factories import make_hospital
from served import Hospitals, browser, sign_in, token_of
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.testclient import TestClient

from app.audit import events
from app.core.ids import new_id

As = Callable[[str], TestClient]


def trail_of(hospitals: Hospitals, condition: str, *values: Any) -> list[dict[str, Any]]:
    with hospitals.database.owner() as connection:
        cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
        return cursor.execute(
            f"SELECT * FROM audit_logs WHERE {condition} ORDER BY transaction_id DESC, seq DESC", values
        ).fetchall()


def by_request(hospitals: Hospitals, answer: Any) -> list[dict[str, Any]]:
    """Everything the trail holds of the request that got this answer."""
    return trail_of(hospitals, "request_id = %s", answer.headers["X-Request-ID"])


def test_opening_a_chart_says_who_in_which_role_for_which_hospital_and_why(
    api_as: As, hospitals: Hospitals
) -> None:
    answer = api_as("doctor").get(f"/api/v1/patients/{hospitals.john}/chart")
    assert answer.status_code == 200
    (entry,) = by_request(hospitals, answer)
    assert (entry["action"], entry["event_type"], entry["outcome"]) == ("R", "110110", 0)
    assert (entry["user_role"], entry["purpose"]) == ("doctor", "TREAT")
    assert entry["user_hospital_id"] == entry["hospital_id"] is not None
    assert entry["patient_id"] == hospitals.john


@pytest.mark.parametrize(
    ("role", "purpose"),
    [("nurse", "TREAT"), ("reception", "HOPERAT"), ("manager", "HOPERAT"), ("patient", "PATRQT")],
)
def test_the_purpose_of_a_read_follows_from_the_role(
    api_as: As, hospitals: Hospitals, role: str, purpose: str
) -> None:
    answer = api_as(role).get(f"/api/v1/patients/{hospitals.john}/chart")
    assert answer.status_code == 200
    assert [entry["purpose"] for entry in by_request(hospitals, answer)] == [purpose]


def test_a_missing_permission_is_an_event_of_the_user_who_lacked_it(api_as: As, hospitals: Hospitals) -> None:
    answer = api_as("admin").get(f"/api/v1/patients/{hospitals.john}/chart")
    assert answer.status_code == 403
    (entry,) = by_request(hospitals, answer)
    assert (entry["action"], entry["event_type"], entry["subtype"]) == ("E", "110113", "110132")
    assert (entry["outcome"], entry["outcome_desc"]) == (4, "permission missing")
    assert (entry["resource_type"], entry["resource_id"]) == ("users", entry["user_id"])
    assert (entry["user_role"], entry["act"]) == ("super_admin", "read_chart")
    assert entry["query"] == {"permission": "patient.read", "patient_id": str(hospitals.john)}


def test_who_tries_to_hand_out_more_than_he_has_is_an_event(
    api_as: As, page_as: As, hospitals: Hospitals
) -> None:
    given = {"email": "overreach@test.example", "last_name": "Reacher", "role": "super_admin"}
    by_program = api_as("radmin").post("/api/v1/users", json=given)
    assert by_program.status_code == 403
    (entry,) = by_request(hospitals, by_program)
    assert (entry["event_type"], entry["subtype"], entry["outcome"]) == ("110113", "110132", 4)
    assert (entry["user_role"], entry["outcome_desc"]) == ("regional_admin", "beyond the own reach")
    assert entry["resource_id"] == entry["user_id"]
    radmin = page_as("radmin")
    by_page = radmin.post("/staff/new", data={**given, "csrf_token": token_of(radmin.get("/staff/new").text)})
    assert by_page.status_code == 403
    assert "beyond the own reach" in [each["outcome_desc"] for each in by_request(hospitals, by_page)]
    # The administrators of the region find it.
    found = api_as("radmin").get("/api/v1/audit-logs", params={"kind": "refusals"}).json()["items"]
    assert str(entry["id"]) in {each["id"] for each in found}


def test_a_refused_page_is_an_event_too(page_as: As, hospitals: Hospitals) -> None:
    answer = page_as("lab").get("/organisation")
    assert answer.status_code == 403
    assert [entry["outcome_desc"] for entry in by_request(hospitals, answer)] == ["permission missing"]


def test_a_patient_of_another_hospital_is_tried_in_vain_and_that_is_kept(
    api_as: As, hospitals: Hospitals
) -> None:
    answer = api_as("nurse").get(f"/api/v1/patients/{hospitals.nora}/chart")
    assert answer.status_code == 404
    (entry,) = by_request(hospitals, answer)
    assert (entry["outcome"], entry["outcome_desc"]) == (4, "not there or out of reach")
    assert (entry["resource_id"], entry["patient_id"]) == (hospitals.nora, None)
    assert entry["user_role"] == "nurse"
    # The manager of the hospital that tried finds it, and not the other one.
    assert entry["hospital_id"] == entry["user_hospital_id"]


def test_an_id_that_nobody_has_leaves_the_same_trace(api_as: As, hospitals: Hospitals) -> None:
    unknown = new_id()
    answer = api_as("nurse").get(f"/api/v1/patients/{unknown}/chart")
    (entry,) = by_request(hospitals, answer)
    assert (entry["resource_id"], entry["outcome_desc"]) == (unknown, "not there or out of reach")


def test_a_search_tells_how_many_were_found_and_not_what_was_typed(api_as: As, hospitals: Hospitals) -> None:
    answer = api_as("nurse").get("/api/v1/patients", params={"q": "smith"})
    (entry,) = by_request(hospitals, answer)
    assert (entry["action"], entry["event_type"]) == ("E", "110112")
    assert entry["query"]["found"] == len(answer.json()["items"])
    assert "smith" not in str(entry).lower()


def test_signing_in_and_out_are_sign_in_events(client: TestClient, hospitals: Hospitals) -> None:
    page = browser(client)
    signed_in = sign_in(page, "reception@hass.example")
    kinds = {
        (entry["event_type"], entry["subtype"], entry["resource_type"], entry["outcome"])
        for entry in by_request(hospitals, signed_in)
        if entry["resource_type"] == "sessions"
    }
    assert kinds == {("110114", "110122", "sessions", 0)}
    token = page.get("/patients").text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    signed_out = page.post("/logout", data={"csrf_token": token})
    assert ("110114", "110123") in {
        (entry["event_type"], entry["subtype"]) for entry in by_request(hospitals, signed_out)
    }


def test_a_refused_sign_in_belongs_to_the_hospital_of_the_account(
    client: TestClient, hospitals: Hospitals
) -> None:
    answer = client.post("/api/v1/auth/login", json={"email": "nurse@hass.example", "password": "not it"})
    assert answer.status_code == 401
    (entry,) = (each for each in by_request(hospitals, answer) if each["outcome"])
    assert (entry["event_type"], entry["subtype"], entry["outcome"]) == ("110114", "110122", 4)
    (hospital,) = trail_of(
        hospitals, "resource_type = 'hospitals' AND after_state ->> 'code' = 'NGH' AND action = 'C'"
    )
    assert entry["hospital_id"] == hospital["resource_id"]
    assert entry["user_id"] is None


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("UPDATE users SET is_active = is_active, title = 'Dr' WHERE id = %s", ("rest", "update")),
        ("UPDATE users SET is_active = false WHERE id = %s", ("110113", "110137")),
        ("UPDATE users SET password_hash = '$2b$04$' || repeat('b', 53) WHERE id = %s", ("110113", "110137")),
        ("UPDATE roles SET permissions = permissions - 0 WHERE id = (SELECT role_id FROM users WHERE id = %s)",
         ("110113", "110136")),
    ],
)  # fmt: skip
def test_a_change_of_rights_is_a_security_event(
    hospitals: Hospitals, change: str, kind: tuple[str, str]
) -> None:
    with hospitals.database.owner(autocommit=False) as connection:
        found = connection.execute("SELECT id FROM users WHERE email = 'lab@hass.example'").fetchone()
        assert found is not None
        connection.execute(change, found)
        last = connection.execute(
            "SELECT event_type, subtype FROM audit_logs WHERE action = 'U' AND resource_type IN ('users', 'roles')"
            " ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        connection.rollback()
    assert last == kind


async def test_import_and_export_are_events_with_their_number(session: AsyncSession) -> None:
    hospital = await make_hospital(session)
    reach = text(
        "SELECT set_config('hass.scope', 'hospital', true), set_config('hass.hospital_id', :hospital, true)"
    )
    await session.execute(reach, {"hospital": str(hospital.id)})
    await events.record_export(session, "visits", count=12, what="CSV")
    await events.record_import(session, "import_sources", count=3, source="urn:other")
    written = text(
        "SELECT action, event_type, query FROM audit_logs WHERE event_type IN ('110106', '110107') ORDER BY seq"
    )
    assert [tuple(row) for row in await session.execute(written)] == [
        ("E", "110106", {"as": "CSV", "count": 12}),
        ("E", "110107", {"from": "urn:other", "count": 3}),
    ]


def test_ids_are_uuids_of_version_7(hospitals: Hospitals) -> None:
    assert {UUID(str(entry["id"])).version for entry in trail_of(hospitals, "true")} == {7}
