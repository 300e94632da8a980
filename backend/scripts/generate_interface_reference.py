"""Write docs/reference/cli.md from the command and docs/reference/api.md from OpenAPI.

From backend/: ../.venv/bin/python scripts/generate_interface_reference.py. A test compares the files with the code.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BACKEND = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BACKEND))
REFERENCE = BACKEND.parent / "docs" / "reference"
COMMAND = "cd backend && ../.venv/bin/python scripts/generate_interface_reference.py"
NOTE = f"<!-- Generated from the code; do not edit. {COMMAND} -->"
ABOUT_CLI = """It is `.venv/bin/hass` in the project's folder. [Settings](settings.md) choose the database. What it
cannot do it says in one sentence, with exit status 1."""
ABOUT_API = """Version 1 stands under `/api/v1`. The whole description is OpenAPI at `/api/openapi.json`, readable at
`/api/docs` of a running server. Send `Authorization: Bearer <access_token>`; `POST /api/v1/auth/login` gives
the token, which lasts 15 minutes, and a refresh token, which works once and lasts 7 days. Instants are UTC.
Lists answer `{items, next_cursor}`. Errors are problem+json (RFC 9457) with a stable `code`: 401 not signed in,
403 the role lacks the permission, 404 not there or not within reach, 422 the request cannot be meant as it
stands."""
SIGN_IN = {"public": "none", "signed-in": "any sign-in", None: "?"}


def commands(command: Any = None, name: str = "hass", parent: Any = None) -> Iterator[tuple[str, str]]:
    """Every command of the command line with its help, groups before what they hold."""
    from typer.main import get_command

    from app.cli import app

    command = get_command(app) if command is None else command
    context = command.context_class(
        command, info_name=name.rpartition(" ")[2], parent=parent, terminal_width=100, max_content_width=100
    )
    yield name, command.get_help(context)
    for each, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {each}", context)


def cli_page() -> str:
    parts = [
        "# The hass command",
        NOTE,
        ABOUT_CLI,
    ]
    for name, text in commands():
        shown = "\n".join(line.rstrip() for line in text.strip().splitlines())
        parts += [f"## {name}", f"```text\n{shown}\n```"]
    return "\n\n".join(parts) + "\n"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    from app.main import create_app, schema_of

    for path, methods in sorted(schema_of(create_app("postgresql://nowhere/none"))["paths"].items()):
        for method, operation in methods.items():
            yield method.upper(), path, operation


def parameters(operation: dict[str, Any]) -> str:
    query = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = [f"body: {body['$ref'].rpartition('/')[2]}"] if "$ref" in body else []
    return ", ".join([*(f"`{name}`" for name in query), *named]) or "none"


def api_page() -> str:
    rows = [
        f"| `{method} {path}` | {operation.get('summary', '')} | {needed(operation)} | {parameters(operation)} |"
        for method, path, operation in operations()
    ]
    return "\n".join(
        [
            "# The JSON API",
            "",
            NOTE,
            "",
            ABOUT_API,
            "",
            "| operation | what | permission | parameters |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def needed(operation: dict[str, Any]) -> str:
    permission = operation.get("x-permission")
    return SIGN_IN.get(permission) or f"`{permission}`"


PAGES = {"cli.md": cli_page, "api.md": api_page}


def main() -> None:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
