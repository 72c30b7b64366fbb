"""Whether numbers of a column are JSON numbers or, where most readers would round them, strings.

A column can say it in `customProperties.jsonType`: `number` or `string` (ODCS 3.x, section Custom
Properties).
"""

from __future__ import annotations

import re

from meshport.contracts.model import Column

JSON_TYPE = "jsonType"
_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\d+\)")
# JSON numbers are binary doubles to most readers: exact up to 15 digits.
_EXACT_DIGITS = 15
_WIDE = {"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"}


def is_text_in_json(native: str, column: Column | None = None) -> bool:
    """Whether values of a native type are JSON strings, as the column says or to stay exact."""
    decimal = _DECIMAL.fullmatch(native)
    if not decimal and not _INTEGER.fullmatch(native):
        return False
    said = column.custom.get(JSON_TYPE) if column else None
    if said in ("number", "string"):
        return bool(said == "string")
    return native in _WIDE or (decimal is not None and int(decimal[1]) > _EXACT_DIGITS)
