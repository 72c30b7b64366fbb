"""How values are written in JSON and as text: exact numbers, RFC 3339, nothing that JSON lacks."""

from __future__ import annotations

from meshport.contracts.json_type import is_text_in_json
from meshport.serving.rows.selection import Selected
from meshport.serving.rows.source import RowSource
from meshport.sql_text import quote

TIMES = {"TIMESTAMP WITH TIME ZONE": "Z", "TIMESTAMP": ""}


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


def text_value(column: str, native: str) -> str:
    """The SQL of a value as text; a moment in UTC where it has a zone, with microseconds if any."""
    if native not in TIMES:
        return f"cast({column} as varchar)"
    zone = TIMES[native]
    moment = f"timezone('UTC', {column})" if zone else column
    text = f"strftime({moment}, '%Y-%m-%dT%H:%M:%S.%f') || '{zone}'"
    return f"replace({text}, '.000000{zone}', '{zone}')"


def json_value(value: str, native: str, *, is_text: bool) -> str:
    """The SQL of what stands for a value in JSON; `is_text`: a number that would not be exact."""
    if native in TIMES:
        return text_value(value, native)
    if native in ("DOUBLE", "FLOAT"):
        # JSON has no number for these; the rest of the row must stay readable.
        odd = f"if(isnan({value}), 'NaN', if({value} > 0, 'Infinity', '-Infinity'))"
        return f"case when not isfinite({value}) then to_json({odd}) else to_json({value}) end"
    return f"cast({value} as varchar)" if is_text else value


def _json_value(source: RowSource, one: Selected) -> str:
    native = one.cast or source.types[one.column]
    is_text = is_text_in_json(native) if one.cast else one.column in source.texts
    return json_value(native_value(source, one), native, is_text=is_text)
