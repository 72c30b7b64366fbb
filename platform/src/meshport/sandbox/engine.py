"""DuckDB inside a sandboxed process: opened once, locked on the tables granted, asked one question.

It imports DuckDB itself, because it runs in a process of its own; it keeps to what 1.5.5 and 2.0
have in common.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, BinaryIO

import duckdb

from meshport.sandbox.forms import text_form
from meshport.sandbox.gate import TOO_DEEP, RefusedError, gate
from meshport.sandbox.question import ARROW, JSON, PARQUET, Limits, Shape
from meshport.sql_text import literal, quote

Connection = duckdb.DuckDBPyConnection

# What an author can mend. Whatever else the engine says may speak of files or of itself.
_ABOUT_THE_QUERY = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.InvalidTypeException,
    duckdb.NotImplementedException,
    duckdb.OutOfRangeException,
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.TypeMismatchException,
)
_SETTINGS = (
    "set TimeZone = 'UTC'",
    "set max_temp_directory_size = '0KB'",
    "set temp_directory = ''",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set allow_community_extensions = false",
    "set allow_persistent_secrets = false",
    "set max_expression_depth = 400",
    # An error must not propose tables of the engine.
    "set catalog_error_max_schemas = 0",
    # A file is looked at when its table is opened, when the query is read, and when it runs.
    "set parquet_metadata_cache = true",
)
_REHEARSAL = "select * from rehearsal.t order by a limit 20"
_PLAN_FACTS = frozenset(
    {
        "Aggregates", "CTE Name", "Condition", "Conditions", "Estimated Cardinality", "Expression",
        "Expressions", "Filters", "Function", "Groups", "Join Type", "Order By", "Projections",
        "Top",
    }
)  # fmt: skip


def boot() -> Connection:
    """An empty database without a thread of its own, so that the process may be forked."""
    plain: dict[str, Any] = {"threads": 1, "python_enable_replacements": False}
    try:
        con = duckdb.connect(":memory:", config={**plain, "async_threads": 0})
    except duckdb.Error:  # before 2.0 there are none
        con = duckdb.connect(":memory:", config=plain)
    for setting in _SETTINGS:
        con.execute(setting)
    con.execute("prepare tree_of as select json_serialize_sql($1)")
    bound(con, Limits().memory_mb, threads=1)
    return con


def rehearse(con: Connection, file: str) -> None:
    """Go the way of a query once over a Parquet file of our own, and leave nothing behind.

    What a forked process touches it has to copy first: now it has, before anybody waits.
    """
    make_room(con, ["rehearsal"])
    table = {"schema": "rehearsal", "name": "t", "columns": list("abcd"), "files": [file]}
    con.execute(_view(table))
    _play(con, _REHEARSAL)
    con.execute("drop schema rehearsal cascade")


def rehearse_on(con: Connection, table: Mapping[str, Any]) -> None:
    """The same over some rows of a table that is open."""
    rows = f"(from {_target(table)} limit 100)"
    _play(con, f"select * from {rows} order by 1")
    _play(con, f"select #1, count(*) from {rows} group by all")


def _play(con: Connection, query: str) -> None:
    gate(parse(con, query))
    Question(con, query).answer(Shape(JSON, rows=100, bytes=1 << 16), io.BytesIO())


def parse(con: Connection, query: str) -> str:
    """The engine's own tree of a query as JSON; nothing of the query is run.

    Raises RefusedError for a text that the engine would read in two ways.
    """
    if "\0" in query:  # where it ends for a parser of 1.5, but not for all
        raise RefusedError("syntax", "it holds a NUL character")
    return str(con.execute(f"execute tree_of({literal(query)})").fetchall()[0][0])


def bound(con: Connection, memory_mb: int, threads: int) -> None:
    """Hold the engine to its own limits, which end most queries politely."""
    # What the engine does not count, vectors and long texts, is left as much again.
    con.execute(f"set memory_limit = '{memory_mb // 2}MB'")
    if threads > 1:
        con.execute(f"set threads = {threads}")


def make_room(con: Connection, schemas: Iterable[str]) -> None:
    """The schemas that tables will be in; anybody may know their names."""
    for schema in dict.fromkeys(filter(None, schemas)):
        con.execute(f"create schema {quote(schema)}")


def open_tables(con: Connection, tables: Sequence[Mapping[str, Any]]) -> None:
    """One view per table over exactly its files, and nothing else to open or to change."""
    files = {file: None for table in tables for file in table["files"]}
    con.execute(f"set allowed_paths = [{', '.join(map(literal, files))}]")
    con.execute("set enable_external_access = false")
    for table in tables:
        con.execute(_view(table))
    con.execute("set lock_configuration = true")


def _target(table: Mapping[str, Any]) -> str:
    name = quote(table["name"])
    return f"{quote(table['schema'])}.{name}" if table["schema"] else name


def _view(table: Mapping[str, Any]) -> str:
    target = _target(table)
    columns = ", ".join(map(quote, table["columns"])) if table["columns"] else "*"
    rows = f"read_parquet([{', '.join(map(literal, table['files']))}])"
    if not table["files"]:  # a scope that has no rows
        columns = ", ".join(f"cast(null as {t}) as {quote(c)}" for c, t in table["types"].items())
        return f"create view {target} as select {columns} where false"
    return f"create view {target} as select {columns} from {rows}"


class Question:
    """One query over the tables that are open."""

    def __init__(self, con: Connection, query: str) -> None:
        self.con = con
        self.query = query
        self.relation = con.sql(query)

    @cached_property
    def columns(self) -> list[tuple[str, str]]:
        """Names and native types of the result."""
        names, types = self.relation.columns, [str(one) for one in self.relation.types]
        if len({name.lower() for name in names}) < len(names):
            names = self.relation.project("*").columns  # the engine numbers those of one name
        return list(zip(names, types, strict=True))

    def answer(self, shape: Shape, sink: BinaryIO) -> dict[str, Any]:
        """Write the result into the sink; how much it was and whether it was cut off."""
        from meshport.sandbox.results import write_result  # noqa: PLC0415  Arrow takes long to load

        # Each step of a relation is bound anew. A limit would be one: who writes stops reading.
        is_text = shape.form not in (ARROW, PARQUET)
        text = text_form(shape.form, self.columns) if is_text else None
        rows = self.relation.project(text.line) if text else self.relation
        return write_result(rows.to_arrow_reader(shape.batch), shape, sink, text)

    def first_value(self) -> str | None:
        """The first value of the first row, as JSON."""
        rows = self.relation.limit(1).project("to_json(#1)::varchar").fetchall()
        return rows[0][0] if rows else None

    def plan(self) -> list[dict[str, Any]]:
        """How the engine would answer, without what says where files lie."""
        said = self.con.execute(f"explain (format json) {self.query}").fetchall()[0][1]
        return [_operator(one) for one in json.loads(said)]


def column_bytes(con: Connection, table: Mapping[str, Any]) -> dict[str, int]:
    """How many bytes each column of a table has in its files."""
    if not table["files"]:
        return {}
    files = ", ".join(map(literal, table["files"]))
    found = con.execute(
        "select path_in_schema, sum(total_compressed_size)::bigint "
        f"from parquet_metadata([{files}]) group by all"
    ).fetchall()
    shown = set(table["columns"])
    sizes: dict[str, int] = {}
    for path, size in found:
        column = path.split(", ")[0].split(".")[0]
        if column in shown:
            sizes[column] = sizes.get(column, 0) + size
    return sizes


def _operator(node: Mapping[str, Any]) -> dict[str, Any]:
    facts = {k: v for k, v in (node.get("extra_info") or {}).items() if k in _PLAN_FACTS}
    children = [_operator(child) for child in node.get("children", ())]
    return {"operator": str(node.get("name", "")).strip(), **facts, "children": children}


def explained(error: Exception, paths: Sequence[str]) -> dict[str, str]:
    """What to tell the author: the kind of failure, and the engine's words where they may be."""
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return {"kind": "memory", "words": "it needs more memory than a query may have"}
    words = (str(error).splitlines() or [""])[0][:400]
    if TOO_DEEP in words:
        return {"kind": "query", "words": "it is nested too deeply"}
    is_safe = not any(path in words for path in paths) and "read_parquet" not in words
    if isinstance(error, _ABOUT_THE_QUERY) and words and is_safe:
        return {"kind": "query", "words": words}
    return {"kind": "engine", "words": "the engine could not run it"}
