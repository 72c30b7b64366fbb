"""Lineage of columns: what each column of a query is made from, and what shapes its rows.

Pure: SQL text (DuckDB's dialect) and the columns of the relations it reads go in. Names are
resolved as DuckDB does, scope by scope in one walk over the tree; sqlglot's own `qualify` rewrites
the tree, which loses lines and makes reused aliases grow without bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, TypeVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

from meshport.sql.origins import ROWS, Gap, How, Kind, Trace, Use
from meshport.sql.queries import Queries, TooLargeError
from meshport.sql.scope import Column
from meshport.sql.tables import Source

__all__ = [
    "ROWS",
    "Gap",
    "How",
    "Kind",
    "OutputColumn",
    "QueryLineage",
    "Source",
    "Use",
    "query_lineage",
]

PARSER = f"sqlglot {version('sqlglot')}"
"""What else a result follows from."""
_Row = TypeVar("_Row", bound=tuple[Any, ...])
MAX_CHARACTERS = 500_000
# The parser descends; beyond this the process would end, not raise.
MAX_DEPTH = 150
_DIALECT = Dialect.get_or_raise("duckdb")
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}


@dataclass(frozen=True)
class OutputColumn:
    """A column of the query's result."""

    name: str
    uses: tuple[Use, ...] = ()
    """What the column itself is made from; what shapes the rows comes on top."""
    gaps: tuple[Gap, ...] = ()
    passed: tuple[str, str] | None = None
    """The relation and column that stars alone hand on: it goes when that one goes."""
    row_sources: tuple[str, ...] = ()
    """Relations of which it matters to the column alone which rows they have."""


@dataclass(frozen=True)
class QueryLineage:
    """What a query reads and makes."""

    columns: tuple[OutputColumn, ...] = ()
    rows: tuple[Use, ...] = ()
    """What decides which rows there are; it bears on every column."""
    relations: tuple[str, ...] = ()
    """The relations read, even if no column of them is named."""
    names: tuple[tuple[str, str, int | None], ...] = ()
    """Every relation, column and line where the text names it: the query fails without it."""
    values: tuple[tuple[str, str, str, int | None], ...] = ()
    """Relation, column, text and line of each comparison of a column with a text."""
    gaps: tuple[Gap, ...] = ()
    """What cannot be told of the rows, and so of every column."""
    keys: tuple[tuple[str, ...], ...] = ()
    """Sets of columns whose values are never the same in two rows."""
    row_sources: tuple[str, ...] = ()
    """Relations whose rows decide which rows there are."""


def query_lineage(
    sql: str,
    relations: Mapping[str, Source],
    line_at: Callable[[int], int] | None = None,
) -> QueryLineage:
    """The lineage of one query over relations, by their dotted names.

    `line_at` tells the line of a character's offset, where the text's own lines are not meant.
    Never raises for what the text holds: what cannot be told is in `gaps`.
    """
    try:
        tree = _parsed(sql)
        queries = Queries(relations, line_at)
        found = queries.read(tree)
    except _UnreadableError as error:
        return _untold(str(error))
    except sqlglot.errors.SqlglotError as error:
        return _untold(f"not SQL: {_first_line(error)}")
    except RecursionError:
        return _untold("nested too deeply")
    except TooLargeError as error:
        return _untold(str(error))
    return QueryLineage(
        columns=tuple(map(_output, found.columns)),
        rows=_ordered(_of_columns(found.rows)),
        relations=tuple(sorted(queries.tables.read)),
        names=_ordered(queries.names),
        values=_ordered(queries.values),
        gaps=_ordered(found.rows.gaps),
        keys=tuple(sorted(tuple(sorted(key)) for key in found.keys)),
        row_sources=_row_sources(found.rows),
    )


class _UnreadableError(Exception):
    """The text is not a query that is read."""


def _parsed(sql: str) -> exp.Expr:
    if len(sql) > MAX_CHARACTERS:
        raise _UnreadableError(f"the SQL has more than {MAX_CHARACTERS:,} characters")
    tokens = _DIALECT.tokenize(sql)
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth > MAX_DEPTH:
            raise _UnreadableError("nested too deeply")
    statements = [tree for tree in _DIALECT.parser().parse(tokens, sql) if tree is not None]
    if len(statements) != 1:
        raise _UnreadableError(f"it holds {len(statements)} statements, not one query")
    if not isinstance(statements[0], exp.Query | exp.Values | exp.Pivot):
        raise _UnreadableError(f"{type(statements[0]).__name__.upper()} is not a query")
    return statements[0]


def _output(column: Column) -> OutputColumn:
    trace = column.trace
    uses, gaps = _ordered(_of_columns(trace)), _ordered(trace.gaps)
    return OutputColumn(column.name, uses, gaps, column.passed, _row_sources(trace))


def _of_columns(trace: Trace) -> set[Use]:
    return {use for use in trace.uses if use.column != ROWS}


def _row_sources(trace: Trace) -> tuple[str, ...]:
    return tuple(sorted({use.relation for use in trace.uses if use.column == ROWS}))


def _ordered(found: set[_Row]) -> tuple[_Row, ...]:
    return tuple(sorted(found, key=lambda row: [(x is None, x or "") for x in row]))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _untold(reason: str) -> QueryLineage:
    return QueryLineage(gaps=(Gap(reason),))
