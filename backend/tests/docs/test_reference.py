"""docs/reference/ says what the code says: the pages that scripts/generate_reference.py writes are up to date."""

import importlib
import re
from collections.abc import Iterator
from types import ModuleType
from xml.etree import ElementTree

import pytest
from documents import BACKEND, ROOT

from app.models import Base

PAGES = ("tables.md", "constraints.md", "transitions.md", "roles.md", "schema.svg")


@pytest.fixture(scope="module")
def generator() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BACKEND / "scripts"))
        yield importlib.import_module("generate_reference")


@pytest.mark.parametrize("page", PAGES)
def test_page_is_what_the_code_says(generator: ModuleType, page: str) -> None:
    written = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    again = "Run `python scripts/generate_reference.py` in backend/ and commit what changed."
    assert written == generator.pages()[page], again


def test_script_writes_no_other_page(generator: ModuleType) -> None:
    assert set(generator.pages()) == set(PAGES)


def test_picture_holds_every_table_and_column_that_refers(generator: ModuleType) -> None:
    drawn = ElementTree.fromstring(generator.pages()["schema.svg"])
    words = {"".join(text.itertext()) for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    names = {word.split(" · ")[0] for word in words}
    assert set(Base.metadata.tables) <= names
    assert not re.search(r"https?://(?!www\.w3\.org)", generator.pages()["schema.svg"])


def test_every_table_stands_in_one_group(generator: ModuleType) -> None:
    listed = [name for names in generator.GROUPS.values() for name in names]
    assert sorted(listed) == sorted(Base.metadata.tables)
