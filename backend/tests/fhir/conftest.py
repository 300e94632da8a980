"""A hospital for each test that writes, and one that all samples went into."""

from pathlib import Path

import pytest
from bundles import Clinic, open_clinic
from cluster import Database


@pytest.fixture
def clinic(database: Database, tmp_path: Path) -> Clinic:
    return open_clinic(database, tmp_path)
