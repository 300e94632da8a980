"""The check digit of every LOINC code in the repository (domain 5.14, 7)."""

import re
from pathlib import Path

import pytest

from app.clinical.loinc import check_digit, is_valid

ROOT = Path(__file__).resolve().parents[3]
CODE = re.compile(r"(?<![\w.+/-])\d{4,5}-\d(?![\w/-])")
TEXTS = ("*.py", "*.md", "*.html", "*.csv", "*.sql", "*.js")
# Not ours, or not in the repository.
SKIPPED = {".venv", "vendor", "node_modules", "build", "dist"}
# Named here and in comments because they fail.
KNOWN_WRONG = {"3150-6", "8867-5"}


def test_the_digit_of_codes_everybody_knows() -> None:
    assert [check_digit(number) for number in (8867, 8480, 8462, 85354, 2345, 718)] == [4, 6, 4, 9, 7, 7]


@pytest.mark.parametrize("code", ["3150-6", "8867-5", "", "8867", "8867-", "-4", "a-4", "8867-44", "٣-4"])
def test_what_is_no_code_is_not_valid(code: str) -> None:
    assert not is_valid(code)


def test_every_code_in_the_repository_is_valid() -> None:
    found: dict[str, Path] = {}
    for folder in (ROOT / "backend" / "app", ROOT / "backend" / "tests", ROOT / "docs", ROOT / "bench"):
        for path in (path for pattern in TEXTS for path in folder.rglob(pattern)):
            if SKIPPED.isdisjoint(path.parts):
                for code in CODE.findall(path.read_text(encoding="utf-8")):
                    found[code] = path
    assert len(found) > 15
    wrong = {
        code: str(path) for code, path in found.items() if not is_valid(code) and code not in KNOWN_WRONG
    }
    assert not wrong
