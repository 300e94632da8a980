"""A stay from the desk to the departure, in five browsers at once, each with its own role (S60 to S62)."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect
from served import Hospitals
from ward_world import Ward, build_ward

pytestmark = pytest.mark.browser
Visit = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def house(hospitals: Hospitals) -> Any:
    with hospitals.database.owner() as connection:
        yield build_ward(connection)


async def come(visit: Visit, ward: Ward, role: str, path: str) -> Page:
    window = await visit(None, path=f"/login?next={path}")
    page: Page = window.page
    await page.get_by_label("E-mail").fill(ward.email(role))
    await page.get_by_label("Password").fill("doctor123")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**{path}")
    return page


async def press(page: Page, name: str) -> None:
    """The link or button of that name, and what it leads to."""
    by_name = page.get_by_role("link", name=name, exact=True).or_(
        page.get_by_role("button", name=name, exact=True)
    )
    await by_name.first.click()


async def test_a_stay_from_the_desk_to_the_departure(visit: Visit, house: Ward) -> None:
    bed = house.bed(bed_number="J-1", ward="Juniper")
    tile = f"#bed-{bed['id']}"
    manager = await come(visit, house, "manager", "/beds")
    await expect(manager.locator(tile)).to_contain_text("Free")

    reception = await come(visit, house, "reception", "/desk")
    await press(reception, "Register somebody new")
    await reception.get_by_label("Family name").fill("Ellery")
    await reception.get_by_label("Given name").fill("Una")
    await reception.get_by_label("Date of birth").fill("9 3 1959")
    await reception.get_by_label("Sex").select_option("female")
    await press(reception, "Register")
    await expect(reception.get_by_role("region", name="Patient")).to_contain_text("09-Mar-1959")
    await press(reception, "Plan a visit")
    await reception.get_by_label("Doctor in charge").select_option(index=1)
    await press(reception, "Save the visit")
    await expect(reception.get_by_role("status").first).to_have_text("Planned.")
    stay = re.sub(r"^https?://[^/]+|\?.*$", "", reception.url)

    nurse = await come(visit, house, "nurse", stay)
    await press(nurse, "Admit to a bed")
    await nurse.get_by_label("Bed", exact=True).select_option(str(bed["id"]))
    await press(nurse, "Admit")
    await expect(nurse.get_by_role("status").first).to_have_text("Admitted.")
    await expect(manager.locator(tile)).to_contain_text("ELLERY, Una")
    await press(nurse, "Observations")
    for label, value in (("Resp", "18"), ("SpO₂", "95"), ("O₂", "air"), ("BP", "120/80"), ("Pulse", "84"),
                         ("Temp", "37.2")):  # fmt: skip
        await nurse.get_by_label(re.compile(f"^{label}")).fill(value)
    await nurse.get_by_label("ACVPU").select_option("A")
    await press(nurse, "Save")
    await expect(nurse.get_by_role("table", name="Sets of vital signs, newest first")).to_contain_text("95")

    doctor = await come(visit, house, "doctor", stay)
    await press(doctor, "Record a diagnosis")
    await doctor.get_by_label("Code or words of the title").fill("pneumonia")
    await press(doctor, "Find")
    await doctor.get_by_label("Diagnosis", exact=True).select_option(index=0)
    await press(doctor, "Record")
    await press(doctor, "Write")
    for label in ("Reason for the stay", "Procedures", "Care, treatment and services provided",
                  "Condition at discharge", "What patient and family were told", "Follow-up"):  # fmt: skip
        await doctor.get_by_label(label).fill("As written in the chart.")
    await doctor.get_by_label("Where the patient goes").select_option("home")
    await press(doctor, "Sign the summary")
    await expect(doctor.get_by_text("A doctor has to order the discharge.")).to_be_visible()
    await press(doctor, "Order discharge")
    await press(doctor, "Order the discharge")
    await expect(doctor.get_by_text("Everything is there")).to_be_visible()
    await expect(doctor.get_by_role("status").first).to_contain_text("Discharge ordered")
    await expect(manager.locator(tile)).to_contain_text("may go")

    home = nurse.url.split("/visits/")[0]
    await nurse.goto(f"{home}/ward")
    row = nurse.get_by_role("row").filter(has_text="ELLERY, Una")
    await expect(row).to_contain_text(re.compile("home|discharge|departure", re.IGNORECASE))
    await nurse.goto(f"{home}{stay}")
    await press(nurse, "Confirm departure")
    await press(nurse, "The patient has left")
    await expect(nurse.get_by_role("status").first).to_contain_text("Departure confirmed")
    await expect(manager.locator(tile)).to_contain_text("Cleaning")
