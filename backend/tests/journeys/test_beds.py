"""The bed board by hand: a nurse moves somebody by key and by dragging, the manager watches it in another browser."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from served import Hospitals
from ward_world import Ward, build_ward

pytestmark = pytest.mark.browser
Visit = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def house(hospitals: Hospitals) -> Any:
    with hospitals.database.owner() as connection:
        yield build_ward(connection)


async def come(visit: Visit, ward: Ward, role: str) -> Any:
    """The board, in a window of its own."""
    window = await visit(None, path="/login?next=/beds")
    await window.page.get_by_label("E-mail").fill(ward.email(role))
    await window.page.get_by_label("Password").fill("doctor123")
    await window.page.get_by_role("button", name="Sign in").click()
    await window.page.wait_for_url("**/beds")
    return window.page


async def test_manager_sees_the_bed_change_that_a_nurse_moves_somebody_to(visit: Visit, house: Ward) -> None:
    somebody = house.visit(patient=house.patient(last_name="Halvorsen"))
    first, second, third = house.bed("occupied", somebody, bed_number="A-1"), house.bed(), house.bed()
    watching = await come(visit, house, "manager")
    nurse = await come(visit, house, "nurse")
    # By keys alone: M on the tile, an arrow to the first free bed, Enter.
    await nurse.locator(f"#bed-{first['id']}").focus()
    await nurse.keyboard.press("m")
    await nurse.wait_for_url("**move=**")
    await nurse.keyboard.press("ArrowDown")
    chosen = await nurse.evaluate("document.activeElement.id")
    assert chosen in (f"bed-{second['id']}", f"bed-{third['id']}")
    await nurse.keyboard.press("Enter")
    await nurse.wait_for_url("**done=taken**")
    await watching.locator(f"#{chosen}", has_text="HALVORSEN").wait_for()
    await watching.locator(f"#bed-{first['id']}", has_text="Cleaning").wait_for()
    # By dragging, to the other one.
    other = f"bed-{third['id']}" if chosen == f"bed-{second['id']}" else f"bed-{second['id']}"
    await nurse.locator(f"#{chosen}").drag_to(nurse.locator(f"#{other}"))
    await nurse.locator(f"#{other}", has_text="HALVORSEN").wait_for()
    await watching.locator(f"#{other}", has_text="HALVORSEN").wait_for()


async def test_escape_stops_a_move_and_who_waits_is_dragged_to_a_free_bed(visit: Visit, house: Ward) -> None:
    somebody, waiting = house.visit(patient=house.patient()), house.visit(patient=house.patient())
    bed, free = house.bed("occupied", somebody), house.bed()
    nurse = await come(visit, house, "nurse")
    await nurse.goto(nurse.url.split("/beds")[0] + f"/beds?move={somebody['id']}")
    await nurse.keyboard.press("Escape")
    await nurse.wait_for_url("**/beds")
    await nurse.locator(f"#waits-{waiting['id']}").drag_to(nurse.locator(f"#bed-{free['id']}"))
    await nurse.wait_for_url("**done=taken**")
    assert house.row("beds", free["id"])["assigned_visit_id"] == waiting["id"]
    assert house.state(bed) == "occupied"
