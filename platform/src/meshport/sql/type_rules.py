"""How types meet: in arithmetic, and where one value stands for another.

Measured with DuckDB 1.5 and 2.0. What they do differently, and what is not in these rules, is
nothing that can be told.
"""

from __future__ import annotations

from collections.abc import Iterable

from meshport.sql.value_type import NULL, SIGNED, TEXT, UNSIGNED, ValueType, decimal

_DIGITS = dict(zip(SIGNED, (3, 5, 10, 19, 38), strict=True))
_BITS = {name: 8 << step for names in (SIGNED, UNSIGNED) for step, name in enumerate(names)}
_MOMENTS = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")
# Up to here a decimal is a 64-bit number.
_SHORT_DIGITS = 18

_SHIFTED = {"DATE": "TIMESTAMP", "TIMESTAMP": "TIMESTAMP", "TIMESTAMPTZ": "TIMESTAMPTZ",
            "INTERVAL": "INTERVAL", "TIME": "TIME"}  # fmt: skip
_DAYS = ("TINYINT", "SMALLINT", "INTEGER")
_NARROW = ("TINYINT", "SMALLINT", *UNSIGNED)


def is_number(one: ValueType) -> bool:
    """Whether one can calculate with it."""
    return one.name in _BITS or one.name in ("DECIMAL", "DOUBLE", "FLOAT")


def is_whole(one: ValueType) -> bool:
    """Whether it is an integer type."""
    return one.name in _BITS


def unified(types: Iterable[ValueType | None]) -> ValueType | None:
    """The type of a value that is one of these: of `coalesce`, `case`, `greatest`, `union`."""
    given = list(types)
    found = [one for one in given if one != NULL]
    if not found:
        return NULL
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    # A text that is written out is read as whatever the others are.
    values = [one for one in known if one != TEXT] or [ValueType("VARCHAR")]
    numbers = [one for one in values if isinstance(one.literal, int)]
    inexact = [one for one in values if isinstance(one.literal, str)]
    plain = [one for one in values if one.literal is None]
    if numbers and any(one.name in _NARROW for one in plain):
        # Of several the engine takes two at a time, in an order of its own.
        pair = len(given) == 2 and not inexact
        return _whole(plain[0], numbers[0]) if pair and is_whole(plain[0]) else None
    exact = [*plain, *(ValueType(one.name) for one in numbers)]
    common = exact[0] if exact else None
    for one in exact[1:]:
        common = _wider(common, one)
    for one in inexact:
        options = {_wider(common, decimal(one.precision - less, one.scale)) for less in (0, 1)}
        common = options.pop() if len(options) == 1 else None
    return common


def _fits(written: ValueType, whole: ValueType) -> bool:
    value, bits = written.literal, _BITS[whole.name]
    least = 0 if whole.name in UNSIGNED else -(2 ** (bits - 1))
    return isinstance(value, int) and least <= value < least + 2**bits


def _wider(left: ValueType | None, right: ValueType | None) -> ValueType | None:
    """The type that holds the values of both."""
    if left is None or right is None:
        return None
    if left == right:
        return left
    names = (left.name, right.name)
    for family in (SIGNED, UNSIGNED, _MOMENTS):
        if all(name in family for name in names):
            return max(left, right, key=lambda one: family.index(one.name))
    if not (is_number(left) and is_number(right)) or any(name in UNSIGNED for name in names):
        return None
    for floating in ("DOUBLE", "FLOAT"):
        if floating in names:
            return ValueType(floating)
    one, other = _as_decimal(left), _as_decimal(right)
    scale = max(one[1], other[1])
    return decimal(max(one[0] - one[1], other[0] - other[1]) + scale, scale)


def _as_decimal(one: ValueType) -> tuple[int, int]:
    """Digits, and digits after the point, of a decimal or a signed integer."""
    return (one.precision, one.scale) if one.name == "DECIMAL" else (_DIGITS[one.name], 0)


def calculated(sign: str, left: ValueType | None, right: ValueType | None) -> ValueType | None:
    """The type of `left sign right`, for `+`, `-`, `*`, `/`, `//`, `%`."""
    if left is None or right is None:
        return None
    if not (is_number(left) and is_number(right)):
        return _of_moments(sign, left, right)
    names = {left.name, right.name}
    if "DOUBLE" in names or (sign == "/" and "FLOAT" not in names):
        return ValueType("DOUBLE")
    if is_whole(left) and is_whole(right):
        return _whole(left, right)
    if any(name in UNSIGNED for name in names):
        return None
    if "FLOAT" in names:
        return ValueType("FLOAT") if sign in "+-*" else None
    if sign == "//":
        return ValueType("DOUBLE")
    is_inexact = any(isinstance(one.literal, str) for one in (left, right))
    return None if is_inexact or sign == "%" else _decimals(sign, left, right)


def _whole(left: ValueType, right: ValueType) -> ValueType | None:
    """The type of whole numbers; one that is written out is as wide as the other, if it fits."""
    for written, other in ((left, right), (right, left)):
        if written.literal is not None and other.literal is None and _fits(written, other):
            return other
    return _wider(ValueType(left.name), ValueType(right.name))


def _decimals(sign: str, left: ValueType, right: ValueType) -> ValueType | None:
    (digits, scale), (other_digits, other_scale) = _as_decimal(left), _as_decimal(right)
    longest = max(digits, other_digits)
    if sign == "*":
        precision, scale = digits + other_digits, scale + other_scale
        if precision > _SHORT_DIGITS >= longest and scale < _SHORT_DIGITS:
            precision = _SHORT_DIGITS
        return decimal(min(precision, 38), scale)
    before = max(digits - scale, other_digits - other_scale)
    scale = max(scale, other_scale)
    precision = before + scale + 1
    if precision > _SHORT_DIGITS >= longest:
        return None  # 1.5 stays within 18 digits, 2.0 does not.
    return decimal(min(precision, 38), scale)


def _of_moments(sign: str, left: ValueType, right: ValueType) -> ValueType | None:
    """The type of arithmetic with dates, timestamps and intervals."""
    names = (left.name, right.name)
    if sign == "-" and all(name in _MOMENTS for name in names):
        return ValueType("BIGINT" if names == ("DATE", "DATE") else "INTERVAL")
    if sign == "+" and right.name in ("DATE", *_SHIFTED) and left.name in ("INTERVAL", *_DAYS):
        names = (right.name, left.name)
    if sign in "+-" and names[0] == "DATE" and names[1] in _DAYS:
        return ValueType("DATE")
    if sign in "+-" and names[1] == "INTERVAL" and names[0] in _SHIFTED:
        return ValueType(_SHIFTED[names[0]])
    return None
