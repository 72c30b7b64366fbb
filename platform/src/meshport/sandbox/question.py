"""What a server and its sandboxed processes say to each other, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from meshport.sandbox.gate import TableName

JSON, NDJSON, CSV, ARROW, PARQUET = "json", "ndjson", "csv", "arrow", "parquet"


@dataclass(frozen=True)
class Limits:
    """What one query may use: its engine gets half of the memory, and all of it is the end."""

    seconds: float = 10.0
    memory_mb: int = 1024
    threads: int = 1


@dataclass(frozen=True)
class TableFiles:
    """One table as a query sees it: these columns of exactly these Parquet files."""

    schema: str
    name: str
    files: Sequence[str]
    columns: Sequence[str] = ()
    """None given: all that the files have."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Native types by column; needed where there is no file to read them from."""

    @property
    def table_name(self) -> TableName:
        """As a query names it."""
        return TableName(self.schema, self.name)


@dataclass(frozen=True)
class Shape:
    """The form in which a result is to be written, and how much of it."""

    form: str
    rows: int
    bytes: int
    """What the rows may take; the head and the end of a form come on top."""
    batch: int = 4096


@dataclass(frozen=True)
class Written:
    """How much of a result there was; `cut` names the cap that ended it: `rows` or `bytes`."""

    rows: int
    bytes: int
    cut: str | None


@dataclass(frozen=True)
class Plan:
    """How the engine would answer: with which columns (names and native types), by what steps, and
    how many bytes each column has, by table."""

    columns: Sequence[tuple[str, str]]
    operators: Sequence[Mapping[str, object]]
    column_bytes: Mapping[str, Mapping[str, int]]
