"""Hot questions about visits are led by an index under row-level security (design 4).

Sequential scans are made unattractive and not forbidden: a plan that still has one had no index to take."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from cluster import Database
from factories import Make, Values

from app.features.departures import statements as departures
from app.features.emergency import statements as emergency
from app.features.transfers import statements as transfers
from app.features.visits import statements as visits

FILL = """
INSERT INTO visits (id, hospital_id, patient_id, visit_type, status, admission_date, discharge_date, source)
SELECT gen_random_uuid(), %(hospital)s, %(patient)s, 'emergency', 'discharged', now() - n * interval '1 hour',
       now() - n * interval '1 hour', 'urn:test' FROM generate_series(1, 4000) n
"""
QUESTIONS = {
    "waiting": emergency.WAITING,
    "visit": visits.ONE,
    "active": visits.list_sql(by_status=True, by_patient=False, goes_on=False),
    "of a patient": visits.list_sql(by_status=False, by_patient=True, goes_on=True),
    "gate": departures.FACTS,
    "transfer": transfers.ONE,
}


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Iterator[tuple[psycopg.Connection[Any], Values]]:
    """hass_app in a hospital with 4,000 visits, and what the questions are asked about."""
    with module_database.owner() as owner:
        make = Make(owner)
        visit = make.visit()
        request = make.transfer_request(visit=visit)
        owner.execute(FILL, {"hospital": visit["hospital_id"], "patient": visit["patient_id"]})
        owner.execute("ANALYZE visits")
    about = {
        "hospital_id": visit["hospital_id"], "visit_id": visit["id"], "patient_id": visit["patient_id"],
        "status": "active", "after_id": visit["id"], "limit": 21, "transfer_id": request["id"],
    }  # fmt: skip
    with module_database.app(autocommit=False) as connection:
        connection.execute(
            "SELECT set_config('hass.scope', 'hospital', true), set_config('hass.hospital_id', %s, true),"
            " set_config('enable_seqscan', 'off', true)",
            (str(visit["hospital_id"]),),
        )
        yield connection, about
        connection.rollback()


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_hot_question_scans_no_table_of_the_tenant(
    filled: tuple[psycopg.Connection[Any], Values], name: str
) -> None:
    connection, about = filled
    asked = re.sub(r"(?<!:):(\w+)", r"%(\1)s", QUESTIONS[name])
    plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {asked}", about).fetchall())
    scanned = re.findall(
        r"Seq Scan on (visits|patients|beds|transfer_requests|lab_tests|prescriptions)\b", plan
    )
    assert scanned == [], plan
