"""The shape of a table in the words of the protocol, which are those of Spark SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from meshport.contracts.model import Column
from meshport.errors import ServingError
from meshport.sql.native_type import NativeType, native_type

TIMESTAMP_NTZ = "timestampNtz"
"""The reader feature that a table needs in Delta's own format for times without a zone."""
_PLAIN = {
    "text": "string", "enum": "string", "json": "string", "boolean": "boolean", "date": "date",
    "zoned timestamp": "timestamp", "binary": "binary",
    "uuid": "binary",  # as its sixteen bytes, which is how the files hold it
}  # fmt: skip
_SIGNED = {8: "byte", 16: "short", 32: "integer", 64: "long"}
_UNSIGNED = {8: "short", 16: "integer", 32: "long", 64: "decimal(20,0)"}


def schema_string(types: Mapping[str, str], columns: Mapping[str, Column], has_ntz: bool) -> str:
    """The schema of a table with these native types, as JSON.

    `has_ntz`: whether the reader tells times without a zone from instants; the older format has one
    word for both. Raises ServingError MP613 for a type that the protocol has no word for.
    """
    fields = [
        _field(name, _type(name, native_type(native), has_ntz), columns.get(name))
        for name, native in types.items()
    ]
    return json.dumps({"type": "struct", "fields": fields}, ensure_ascii=False)


def needed_features(types: Mapping[str, str]) -> list[str]:
    """The reader features without which the table cannot be read in Delta's own format."""
    found = [native_type(native) for native in types.values()]
    return [TIMESTAMP_NTZ] if any(_holds_ntz(one) for one in found if one) else []


def _field(name: str, kind: Any, column: Column | None = None) -> dict[str, Any]:
    about = {"comment": column.description} if column and column.description else {}
    # What a contract requires is kept, but the files do not say so, and readers compare.
    return {"name": name, "type": kind, "nullable": True, "metadata": about}


def _type(name: str, native: NativeType | None, has_ntz: bool) -> Any:
    inner = {part: _type(name, one, has_ntz) for part, one in native.fields} if native else {}
    match native:
        case NativeType(family="list"):
            return {"type": "array", "elementType": inner["element"], "containsNull": True}
        case NativeType(family="map"):
            kinds = {"keyType": inner["key"], "valueType": inner["value"]}
            return {"type": "map", **kinds, "valueContainsNull": True}
        case NativeType(family="struct"):
            return {"type": "struct", "fields": [_field(part, one) for part, one in inner.items()]}
        case NativeType(family="timestamp"):
            return "timestamp_ntz" if has_ntz else "timestamp"
        case NativeType(family="decimal", precision=precision, scale=scale):
            return f"decimal({precision},{scale})"
        case NativeType(family="float", bits=bits):
            return "double" if bits == 64 else "float"
        case NativeType(family="integer", bits=int(bits), is_signed=is_signed) if bits in _SIGNED:
            return (_SIGNED if is_signed else _UNSIGNED)[bits]
        case NativeType(family=family) if family in _PLAIN:
            return _PLAIN[family]
    hint = "read the port through …/rows"
    raise ServingError("MP613", f"the protocol has no word for the type of `{name}`", hint=hint)


def _holds_ntz(native: NativeType) -> bool:
    return native.family == "timestamp" or any(_holds_ntz(one) for _, one in native.fields)
