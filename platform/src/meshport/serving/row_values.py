"""How values of native types are written in a URL, and which texts name exactly one value."""

from __future__ import annotations

import re

_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
_HINTS = {
    "DATE": "write it as 2026-01-31",
    "TIMESTAMP": "write it as 2026-01-31T23:59:00",
    "TIMESTAMP WITH TIME ZONE": "write it as 2026-01-31T23:59:00Z; in a URL `+` is written %2B",
    "BOOLEAN": "write true or false",
}


def is_exact(text: str, native: str) -> bool:
    """Whether the text stands for one value of that type, without any rounding or cutting.

    The engine would read 1.5 as the integer 2, and a date with a time as the date: an answer to
    another question.
    """
    if native == "DATE":
        return re.fullmatch(r"-?\d{4,}-\d{1,2}-\d{1,2}", text, re.ASCII) is not None
    if _INTEGER.fullmatch(native):
        return re.fullmatch(r"[+-]?\d+", text, re.ASCII) is not None
    decimal = _DECIMAL.fullmatch(native)
    if decimal is None:
        return True
    number = rf"[+-]?(\d+(\.\d{{0,{decimal[1]}}}0*)?|\.\d{{1,{decimal[1]}}}0*)"
    return re.fullmatch(number, text, re.ASCII) is not None


def how_to_write(native: str) -> str | None:
    """A hint for somebody who wrote a value that does not fit."""
    decimal = _DECIMAL.fullmatch(native)
    if decimal:
        return f"write a number with at most {decimal[1]} decimal places"
    return "write a whole number" if _INTEGER.fullmatch(native) else _HINTS.get(native)
