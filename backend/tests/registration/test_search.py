"""The search: every way to find a patient, page by page, inside the own hospital."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from factories import Make
from served import Hospitals
from somebody import Person
from starlette.testclient import TestClient
from strangers import unlike

As = Callable[[str], TestClient]
SOME = """
WITH people AS (
  INSERT INTO persons (id, first_name, last_name, date_of_birth, gender)
  SELECT gen_random_uuid(), CASE WHEN n = 1 THEN 'María José' ELSE 'Zoe' || n END,
         CASE WHEN n = 1 THEN 'Flórez' ELSE 'Quill' || lpad(n::text, 2, '0') END,
         date '1959-03-09' + (n - 1) * 40, 'female' FROM generate_series(1, 45) n
  RETURNING id, first_name, last_name, date_of_birth)
INSERT INTO patients (id, hospital_id, person_id, mrn, first_name, last_name, search_family_given, search_given_family,
                      date_of_birth, gender, phone, phone_digits, source)
SELECT gen_random_uuid(), h.id, p.id,
       'NGH-' || lpad((7000000 + row_number() OVER (ORDER BY p.last_name))::text, 8, '0'),
       p.first_name, p.last_name,
       CASE WHEN p.last_name = 'Flórez' THEN 'florez maria jose' ELSE lower(p.last_name || ' ' || p.first_name) END,
       CASE WHEN p.last_name = 'Flórez' THEN 'maria jose florez' ELSE lower(p.first_name || ' ' || p.last_name) END,
       p.date_of_birth, 'female', '+1 (555) 014-22' || lpad((row_number() OVER (ORDER BY p.last_name))::text, 2, '0'),
       '55501422' || lpad((row_number() OVER (ORDER BY p.last_name))::text, 2, '0'), 'urn:test'
  FROM people p, hospitals h WHERE h.code = 'NGH'
"""


@pytest.fixture(scope="module", autouse=True)
def some(hospitals: Hospitals) -> None:
    """45 more patients: María José Flórez and 44 of the Quills."""
    with hospitals.database.owner() as owner:
        if not owner.execute("SELECT 1 FROM patients WHERE last_name = 'Quill02'").fetchone():
            owner.execute(SOME)


def names(program: TestClient, **parameters: Any) -> list[str]:
    answer = program.get("/api/v1/patients", params=parameters)
    assert answer.status_code == 200, answer.text
    return [row["last_name"] for row in answer.json()["items"]]


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "flor"},
        {"q": "FLÓREZ, María"},
        {"q": "maria jose flo"},
        {"q": "florez jose"},
        {"q": "flor 1959"},
        {"q": "9 3 1959 florez"},
        {"born": "1959-03-09", "q": "mar"},
        {"q": "09-Mar-1959"},
    ],
)
def test_a_patient_is_found_by_what_people_type(parameters: dict[str, str], api_as: As) -> None:
    assert "Flórez" in names(api_as("reception"), **parameters)


def test_a_patient_is_found_by_mrn_and_by_phone(api_as: As) -> None:
    program = api_as("nurse")
    found = program.get("/api/v1/patients", params={"q": "quill07"}).json()["items"][0]
    for parameters in (
        {"q": found["mrn"]},
        {"q": found["mrn"].lower()},
        {"mrn": found["mrn"]},
        {"q": found["phone"]},
        {"phone": found["phone"]},
        {"phone": found["phone"].removeprefix("+1 ")},
    ):
        assert names(program, **parameters) == ["Quill07"], parameters


def test_a_phone_without_digits_is_refused_and_not_taken_for_everybody(api_as: As) -> None:
    answer = api_as("nurse").get("/api/v1/patients", params={"phone": "none"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "phone")
    for blank in ({"phone": " "}, {"mrn": " "}):
        assert names(api_as("nurse"), q="quill07", **blank) == ["Quill07"]


def test_pages_follow_one_another_without_a_gap_or_a_double(api_as: As) -> None:
    program, seen, cursor = api_as("doctor"), [], None
    while True:
        parameters = {"q": "quill", "limit": 7, **({"cursor": cursor} if cursor else {})}
        page = program.get("/api/v1/patients", params=parameters).json()
        seen += [row["last_name"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Quill{number:02d}" for number in range(2, 46)]


def test_an_empty_search_lists_by_family_name(api_as: As) -> None:
    listed = names(api_as("doctor"), limit=100)
    assert "Smith" in listed
    assert "Flórez" in listed


def test_another_hospitals_patients_are_not_found(api_as: As, hospitals: Hospitals) -> None:
    for parameters in ({"q": "lakesen"}, {"mrn": "LSH-00000012"}):
        assert names(api_as("doctor"), **parameters) == []
        assert names(api_as("doctor@lakeside.example"), **parameters) == ["Lakesen"]


@pytest.mark.parametrize("role", ["admin", "radmin", "patient"])
def test_who_may_not_search_is_refused_on_both_faces(role: str, api_as: As, page_as: As) -> None:
    assert api_as(role).get("/api/v1/patients?q=smi").status_code == 403
    assert page_as(role).get("/patients?q=smi").status_code == 403
    assert page_as(role).get("/patients/found?q=smi").status_code == 403


def test_who_is_not_signed_in_is_sent_to_sign_in(client: TestClient) -> None:
    assert client.get("/api/v1/patients?q=smi").status_code == 401
    assert client.get("/patients?q=smi").headers["location"] == "/login?next=%2Fpatients%3Fq%3Dsmi"


@pytest.mark.parametrize(
    "odd", ["%", "_", "'", '"; --', "\\", "<script>", "\u0000", "😀", " ", "ﷺ", "a" * 200]
)
def test_odd_words_find_nobody_and_break_nothing(odd: str, api_as: As, page_as: As) -> None:
    assert api_as("nurse").get("/api/v1/patients", params={"q": odd}).status_code == 200
    page = page_as("nurse").get("/patients", params={"q": odd})
    assert page.status_code == 200
    assert '<script>"' not in page.text


def test_a_search_takes_two_statements(api_as: As, queries: Any) -> None:
    program = api_as("nurse")
    with queries(at_most=2):
        names(program, q="quill")


def test_the_page_works_without_scripts_and_answers_htmx_with_its_part(page_as: As) -> None:
    page = page_as("nurse")
    whole = page.get("/patients?q=quill")
    assert whole.text.startswith("<!doctype html>")
    assert "The first 20 found" in whole.text
    more = whole.text.split('class="more"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Zoe22" in page.get(more).text
    part = page.get("/patients?q=quill", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "The first 20 found" in part
    rows = page.get(more, headers={"HX-Request": "true"}).text
    assert rows.lstrip().startswith("<tr")
    back = page.get("/patients?q=quill", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


def test_each_row_shows_two_identifiers_beside_the_name(page_as: As) -> None:
    page = page_as("nurse").get("/patients?q=quill07").text
    for words in ("<mark>QUILL07</mark>, Zoe7", "04-Nov-1959", "NGH-0700"):
        assert words in page


def test_the_palette_offers_patients_with_two_identifiers(page_as: As) -> None:
    part = page_as("nurse").get("/patients/found?q=quill").text
    assert part.count('role="option"') == 7
    assert part.count("NGH-0700") == 7
    assert page_as("nurse").get("/patients/found?q=%20x").text.strip() == ""


def test_the_mrn_of_a_merged_file_leads_to_the_one_that_is_used(api_as: As, hospitals: Hospitals) -> None:
    with hospitals.database.owner() as owner:
        make = Make(owner)
        found = owner.execute("SELECT id, region_id FROM hospitals WHERE code = 'NGH'").fetchone()
        assert found is not None
        at = {"id": found[0], "region_id": found[1], "code": "MRGD"}
        used = make.patient(hospital=at)
        person = {"id": used["person_id"], "last_name": used["last_name"]}
        between = make.patient(hospital=at, person=person, merged_into_id=used["id"], is_active=False)
        old = make.patient(hospital=at, person=person, merged_into_id=between["id"], is_active=False)
    desk = api_as("reception")
    for mrn in (used["mrn"], between["mrn"], old["mrn"]):
        items = desk.get("/api/v1/patients", params={"q": mrn}).json()["items"]
        assert [each["id"] for each in items] == [str(used["id"])], mrn
    assert items[0]["former_mrns"] == [between["mrn"]]
    everybody = desk.get("/api/v1/patients", params={"q": used["last_name"], "limit": 100}).json()["items"]
    assert not {str(between["id"]), str(old["id"])} & {each["id"] for each in everybody}
    closed = desk.get(f"/api/v1/patients/{between['id']}").json()
    assert (closed["is_active"], closed["merged_into_id"]) == (False, str(used["id"]))


def test_a_number_on_a_document_finds_for_those_who_register(api_as: As) -> None:
    desk, name = api_as("reception"), unlike()
    body = {"last_name": name, "national_id": "QX 4455-66", "national_id_type": "PPN"}
    assert desk.post("/api/v1/patients", json=body).status_code == 201
    for words in ("qx445566", "QX4455-66"):
        assert names(desk, q=words) == [name]
        assert names(api_as("nurse"), q=words) == []


def test_a_social_security_number_is_found_with_and_without_dashes(api_as: As) -> None:
    desk, name = api_as("reception"), unlike()
    body = {"last_name": name, "national_id": "987650001", "national_id_type": "SS"}
    assert desk.post("/api/v1/patients", json=body).status_code == 201
    for words in ("987-65-0001", "987650001"):
        assert names(desk, q=words) == [name]


def test_an_mrn_with_a_wrong_digit_is_told_from_an_unknown_one(page_as: As) -> None:
    assert "last digit of this MRN does not fit" in page_as("nurse").get("/patients?q=NGH-0048216").text
    assert "last digit" not in page_as("nurse").get("/patients?q=NGH-0048215").text


def test_a_patient_is_found_by_the_bed(api_as: As) -> None:
    for words in ("A-07", "a-07", "A-0"):
        assert "Smith" in names(api_as("nurse"), q=words)
    assert names(api_as("nurse"), q="Z-99") == []


def test_the_palette_begins_with_those_opened_last(
    somebody: Callable[[str], Person], hospitals: Hospitals, busy: UUID
) -> None:
    page = somebody("doctor@hass.example").page()
    assert page.get("/patients/found?q=").text.strip() == ""
    for patient in (hospitals.john, busy, hospitals.nora, hospitals.john):
        page.get(f"/patients/{patient}")
    listed = re.findall(r'data-go="/patients/([^"]+)"', page.get("/patients/found?q=").text)
    assert listed == [str(hospitals.john), str(busy)]


def test_family_names_come_before_given_ones_and_every_row_comes_once(
    api_as: As, hospitals: Hospitals
) -> None:
    with hospitals.database.owner() as owner:
        make = Make(owner)
        found = owner.execute("SELECT id, region_id FROM hospitals WHERE code = 'NGH'").fetchone()
        assert found is not None
        at = {"id": found[0], "region_id": found[1], "code": "RANK"}
        for family, given in (
            ("Zvexlow", "Ann"),
            ("Zvexlow", "Bea Zvexlow"),
            ("Zyard", "Zvexlow"),
            ("Zzed", "Kim Zvexlow"),
        ):
            make.patient(hospital=at, last_name=family, first_name=given)
    desk = api_as("reception")

    def pages(words: str) -> list[str]:
        listed, cursor = [], None
        while True:
            answer = desk.get(
                "/api/v1/patients", params={"q": words, "limit": 1, **({"cursor": cursor} if cursor else {})}
            ).json()
            listed += [f"{each['last_name']} {each['first_name']}" for each in answer["items"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                return listed

    assert pages("zvexl") == ["Zvexlow Ann", "Zvexlow Bea Zvexlow", "Zyard Zvexlow"]
    # All words, in whatever order: a middle name is found beside the family name.
    assert pages("zzed zvex") == ["Zzed Kim Zvexlow"]
    assert pages("zvexlow a") == ["Zvexlow Ann"]
    assert desk.get("/api/v1/patients", params={"q": "zvexl", "cursor": "bm9uc2Vuc2U"}).status_code == 422
