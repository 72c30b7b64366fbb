"""Lineage of columns: what each column of a query is made from, and what shapes its rows.

Pure: SQL text (DuckDB's dialect) and the columns of the relations it reads go in. Names are
resolved as DuckDB does, scope by scope in one walk over the tree; sqlglot's own `qualify` rewrites
the tree, which loses lines and makes reused aliases grow without bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlglot import exp

from meshport.sql.compared import ComparedValue
from meshport.sql.origins import ROWS, Gap, How, Kind, Trace, Use
from meshport.sql.queries import Queries, TooLargeError
from meshport.sql.scope import Column
from meshport.sql.statements import NotReadError, statements
from meshport.sql.tables import Source

__all__ = [
    "ROWS",
    "ComparedValue",
    "Gap",
    "How",
    "Kind",
    "OutputColumn",
    "QueryLineage",
    "Source",
    "Use",
    "query_lineage",
]

_Row = TypeVar("_Row", bound=tuple[Any, ...])


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
    type: str | None = None
    """The type that DuckDB gives it, from the types of what it is made from; None: not known."""
    line: int | None = None
    """The line of the item of the SELECT that makes it."""


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
    values: tuple[ComparedValue, ...] = ()
    """Each comparison of a column with a text or a whole number."""
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
    except (NotReadError, TooLargeError) as error:
        return _untold(str(error))
    except RecursionError:
        return _untold("nested too deeply")
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


def _parsed(sql: str) -> exp.Expr:
    found = statements(sql)
    if len(found) != 1:
        raise NotReadError(f"it holds {len(found)} statements, not one query")
    if not isinstance(found[0], exp.Query | exp.Values | exp.Pivot):
        raise NotReadError(f"{type(found[0]).__name__.upper()} is not a query")
    return found[0]


def _output(column: Column) -> OutputColumn:
    trace = column.trace
    uses, gaps = _ordered(_of_columns(trace)), _ordered(trace.gaps)
    kind = column.type.settled if column.type is not None else None
    return OutputColumn(
        name=column.name,
        uses=uses,
        gaps=gaps,
        passed=column.passed,
        row_sources=_row_sources(trace),
        type=kind.text if kind is not None else None,
        line=column.line,
    )


def _of_columns(trace: Trace) -> set[Use]:
    return {use for use in trace.uses if use.column != ROWS}


def _row_sources(trace: Trace) -> tuple[str, ...]:
    return tuple(sorted({use.relation for use in trace.uses if use.column == ROWS}))


def _ordered(found: set[_Row]) -> tuple[_Row, ...]:
    return tuple(sorted(found, key=lambda row: [(x is None, "" if x is None else x) for x in row]))


def _untold(reason: str) -> QueryLineage:
    return QueryLineage(gaps=(Gap(reason),))
