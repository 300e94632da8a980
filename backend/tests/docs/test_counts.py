"""Numbers and lists that a document repeats are those of the code."""

import re

import pytest
from documents import ROOT

from app.access.permissions import ROLE_TITLES
from app.access.triggers import UNAUDITED, machines
from app.features.signin.pages import DEMO_LOGINS
from app.fhir.bundle_reader import MAX_MEGABYTES
from app.fhir.mapping import FIRST, READERS
from app.models import Base
from app.models.emr import KeptReason
from app.models.patient import IdentifierType

DOCS = ROOT / "docs"


def text(path: str) -> str:
    return " ".join((ROOT / path).read_text(encoding="utf-8").split())


def test_the_picture_counts_the_tables() -> None:
    assert f"{len(Base.metadata.tables)} tables" in text("docs/img/architecture.svg")


def test_the_changelog_counts_the_state_machines() -> None:
    words = {7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}
    assert f"{words[len(machines())]} state machines" in text("CHANGELOG.md")


def test_the_readme_counts_roles_and_logins() -> None:
    assert len(ROLE_TITLES) == len(DEMO_LOGINS) == 9
    assert "nine roles" in text("README.md")
    assert "nine logins" in text("README.md")


def test_the_audit_page_names_the_tables_without_triggers() -> None:
    listed = re.search(r"every table but ((?:`\w+`(?: and )?)+)", text("docs/explanation/audit.md"))
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == UNAUDITED


def test_the_import_page_names_every_reason_to_keep_a_resource_whole() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (DOCS / "explanation" / "import.md").read_text(), re.MULTILINE)
    assert set(listed) == set(KeptReason)


@pytest.mark.parametrize("resource", sorted(FIRST | READERS.keys()))
def test_the_import_page_has_a_row_for_every_resource_that_is_read(resource: str) -> None:
    assert f"| {resource} " in text("docs/explanation/import.md")


def test_the_import_page_names_the_identifiers_that_share_a_person() -> None:
    assert set(IdentifierType) == {"SS", "NI", "PPN", "DL"}
    for page in ("docs/explanation/import.md", "docs/decisions/0005-persons.md"):
        assert re.search(r"SS, NI, PPN(?:,| or) DL", text(page)), page


def test_the_howto_names_the_largest_file() -> None:
    assert f"more than {MAX_MEGABYTES} MB" in text("docs/howto/import-fhir.md")
