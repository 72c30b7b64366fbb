"""The `meshport` command: one module per group, imported only when its command runs.

The only package that imports Typer. Data goes to stdout, everything else to stderr; exit codes
are 0 promise kept, 1 promise broken, 2 could not tell.
"""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn, Optional

import typer

from meshport.cli import access_commands, audit_commands, contract_commands, webhook_commands
from meshport.cli.options import ChangeKind, Format, FormatOption
from meshport.cli.show import say
from meshport.errors import MeshportError

app = typer.Typer(
    help="A data mesh that keeps its promises: contracts, checked releases, doors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
new_app = typer.Typer(help="Scaffold a domain or a port.", no_args_is_help=True)
app.add_typer(contract_commands.app, name="contract")
app.add_typer(new_app, name="new")
app.add_typer(access_commands.consumers, name="consumer")
app.add_typer(access_commands.tokens, name="token")
app.add_typer(access_commands.access, name="access")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(webhook_commands.webhooks, name="webhook")


def main() -> None:
    """Run the command line; our own errors become a message and an exit code."""
    try:
        app()
    except MeshportError as error:
        say(str(error))
        sys.exit(1 if error.breaks_promise else 2)
    except BrokenPipeError:
        # The reader of our output has seen enough.
        sys.exit(0)
    except Exception:  # noqa: BLE001  a crash tells nothing about any promise
        traceback.print_exc()
        sys.exit(2)


def leave(code: int) -> NoReturn:
    """End the process at once, exit functions run, instead of taking its memory apart first.

    What dbt and Dagster build up takes Python most of a second to take down, for nothing.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@app.command()
def run(
    domains: Annotated[Optional[list[str]], typer.Argument(help="default: all")] = None,
    source: Annotated[Optional[Path], typer.Option(help="folder with source extracts")] = None,
    scale: Annotated[float, typer.Option(help="size of the built-in sample")] = 1.0,
    timings: Annotated[bool, typer.Option(help="say where the time went")] = False,
) -> None:
    """Build, check and publish; a refused domain keeps its last release.

    Example: meshport run orders --source exports/
    """
    from meshport.cli.run import run_command

    leave(run_command(domains or [], source, scale, timings))


@app.command()
def serve(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option()] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="with three consumers to try")] = False,
    workers: Annotated[
        Optional[int], typer.Option(min=1, max=64, help="processes; as many as cores, up to 4")
    ] = None,
    quota: Annotated[
        int, typer.Option(min=1, help="requests that one reader may make in a minute")
    ] = 12_000,
) -> None:
    """Serve catalog pages, API and rows of what is published.

    Example: meshport serve --port 8000
    """
    from meshport.cli.serve import serve_command

    serve_command(host, port, demo, workers, quota)


@app.command()
def status(format: FormatOption = Format.TEXT) -> None:
    """Show the state of every port: release, rows, service levels, checks, refusals.

    Example: meshport status --format json
    """
    from meshport.cli.status import status_command

    sys.exit(status_command(format is Format.JSON))


@app.command()
def rollback(
    domain: Annotated[str, typer.Argument()],
    to: Annotated[Optional[str], typer.Option(help="a release; default: the one before")] = None,
    reason: Annotated[Optional[str], typer.Option(help="why; is recorded")] = None,
) -> None:
    """Make an earlier release of a domain current again.

    Example: meshport rollback orders --reason "wrong prices"
    """
    from meshport.cli.releases import rollback_command

    rollback_command(domain, to, reason)


@app.command()
def receipt(release: Annotated[str, typer.Argument()], format: FormatOption = Format.TEXT) -> None:
    """Walk a release back through the releases it read to the source files.

    Example: meshport receipt orders-000001-1a2b3c4d
    """
    from meshport.cli.releases import receipt_command

    receipt_command(release, format is Format.JSON)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="where to write the extracts")],
    scale: Annotated[float, typer.Option(help="1 is 100,000 orders")] = 1.0,
    seed: Annotated[int, typer.Option(help="another seed is another shop")] = 7,
    until: Annotated[Optional[str], typer.Option(help="last day with orders, YYYY-MM-DD")] = None,
) -> None:
    """Write the built-in sample of source extracts; the same options give the same bytes.

    Example: meshport sample extracts/ --scale 0.01
    """
    from meshport.cli.sample import sample_command

    sample_command(folder, scale, seed, date.fromisoformat(until) if until else None)


@app.command()
def search(query: Annotated[str, typer.Argument()], format: FormatOption = Format.TEXT) -> None:
    """Search ports and columns, and say why each was found.

    Example: meshport search "late deliveries"
    """
    from meshport.cli.search import search_command

    search_command(query, format is Format.JSON)


@app.command()
def impact(
    target: Annotated[str, typer.Argument(help="DOMAIN.PORT.vN or DOMAIN.PORT.vN.COLUMN")],
    change: Annotated[ChangeKind, typer.Option(help="what would happen to it")],
    format: FormatOption = Format.TEXT,
) -> None:
    """Say who breaks if a port or a column changes, with file and line; 1 if somebody does.

    Example: meshport impact orders.orders.v1.order_status --change drop
    """
    from meshport.cli.impact import impact_command

    sys.exit(impact_command(target, change.value, format is Format.JSON))


@app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="write nothing, fail if stale")] = False,
) -> None:
    """Write the files that follow from contracts, descriptors and code.

    Example: meshport generate --check
    """
    from meshport.cli.generate import generate_command

    sys.exit(generate_command(check))


@app.command()
def dagster(port: Annotated[int, typer.Option()] = 3000) -> None:
    """Start Dagster's own pages, schedules and automation over the same run history.

    Example: meshport dagster --port 3000
    """
    from meshport.cli.dagster import dagster_command

    dagster_command(port)


@new_app.command("domain")
def new_domain(name: Annotated[str, typer.Argument()]) -> None:
    """Scaffold a domain with one port of the same name.

    Example: meshport new domain returns
    """
    from meshport.cli.new import new_domain_command

    new_domain_command(name)


@new_app.command("port")
def new_port(port: Annotated[str, typer.Argument(help="DOMAIN.PORT")]) -> None:
    """Scaffold a port in a domain: contract, descriptor entry and dbt model.

    Example: meshport new port orders.refunds
    """
    from meshport.cli.new import new_port_command

    new_port_command(port)


if __name__ == "__main__":
    main()
