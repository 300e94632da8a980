"""`hass import fhir`: the bar, the table, the exit status."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.fhir.bundle_reader import MAX_MEGABYTES
from app.fhir.importer import DEFAULT_SYSTEM, import_paths
from app.fhir.summary import Summary

WIDTH_OF_A_FILE = 140


def run_import(
    paths: Sequence[Path],
    *,
    url: str,
    hospital: str | None = None,
    system: str | None = None,
    as_json: bool = False,
    max_megabytes: int = MAX_MEGABYTES,
) -> int:
    """Import with a progress bar on a terminal's standard error; the summary goes to standard output."""
    errors = Console(stderr=True, highlight=False)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task("Importing", total=None)

        def show(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=name[:40] or "Importing")

        summary: Summary = asyncio.run(
            import_paths(
                paths,
                url=url,
                hospital=hospital,
                system=system or DEFAULT_SYSTEM,
                progress=show,
                max_megabytes=max_megabytes,
            )
        )
    if as_json:
        print(orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        out = Console(highlight=False)
        # A file or a pipe has no width to keep to.
        summary.print(out if out.is_terminal else Console(highlight=False, width=WIDTH_OF_A_FILE))
    return summary.exit_status
