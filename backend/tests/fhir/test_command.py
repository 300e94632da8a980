"""`hass import fhir` as it is typed: exit status, sentences, JSON; and a database that fails on the way."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bundles import DATA, Clinic, bundle, encounter, open_clinic, patient, write
from cluster import Database, TestCluster

from app.core.errors import HassError
from app.fhir.importer import import_paths

BACKEND = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clinic(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    return open_clinic(module_database, tmp_path_factory.mktemp("command"))


def hass(clinic: Clinic, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "import", "fhir", *arguments],
        cwd=BACKEND,
        env={**os.environ, "HASS_DATABASE_URL": clinic.database.app_url},
        input=given,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_summary_says_what_went_where_and_the_second_run_that_nothing_changed(clinic: Clinic) -> None:
    sample = str(next(DATA.glob("Raymon_*")))
    status, out, _ = hass(clinic, sample)
    assert status == 0
    assert "122 resources: 122 new, 0 unchanged, 0 changed" in out
    assert "16 visits" in out
    status, out, _ = hass(clinic, sample)
    assert (status, "nothing new, nothing changed" in out) == (0, True)


def test_json_is_all_that_stands_on_standard_output(clinic: Clinic) -> None:
    status, out, _ = hass(clinic, "-", "--json", given=json.dumps(bundle(patient(), encounter())).encode())
    told = json.loads(out)
    assert (status, told["exit_status"], told["new"]) == (0, 0, 2)
    assert told["by_resource_type"]["Encounter"]["tables"] == {"visits": 1}


def test_a_broken_file_is_told_with_its_path_and_status_1(clinic: Clinic, tmp_path: Path) -> None:
    status, out, _ = hass(clinic, str(write(tmp_path, "{", "broken.json")), str(tmp_path / "missing.json"))
    assert status == 1
    assert "broken.json" in out.replace("\n", "")
    assert "is not JSON" in out
    assert "no such file" in out


def test_an_unknown_hospital_is_a_sentence_and_status_1(clinic: Clinic) -> None:
    status, _, err = hass(clinic, str(DATA), "--hospital", "NOWHERE")
    assert status == 1
    assert "no active hospital 'NOWHERE'" in err


def test_no_path_and_an_unknown_option_are_status_2(clinic: Clinic) -> None:
    assert hass(clinic)[0] == hass(clinic, str(DATA), "--nonsense")[0] == 2


async def test_a_database_that_goes_away_ends_the_run_with_whole_bundles(clinic: Clinic) -> None:
    """The server ends the import's connection after its first bundle: a sentence, and what follows is not tried."""
    system = "urn:lost"
    counted = "SELECT count(*) FROM import_sources WHERE system = %s"
    running = asyncio.create_task(clinic.take(DATA, system=system))
    while not running.done():
        await asyncio.sleep(0.01)
        if await asyncio.to_thread(clinic.one, counted, system):
            await asyncio.to_thread(
                clinic.rows,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'hass_login'",
            )
            break
    summary = await running
    assert summary.exit_status == 1
    assert 0 < summary.bundles < 20
    assert summary.bundles + len(summary.broken) == 20
    assert "database" in summary.broken[0].reason
    assert summary.broken[-1].reason == "Not tried after that."
    assert clinic.one(counted, system) == summary.new


async def test_a_rule_of_the_database_refuses_the_whole_bundle_and_is_named(clinic: Clinic) -> None:
    with clinic.database.owner() as connection:
        connection.execute(
            "ALTER TABLE visits ADD CONSTRAINT visits_other_check CHECK (class_code <> 'ODD') NOT VALID"
        )
    odd = bundle(
        patient(id="odd"), encounter(**{"class": {"code": "ODD"}}, subject={"reference": "Patient/odd"})
    )
    summary = await clinic.take(odd, bundle(patient(id="even")), system="urn:odd")
    assert summary.bundles == 1
    assert "visits_other_check" in summary.broken[0].reason
    assert clinic.one("SELECT count(*) FROM import_sources WHERE system = 'urn:odd'") == 1


async def test_a_database_without_tables_is_told_to_migrate(cluster: TestCluster, tmp_path: Path) -> None:
    bare = cluster.create("bare_for_import", template=None)
    try:
        with pytest.raises(HassError, match="hass migrate"):
            await import_paths([write(tmp_path, bundle(patient()))], url=bare.app_url)
    finally:
        cluster.drop(bare.name)
