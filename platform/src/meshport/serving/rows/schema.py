"""The shape of a port's rows as JSON Schema (2020-12), derived from its contract."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshport.contracts.json_type import is_text_in_json
from meshport.contracts.model import Column, Contract
from meshport.sql.value_type import value_type

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
    "vector": "array",
    "object": "object",
    "map": "object",
}
_TIME_FORMATS = {"date": "date", "timestamp": "date-time", "time": "time"}
_SAME_WORD = ("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
              "exclusiveMaximum", "minItems", "maxItems", "uniqueItems")  # fmt: skip
_LENGTH = re.compile(r"(?:VAR)?CHAR\((\d+)\)", re.IGNORECASE)


def row_schema(
    contract: Contract, columns: Sequence[Column], types: Mapping[str, str]
) -> dict[str, Any]:
    """The schema of one row with these columns of the contract's table.

    `types` are the native types in the release; what it lacks is taken from the contract.
    """
    return {
        "$schema": DIALECT,
        "title": contract.table.name,
        "description": f"{contract.table.description} {contract.table.grain}".strip(),
        "type": "object",
        "properties": {c.name: column_schema(c, types.get(c.name)) for c in columns},
        "required": [column.name for column in columns],
        "additionalProperties": False,
        "x-contract": {"id": contract.id, "version": contract.version},
    }


def column_schema(column: Column, native: str | None = None) -> dict[str, Any]:
    """The schema of one column's values; null is one of them unless the column is required."""
    logical = column.logical_type or "string"
    written = native or _native(column.physical_type or "")
    as_text = is_text_in_json(written, column)
    kind = "string" if as_text else _JSON_TYPES.get(logical, "string")
    schema: dict[str, Any] = {"type": kind if column.required else [kind, "null"]}
    if column.description:
        schema["description"] = column.description
    if logical in _TIME_FORMATS:
        # A date-time of RFC 3339 has a zone.
        if written != "TIMESTAMP":
            schema["format"] = _TIME_FORMATS[logical]
    elif not as_text:
        schema |= _limits(column)
    if column.allowed_values:
        values = [str(v) if as_text else v for v in column.allowed_values]
        schema["enum"] = [*values, *([] if column.required else [None])]
    return schema


def _native(physical: str) -> str:
    """The type as the engine spells it, as far as it knows it."""
    known = value_type(physical) if physical else None
    return known.text if known is not None else physical.upper().replace(" ", "")


def _limits(column: Column) -> dict[str, Any]:
    found = {name: column.options[name] for name in _SAME_WORD if name in column.options}
    step = column.options.get("multipleOf")
    if isinstance(step, int):
        # Fractions are left out: validators that count in binary refuse 1.15 as multiple of 0.01.
        found["multipleOf"] = step
    declared = _LENGTH.fullmatch(column.physical_type or "")
    if declared:
        found.setdefault("maxLength", int(declared[1]))
    if column.logical_type == "string" and "format" in column.options:
        found["format"] = column.options["format"]
    return found
