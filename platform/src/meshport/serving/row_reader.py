"""Read rows of a port from the files of one release, in the format asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshport.errors import Place, ServingError
from meshport.serving.row_query import RowQuery
from meshport.serving.row_sql import (
    RowSource,
    json_page,
    page_statement,
    selected,
    value_check,
)
from meshport.serving.row_values import how_to_write, is_exact
from meshport.sql_text import literal
from meshport.warehouse import Connection, EngineError, connect_memory, write_arrow_stream


@dataclass(frozen=True)
class Page:
    """Rows as JSON text; `last_key` is there when more rows follow."""

    body: bytes
    last_key: tuple[str | None, ...] | None


class RowReader:
    """Trusted queries only: what reaches it was parsed, checked, and binds its values."""

    def __init__(self) -> None:
        self._base = connect_memory()
        # Footers of immutable files are worth keeping.
        self._base.execute("set parquet_metadata_cache = true")

    def page(self, source: RowSource, query: RowQuery, after: tuple[str | None, ...]) -> Page:
        """One page as JSON or NDJSON; raises ServingError MP604 for a value that does not fit."""
        with self._cursor() as con:
            _require_fitting_values(con, source, query)
            statement = json_page(source, query, page_statement(source, query, after))
            row = con.execute(statement.sql, statement.parameters).fetchall()[0]
        text, found, last_key = row
        lines = text or ""
        ending = "\n" if lines else ""
        body = f"{lines}{ending}" if query.format == "ndjson" else f"[{lines}]"
        more = query.limit is not None and found > query.limit
        return Page(body.encode(), tuple(last_key) if more else None)

    def write(self, source: RowSource, query: RowQuery, file: Path) -> None:
        """All rows as CSV, Parquet or Arrow, into a file; raises ServingError MP604."""
        with self._cursor() as con:
            _require_fitting_values(con, source, query)
            statement = selected(source, query, page_statement(source, query, ()))
            if query.format == "arrow":
                write_arrow_stream(con, statement.sql, statement.parameters, file)
                return
            is_parquet = query.format == "parquet"
            form = "format parquet, compression zstd" if is_parquet else "format csv, header"
            target = literal(str(file))
            con.execute(f"copy ({statement.sql}) to {target} ({form})", statement.parameters)

    def close(self) -> None:
        """Give the engine's memory back."""
        self._base.close()

    @contextmanager
    def _cursor(self) -> Iterator[Connection]:
        # One cursor per request: a connection answers one question at a time.
        con = self._base.cursor()
        try:
            con.execute("set TimeZone = 'UTC'")
            yield con
        finally:
            con.close()


def _require_fitting_values(con: Connection, source: RowSource, query: RowQuery) -> None:
    statement, filters = value_check(source, query)
    if not filters:
        return
    try:
        fits = con.execute(statement.sql, statement.parameters).fetchall()[0]
    except EngineError as error:
        raise ServingError("MP604", str(error).splitlines()[0]) from error
    for one, is_fit in zip(filters, fits, strict=True):
        native = source.types[one.column]
        if not is_fit or not all(is_exact(value, native) for value in one.values):
            shown = ", ".join(one.values)[:80]
            fact = f"`{shown}` is no value of type {native.lower()}"
            raise ServingError("MP604", fact, Place(f"?{one.column}"), how_to_write(native))
