"""The sandboxed process: answers queries over exactly the files it was given, one line each.

Reads JSON lines from stdin: first the tables and the memory limit, then queries. It imports
DuckDB itself, and nothing else of meshport, because it runs alone and has to start fast.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb

# Of the engine's functions these read more than the tables granted, or run text as SQL.
_FORBIDDEN_FUNCTIONS = {"query", "query_table", "getvariable", "getenv", "current_setting"}


def main() -> None:
    """Answer until stdin ends."""
    setup = json.loads(sys.stdin.readline())
    con = open_tables(setup["tables"], setup["memory_mb"])
    limit_process(setup["memory_mb"])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(con, json.loads(line)["query"])) + "\n")
        sys.stdout.flush()


def limit_process(memory_mb: int) -> None:
    """Ask the kernel for what DuckDB's own limits do not hold: memory, writing, core dumps."""
    space = (memory_mb + 2048) * 1024 * 1024
    for kind, limit in (
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        _, hard = resource.getrlimit(kind)
        wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (wanted, hard))


def open_tables(tables: dict[str, list[str]], memory_mb: int) -> duckdb.DuckDBPyConnection:
    """A locked in-memory database with one view per table and no way out."""
    con = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": f"{memory_mb}MB"})
    con.execute("set TimeZone = 'UTC'")
    con.execute("set max_temp_directory_size = '0KB'")
    files = [file for listed in tables.values() for file in listed]
    con.execute(f"set allowed_paths = [{', '.join(map(_literal, files))}]")
    con.execute("set enable_external_access = false")
    for name, listed in tables.items():
        schema, _, table = name.rpartition(".")
        if schema:
            con.execute(f"create schema if not exists {_quoted(schema)}")
        target = f"{_quoted(schema)}.{_quoted(table)}" if schema else _quoted(table)
        paths = ", ".join(map(_literal, listed))
        con.execute(f"create view {target} as select * from read_parquet([{paths}])")
    con.execute("set lock_configuration = true")
    return con


def answer(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """The first value of the query's first row, or what is wrong with it."""
    try:
        if refusal := refuse(con, query):
            return {"error": refusal}
        rows = con.execute(query).fetchmany(1)
        value = rows[0][0] if rows else None
    except (duckdb.Error, MemoryError) as error:
        return {"error": (str(error) or type(error).__name__).splitlines()[0]}
    if isinstance(value, Decimal):
        return {"value": str(value), "is_number": True}
    return {"value": value if isinstance(value, int | float | str | None) else str(value)}


def refuse(con: duckdb.DuckDBPyConnection, query: str) -> str | None:
    """Why the query may not run, judged on the engine's own parse of it."""
    if query.startswith("refused: "):
        return query.removeprefix("refused: ")
    if len(con.extract_statements(query)) != 1:
        return "it must be one statement"
    parsed = con.execute("select json_serialize_sql(?)", [query]).fetchall()[0][0]
    tree = json.loads(parsed)
    if tree.get("error"):
        return f"it must be one SELECT: {tree.get('error_message', '')}".strip()
    for node in _nodes(tree):
        if node.get("type") == "TABLE_FUNCTION":
            return "table functions are not allowed"
        if node.get("function_name") in _FORBIDDEN_FUNCTIONS:
            return f"the function {node['function_name']} is not allowed"
        if node.get("type") == "BASE_TABLE" and "/" in str(node.get("table_name")):
            return "a table is named, not a file"
    return None


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for child in (
        tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    ):
        yield from _nodes(child)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
