"""Types of values as DuckDB derives them, in one spelling."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from meshport.sql.native_type import NativeType, native_type

SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
_BITS = {8 << step: (SIGNED[step], UNSIGNED[step]) for step in range(len(SIGNED))}
_PLAIN = ("BOOLEAN", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "UUID", "BLOB", "JSON", "INTERVAL")
# What Parquet hands back as another type, or in another way: HUGEINT becomes DOUBLE.
_LOST_IN_FILES = ("HUGEINT", "UHUGEINT", "JSON", "INTERVAL")


class ValueType(NamedTuple):
    """The type of a value; None in its place: nobody can tell."""

    name: str
    precision: int = 0
    scale: int = 0
    literal: int | str | None = None
    """The value where it is written out: numbers and texts then follow the type of what they meet.
    Of a decimal it says that its digits cannot be told: the parser reads `.5` as `0.5`."""

    @property
    def text(self) -> str:
        """The type as one writes it."""
        is_decimal = self.name == "DECIMAL"
        return f"DECIMAL({self.precision},{self.scale})" if is_decimal else self.name

    @property
    def settled(self) -> ValueType | None:
        """The type where the value goes on by name, and how it was written is forgotten."""
        if self.literal is None:
            return None if self == NULL else self
        return None if self.name == "DECIMAL" else ValueType(self.name)


NULL = ValueType("NULL")
"""The type of a lone null; what the engine makes of it depends on what it meets, and on when."""
TEXT = ValueType("VARCHAR", literal="")
"""A text that is written out."""


def decimal(precision: int, scale: int, literal: str | None = None) -> ValueType | None:
    """The decimal type with so many digits; None where there is none such."""
    is_one = 0 < precision <= 38 and 0 <= scale <= precision
    return ValueType("DECIMAL", precision, scale, literal) if is_one else None


def whole_number(value: int) -> ValueType | None:
    """The type of a whole number that is written out."""
    for name, bits in (("INTEGER", 31), ("BIGINT", 63), ("HUGEINT", 127)):
        if -(2**bits) < value < 2**bits:
            return ValueType(name, literal=value)
    return None


def list_of(element: ValueType | None) -> ValueType | None:
    """The type of a list."""
    settled = element.settled if element is not None else None
    return ValueType(f"{settled.text}[]") if settled is not None else None


@lru_cache(maxsize=4096)
def value_type(text: str) -> ValueType | None:
    """The type that a text means to DuckDB; None where nobody can tell, or it is a nested one."""
    native = native_type(text)
    return _of_native(native) if native is not None else None


def stored_type(text: str | None) -> ValueType | None:
    """The type as which values come back that a release held as the type that the text means."""
    found = value_type(text) if text else None
    is_lost = found is not None and found.name.rstrip("[]") in _LOST_IN_FILES
    return None if is_lost else found


def _of_native(native: NativeType) -> ValueType | None:
    if native.family == "text":
        return ValueType("VARCHAR")
    if native.family == "integer":
        return ValueType(_BITS[native.bits or 32][not native.is_signed])
    if native.family == "decimal":
        return decimal(native.precision or 0, native.scale or 0)
    if native.family == "float":
        return ValueType("DOUBLE" if native.bits == 64 else "FLOAT")
    if native.family == "list":
        return _of_list(native)
    return ValueType(native.text) if native.text in _PLAIN else None


def _of_list(native: NativeType) -> ValueType | None:
    element = native.fields[0][1] if native.fields and native.length is None else None
    return list_of(_of_native(element)) if element is not None else None
