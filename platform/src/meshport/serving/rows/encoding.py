"""How the columns of a port are written in the formats of rows, as the contract says."""

from __future__ import annotations

from meshport.contracts.json_type import is_text_in_json
from meshport.serving.rows.selection import Selected
from meshport.serving.rows.source import RowSource
from meshport.sql_text import quote
from meshport.value_sql import TIMES, json_value, text_value


def json_row(source: RowSource, select: tuple[Selected, ...]) -> str:
    """The SQL of a row as one JSON text."""
    parts = ", ".join(f"{quote(one.name)} := {_json_value(source, one)}" for one in select)
    return f"to_json(struct_pack({parts}))::varchar"


def native_value(source: RowSource, one: Selected) -> str:
    """The SQL of a selected column in its own type, or in the one it is cast to."""
    column = quote(one.column)
    if one.cast is None:
        return column
    is_text = one.cast == "VARCHAR"
    return (
        text_value(column, source.types[one.column]) if is_text else f"cast({column} as {one.cast})"
    )


def csv_value(source: RowSource, one: Selected) -> str:
    """The SQL of a selected column as CSV shows it: moments as in JSON."""
    if one.cast is None and source.types[one.column] in TIMES:
        return text_value(quote(one.column), source.types[one.column])
    return native_value(source, one)


def _json_value(source: RowSource, one: Selected) -> str:
    native = one.cast or source.types[one.column]
    is_text = is_text_in_json(native) if one.cast else one.column in source.texts
    return json_value(native_value(source, one), native, is_text=is_text)
