"""Runs row queries: one page as JSON text, or all rows as a file in the format asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport.errors import ServingError
from meshport.serving.rows.filters import unfit_value
from meshport.serving.rows.query import PAGED, RowQuery
from meshport.serving.rows.source import RowSource
from meshport.serving.rows.statements import (
    Statement,
    count_of,
    json_lines,
    native_rows,
    row_numbers,
    value_check,
)
from meshport.sql_text import literal, quote
from meshport.warehouse import (
    Connection,
    EngineError,
    Interrupted,
    OutOfMemory,
    UnfitValue,
    connect_memory,
    small_arrow_stream,
    write_arrow_stream,
)

_BATCH = 1_000
_COPY = {"csv": "format csv, header", "parquet": "format parquet, compression zstd"}


@dataclass(frozen=True)
class Page:
    """Rows as JSON text; `last_key` is there when more rows follow."""

    body: bytes
    rows: int
    last_key: tuple[str | None, ...] | None


class RowReader:
    """Trusted queries only: what reaches it was parsed, checked, and binds its values."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        # Questions of several readers run side by side, each in a thread of its own.
        self._base = connect_memory(threads=1)
        # Footers of immutable files are worth keeping.
        self._base.execute("set parquet_metadata_cache = true")
        self._local = threading.local()

    def page(self, source: RowSource, query: RowQuery, after: Sequence[str | None] = ()) -> Page:
        """One page as JSON or NDJSON.

        Raises ServingError: MP604 a value does not fit, MP643 it was interrupted, MP644 the page
        is too large.
        """
        lines: list[str] = []
        tail: list[tuple[Any, ...]] = []
        size = 0
        with self.answering() as con:
            _require_fitting_values(con, source, query)
            found = _execute(con, json_lines(source, query, after))
            while rows := found.fetchmany(_BATCH):
                lines += [row[0] for row in rows]
                size += sum(map(len, lines[-len(rows) :]))
                tail = [*tail, *rows][-2:]
                if size > self._most_bytes:
                    self.forget()
                    raise too_large(self._most_bytes)
        if query.limit is None or len(lines) <= query.limit:
            return Page(joined(lines, query.format), len(lines), None)
        return Page(joined(lines[:-1], query.format), len(lines) - 1, tail[0][1:])

    def numbers(
        self, source: RowSource, query: RowQuery, after: Sequence[str | None] = ()
    ) -> list[tuple[Any, ...]]:
        """A page's rows of a table by number and key, and one more if there is one.

        Raises ServingError MP604, MP643.
        """
        with self.answering() as con:
            _require_fitting_values(con, source, query)
            return _execute(con, row_numbers(source, query, after)).fetchall()

    def count(self, source: RowSource, query: RowQuery) -> int:
        """How many rows the filters let through; raises ServingError MP604, MP643."""
        with self.answering() as con:
            _require_fitting_values(con, source, query)
            return int(_execute(con, count_of(source, query)).fetchall()[0][0])

    def arrow(self, source: RowSource, query: RowQuery, most_bytes: int) -> bytes | None:
        """All rows as Arrow; None where they take more than so many bytes. Raises as `write`."""
        with self.answering() as con:
            _require_fitting_values(con, source, query)
            statement = native_rows(source, query)
            found = small_arrow_stream(con, statement.sql, statement.parameters, most_bytes)
        if found is None:
            self.forget()
        return found

    def write(self, source: RowSource, query: RowQuery, file: Path) -> None:
        """All rows as CSV, Parquet or Arrow, into a file; raises ServingError MP604, MP643."""
        with self.answering() as con:
            _require_fitting_values(con, source, query)
            statement = native_rows(source, query)
            if query.format == "arrow":
                write_arrow_stream(con, statement.sql, statement.parameters, file)
                return
            form, target = _COPY[query.format], literal(str(file))
            con.execute(f"copy ({statement.sql}) to {target} ({form})", statement.parameters)

    def plan(self, source: RowSource, query: RowQuery) -> str:
        """How the engine would answer; raises ServingError MP604, MP643."""
        with self.answering() as con:
            _require_fitting_values(con, source, query)
            is_page = query.format in PAGED
            statement = json_lines(source, query) if is_page else native_rows(source, query)
            found = con.execute(f"explain {statement.sql}", statement.parameters).fetchall()
            return "\n".join(row[-1] for row in found)

    def bytes_of(self, files: Sequence[Path], columns: Sequence[str]) -> int:
        """What these columns take in the files, compressed: the most that can have to be read."""
        if not files:
            return 0
        listed, names = (", ".join(map(literal, map(str, one))) for one in (files, columns))
        with self.answering() as con:
            found = con.execute(
                "select coalesce(sum(total_compressed_size), 0) from "
                f"parquet_metadata([{listed}]) "
                f"where split_part(path_in_schema, ', ', 1) in ({names})"
            ).fetchall()
        return int(found[0][0])

    def attach(self, file: Path, name: str) -> str:
        """Open a file of prepared rows for all connections; the relation to read it by."""
        with self._base.cursor() as con:
            con.execute(f"attach if not exists {literal(str(file))} as {quote(name)} (read_only)")
        return f"{quote(name)}.rows"

    def detach(self, name: str) -> None:
        """Close a file of prepared rows; who is reading it reads on."""
        with self._base.cursor() as con:
            con.execute(f"detach database if exists {quote(name)}")

    def connection(self) -> Connection:
        """The calling thread's own: a connection answers one question at a time."""
        con: Connection | None = getattr(self._local, "con", None)
        if con is None:
            con = self._local.con = self._base.cursor()
            con.execute("set TimeZone = 'UTC'")
        return con

    def forget(self) -> None:
        """Close the calling thread's connection, and with it an answer that nobody wants whole."""
        con: Connection | None = getattr(self._local, "con", None)
        if con is not None:
            self._local.con = None
            con.close()

    def close(self) -> None:
        """Give the engine's memory back."""
        self._base.close()

    @contextmanager
    def answering(self) -> Iterator[Connection]:
        """The calling thread's connection; what it raises becomes MP604, MP643 or MP644."""
        try:
            yield self.connection()
        except Interrupted as error:
            self.forget()
            hint = "ask for fewer rows or simpler filters, or for whole tables as format=parquet"
            raise ServingError("MP643", "the answer took too long", hint=hint) from error
        except OutOfMemory as error:
            self.forget()
            raise too_large(None) from error
        except UnfitValue as error:
            # What it says may quote a row.
            self.forget()
            fact = "a value cannot be cast to the type asked for"
            raise ServingError("MP604", fact, hint="leave the cast or the filter out") from error


def joined(lines: list[str], form: str) -> bytes:
    """The lines of JSON rows as one document: an array, or one object per line."""
    if form == "ndjson":
        return "".join(f"{line}\n" for line in lines).encode()
    return f"[{','.join(lines)}]".encode()


def too_large(most_bytes: int | None) -> ServingError:
    """MP644: an answer that would take more than one may."""
    than = f"more than {most_bytes // 2**20:,} MiB" if most_bytes else "more memory than there is"
    hint = "ask for fewer columns or a smaller limit; whole tables come as format=parquet"
    return ServingError("MP644", f"the answer would take {than}", hint=hint)


def _execute(con: Connection, statement: Statement) -> Connection:
    return con.execute(statement.sql, statement.parameters)


def _require_fitting_values(con: Connection, source: RowSource, query: RowQuery) -> None:
    statement, tests = value_check(source, query.tests)
    if not tests:
        return
    try:
        fits = _execute(con, statement).fetchall()[0]
    except EngineError as error:
        fact = "the engine knows no way to write values of this type"
        raise ServingError("MP604", fact, hint="compare it with is.null") from error
    for test, is_fit in zip(tests, fits, strict=True):
        if not is_fit:
            raise unfit_value(", ".join(test.values), source.types[test.column], test.column)
