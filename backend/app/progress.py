"""What the `hass` command shows: steps with their time, the demo's logins, the doctor's findings."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from app.doctor import Finding

# To standard error, so that `hass import --json` prints nothing but JSON.
_console = Console(stderr=True, highlight=False)


def say(line: str) -> None:
    _console.print(line, markup=False)


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Show that something goes on (a spinner on a terminal), and how long it took."""
    begin = time.monotonic()
    if _console.is_terminal:
        with _console.status(f"{name} ..."):
            yield
    else:
        say(f"{name} ...")
        yield
    say(f"{name}: done in {time.monotonic() - begin:.1f} s")


def print_logins(address: str) -> None:
    """The address and the nine logins of the demo."""
    from app.demo import LOGINS

    table = Table(title="Logins of the demo", title_justify="left")
    for heading in ("role", "e-mail", "password"):
        table.add_column(heading)
    for login in LOGINS:
        table.add_row(login.role, login.email, login.password)
    out = Console(highlight=False)
    out.print(table)
    out.print(f"HASS is ready: {address}    (Ctrl-C stops it)", markup=False)


def print_findings(findings: "Sequence[Finding]") -> None:
    out = Console(highlight=False)
    for finding in findings:
        mark = "[red]wrong[/red]" if finding.is_wrong else "[green]fine [/green]"
        out.print(mark, f"[bold]{finding.subject}[/bold]", end=" ")
        out.print(finding.sentence, markup=False)
    wrong = sum(finding.is_wrong for finding in findings)
    out.print("Everything is fine." if not wrong else f"{wrong} to put right; each line above says how.")
