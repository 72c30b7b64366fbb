"""What the engine reads for one reader: files of a release, their types, an order of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshport.access.authorize import Sight
from meshport.contracts.json_type import is_text_in_json
from meshport.products.mesh import Port
from meshport.publishing.manifest import PortRelease
from meshport.serving.rows.ordering import OrderTerm
from meshport.sql_text import quote
from meshport.warehouse import parquet_scan

FILE_NUMBER, ROW_NUMBER = "file_index", "file_row_number"
"""Where a row lies: columns that the engine adds to those of Parquet files."""


@dataclass(frozen=True)
class RowSource:
    """What is read: a table function over files, the native types, and a total order of rows."""

    relation: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    """The columns that make every order total; where a row lies if the key is withheld."""
    required: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    """The columns whose numbers are strings in JSON."""
    is_sorted: bool = False
    """Whether the rows lie in the order of the key."""
    is_table: bool = False
    """Whether it is a table of the engine, whose rows have numbers from 0."""

    def type_of(self, column: str) -> str:
        """The native type of a column, or of the number of a row or file."""
        return self.types.get(column, "BIGINT")

    def total_order(self, order: Sequence[OrderTerm]) -> list[OrderTerm]:
        """The order asked for, made total by the key, so that pages neither repeat nor skip."""
        named = {term.column for term in order}
        return [*order, *(OrderTerm(column) for column in self.key if column not in named)]

    def is_in_order(self, order: Sequence[OrderTerm]) -> bool:
        """Whether a total order is that of the key."""
        return list(order) == [OrderTerm(column) for column in self.key]


def row_source(port: Port, part: PortRelease, seen: Sight, files: Sequence[Path]) -> RowSource:
    """What a reader with that sight reads of a release, from these files."""
    columns = {column.name: column for column in port.contract.table.columns}
    masked = {one.name for one in seen.projection.masked}
    has_key = part.key and set(part.key) <= set(seen.columns) - masked
    # Without its key a port's rows are told apart by their place in immutable files.
    place = (ROW_NUMBER,) if len(files) == 1 else (FILE_NUMBER, ROW_NUMBER)
    # What the release did not promise yet may be null in it.
    is_promised = port.contract.sha256 == part.contract.sha256
    promised = {name for name, c in columns.items() if c.required and is_promised}
    texts = (n for n, native in seen.types.items() if is_text_in_json(native, columns[n]))
    return RowSource(
        relation=parquet_scan(files) if files else _no_rows(seen.types),
        types=seen.types,
        key=tuple(part.key) if has_key else place,
        required=frozenset({*(promised - masked), *place}),
        texts=frozenset(texts),
        # Each file of a release is written in the order of its key.
        is_sorted=len(files) == 1 or not has_key,
    )


def _no_rows(types: Mapping[str, str]) -> str:
    """A relation of these types without rows, for a scope that nothing lies in."""
    named = {**types, FILE_NUMBER: "BIGINT", ROW_NUMBER: "BIGINT"}
    columns = ", ".join(f"cast(null as {native}) as {quote(n)}" for n, native in named.items())
    return f"(select {columns} from range(0))"
