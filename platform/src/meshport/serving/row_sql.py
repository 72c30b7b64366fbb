"""SQL for a row query over the Parquet files of one release; every value is a bound parameter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshport.serving.row_query import COMPARISONS, IS_WORDS, Filter, OrderTerm, RowQuery
from meshport.sql_text import quote

ROW_NUMBER = "file_row_number"
_DECIMAL = re.compile(r"DECIMAL\((\d+),\d+\)")
# JSON numbers are binary doubles to most readers: exact up to 15 digits.
_EXACT_DIGITS = 15
_WIDE = {"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"}
_TIMES = {"TIMESTAMP WITH TIME ZONE": "Z", "TIMESTAMP": ""}


@dataclass
class Statement:
    """SQL text with its parameters, in the order in which they stand."""

    sql: str
    parameters: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class RowSource:
    """What is read: a table function over files, the native types, and a total order of rows."""

    relation: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    """The columns that make every order total; `file_row_number` where the key is withheld."""
    required: frozenset[str]

    def total_order(self, order: Sequence[OrderTerm]) -> list[OrderTerm]:
        """The order asked for, made total by the key, so that pages neither repeat nor skip."""
        named = {term.column for term in order}
        return [*order, *(OrderTerm(column) for column in self.key if column not in named)]


def is_text_in_json(native: str) -> bool:
    """Whether a value of this type is a JSON string because a number would not be exact."""
    found = _DECIMAL.fullmatch(native)
    return native in _WIDE or (found is not None and int(found[1]) > _EXACT_DIGITS)


def page_statement(source: RowSource, query: RowQuery, after: Sequence[str | None]) -> Statement:
    """The rows of one page, in order; `after` is the last row's key of the page before."""
    order = source.total_order(query.order)
    statement = Statement("")
    where = [_condition(source, one, statement) for one in query.filters]
    if after:
        where.append(_after(source, order, after, statement))
    wanted = list(dict.fromkeys([*query.select, *(term.column for term in order)]))
    columns = ", ".join(quote(name) for name in wanted)
    terms = ", ".join(
        f"{quote(t.column)} {'desc' if t.is_descending else 'asc'} nulls last" for t in order
    )
    conditions = f" where {' and '.join(where)}" if where else ""
    limit = f" limit {query.limit + 1}" if query.limit is not None else ""
    statement.sql = f"select {columns} from {source.relation}{conditions} order by {terms}{limit}"
    return statement


def json_page(source: RowSource, query: RowQuery, page: Statement) -> Statement:
    """One row: the page's rows as JSON text, how many were found, and the last one's key."""
    order = source.total_order(query.order)
    parts = ", ".join(
        f"{quote(name)} := {_json_value(name, source.types[name])}" for name in query.select
    )
    key = ", ".join(f"cast({quote(term.column)} as varchar)" for term in order)
    rows = (
        f"select row_number() over () as position, to_json(struct_pack({parts}))::varchar as line, "
        f"[{key}] as last_key from ({page.sql})"
    )
    limit = query.limit if query.limit is not None else 2**62
    joined = "'\n'" if query.format == "ndjson" else "','"
    sql = (
        f"select string_agg(line, {joined} order by position) filter (where position <= {limit}), "
        f"count(*), any_value(last_key) filter (where position = {limit}) from ({rows})"
    )
    return Statement(sql, page.parameters)


def selected(source: RowSource, query: RowQuery, page: Statement) -> Statement:
    """The page with exactly the columns asked for; native types stay, but in text times do not."""

    def shown(name: str) -> str:
        native = source.types[name]
        is_time = query.format == "csv" and native in _TIMES
        return f"{_rfc3339(quote(name), native)} as {quote(name)}" if is_time else quote(name)

    columns = ", ".join(shown(name) for name in query.select)
    limit = f" limit {query.limit}" if query.limit is not None else ""
    return Statement(f"select {columns} from ({page.sql}){limit}", page.parameters)


def value_check(source: RowSource, query: RowQuery) -> tuple[Statement, list[Filter]]:
    """A query whose nth value says whether the nth filter's values fit the column's type."""
    checked = [one for one in query.filters if one.operator != "is"]
    statement = Statement("")
    tests = []
    for one in checked:
        casts = [f"try_cast(? as {source.types[one.column]}) is not null" for _ in one.values]
        tests.append(" and ".join(casts))
        statement.parameters += one.values
    statement.sql = f"select {', '.join(tests)}"
    return statement, checked


def _condition(source: RowSource, one: Filter, statement: Statement) -> str:
    name, native = quote(one.column), source.types[one.column]
    if one.operator == "is":
        return f"{name} {IS_WORDS[one.values[0]]}"
    statement.parameters += one.values
    if one.operator == "in":
        return f"{name} in ({', '.join([f'cast(? as {native})'] * len(one.values))})"
    return f"{name} {COMPARISONS[one.operator]} cast(? as {native})"


def _after(
    source: RowSource,
    order: Sequence[OrderTerm],
    values: Sequence[str | None],
    statement: Statement,
) -> str:
    """Rows that come after the given key: equal in the first terms, beyond in the next."""
    cases = []
    for position, term in enumerate(order):
        if values[position] is None:
            continue  # nulls are last: nothing comes after one
        equal = [
            f"{quote(t.column)} is not distinct from cast(? as {_type(source, t.column)})"
            for t in order[:position]
        ]
        statement.parameters += [*values[:position], values[position]]
        name = quote(term.column)
        beyond = (
            f"{name} {'<' if term.is_descending else '>'} cast(? as {_type(source, term.column)})"
        )
        if term.column not in source.required:
            beyond = f"({beyond} or {name} is null)"
        cases.append(" and ".join([*equal, beyond]))
    return f"({' or '.join(f'({case})' for case in cases)})" if cases else "false"


def _type(source: RowSource, column: str) -> str:
    return "BIGINT" if column == ROW_NUMBER else source.types[column]


def _json_value(name: str, native: str) -> str:
    column = quote(name)
    if native in _TIMES:
        return _rfc3339(column, native)
    if native in ("DOUBLE", "FLOAT"):
        # JSON has no number for these; the rest of the row must stay readable.
        odd = f"if(isnan({column}), 'NaN', if({column} > 0, 'Infinity', '-Infinity'))"
        is_odd = f"not isfinite({column})"
        return f"case when {is_odd} then to_json({odd}) else to_json({column}) end"
    return f"cast({column} as varchar)" if is_text_in_json(native) else column


def _rfc3339(column: str, native: str) -> str:
    """A moment, in UTC where it has a zone; microseconds only where there are any."""
    zone = _TIMES[native]
    moment = f"timezone('UTC', {column})" if zone else column
    text = f"strftime({moment}, '%Y-%m-%dT%H:%M:%S.%f') || '{zone}'"
    return f"replace({text}, '.000000{zone}', '{zone}')"
