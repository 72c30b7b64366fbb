"""What commands print: plain text at once, tables and progress through rich.

Rich is imported where a table is drawn, not before: linting and help have to be quick.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from meshport.reports.escaping import json_text, lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def say(text: str) -> None:
    """A line for the person at the terminal, on stderr."""
    sys.stderr.write(f"{lines(text)}\n")


def print_data(text: str) -> None:
    """Data on stdout; what others wrote commands no terminal."""
    sys.stdout.write(f"{lines(text)}\n")


def print_json(content: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(f"{json_text(content)}\n")


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[int] = ()
) -> None:
    """A table on stdout; the columns at the positions in `numbers` are aligned to the right."""
    console().print(table(headings, rows, numbers))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[int] = ()
) -> Table:
    """A table, readable without colour; text of others is never taken for markup."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, heading in enumerate(headings):
        is_number = position in numbers
        made.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number)
    for row in rows:
        made.add_row(*(escape(lines(cell)) for cell in row))
    return made


@cache
def console(stderr: bool = False) -> Console:
    """The terminal, for what needs more than lines."""
    from rich.console import Console  # noqa: PLC0415

    made = Console(stderr=stderr, highlight=False)
    # Into a file or a pipe nothing is cut to a screen's width.
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=200)
