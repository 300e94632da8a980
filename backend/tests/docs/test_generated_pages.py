"""The pages that scripts/generate_interface_reference.py writes are those of the code."""

import importlib.util
from types import ModuleType

import pytest
from documents import BACKEND, ROOT

from app.access.http import declared_permission
from app.main import api_routes, create_app


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_interface_reference", BACKEND / "scripts" / "generate_interface_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", ["cli.md", "api.md"])
def test_generated_page_is_up_to_date(generator: ModuleType, file: str) -> None:
    kept = (ROOT / "docs" / "reference" / file).read_text(encoding="utf-8")
    assert generator.PAGES[file]() == kept, f"{file} is out of date. Run: {generator.COMMAND}"


def test_every_route_declares_what_it_needs() -> None:
    routes = api_routes(create_app("postgresql://nowhere/none"))
    assert len(routes) > 10
    assert [route.path for route in routes if declared_permission(route) is None] == []
