"""Records of another generator, of several patients in one bundle, with references that point outside it."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from bundles import Clinic, bundle

ARCHIVES = Path(__file__).resolve().parents[4] / "shared" / "data" / "clinosim-hospital"


@pytest.fixture(scope="module")
def resources() -> list[dict[str, Any]]:
    found = sorted(ARCHIVES.glob("*.tar.gz"))
    if not found:
        pytest.skip("the simulated hospital (clinosim) is not part of the project")
    with tarfile.open(found[0]) as archive:
        texts = [
            opened.read().decode()
            for member in archive
            if member.name.endswith(".ndjson") and (opened := archive.extractfile(member)) is not None
        ]
    return [json.loads(line) for text in texts for line in text.splitlines() if line]


async def test_three_inpatients_of_a_simulated_hospital_go_in_with_every_entry_accounted_for(
    clinic: Clinic, resources: list[dict[str, Any]]
) -> None:
    """The cut keeps the practitioners; everything else about other people is left out."""
    patients = [one for one in resources if one["resourceType"] == "Patient"][:3]
    wanted = {f"Patient/{one['id']}" for one in patients}
    chosen = [
        one
        for one in resources
        if one in patients
        or one["resourceType"] == "Practitioner"
        or {(one.get("subject") or one.get("patient") or {}).get("reference")} & wanted
    ]
    summary = await clinic.take(bundle(*chosen))
    assert not summary.broken
    assert summary.new + summary.unchanged.total() == len(chosen)
    counts = clinic.counts()
    assert counts["import_sources"] == summary.new
    assert (counts["patients"], counts["vitals"] > 100, counts["lab_results"] > 100) == (3, True, True)
    mixed = (
        "SELECT count(*) FROM vitals v JOIN visits s ON s.id = v.visit_id WHERE s.patient_id <> v.patient_id"
    )
    assert clinic.one(mixed) == 0
    assert (await clinic.take(bundle(*chosen))).new == 0
