"""The types that only a parser of the server's dialect can read."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from meshport.sql.native_type import NativeType

_BITS = {
    "TINYINT": (8, True), "SMALLINT": (16, True), "INT": (32, True), "BIGINT": (64, True),
    "INT128": (128, True), "UTINYINT": (8, False), "USMALLINT": (16, False), "UINT": (32, False),
    "UBIGINT": (64, False), "UINT128": (128, False),
}  # fmt: skip
_FAMILIES = {
    "DECIMAL": "decimal", "FLOAT": "float", "DOUBLE": "float", "BOOLEAN": "boolean",
    "DATE": "date", "TIME": "time", "UUID": "uuid", "VARBINARY": "binary", "ENUM": "enum",
    "STRUCT": "struct", "MAP": "map", "JSON": "json", "TIMESTAMPTZ": "zoned timestamp",
    "TIMESTAMP": "timestamp", "TIMESTAMPNTZ": "timestamp", "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp",
}  # fmt: skip
_DIGITS_OF_SECOND = {"TIMESTAMP_S": 0, "TIMESTAMP_MS": 3, "TIMESTAMP_NS": 9}


def parsed_type(text: str, dialect: str) -> NativeType | None:
    """The type that the text means in a dialect; None where it cannot be read."""
    try:
        return _of_tree(exp.DataType.build(text, dialect=dialect, udt=False))
    except (sqlglot.errors.SqlglotError, ValueError, AttributeError, RecursionError):
        return None


def _of_tree(tree: exp.DataType) -> NativeType | None:
    name = tree.this.value if isinstance(tree.this, exp.DType) else str(tree.this)
    shown = tree.sql(dialect="duckdb")
    if name in _BITS:
        bits, is_signed = _BITS[name]
        return NativeType("integer", shown, bits=bits, is_signed=is_signed)
    if name in ("TEXT", "VARCHAR", "CHAR", "NVARCHAR", "NCHAR"):
        return NativeType("text", "VARCHAR")
    if name in ("ARRAY", "LIST"):
        return _list_type(tree, shown)
    family = _FAMILIES.get(name)
    if family == "decimal":
        numbers = [int(part.name) for part in tree.expressions]
        precision, scale = (*numbers, 0)[:2] if numbers else (18, 3)
        return NativeType(family, shown, precision=precision, scale=scale)
    if family == "float":
        return NativeType(family, shown, bits=64 if name == "DOUBLE" else 32)
    if family in ("timestamp", "zoned timestamp"):
        return NativeType(family, shown, precision=_DIGITS_OF_SECOND.get(name, 6))
    if family == "enum":
        return NativeType(family, shown, values=tuple(part.name for part in tree.expressions))
    if family in ("struct", "map"):
        return _nested_type(family, tree, shown)
    return NativeType(family, shown) if family else NativeType("other", shown)


def _list_type(tree: exp.DataType, shown: str) -> NativeType | None:
    element = _of_tree(tree.expressions[0]) if tree.expressions else None
    sizes = [int(value.name) for value in tree.args.get("values") or ()]
    fields = (("element", element),) if element else ()
    return NativeType("list", shown, length=sizes[0] if sizes else None, fields=fields)


def _nested_type(family: str, tree: exp.DataType, shown: str) -> NativeType | None:
    fields = []
    for name, part in zip(("key", "value", *[""] * 999), tree.expressions, strict=False):
        kind = part.args.get("kind") if isinstance(part, exp.ColumnDef) else part
        inner = _of_tree(kind) if isinstance(kind, exp.DataType) else None
        if inner is None:
            return None
        fields.append((part.name if family == "struct" else name, inner))
    return NativeType(family, shown, fields=tuple(fields))
