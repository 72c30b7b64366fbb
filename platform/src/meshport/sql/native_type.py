"""Column types as the engine means them, however they are spelled (aliases, case, space)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TEXT = re.compile(
    r"\s*(?P<name>n?varchar2?|character\s+varying|string|text|n?char|character|bpchar)"
    r"\s*(?:\(\s*(?P<length>\d+|max)(?:\s+\w+)?\s*\))?\s*",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"DECIMAL\((?P<precision>\d+), ?(?P<scale>\d+)\)")


@dataclass(frozen=True)
class NativeType:
    """One type; what does not apply to its family is None or empty."""

    family: str
    text: str
    """The canonical spelling."""
    bits: int | None = None
    is_signed: bool = True
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    """The most characters of a text, the size of a fixed array; None where there is no bound."""
    is_padded: bool = False
    fields: tuple[tuple[str, NativeType], ...] = ()
    values: tuple[str, ...] = ()

    @property
    def integer_range(self) -> tuple[int, int]:
        """The smallest and the largest whole number that an integer type holds."""
        bits = self.bits or 0
        return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if self.is_signed else (0, 2**bits - 1)


@lru_cache(maxsize=4096)
def native_type(text: str, dialect: str = "duckdb") -> NativeType | None:
    """The type that a physical type's text means; None where nobody can tell."""
    plain = _TEXT.fullmatch(text)
    if plain:
        return _text_type(plain)
    everyday = _everyday_type(text.upper()) if dialect == "duckdb" else None
    if everyday:
        return everyday
    from meshport.sql.parsed_type import parsed_type  # noqa: PLC0415  loading the parser takes 0.1 s

    return parsed_type(text, dialect)


def _text_type(match: re.Match[str]) -> NativeType:
    name = match["name"].lower()
    is_padded = name in ("char", "nchar", "character", "bpchar")
    bound = match["length"]
    length = int(bound) if bound and bound.isdigit() else None
    shown = ("CHAR" if is_padded else "VARCHAR") + (f"({length})" if length is not None else "")
    return NativeType("text", shown, length=length, is_padded=is_padded)


def _everyday_type(text: str) -> NativeType | None:
    """The types that most columns have, without a parser."""
    decimal = _DECIMAL.fullmatch(text)
    if decimal:
        precision, scale = int(decimal["precision"]), int(decimal["scale"])
        shown = f"DECIMAL({precision}, {scale})"
        return NativeType("decimal", shown, precision=precision, scale=scale)
    return _EVERYDAY.get(text)


_EVERYDAY = {
    "TINYINT": NativeType("integer", "TINYINT", bits=8),
    "SMALLINT": NativeType("integer", "SMALLINT", bits=16),
    "INTEGER": NativeType("integer", "INT", bits=32),
    "BIGINT": NativeType("integer", "BIGINT", bits=64),
    "DOUBLE": NativeType("float", "DOUBLE", bits=64),
    "BOOLEAN": NativeType("boolean", "BOOLEAN"),
    "DATE": NativeType("date", "DATE"),
    "TIMESTAMP": NativeType("timestamp", "TIMESTAMP", precision=6),
    "TIMESTAMPTZ": NativeType("zoned timestamp", "TIMESTAMPTZ", precision=6),
    "UUID": NativeType("uuid", "UUID"),
}
