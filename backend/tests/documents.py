"""The documents of the project, and what is code in them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BACKEND = ROOT / "backend"
FENCE = re.compile(r"^([ ]*)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def pages() -> list[Path]:
    """Every page that people read, the notes beside vendored and sample files among them."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(BACKEND / "app").rglob("*.md")]
    return sorted(found)


def guides() -> list[Path]:
    """What is written by hand for readers; the generated reference and the changelog are not."""
    return [
        page
        for page in pages()
        if page.parent.name != "reference" and page.name != "CHANGELOG.md" and BACKEND not in page.parents
    ]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def fenced(page: Path, language: str | None = None) -> Iterator[str]:
    """The blocks between fences, of one language or of any."""
    for _, found, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language is None or found == language:
            yield block


def code(page: Path) -> Iterator[str]:
    """Every fenced block and every span of code."""
    yield from fenced(page)
    yield from SPAN.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


def prose(page: Path) -> str:
    """The page without its code."""
    return SPAN.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))
