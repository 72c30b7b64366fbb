"""The clauses of one column, each turned into a rule over the column's values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from meshport.checks.formats import TEXT_FORMATS, integer_range
from meshport.checks.spec import NotEnforced, RowRule, Rule, TypeRule, UniqueRule, ZoneRule
from meshport.contracts.model import Column
from meshport.sql_text import literal, quote

Clause = tuple[str, str, Rule]
"""Short name for the check's id, path within the column, rule."""

_CAST = {"date": "DATE", "timestamp": "TIMESTAMPTZ", "time": "TIME"}
_LENGTH = re.compile(r"(?:var)?char(?:acter)?(?: varying)?\s*\(\s*(\d+)\s*\)|text\((\d+)\)", re.I)
_BINARY = re.compile(r"double|float|real", re.I)
_UNREAD_BECAUSE = {
    "properties": "nested fields are not checked",
    "items": "the elements of a list are not checked",
    "map": "the entries of a map are not checked",
    "vector": "vectors are not checked",
    "encryptedName": "whether a value is encrypted cannot be seen from it",
    "partitioned": "how files are laid out is not a property of the rows",
}


def column_clauses(column: Column, is_whole_key: bool) -> Iterator[Clause]:
    """Every clause the contract states about the column; quality rules stand elsewhere."""
    stated = "physicalType" if column.physical_type else "logicalType"
    if column.physical_type or column.logical_type:
        yield "type", stated, TypeRule(column.physical_type, column.logical_type)
    if column.required:
        yield "required", "required", _rows(column, f"{quote(column.name)} is null")
    if column.unique and not is_whole_key:
        yield "unique", "unique", UniqueRule((column.name,))
    if length := _declared_length(column):
        yield "length", "physicalType", _rows(column, f"length({_text(column)}) > {length}")
    if column.allowed_values:
        yield "enum", "enum", _rows(column, not_among(column.name, column.allowed_values))
    for option, value in column.options.items():
        yield _option(column, option, value)
    for key in column.unread:
        yield key, key, NotEnforced(_UNREAD_BECAUSE[key])


def not_among(column: str, values: tuple[Any, ...]) -> str:
    """SQL that is true where the column holds none of the values; not true for a null."""
    listed = ", ".join(literal(value) for value in values)
    return f"{quote(column)} not in ({listed})"


def _option(column: Column, option: str, value: Any) -> Clause:
    rule = _option_rule(column, option, value)
    return (
        option,
        f"logicalTypeOptions.{option}",
        rule or NotEnforced(_why_not(column, option, value)),
    )


def _option_rule(column: Column, option: str, value: Any) -> Rule | None:
    name = quote(column.name)
    match option:
        case "minimum":
            return _rows(column, f"{name} < {_bound(column, value)}")
        case "maximum":
            return _rows(column, f"{name} > {_bound(column, value)}")
        case "exclusiveMinimum":
            return _rows(column, f"{name} <= {_bound(column, value)}")
        case "exclusiveMaximum":
            return _rows(column, f"{name} >= {_bound(column, value)}")
        case "multipleOf":
            return _rows(column, _not_multiple(column, value))
        case "minLength":
            return _rows(column, f"length({_text(column)}) < {literal(value)}")
        case "maxLength":
            return _rows(column, f"length({_text(column)}) > {literal(value)}")
        case "pattern":
            return _rows(column, f"not regexp_matches({_text(column)}, {literal(value)})")
        case "format":
            return _format(column, value)
        case "minItems":
            return _rows(column, f"len({name}) < {literal(value)}")
        case "maxItems":
            return _rows(column, f"len({name}) > {literal(value)}")
        case "uniqueItems":
            return _rows(column, f"len({name}) <> len(list_distinct({name}))") if value else None
        case "timezone":
            return ZoneRule(bool(value))
    return None


def _format(column: Column, named: str) -> Rule | None:
    name = quote(column.name)
    if column.logical_type == "integer" and (bounds := integer_range(named)):
        return _rows(column, f"{name} not between {bounds[0]} and {bounds[1]}")
    if column.logical_type in ("string", None) and named in TEXT_FORMATS:
        pattern = literal(TEXT_FORMATS[named])
        return _rows(column, f"not regexp_full_match({_text(column)}, {pattern})")
    return None


def _why_not(column: Column, option: str, value: Any) -> str:
    if option == "defaultTimezone":
        return "zoned timestamps are instants; how they are displayed is the reader's choice"
    if option == "format" and column.logical_type in ("date", "timestamp", "time"):
        return f"a native {column.logical_type} has no text form"
    return f"meshport knows no {option} `{value}` for {column.logical_type or 'this type'}"


def _not_multiple(column: Column, step: Any) -> str:
    name, written = quote(column.name), f"{Decimal(str(step)):f}"
    if _BINARY.match(column.physical_type or "") or not column.physical_type:
        # 0.3 is no multiple of 0.1 in binary; a millionth of a step is what rounding explains.
        return f"abs({name} / {written} - round({name} / {written})) > 1e-6"
    return f"{name} % {written} <> 0"


def _bound(column: Column, value: Any) -> str:
    cast = _CAST.get(column.logical_type or "")
    return f"cast({literal(value)} as {cast})" if cast else literal(value)


def _declared_length(column: Column) -> int | None:
    found = _LENGTH.fullmatch(column.physical_type or "")
    length = int(found[1] or found[2]) if found else None
    return None if length == column.options.get("maxLength") else length


def _text(column: Column) -> str:
    # Native UUIDs and enums are checked by how they are written.
    return f"cast({quote(column.name)} as varchar)"


def _rows(column: Column, violation: str) -> RowRule:
    return RowRule(violation, (column.name,))
