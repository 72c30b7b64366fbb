"""The table under check: what the engine says of it, and how its columns are read."""

from __future__ import annotations

from dataclasses import dataclass

from meshport.contracts.model import Table
from meshport.sql_text import quote
from meshport.warehouse import Connection, described_with

# What a logical type without a physical one accepts, and what text is read as (ODCS 3.2).
_SIGNED = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_INTEGERS = _SIGNED | {f"U{name}" for name in _SIGNED}
FAMILIES = {
    "string": ({"VARCHAR", "UUID", "ENUM"}, "VARCHAR"),
    "integer": (_INTEGERS, "BIGINT"),
    "number": (_INTEGERS | {"DECIMAL", "DOUBLE", "FLOAT"}, "DECIMAL(38,10)"),
    "boolean": ({"BOOLEAN"}, "BOOLEAN"),
    "date": ({"DATE"}, "DATE"),
    "timestamp": (
        {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"},
        "TIMESTAMP WITH TIME ZONE",
    ),
    "time": ({"TIME", "TIME WITH TIME ZONE", "TIME_NS"}, "TIME"),
    "object": ({"STRUCT", "JSON", "MAP"}, "JSON"),
    "map": ({"MAP"}, "JSON"),
    "array": ({"LIST", "ARRAY"}, "VARCHAR[]"),
    "vector": ({"ARRAY", "LIST"}, "FLOAT[]"),
}


@dataclass(frozen=True)
class TableSource:
    """Something to select from. `is_text`: every column is text, as in a CSV file."""

    relation: str
    is_text: bool = False


@dataclass(frozen=True)
class TableUnderCheck:
    """A table source laid beside the contract's table."""

    table: Table
    source: TableSource
    native: dict[str, str]
    """The native type of each column that is there."""
    promised: dict[str, str]
    """The promised native type by column, spelt by DuckDB; absent where it has no such type."""

    @classmethod
    def look(cls, con: Connection, table: Table, source: TableSource) -> TableUnderCheck:
        """Ask the engine for the table's columns and for the spelling of the promised types."""
        stated = {c.name: c.physical_type for c in table.columns if c.physical_type}
        native, types = described_with(con, source.relation, list(stated.values()))
        promised = {n: found for n, found in zip(stated, types, strict=True) if found}
        return cls(table, source, {column.name: column.type for column in native}, promised)

    @property
    def projection(self) -> str:
        """The table with every declared column read as the contract types it."""
        parts = [self._read(column.name) for column in self.table.columns if self.has(column.name)]
        return f"(select {', '.join(parts) or '*'} from {self.source.relation})"

    def has(self, *columns: str) -> bool:
        """Whether all these columns are there."""
        return all(column in self.native for column in columns)

    def reads_as(self, name: str) -> str | None:
        """The type as which the column's values are read; None: as they come."""
        column = self.table.column(name)
        if name in self.promised or not self.source.is_text or column is None:
            return self.promised.get(name)
        return FAMILIES[column.logical_type][1] if column.logical_type in FAMILIES else None

    def _read(self, name: str) -> str:
        wanted = self.reads_as(name)
        if wanted in (None, self.native[name]):
            return quote(name)
        return f"try_cast({quote(name)} as {wanted}) as {quote(name)}"


def family(native: str) -> str:
    """A native type without its parameters: `DECIMAL(12,2)` is DECIMAL, `INTEGER[]` is LIST."""
    if native.endswith("]"):
        return "LIST" if native.endswith("[]") else "ARRAY"
    return native.partition("(")[0].strip()
