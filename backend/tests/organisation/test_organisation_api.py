"""Regions, hospitals, beds and figures by JSON (design 7, domain 5.2)."""

import itertools
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from served import Hospitals
from starlette.testclient import TestClient

As = Callable[[str], TestClient]
_numbers = itertools.count(1)
API = "/api/v1"


def code() -> str:
    return f"T{next(_numbers):05}"


def north(api: TestClient) -> dict[str, Any]:
    return next(each for each in api.get(f"{API}/regions").json()["items"] if each["code"] == "NORTH")


def lake(api: TestClient) -> dict[str, Any]:
    return next(each for each in api.get(f"{API}/regions").json()["items"] if each["code"] == "LAKE")


def new_region(api_as: As) -> dict[str, Any]:
    answer = api_as("admin").post(f"{API}/regions", json={"name": "Test Region", "code": code()})
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


def new_hospital(api_as: As, region_id: str | None = None, **given: Any) -> dict[str, Any]:
    region_id = region_id or new_region(api_as)["id"]
    body = {
        "region_id": region_id,
        "name": "Test Hospital",
        "code": code(),
        "timezone": "Europe/Oslo",
        **given,
    }
    answer = api_as("admin").post(f"{API}/hospitals", json=body)
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


def test_region_is_opened_renamed_closed_and_opened_again(api_as: As) -> None:
    admin, made = api_as("admin"), new_region(api_as)
    path = f"{API}/regions/{made['id']}"
    renamed = admin.patch(path, json={"name": "Fjord Region"}, headers={"If-Match": made["etag"]})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Fjord Region")
    assert admin.post(f"{path}/close").json()["is_active"] is False
    assert admin.post(f"{path}/open").json()["is_active"] is True


def test_region_of_a_taken_code_is_a_conflict(api_as: As) -> None:
    answer = api_as("admin").post(f"{API}/regions", json={"name": "Another North", "code": "NORTH"})
    assert (answer.status_code, answer.json()["detail"], answer.json()["errors"]) == (
        409,
        "Another region has this code. Choose another.",
        [{"field": "code", "sentence": "Another region has this code. Choose another."}],
    )


@pytest.mark.parametrize("body", [{"name": "X"}, {"name": " ", "code": "OK1"}, {"name": "X", "code": "low"}])
def test_region_needs_a_name_and_a_code(api_as: As, body: dict[str, Any]) -> None:
    assert api_as("admin").post(f"{API}/regions", json=body).status_code == 422


def test_change_without_if_match_is_428_and_a_stale_one_412(api_as: As) -> None:
    admin, made = api_as("admin"), new_region(api_as)
    path = f"{API}/regions/{made['id']}"
    assert admin.patch(path, json={"name": "A"}).status_code == 428
    first = admin.patch(path, json={"name": "A"}, headers={"If-Match": made["etag"]})
    assert first.status_code == 200
    assert admin.get(path).headers["etag"] == first.headers["etag"] != made["etag"]
    stale = admin.patch(path, json={"name": "B"}, headers={"If-Match": made["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "changed-meanwhile")
    assert admin.get(path).json()["name"] == "A"


def test_theme_is_kept_when_its_pairs_can_be_told_apart(api_as: As) -> None:
    admin, made = api_as("admin"), new_region(api_as)
    theme = {"primary_color": "#D32F2F", "secondary_color": "#f2b84b"}
    answer = admin.put(f"{API}/regions/{made['id']}/theme", json=theme, headers={"If-Match": made["etag"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["primary_color"] == "#d32f2f"


@pytest.mark.parametrize("colour", ["red", "#12345", "#gggggg"])
def test_theme_of_no_colour_is_refused(api_as: As, colour: str) -> None:
    made = new_region(api_as)
    answer = api_as("admin").put(
        f"{API}/regions/{made['id']}/theme",
        json={"primary_color": colour},
        headers={"If-Match": made["etag"]},
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "primary_color")


def test_regional_administrator_themes_the_own_region_and_sees_no_other(api_as: As) -> None:
    mine = north(api_as("radmin"))
    path = f"{API}/regions/{mine['id']}"
    headers = {"If-Match": api_as("radmin").get(path).headers["etag"]}
    colours = {key: mine[key] for key in ("primary_color", "secondary_color")}
    assert api_as("radmin").put(f"{path}/theme", json=colours, headers=headers).status_code == 200
    assert api_as("radmin").patch(path, json={"name": "Mine"}, headers=headers).status_code == 403
    theirs = lake(api_as("admin"))["id"]
    assert api_as("radmin").get(f"{API}/regions/{theirs}").status_code == 404
    answer = api_as("radmin").put(f"{API}/regions/{theirs}/theme", json=colours, headers={"If-Match": "*"})
    assert answer.status_code == 404


def test_hospital_is_opened_changed_closed_and_opened_again(api_as: As) -> None:
    admin, made = api_as("admin"), new_hospital(api_as, bed_capacity=20)
    path = f"{API}/hospitals/{made['id']}"
    changes = {"bed_capacity": 30, "phone": None, "results_need_second_person": True}
    changed = admin.patch(path, json=changes, headers={"If-Match": made["etag"]})
    assert changed.status_code == 200, changed.text
    assert {key: changed.json()[key] for key in changes} == changes
    assert changed.json()["name"] == "Test Hospital"
    assert admin.post(f"{path}/close").json()["is_active"] is False
    region = f"{API}/regions/{made['region_id']}"
    assert admin.post(f"{region}/close").status_code == 200
    assert admin.post(f"{path}/open").json()["code"] == "region-closed"
    admin.post(f"{region}/open")
    assert admin.post(f"{path}/open").json()["is_active"] is True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "NEW"}, "code"),
        ({"is_active": False}, "is_active"),
        ({"bed_capacity": -1}, "bed_capacity"),
        ({"bed_capacity": "many"}, "bed_capacity"),
        ({"name": ""}, "name"),
    ],
)
def test_hospital_refuses_what_cannot_be_changed_or_meant(
    api_as: As, change: dict[str, Any], field: str
) -> None:
    mine = north(api_as("radmin"))["hospitals"][0]
    answer = api_as("radmin").patch(f"{API}/hospitals/{mine['id']}", json=change, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_hospital_in_an_unknown_time_zone_is_refused(api_as: As) -> None:
    body = {"region_id": north(api_as("admin"))["id"], "name": "X", "code": code(), "timezone": "Mars/Base"}
    answer = api_as("admin").post(f"{API}/hospitals", json=body)
    assert answer.status_code == 422
    assert "time zone" in answer.json()["detail"]


def test_hospital_with_somebody_in_it_is_not_closed(api_as: As) -> None:
    mine = next(each for each in north(api_as("admin"))["hospitals"] if each["code"] == "NGH")
    answer = api_as("admin").post(f"{API}/hospitals/{mine['id']}/close")
    assert (answer.status_code, answer.json()["code"]) == (409, "hospitals-open-visits")


def test_regional_administrator_opens_hospitals_in_his_region_only(api_as: As) -> None:
    there = lake(api_as("admin"))
    body = {"name": "Far Hospital", "code": code(), "timezone": "Europe/Oslo"}
    answer = api_as("radmin").post(f"{API}/hospitals", json={**body, "region_id": there["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "region-needed")
    mine = api_as("radmin").post(
        f"{API}/hospitals", json={**body, "region_id": north(api_as("radmin"))["id"]}
    )
    assert mine.status_code == 201, mine.text
    hospital = there["hospitals"][0]["id"]
    assert api_as("radmin").get(f"{API}/hospitals/{hospital}").status_code == 404
    assert api_as("radmin").post(f"{API}/hospitals/{hospital}/close").status_code == 404


def test_manager_reads_his_hospital_and_changes_none(api_as: As) -> None:
    listed = api_as("manager").get(f"{API}/hospitals").json()["items"]
    assert [each["code"] for each in listed] == ["NGH"]
    path = f"{API}/hospitals/{listed[0]['id']}"
    refused = api_as("manager").patch(path, json={"name": "Mine"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "hospital.manage")


def test_beds_are_set_up_renamed_and_switched_off(api_as: As) -> None:
    manager, ward = api_as("manager"), f"Ward {next(_numbers)}"
    numbers = [f"{ward}-{place}" for place in (1, 2)]
    body = {"ward": ward, "bed_numbers": [*numbers, numbers[0]], "bed_type": "icu", "floor": "3"}
    made = manager.post(f"{API}/beds", json=body)
    assert made.status_code == 201, made.text
    assert [(bed["bed_number"], bed["status"]) for bed in made.json()["items"]] == [
        (number, "available") for number in numbers
    ]
    path = f"{API}/beds/{made.json()['items'][0]['id']}"
    etag = manager.get(path).headers["etag"]
    changed = manager.patch(path, json={"bed_number": f"{ward}-9"}, headers={"If-Match": etag})
    assert (changed.json()["bed_number"], changed.json()["bed_type"]) == (f"{ward}-9", "icu")
    assert manager.post(f"{path}/switch-off").json()["is_active"] is False
    assert manager.post(f"{path}/switch-on").json()["is_active"] is True
    renamed = manager.post(f"{API}/wards/rename", json={"ward": ward, "new_name": f"{ward} West"})
    assert {bed["ward"] for bed in renamed.json()["items"]} == {f"{ward} West"}
    assert len(renamed.json()["items"]) == 2
    gone = manager.post(f"{API}/wards/rename", json={"ward": ward, "new_name": "Anything"})
    assert gone.status_code == 404


def test_bed_of_a_taken_number_is_a_conflict_and_none_of_the_set_is_made(api_as: As) -> None:
    manager = api_as("manager")
    taken = manager.get(f"{API}/beds").json()["items"][0]["bed_number"]
    answer = manager.post(f"{API}/beds", json={"ward": "Nowhere", "bed_numbers": [f"N{uuid4()}", taken]})
    assert answer.status_code == 409
    assert manager.get(f"{API}/beds", params={"ward": "Nowhere"}).json()["items"] == []


def test_bed_in_which_somebody_lies_is_not_switched_off(api_as: As) -> None:
    manager = api_as("manager")
    bed = manager.get(f"{API}/beds", params={"status": "occupied"}).json()["items"][0]
    answer = manager.post(f"{API}/beds/{bed['id']}/switch-off")
    assert (answer.status_code, answer.json()["code"]) == (409, "beds-off-is-empty-check")


def test_bed_of_another_hospital_is_not_there(api_as: As, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as connection:
        row = connection.execute(
            "INSERT INTO beds (id, hospital_id, bed_number, ward) SELECT gen_random_uuid(), id, %s, 'Shore'"
            " FROM hospitals WHERE code = 'LSH' RETURNING id",
            (f"L{next(_numbers)}",),
        ).fetchone()
    assert row is not None
    assert api_as("manager").get(f"{API}/beds/{row[0]}").status_code == 404
    assert api_as("manager").post(f"{API}/beds/{row[0]}/switch-off").status_code == 404
    assert api_as("nurse").post(f"{API}/beds/{row[0]}/switch-off").status_code == 403


def test_more_beds_than_licensed_raise_an_alarm_and_no_refusal(api_as: As, hospitals: Hospitals) -> None:
    manager = api_as("manager")
    assert manager.get(f"{API}/beds").json()["over_capacity"] is False
    with hospitals.database.owner() as connection:
        connection.execute("UPDATE hospitals SET bed_capacity = 1 WHERE code = 'NGH'")
        try:
            found = manager.get(f"{API}/beds").json()
            assert found["over_capacity"] is True
            assert found["active_beds"] > found["licensed_beds"] == 1
        finally:
            connection.execute("UPDATE hospitals SET bed_capacity = 200 WHERE code = 'NGH'")


def test_figures_are_counts_of_one_statement(api_as: As, queries: Any) -> None:
    with queries(at_most=1):
        answer = api_as("admin").get(f"{API}/metrics/global")
    found = answer.json()
    ours = next(each for each in found["hospitals"] if each["code"] == "NGH")
    assert ours["licensed_beds"] == 200
    assert ours["occupied_beds"] >= 1
    assert ours["open_visits"] == sum(ours["open_visits_by_type"].values()) >= 1
    assert ours["active_users_by_role"]["nurse"] >= 1
    assert found["total"]["licensed_beds"] == sum(each["licensed_beds"] for each in found["hospitals"])
    assert "Smith" not in answer.text


def test_figures_stay_within_reach(api_as: As) -> None:
    everything = api_as("admin").get(f"{API}/metrics/global").json()["hospitals"]
    mine = api_as("radmin").get(f"{API}/metrics/global").json()["hospitals"]
    assert "LSH" in {each["code"] for each in everything}
    assert "LSH" not in {each["code"] for each in mine}
    there = lake(api_as("admin"))
    hospital = there["hospitals"][0]["id"]
    assert api_as("admin").get(f"{API}/hospitals/{hospital}/metrics").json()["code"] == "LSH"
    for path in (f"/regions/{there['id']}/metrics", f"/hospitals/{hospital}/metrics"):
        assert api_as("radmin").get(f"{API}{path}").status_code == 404
        assert api_as("manager").get(f"{API}{path}").status_code == 403
    region = north(api_as("radmin"))["id"]
    found = api_as("radmin").get(f"{API}/regions/{region}/metrics").json()["hospitals"]
    assert {UUID(each["region_id"]) for each in found} == {UUID(region)}
