"""SQL for a row query over the files of one release; every value is a bound parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from meshport.serving.rows.conditions import condition_sql
from meshport.serving.rows.encoding import csv_value, json_row, native_value
from meshport.serving.rows.filters import Test
from meshport.serving.rows.ordering import OrderTerm
from meshport.serving.rows.query import PAGED, RowQuery
from meshport.serving.rows.source import RowSource
from meshport.serving.rows.values import fits, is_list
from meshport.sql_text import quote


@dataclass
class Statement:
    """SQL text with its parameters, in the order in which they stand."""

    sql: str
    parameters: list[Any] = field(default_factory=list)


def json_lines(source: RowSource, query: RowQuery, after: Sequence[str | None] = ()) -> Statement:
    """Each row of a page, and one more if there is one, as JSON text with its key as texts.

    `after` is the key of the last row of the page before.
    """
    page = _page(source, query, after, _needed(source, query))
    columns = ", ".join([json_row(source, query.select), *_keys(source, query)])
    return Statement(f"select {columns} from ({page.sql})", page.parameters)


def row_numbers(source: RowSource, query: RowQuery, after: Sequence[str | None] = ()) -> Statement:
    """The same rows of a table by their numbers, with their keys unless that is their order."""
    is_in_order = source.is_in_order(source.total_order(query.order))
    keys = [] if is_in_order else _keys(source, query)
    return _page(source, query, after, ["rowid", *keys])


def native_rows(source: RowSource, query: RowQuery) -> Statement:
    """The rows with exactly the columns asked for, in native types; in CSV moments are texts."""
    page = _page(source, query, (), _needed(source, query))
    value = csv_value if query.format == "csv" else native_value
    columns = ", ".join(f"{value(source, one)} as {quote(one.name)}" for one in query.select)
    return Statement(f"select {columns} from ({page.sql})", page.parameters)


def table_rows(source: RowSource) -> Statement:
    """All rows in the order of the key, with every column that orders or shows them."""
    whole = RowQuery.all_of(source.types)
    return _page(source, whole, (), _needed(source, whole))


def count_of(source: RowSource, query: RowQuery) -> Statement:
    """How many rows the filters let through, whatever the page."""
    statement = Statement("")
    where = _where([condition_sql(source, one, statement.parameters) for one in query.filters])
    statement.sql = f"select count(*) from {source.relation}{where}"
    return statement


def value_check(source: RowSource, tests: Sequence[Test]) -> tuple[Statement, list[Test]]:
    """A query whose nth value says whether the values of the nth test fit the column's type.

    Of the tests only those whose values nobody but the engine can judge.
    """
    checked = [test for test in tests if _needs_engine(source, test)]
    statement = Statement("")
    found = []
    for test in checked:
        native = _element(source, test)
        found.append(" and ".join([f"try_cast(? as {native}) is not null"] * len(test.values)))
        statement.parameters += test.values
    statement.sql = f"select {', '.join(found)}"
    return statement, checked


def _needs_engine(source: RowSource, test: Test) -> bool:
    native = _element(source, test)
    return test.operator != "is" and any(fits(value, native) is None for value in test.values)


def _element(source: RowSource, test: Test) -> str:
    native = source.types[test.column]
    return native[:-2] if is_list(native) else native


def _page(
    source: RowSource, query: RowQuery, after: Sequence[str | None], columns: Sequence[str]
) -> Statement:
    """These columns of a page's rows, and in JSON of one row more."""
    order = source.total_order(query.order)
    statement = Statement("")
    where = [condition_sql(source, one, statement.parameters) for one in query.filters]
    if after:
        where.append(_after(source, order, after, statement.parameters))
    # Rows come as they lie in the file, and reading ends with the last one of the page.
    is_in_order = source.is_sorted and source.is_in_order(order)
    sorting = "" if is_in_order else f" order by {', '.join(map(_term, order))}"
    rows = None if query.limit is None else query.limit + (query.format in PAGED)
    if rows is not None and is_in_order and source.is_table and not where:
        where, rows = [f"rowid < {rows}"], None  # what lies behind them is not looked at
    limit = "" if rows is None else f" limit {rows}"
    shown, relation = ", ".join(columns), source.relation
    statement.sql = f"select {shown} from {relation}{_where(where)}{sorting}{limit}"
    return statement


def _needed(source: RowSource, query: RowQuery) -> list[str]:
    """The columns that show rows or order them."""
    named = [one.column for one in query.select]
    named += [term.column for term in source.total_order(query.order)]
    return [quote(name) for name in dict.fromkeys(named)]


def _keys(source: RowSource, query: RowQuery) -> list[str]:
    """The texts of what orders rows."""
    order = source.total_order(query.order)
    return [f"cast({quote(term.column)} as varchar)" for term in order]


def _where(conditions: Sequence[str]) -> str:
    return f" where {' and '.join(conditions)}" if conditions else ""


def _term(term: OrderTerm) -> str:
    direction = "desc" if term.is_descending else "asc"
    return f"{quote(term.column)} {direction} nulls {'first' if term.has_nulls_first else 'last'}"


def _after(
    source: RowSource, order: Sequence[OrderTerm], key: Sequence[str | None], parameters: list[Any]
) -> str:
    """Rows that come after the given key: equal in the first terms, beyond in the next."""
    cases = []
    for position, term in enumerate(order):
        value = key[position]
        if value is None and not term.has_nulls_first:
            continue  # nulls are last: nothing comes after one
        equal = [
            f"{quote(t.column)} is not distinct from cast(? as {source.type_of(t.column)})"
            for t in order[:position]
        ]
        parameters += key[:position]
        beyond = _beyond(source, term, value, parameters)
        cases.append(" and ".join([*equal, beyond]))
    return f"({' or '.join(f'({case})' for case in cases)})" if cases else "false"


def _beyond(source: RowSource, term: OrderTerm, value: str | None, parameters: list[Any]) -> str:
    name = quote(term.column)
    if value is None:
        return f"{name} is not null"
    parameters.append(value)
    sign = "<" if term.is_descending else ">"
    beyond = f"{name} {sign} cast(? as {source.type_of(term.column)})"
    has_nulls_behind = not term.has_nulls_first and term.column not in source.required
    return f"({beyond} or {name} is null)" if has_nulls_behind else beyond
