"""Rules of the code itself, read off its syntax tree (style 4, 9; design 2)."""

import ast
import functools
import re
from pathlib import Path

from cluster import BACKEND

APP = BACKEND / "app"
# Acts, the moves of beds that several of them share, the import (itself one act), the sealing of the trail and the
# demo are the only writers.
WRITERS = (
    "audit/sealing.py",
    "features/*/actions.py",
    "features/*/*_actions.py",
    "features/*/moves.py",
    "fhir/importer.py",
    "fhir/writer.py",
    "demo/*.py",
)


@functools.cache
def modules() -> list[tuple[Path, ast.Module]]:
    paths = sorted(APP.rglob("*.py"))
    return [(path.relative_to(APP), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def places(path: Path, found: list[ast.expr | ast.stmt]) -> list[str]:
    return [f"{path}:{node.lineno}" for node in found]


def assigned_status(tree: ast.AST) -> list[ast.expr | ast.stmt]:
    """Every `x.status = ...`, `x.status: T = ...` and setattr(x, "status", ...)."""
    found: list[ast.expr | ast.stmt] = []
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        found += [
            target for target in targets if isinstance(target, ast.Attribute) and target.attr == "status"
        ]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            found += [part for part in node.args if isinstance(part, ast.Constant) and part.value == "status"]
    return found


def test_status_moves_only_through_its_machine() -> None:
    """`status` of an error or a reply is its own (self.status); of a row only Moving.move_to may write it."""
    wrong = []
    for path, tree in modules():
        found = [
            node
            for node in assigned_status(tree)
            if not (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
                and path.as_posix() in {"models/base.py", "core/errors.py"}
            )
        ]
        wrong += places(path, found)
    assert wrong == []


def test_the_lint_of_status_sees_an_assignment() -> None:
    assert len(assigned_status(ast.parse("visit.status = ACTIVE\nsetattr(visit, 'status', 1)"))) == 2


def test_time_comes_from_the_clock() -> None:
    """Tests set app.core.clock; a call of datetime.now() would not hear of it."""
    wrong = []
    for path, tree in modules():
        if path.as_posix() == "core/clock.py":
            continue
        found = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr in {"now", "utcnow", "today"}
            and isinstance(node.value, ast.Name | ast.Attribute)
            and (node.value.id if isinstance(node.value, ast.Name) else node.value.attr)
            in {"datetime", "date"}
        ]
        wrong += places(path, list(found))
    assert wrong == []


def writes(tree: ast.AST) -> list[ast.expr | ast.stmt]:
    """Every session.add(...), .add_all(...), .delete(...) and every insert(...), update(...), delete(...) of Core."""
    found: list[ast.expr | ast.stmt] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in {"insert", "update", "delete", "pg_insert"}:
            found.append(node)
        if (
            isinstance(called, ast.Attribute)
            and called.attr in {"add", "add_all", "merge", "delete"}
            and isinstance(called.value, ast.Name)
            and called.value.id in {"session", "db"}
        ):
            found.append(node)
    return found


def test_only_acts_write() -> None:
    wrong = []
    for path, tree in modules():
        if not any(path.match(pattern) for pattern in WRITERS):
            wrong += places(path, writes(tree))
    assert wrong == []


def test_the_lint_of_writers_sees_a_write() -> None:
    assert len(writes(ast.parse("session.add(row)\nsession.execute(insert(Visit))\nseen.add(1)"))) == 2


def test_models_and_medical_knowledge_do_no_input_or_output() -> None:
    """clinical/ is arithmetic with sources: no session, no file, no network."""
    banned = {"sqlalchemy", "psycopg", "asyncpg", "httpx", "fastapi"}
    for path, tree in modules():
        if path.parts[0] != "clinical":
            continue
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & banned, path


def test_each_lock_of_the_database_has_a_number_of_its_own() -> None:
    """Two that share one wait for each other: an administrator for the sealing of the trail."""
    number = re.compile(r"advisory_xact_lock\((\d+)\)")
    sources = [*APP.rglob("*.py"), *(BACKEND / "alembic").rglob("*.sql")]
    taken = [found for path in sources for found in number.findall(path.read_text(encoding="utf-8"))]
    assert len(taken) >= 4
    assert sorted(taken) == sorted(set(taken))
