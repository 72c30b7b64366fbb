"""How values of native types are written in a URL, and which texts name exactly one value.

The engine would read 1.5 as the integer 2, and a date with a time as the date: an answer to another
question. So a text counts only if it stands for one value of the type, without rounding or cutting.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

_BITS = {"TINY": 8, "SMALL": 16, "": 32, "BIG": 64, "HUGE": 128}
_INTEGER = re.compile(r"(U?)(TINY|SMALL|BIG|HUGE|)INT(?:EGER)?")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)?"
_MOMENT = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}({_CLOCK})?", re.ASCII)
_ZONED = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}({_CLOCK}{_ZONE})?", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_ODD_NUMBERS = ("NaN", "Infinity", "-Infinity")
_HINTS = {
    "DATE": "write it as 2026-01-31",
    "TIMESTAMP": "write it as 2026-01-31T23:59:00, without a zone",
    "TIMESTAMP WITH TIME ZONE": "write it as 2026-01-31T23:59:00Z; in a URL `+` is written %2B",
    "BOOLEAN": "write true or false",
}


def fits(text: str, native: str) -> bool | None:
    """Whether the text is exactly one value of the type; None where only the engine can tell."""
    return _test(native)(text)


def how_to_write(native: str) -> str | None:
    """A hint for somebody who wrote a value that does not fit."""
    decimal = _DECIMAL.fullmatch(native)
    if decimal:
        return f"write a number with at most {decimal[2]} decimal places"
    return "write a whole number" if _INTEGER.fullmatch(native) else _HINTS.get(native)


def is_list(native: str) -> bool:
    """Whether a value is a list of any length."""
    return native.endswith("[]")


def is_nested(native: str) -> bool:
    """Whether a value has parts, and therefore no text that stands for it."""
    return native.endswith("]") or native.startswith(("STRUCT", "MAP", "UNION"))


@lru_cache(maxsize=1024)
def _test(native: str) -> Callable[[str], bool | None]:
    integer, decimal = _INTEGER.fullmatch(native), _DECIMAL.fullmatch(native)
    if integer:
        bits, is_signed = _BITS[integer[2]], not integer[1]
        return _within(-(2 ** (bits - 1)) if is_signed else 0, 2 ** (bits - is_signed) - 1)
    if decimal:
        return _decimal(int(decimal[1]), int(decimal[2]))
    return _TESTS.get(native, lambda _text: None)


def _within(least: int, most: int) -> Callable[[str], bool]:
    longest = len(str(most)) + 20

    def test(text: str) -> bool:
        is_number = len(text) < longest and re.fullmatch(r"[+-]?\d+", text, re.ASCII)
        return is_number is not None and bool(is_number) and least <= int(text) <= most

    return test


def _decimal(precision: int, scale: int) -> Callable[[str], bool]:
    # Zeros behind the last place change nothing.
    form = re.compile(rf"[+-]?(\d*)(?:\.(\d{{0,{scale}}}0*))?", re.ASCII)

    def test(text: str) -> bool:
        found = form.fullmatch(text) if len(text) < 100 else None
        if not found or not (found[1] or found[2]):
            return False
        return len(found[1].lstrip("0")) <= precision - scale

    return test


def _is_float(text: str) -> bool:
    if text in _ODD_NUMBERS:
        return True
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def _is_day(text: str) -> bool:
    found = _DAY.fullmatch(text)
    return found is not None and _exists(lambda: date(*map(int, found.groups())))


def _is_moment(form: re.Pattern[str]) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        return form.fullmatch(text) is not None and _exists(lambda: datetime.fromisoformat(text))

    return test


def _exists(make: Callable[[], object]) -> bool:
    try:
        make()
    except ValueError:
        return False
    return True


_TESTS: dict[str, Callable[[str], bool | None]] = {
    "VARCHAR": lambda _text: True,
    "BOOLEAN": lambda text: text in ("true", "false"),
    "FLOAT": _is_float,
    "DOUBLE": _is_float,
    "DATE": _is_day,
    "TIMESTAMP": _is_moment(_MOMENT),
    "TIMESTAMP WITH TIME ZONE": _is_moment(_ZONED),
    "UUID": lambda text: _UUID.fullmatch(text) is not None,
}
