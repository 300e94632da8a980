"""tutorial/first-day.md: what it tells the reader to do works, and shows what it says."""

import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from documents import ROOT, fenced
from served import Hospitals, TestClient

TUTORIAL = ROOT / "docs" / "tutorial" / "first-day.md"
As = Callable[[str], TestClient]


def test_its_two_requests_lead_to_john_smiths_chart(client: TestClient) -> None:
    login, search = (block for block in fenced(TUTORIAL, "sh") if "curl" in block)
    body = re.search(r"-d '(.+)'", login)
    paths = [
        urlsplit(address) for block in (login, search) for address in re.findall(r"http://[^\s']+", block)
    ]
    assert body is not None
    token = client.post(paths[0].path, json=json.loads(body[1])).json()["access_token"]
    with_token = {"Authorization": f"Bearer {token}"}
    found = client.get(f"{paths[1].path}?{paths[1].query}", headers=with_token).json()["items"]
    assert [(one["first_name"], one["last_name"]) for one in found] == [("John", "Smith")]
    chart = re.search(r"`(/api/v1/patients/\{id\}/chart)`", TUTORIAL.read_text(encoding="utf-8"))
    assert chart is not None
    answer = client.get(chart[1].format(id=found[0]["id"]), headers=with_token)
    assert answer.json()["allergies"]["items"][0]["substance"] == "Penicillin"


def test_nurse_sees_the_allergy_and_the_prescription(page_as: As, hospitals: Hospitals) -> None:
    chart = page_as("nurse").get(f"/patients/{hospitals.john}").text.lower()
    assert "penicillin" in chart
    assert "lisinopril" in chart


def test_reception_sees_who_he_is_and_nothing_clinical(page_as: As, hospitals: Hospitals) -> None:
    chart = page_as("reception").get(f"/patients/{hospitals.john}").text.lower()
    assert "smith" in chart
    assert "penicillin" not in chart
    assert "lisinopril" not in chart
    assert "headache" not in chart


def test_patient_sees_the_own_prescription_and_no_unreleased_test(page_as: As) -> None:
    portal = page_as("patient").get("/").text.lower()
    assert "lisinopril" in portal
    assert "metabolic panel" not in portal


def test_super_administrator_sees_hospitals_and_no_chart(page_as: As, hospitals: Hospitals) -> None:
    admin = page_as("admin")
    assert "North General Hospital" in admin.get("/organisation").text
    assert admin.get(f"/patients/{hospitals.john}").status_code == 403
