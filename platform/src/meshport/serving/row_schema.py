"""The shape of a port's rows as JSON Schema (2020-12), derived from its contract."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from meshport.contracts.model import Column, Contract

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON_TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "string",
    "timestamp": "string",
    "time": "string",
    "array": "array",
    "object": "object",
}
_TIME_FORMATS = {"date": "date", "timestamp": "date-time", "time": "time"}
_SAME_WORD = ("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
              "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems")  # fmt: skip
_LENGTH = re.compile(r"(?:VAR)?CHAR\((\d+)\)", re.IGNORECASE)
_WIDE = re.compile(
    r"(BIGINT|UBIGINT|HUGEINT|UHUGEINT)|DECIMAL\((1[6-9]|[23]\d),\d+\)", re.IGNORECASE
)


def row_schema(contract: Contract, columns: Sequence[Column]) -> dict[str, Any]:
    """The schema of one row with these columns of the contract's table."""
    return {
        "$schema": DIALECT,
        "title": contract.table.name,
        "description": f"{contract.table.description} {contract.table.grain}".strip(),
        "type": "object",
        "properties": {column.name: column_schema(column) for column in columns},
        "required": [column.name for column in columns],
        "additionalProperties": False,
        "x-contract": {"id": contract.id, "version": contract.version},
    }


def column_schema(column: Column) -> dict[str, Any]:
    """The schema of one column's values; null is one of them unless the column is required."""
    logical = column.logical_type or "string"
    as_text = bool(_WIDE.fullmatch(column.physical_type or ""))
    kind = "string" if as_text else _JSON_TYPES.get(logical, "string")
    schema: dict[str, Any] = {"type": kind if column.required else [kind, "null"]}
    if column.description:
        schema["description"] = column.description
    if logical in _TIME_FORMATS:
        schema["format"] = _TIME_FORMATS[logical]
    elif not as_text:
        schema |= _limits(column)
    if column.allowed_values:
        schema["enum"] = [*column.allowed_values, *([] if column.required else [None])]
    return schema


def _limits(column: Column) -> dict[str, Any]:
    found = {name: column.options[name] for name in _SAME_WORD if name in column.options}
    declared = _LENGTH.fullmatch(column.physical_type or "")
    if declared:
        found.setdefault("maxLength", int(declared[1]))
    if column.logical_type == "string" and "format" in column.options:
        found["format"] = column.options["format"]
    return found
