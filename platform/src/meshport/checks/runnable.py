"""What in a contract could never run: told where contracts are edited, not when data is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from meshport.contracts.model import Column, Contract, Table
from meshport.errors import CheckError, Place
from meshport.sql_text import quote
from meshport.warehouse import Connection, EngineError, connect_memory

_PLACEHOLDER = re.compile(r"\$?\{(object|table|model|schema|property|column|field)\}")
_OF_COLUMN = ("property", "column", "field")


def placeholders_filled(query: str, table: str, column: str | None) -> str:
    """The query with `{object}`, `{property}` and their older spellings replaced by names."""

    def name(match: re.Match[str]) -> str:
        of_column = match[1] in _OF_COLUMN
        return quote(column or match[0]) if of_column else quote(table)

    return _PLACEHOLDER.sub(name, query)


def unrunnable(contracts: Iterable[Contract]) -> Iterator[CheckError]:
    """Queries that are not one SELECT (MP310), and patterns that are none (MP311)."""
    tables = [table for contract in contracts for table in contract.tables]
    if not tables:
        return
    con = connect_memory()
    try:
        for table in tables:
            yield from _queries(con, table)
            yield from _patterns(con, table)
    finally:
        con.close()


def _queries(con: Connection, table: Table) -> Iterator[CheckError]:
    owners: list[Column | None] = [None, *table.columns]
    for column in owners:
        for rule in (column or table).quality:
            if rule.kind == "sql":
                named = column.name if column else None
                query = placeholders_filled(rule.query or "", table.physical_name, named)
                fact = _not_one_select(con, query)
                if fact:
                    hint = "write one SELECT over {object}, in DuckDB's SQL"
                    yield CheckError("MP310", fact, rule.place, hint)


def _not_one_select(con: Connection, query: str) -> str | None:
    try:
        kinds = [statement.type.name for statement in con.extract_statements(query)]
    except EngineError as error:
        return f"the query cannot be read: {_first_line(error)}"
    if kinds != ["SELECT"]:
        return f"the query must be one SELECT, it is {', '.join(kinds) or 'nothing'}"
    return None


def _patterns(con: Connection, table: Table) -> Iterator[CheckError]:
    for column in table.columns:
        arguments = [(rule.arguments.get("pattern"), rule.place) for rule in column.quality]
        for pattern, place in [(column.options.get("pattern"), column.place), *arguments]:
            if isinstance(pattern, str):
                yield from _not_a_pattern(con, pattern, place)


def _not_a_pattern(con: Connection, pattern: str, place: Place) -> Iterator[CheckError]:
    try:
        con.execute("select regexp_matches('', ?)", [pattern]).fetchall()
    except EngineError as error:
        hint = "write it for RE2: no look-around, no references back, small counts"
        yield CheckError("MP311", f"the pattern cannot be read: {_first_line(error)}", place, hint)


def _first_line(error: EngineError) -> str:
    return (str(error).splitlines() or [""])[0]
