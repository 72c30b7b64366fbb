"""How values are written in JSON and as text: exact numbers, RFC 3339, nothing that JSON lacks.

Everything here is SQL for the engine to run; nothing needs one.
"""

from __future__ import annotations

import re

TIMES = {"TIMESTAMP WITH TIME ZONE": "Z", "TIMESTAMP": ""}
"""Native types that are moments, with what stands after one in UTC."""

_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\d+\)")
# JSON numbers are binary doubles to most readers: exact up to 15 digits.
_EXACT_DIGITS = 15
_WIDE = {"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"}


def is_exact(native: str) -> bool:
    """Whether numbers of a native type are exact: integers and decimals."""
    return bool(_INTEGER.fullmatch(native) or _DECIMAL.fullmatch(native))


def is_rounded_in_json(native: str) -> bool:
    """Whether most readers of JSON would round some numbers of a native type that is exact."""
    decimal = _DECIMAL.fullmatch(native)
    return native in _WIDE or (decimal is not None and int(decimal[1]) > _EXACT_DIGITS)


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
