"""The commands of `meshport contract`, each importing what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from meshport.cli.options import (
    CheckFormat,
    CheckOption,
    DayOption,
    Format,
    FormatOption,
    ReportFormat,
    ReportOption,
)

app = typer.Typer(
    help="Lint contracts, compare them, and check data against them.", no_args_is_help=True
)


@app.command()
def lint(
    paths: Annotated[Optional[list[Path]], typer.Argument(help="default: the whole mesh")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Hold contracts against the ODCS schema and the house rules, with file:line:column.

    Example: meshport contract lint contracts/orders
    """
    from meshport.cli.contract import lint_command

    sys.exit(lint_command(paths or [], format is Format.JSON))


@app.command()
def check(
    contract: Annotated[Path, typer.Argument()],
    data: Annotated[Path, typer.Option(help="Parquet, CSV or DuckDB file, or a folder")],
    reference: Annotated[
        Optional[list[str]], typer.Option(help="DOMAIN.PORT.vN=PATH for foreign keys")
    ] = None,
    format: CheckOption = CheckFormat.TEXT,
) -> None:
    """Check any Parquet, CSV or DuckDB table against a contract.

    Example: meshport contract check contracts/orders/orders.v1.odcs.yaml --data orders.parquet
    """
    from meshport.cli.contract import check_command

    sys.exit(check_command(contract, data, reference or [], format.value))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="a file, or REV:PATH as git knows it")],
    new: Annotated[str, typer.Argument(help="the same, for example my.odcs.yaml or HEAD:PATH")],
    format: ReportOption = ReportFormat.TEXT,
    today: DayOption = None,
) -> None:
    """Say what changed between two versions of a contract, and which version that needs.

    Example: meshport contract diff main:contracts/a/b.v1.odcs.yaml contracts/a/b.v1.odcs.yaml
    """
    from meshport.cli.contract_diff import diff_command

    sys.exit(diff_command(old, new, format.value, today.date() if today else None))


@app.command()
def gate(
    against: Annotated[str, typer.Option(help="branch the change goes to")] = "origin/main",
    format: ReportOption = ReportFormat.TEXT,
    write: Annotated[
        Optional[list[str]], typer.Option(help="FORMAT=FILE, to have further formats as files")
    ] = None,
    replay: Annotated[
        bool, typer.Option(help="run base and head on the same sample and compare what comes out")
    ] = False,
    today: DayOption = None,
) -> None:
    """Say what a change of the mesh does to whom, and whether it may be merged.

    Example: meshport contract gate --against origin/main --write markdown=comment.md
    """
    from meshport.cli.contract_gate import gate_command

    day = today.date() if today else None
    sys.exit(gate_command(against, format.value, write or [], replay, day))
