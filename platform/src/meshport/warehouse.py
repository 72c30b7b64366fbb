"""DuckDB: opening it with bounds, naming things safely in SQL, and reading what it says.

The only importer of duckdb. It keeps to the subset that 1.5.5 and 2.0 have in common: results
are always fetched whole, because an unfinished one owns its connection in 2.0.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from meshport.errors import MeshportError, Place, ProductError, PublishError
from meshport.sql_text import literal

Connection = duckdb.DuckDBPyConnection
ENGINE_VERSION = duckdb.__version__
EngineError = duckdb.Error
Interrupted = duckdb.InterruptException
OutOfMemory = duckdb.OutOfMemoryException
UnfitValue = (duckdb.ConversionException, duckdb.OutOfRangeException)
"""What the engine raises where a value cannot be cast."""

MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class NativeColumn:
    """A column as the engine sees it: its name and DuckDB type, spelt by DuckDB."""

    name: str
    type: str


def connect_memory(memory_limit: str = MEMORY_LIMIT, threads: int | None = None) -> Connection:
    """An empty in-memory database in UTC; it spills nothing outside of its own temp folder."""
    con = duckdb.connect(":memory:", config=_config(memory_limit, threads))
    con.execute("set TimeZone = 'UTC'")
    return con


def open_warehouse(file: Path, read_only: bool = False, threads: int | None = None) -> Connection:
    """Open a domain's private warehouse; `threads` is the engine's choice unless given.

    Raises ProductError: MP240 another process has it, MP241 another DuckDB wrote it,
    MP242 the file is damaged.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        con = duckdb.connect(str(file), read_only=read_only, config=_config(MEMORY_LIMIT, threads))
    except duckdb.Error as error:
        raise _cannot_open(file, str(error)) from error
    con.execute("set TimeZone = 'UTC'")
    return con


def _config(memory_limit: str, threads: int | None) -> dict[str, Any]:
    config: dict[str, Any] = {"memory_limit": memory_limit}
    if threads:
        config["threads"] = threads
    return config


def _cannot_open(file: Path, said: str) -> MeshportError:
    place = Place(file.name)
    # Checked for whole phrases: "block" holds a lock, and the path may hold anything.
    if "Could not set lock" in said:
        holder = re.search(r"PID (\d+)", said)
        who = f"process {holder[1]}" if holder else "another process"
        return ProductError(
            "MP240", f"{who} has the private warehouse open", place, "wait for it, or stop it"
        )
    if "version number" in said:
        fact = f"another version of DuckDB wrote the private warehouse (here: {duckdb.__version__})"
        return ProductError("MP241", fact, place, _remedy(file))
    return _damaged(file, said)


def damage_error(error: EngineError, file: Path) -> ProductError | None:
    """MP242 where a statement met a damaged part of the warehouse, else None."""
    said = str(error)
    is_damage = "Corrupt database file" in said or f'bytes from file "{file}"' in said
    return _damaged(file, said) if is_damage else None


def _damaged(file: Path, said: str) -> ProductError:
    fact = f"the private warehouse cannot be read: {said}"
    return ProductError("MP242", fact, Place(file.name), _remedy(file))


def _remedy(file: Path) -> str:
    return f"move {file.name} away: it is built anew from the sources; releases are not in it"


def parquet_scan(files: Iterable[Path | str]) -> str:
    """The SQL table function that reads exactly these Parquet files, in this order."""
    paths = ", ".join(literal(str(file)) for file in files)
    return f"read_parquet([{paths}])"


def describe(con: Connection, relation: str) -> list[NativeColumn]:
    """The columns of a table, view or table function."""
    rows = con.execute(f"describe select * from {relation}").fetchall()
    return [NativeColumn(row[0], row[1]) for row in rows]


def has_table(con: Connection, schema: str, table: str) -> bool:
    """Whether the database has that table."""
    found = "from duckdb_tables() where schema_name = ? and table_name = ?"
    return bool(con.execute(found, [schema, table]).fetchall())


def described_with(
    con: Connection, relation: str, types: Sequence[str]
) -> tuple[list[NativeColumn], list[str | None]]:
    """The columns of a relation, and DuckDB's own spelling of types; None for one it lacks."""
    if not all(_TYPE_TEXT.fullmatch(text) for text in types):
        return describe(con, relation), [_spelling(con, text) for text in types]
    typed = ["*", *(f"cast(null as {text})" for text in types)]
    try:
        found = describe(con, f"(select {', '.join(typed)} from {relation})")
    except duckdb.Error:
        return describe(con, relation), [_spelling(con, text) for text in types]
    names = len(found) - len(types)
    return found[:names], [column.type for column in found[names:]]


def _spelling(con: Connection, text: str) -> str | None:
    if not _TYPE_TEXT.fullmatch(text):
        return None
    try:
        return describe(con, f"(select cast(null as {text}))")[0].type
    except duckdb.Error:
        return None


# Enough for every type name and nothing else: no quote, no semicolon, no comment.
_TYPE_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*(\([A-Za-z0-9_ ,()\[\]]*\))?[A-Za-z ]*(\[\d*\])*")


def run_bounded(con: Connection, sql: str, seconds: float) -> list[tuple[Any, ...]]:
    """Rows of a query that is interrupted after `seconds`; then raises the engine's error."""
    timer = threading.Timer(seconds, con.interrupt)
    timer.start()
    try:
        return con.execute(sql).fetchall()
    finally:
        timer.cancel()


_DISK_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
# DuckDB's words, and SQLite's, in which Dagster keeps its history.
_DISK_PHRASES = ("No space left", "Could not write", "disk is full", "disk I/O error")


def disk_error(error: Exception, doing: str) -> PublishError | None:
    """The error to raise where the disk is full or refuses, None where it is something else."""
    said = str(error)
    if isinstance(error, OSError) and error.errno in _DISK_ERRNOS:
        said = os.strerror(error.errno)
    elif not any(phrase in said for phrase in _DISK_PHRASES):
        return None
    return PublishError(
        "MP420",
        f"the disk refused while {doing}: {said.splitlines()[0]}",
        hint="free some room and run again; the last release is untouched",
    )


def write_arrow_stream(con: Connection, sql: str, parameters: Sequence[Any], file: Path) -> None:
    """Write a query's rows as an Arrow IPC stream, batch by batch."""
    import pyarrow as pa  # noqa: PLC0415  half a second that only this format needs

    with pa.OSFile(str(file), "wb") as sink:
        for _ in _arrow_batches(con, sql, parameters, sink):
            pass


def small_arrow_stream(
    con: Connection, sql: str, parameters: Sequence[Any], most_bytes: int
) -> bytes | None:
    """A query's rows as an Arrow IPC stream; None where it takes more than so many bytes."""
    import pyarrow as pa  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    for size in _arrow_batches(con, sql, parameters, sink):
        if size > most_bytes:
            return None
    return bytes(sink.getvalue().to_pybytes())


def _arrow_batches(
    con: Connection, sql: str, parameters: Sequence[Any], sink: Any
) -> Iterator[int]:
    """Write batch by batch; yields the bytes written so far."""
    import pyarrow as pa  # noqa: PLC0415

    reader = con.sql(sql, params=list(parameters)).to_arrow_reader(100_000)
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            # The engine leaves old memory where a value is null; a copy holds zeros there, so that
            # the same rows are the same bytes.
            writer.write_batch(batch.take(pa.arange(0, batch.num_rows)))
            yield sink.tell()
