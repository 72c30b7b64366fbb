"""`meshport audit`: what was decided and read, and whether nobody changed what was written."""

from __future__ import annotations

import sys
from typing import Annotated, Optional

import typer

from meshport.cli.options import DayOption, Format, FormatOption

app = typer.Typer(help="Who read what, by which right; a chain of hashes.", no_args_is_help=True)


@app.command("list")
def list_entries(
    port: Annotated[Optional[str], typer.Option(help="only this port: DOMAIN.PORT.vN")] = None,
    who: Annotated[
        Optional[str], typer.Option(help="only what this consumer did, or was done to it")
    ] = None,
    verdict: Annotated[
        Optional[str], typer.Option(help="allowed, unchanged, refused or an error's code")
    ] = None,
    since: DayOption = None,
    limit: Annotated[int, typer.Option(min=1, help="so many, the newest first")] = 50,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show decisions, reads and acts; persons are written as keyed hashes, which --who finds.

    Example: meshport audit list --who anna@example.com --since 2026-11-01
    """
    from meshport.cli.audit import Wanted, list_command

    list_command(Wanted(port, who, verdict, since, limit), format is Format.JSON)


@app.command("verify")
def verify(
    head: Annotated[
        Optional[str], typer.Option(help="a head that was noted before, to be found again")
    ] = None,
) -> None:
    """Walk the whole chain; 1 if a line was changed or taken out. Prints the head.

    Example: meshport audit verify
    """
    from meshport.cli.audit import verify_command

    sys.exit(verify_command(head))


@app.command("prune")
def prune(
    days: Annotated[int, typer.Option(min=1, help="what is older goes")] = 400,
) -> None:
    """Let old lines go; the chain stays whole. A server does it by itself, after 400 days.

    Example: meshport audit prune --days 90
    """
    from meshport.cli.audit import prune_command

    prune_command(days)
