"""What each access class gets of a port: files of its own where it sees less than everything.

A class may open its files and no others, so every door that hands out files, rows or a table for
SQL shows the same cells. Classes that see the same share the same files.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshport.contracts.access_class import (
    AccessClass,
    access_classes,
    smallest_groups,
    view_of,
)
from meshport.contracts.classification import Classifications
from meshport.contracts.masking import Mask
from meshport.contracts.model import Contract
from meshport.publishing.manifest import NativeColumn
from meshport.sql_text import literal, quote
from meshport.warehouse import Connection, EngineError, disk_error, parquet_scan

_PARQUET = "(format parquet, compression zstd, compression_level 1)"
_KEY = "mask_key"


@dataclass(frozen=True)
class View:
    """What a class sees of a table: its columns, each in clear or masked, and which rows."""

    columns: tuple[tuple[str, Mask], ...]
    condition: str | None

    def is_everything(self, columns: Sequence[NativeColumn]) -> bool:
        """Whether nothing of the table is left out or changed."""
        is_clear = all(mask.is_clear for _, mask in self.columns)
        return is_clear and self.condition is None and len(self.columns) == len(columns)


def views(
    contract: Contract, columns: Sequence[NativeColumn], scale: Classifications
) -> Iterator[tuple[AccessClass, View]]:
    """What every class sees of a table written with these columns; raises ContractError MP108."""
    promised = {column.name: column for column in contract.table.columns}
    for reader in access_classes(scale):
        written = [promised[c.name] for c in columns if c.name in promised]
        seen = ((column.name, view_of(column, reader, scale)) for column in written)
        shown = tuple((name, mask) for name, mask in seen if mask)
        condition = None if reader.reads_small_groups else _large_groups(contract)
        yield reader, View(shown, condition if shown else None)


def _large_groups(contract: Contract) -> str | None:
    sizes = smallest_groups(contract.table.columns)
    conditions = [f"{quote(name)} >= {size}" for name, size in sizes.items()]
    return " and ".join(conditions) or None


class ProjectionWriter:
    """Writes the views of one port from its candidate file, in the order of its rows."""

    def __init__(self, con: Connection, candidate: Path, key: bytes) -> None:
        self.con = con
        self.candidate = candidate
        self._numbers = itertools.count()
        # As a variable, because an engine's error message quotes the statement.
        con.execute(f"set variable {_KEY} = ?", [key.hex()])

    def write(self, view: View, columns: Sequence[NativeColumn]) -> Path:
        """The view's file beside the candidate; raises PublishError MP420."""
        if view.is_everything(columns):
            return self.candidate
        native = {column.name: column.type for column in columns}
        shown = ", ".join(
            f"{mask.sql(quote(name), native[name], _KEY)} as {quote(name)}"
            for name, mask in view.columns
        )
        file = self.candidate.with_name(f"{self.candidate.stem}.view-{next(self._numbers)}.parquet")
        where = f" where {view.condition}" if view.condition else ""
        rows = f"select {shown} from {parquet_scan([self.candidate])}{where}"
        try:
            self.con.execute(f"copy ({rows}) to {literal(str(file))} {_PARQUET}")
        except EngineError as error:
            raise disk_error(error, f"writing {file.name}") or error from error
        return file
