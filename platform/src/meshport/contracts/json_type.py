"""Whether numbers of a column are JSON numbers or, where most readers would round them, strings.

A column can say it in `customProperties.jsonType`: `number` or `string` (ODCS 3.x, section Custom
Properties).
"""

from __future__ import annotations

from meshport.contracts.model import Column
from meshport.value_sql import is_exact, is_rounded_in_json

JSON_TYPE = "jsonType"


def is_text_in_json(native: str, column: Column | None = None) -> bool:
    """Whether values of a native type are JSON strings, as the column says or to stay exact."""
    if not is_exact(native):
        return False
    said = column.custom.get(JSON_TYPE) if column else None
    if said in ("number", "string"):
        return bool(said == "string")
    return is_rounded_in_json(native)
