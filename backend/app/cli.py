"""The `hass` command. Everything heavy is imported inside the command that needs it."""

import contextlib
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from app.core.errors import HassError

app = typer.Typer(
    name="hass",
    help="HASS runs a network of hospitals from one place. Start with: hass demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
import_app = typer.Typer(
    help="Bring records of other systems in.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(import_app, name="import")
audit_app = typer.Typer(
    help="Seal, verify and prune the audit trail.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(audit_app, name="audit")
keys_app = typer.Typer(
    help="The keys that sign tokens and forms.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(keys_app, name="keys")

Host = Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all of this machine.")]
Port = Annotated[
    int | None, typer.Option(help="The port to listen on.  [default: PORT, else 8000]", min=0, max=65535)
]


@app.command()
def demo(host: Host = "127.0.0.1", port: Port = None) -> None:
    """Run a hospital to look at: database, tables, sample patients, web server."""
    from app import serving
    from app.core import migrations
    from app.core.database import open_database
    from app.core.settings import get_settings
    from app.progress import print_logins, say, step

    serving.environment_of_demo()
    chosen = get_settings().port if port is None else port
    with serving.take_port(host, chosen) as listening, open_database(say) as urls:
        with step("Tables"):
            migrations.upgrade()
        from app import demo as demonstration

        with step("Demo hospital and its nine logins"):
            demonstration.seed(quiet=True)
        with step("Sample patients"):
            demonstration.import_samples()
        serving.check_database(urls)
        serving.serve(urls, listening, print_logins, log_level="warning")
        say("Stopping ...")
    say("Stopped. The records are kept; the same command brings them back.")


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = None) -> None:
    """Serve the web application until INT or TERM."""
    from app import serving
    from app.core.database import open_database
    from app.core.settings import get_settings
    from app.progress import say

    settings = get_settings()
    serving.refuse_plain_http(host, settings)
    chosen = settings.port if port is None else port
    with serving.take_port(host, chosen) as listening, open_database(say) as urls:
        serving.check_database(urls)
        serving.refuse_default_key(settings)
        serving.refuse_demo_passwords(urls)
        serving.serve(urls, listening, lambda address: say(f"HASS is ready on {address}"))


@app.command()
def worker() -> None:
    """Do the background jobs until INT or TERM; as many as you like, beside servers with HASS_JOBS_IN_SERVER=0."""
    import asyncio

    from app import serving
    from app.core import logs
    from app.core.database import open_database
    from app.progress import say
    from app.worker import run_worker

    logs.configure("info")
    with open_database(say) as urls:
        serving.check_database(urls)
        say("The worker is at work.")
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(until_told(run_worker(urls.app_url)))


async def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Cancels the work at INT or TERM, so that what it does is finished or given back first."""
    import asyncio

    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await task


@app.command()
def migrate() -> None:
    """Bring the tables of the database to this release."""
    from app.core import migrations
    from app.core.database import open_database
    from app.progress import say, step

    with open_database(say):
        with step("Tables"):
            migrations.upgrade()
        say(f"The database is at revision {migrations.head()}.")


@app.command()
def seed() -> None:
    """Make the demo hospital with its nine logins; a second run adds nothing."""
    from app import serving
    from app.core.database import open_database
    from app.progress import say

    with open_database(say) as urls:
        serving.check_database(urls, refuse_powerful=False)
        from app import demo as demonstration

        demonstration.seed()


@import_app.command("fhir")
def import_fhir(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Bundles (.json, .json.gz), folders, or -")
    ],
    hospital: Annotated[
        str | None, typer.Option(help="Code of the hospital; needed where there are several.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="URI that names the system the records come from.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    max_megabytes: Annotated[
        int, typer.Option(help="Refuse files that hold more than this, unpacked.", min=1, max=1024)
    ] = 128,
) -> None:
    """Read FHIR R4 bundles into the records of a hospital; what is there already is not changed."""
    from app import serving
    from app.core.database import open_database
    from app.progress import say

    with open_database(say) as urls:
        serving.check_database(urls, refuse_powerful=False)
        from app.fhir.command import run_import

        status = run_import(
            paths,
            url=urls.app_url,
            hospital=hospital,
            system=system,
            as_json=as_json,
            max_megabytes=max_megabytes,
        )
    raise typer.Exit(status)


@keys_app.command("rotate")
def keys_rotate(
    now: Annotated[
        bool, typer.Option("--now", help="Trust the old key no longer: after a leak. Programs sign in again.")
    ] = False,
) -> None:
    """Sign with a new key from now on; the old one verifies what it signed until that has lapsed."""
    from app.core import clock
    from app.core.secrets import key_file, rotate
    from app.progress import say

    key = rotate(clock.now(), at_once=now)
    say(f"Tokens and forms are signed with the key {key.id} from now on, in {key_file()}.")
    say(
        "What the older keys signed is refused from now on: programs sign in again, open forms are loaded again."
        if now
        else "Access tokens of the older key work until they lapse (15 minutes), open forms for 14 hours."
    )


@audit_app.command("seal")
def audit_seal() -> None:
    """Seal every finished row of the audit trail now; the server does so every half minute."""
    from app.core.database import open_database
    from app.progress import say

    with open_database(say) as urls:
        from app.audit.command import run_seal

        run_seal(urls)


@audit_app.command("verify")
def audit_verify() -> None:
    """Compare every row with its seal; status 1 when one was changed, removed or inserted, which is then named."""
    from app.core.database import open_database
    from app.progress import say

    with open_database(say) as urls:
        from app.audit.command import run_verify

        status = run_verify(urls)
    raise typer.Exit(status)


@audit_app.command("prune")
def audit_prune(
    months: Annotated[
        int | None,
        typer.Option(help="Keep this many months.  [default: HASS_AUDIT_KEEP_MONTHS, else 72]", min=12),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Drop them; without it they are only listed.")] = False,
) -> None:
    """Drop the months of the audit trail that are older than the policy; their seals stay."""
    from app.core import clock
    from app.core.database import open_database
    from app.progress import say

    with open_database(say) as urls:
        from app.audit.command import run_prune

        run_prune(urls, now=clock.now(), months=months, sure=yes)


@app.command()
def doctor() -> None:
    """Say in plain words which database is used, and what is wrong."""
    from app.doctor import examine
    from app.progress import print_findings

    findings = examine()
    print_findings(findings)
    raise typer.Exit(any(finding.is_wrong for finding in findings))


def main() -> None:
    """Run the command; what an operator can put right is one sentence and status 1, never a traceback."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        app()
    except HassError as error:
        fail(error)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        from app.core.database import explain

        known = explain(error)
        if known is None:
            raise
        fail(known)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """TERM ends as an exit does, so that every `with` block on the way out is left: the database stops."""
    raise SystemExit(0)


def fail(error: HassError) -> None:
    print(f"hass: {error.sentence}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
