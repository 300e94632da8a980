"""What the documents say exists, exists: links, commands, settings, files, versions."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from documents import BACKEND, ROOT, code, guides, name, pages, prose

from app.core.database import OLDEST_SERVER
from app.core.postgres_programs import OLDEST_SUPPORTED
from app.core.settings import Settings
from app.demo import LOGINS
from app.main import VERSION

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SETTING = re.compile(r"\bHASS_[A-Z_]+\b")
PROJECT: dict[str, Any] = tomllib.loads((BACKEND / "pyproject.toml").read_text())["project"]
SETTINGS = {f"HASS_{setting.upper()}" for setting in Settings.model_fields} - {"HASS_PORT"}
# A file in a document is named from one of these.
FROM = (ROOT, BACKEND, BACKEND / "app", BACKEND / "app" / "features", BACKEND / "tests")


def anchors(page: Path) -> set[str]:
    titles = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def hass_commands() -> set[str]:
    from typer.main import get_command

    from app.cli import app

    def below(command: Any, path: str) -> set[str]:
        found = {path} if path else set()
        for each, sub in getattr(command, "commands", {}).items():
            found |= below(sub, f"{path} {each}".strip())
        return found

    return below(get_command(app), "")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_make_command_has_its_target(page: Path) -> None:
    named = {target for each in code(page) for target in re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", each)}
    assert named - make_targets() == set()


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_hass_command_exists(page: Path) -> None:
    named = {
        words
        for each in code(page)
        # The help of a command writes its own usage.
        if "Usage:" not in each
        for words in re.findall(r"(?:^|[\s/])hass ([a-z]+(?: [a-z]+)?)", each)
    }
    known = hass_commands()
    # The second word may be an argument of the command that the first one names.
    assert {words for words in named if words not in known and words.split()[0] not in known} == set()


def test_every_setting_named_in_a_document_exists() -> None:
    named = {setting for page in pages() for setting in SETTING.findall(page.read_text(encoding="utf-8"))}
    assert named - SETTINGS == set()


def test_every_setting_stands_in_the_reference() -> None:
    table = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert {setting for setting in {*SETTINGS, "PORT"} if f"| `{setting}` |" not in table} == set()


@pytest.mark.parametrize("page", guides(), ids=name)
def test_every_file_of_the_code_that_a_guide_names_is_there(page: Path) -> None:
    named = {
        path
        for each in code(page)
        for path in re.findall(r"(?<![\w/.<>-])((?:[\w-]+/)+[\w.-]+\.(?:py|sql|toml|ini|sh|css|js))\b", each)
    }
    assert {path for path in named if not any((folder / path).exists() for folder in FROM)} == set()


def test_every_document_that_the_code_names_is_there() -> None:
    sources = [
        path for folder in ("app", "alembic", "scripts", "tests") for path in (BACKEND / folder).rglob("*.py")
    ]
    named = {
        found
        for path in sources
        for found in re.findall(r"docs/[\w/.-]+\.(?:md|svg|png)", path.read_text(encoding="utf-8"))
    }
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", pages(), ids=name)
def test_versions_named_are_those_that_are_needed(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    least = re.fullmatch(r">=(\d+\.\d+)", PROJECT["requires-python"])
    assert least
    assert OLDEST_SERVER == OLDEST_SUPPORTED * 10_000
    assert set(re.findall(r"Python (3\.\d+)(?=\+| or newer)", text)) <= {least[1]}
    assert set(re.findall(r"PostgreSQL (\d+)(?=\+| or newer)", text)) <= {str(OLDEST_SUPPORTED), "16"}


def test_readme_says_which_python_and_postgresql_it_needs() -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')} or newer" in readme
    assert f"PostgreSQL {OLDEST_SUPPORTED} or newer" in readme


def test_changelog_begins_with_the_version_of_the_package() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == PROJECT["version"] == VERSION


def test_readme_shows_no_login_that_does_not_exist() -> None:
    known = {login.email: login.password for login in LOGINS}
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"[a-z]+@hass\.example", text)) <= set(known), name(page)
        assert set(re.findall(r"\b[a-z]+123\b", text)) <= set(known.values()), name(page)


def test_licence_is_the_one_of_the_package() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_every_vendored_file_is_named_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text()
    vendored = BACKEND / "app" / "web" / "static" / "vendor"
    files = [path.name for path in vendored.iterdir() if path.suffix in (".css", ".js", ".svg")]
    assert [file for file in files if file not in notice] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        assert record.read_text().startswith(f"# {int(record.name[:4])}. "), record.name


def test_no_document_names_a_place_of_one_machine() -> None:
    private = re.compile(r"(?<![\w.])/(?:work|tmp|home|root|Users)/\w")
    assert [name(page) for page in pages() if private.search(page.read_text(encoding="utf-8"))] == []


def test_every_option_of_hass_that_a_document_names_exists() -> None:
    from typer.main import get_command

    from app.cli import app

    def options(command: Any) -> set[str]:
        own = {each for parameter in command.params for each in parameter.opts if each.startswith("--")}
        return own.union({"--help"}, *(options(sub) for sub in getattr(command, "commands", {}).values()))

    known = options(get_command(app))
    named = {
        option
        for page in guides()
        for line in "\n".join(code(page)).splitlines()
        if re.search(r"(?:^|[\s/])hass [a-z]", line)
        for option in re.findall(r"--[a-z-]+", line)
    }
    assert named - known == set()


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_picture_says_what_it_shows_and_is_light(page: Path) -> None:
    for words, path in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", prose(page)):
        assert len(words) >= 10, path
        assert (page.parent / path).stat().st_size < 300_000, path
