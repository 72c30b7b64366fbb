"""What is left of a sensitive value for readers one step below its class.

A column says it in `customProperties.maskingPolicy` (ODCS 3.x, section Custom Properties).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from meshport.contracts.model import Column
from meshport.errors import ContractError

MASKING_POLICY = "maskingPolicy"
DROP = "drop"


@dataclass(frozen=True)
class Mask:
    """One way to show a value; `size` is a bucket's width."""

    kind: str
    size: str | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the value itself is shown."""
        return self.kind == "clear"

    def sql(self, column: str, native: str, key_variable: str) -> str:
        """The masked value as an SQL expression; `column` is quoted, hashes use the variable."""
        return _EXPRESSIONS[self.kind].format(
            column=column, native=native, size=self.size, key=f"getvariable('{key_variable}')"
        )

    def __str__(self) -> str:
        return f"{self.kind}({self.size})" if self.size else self.kind


CLEAR = Mask("clear")
_EXPRESSIONS = {
    "clear": "{column}",
    "null": "cast(null as {native})",
    # Nested like HMAC (RFC 2104), so that a known hash does not lead to that of a longer value.
    "hash": "sha256({key} || sha256({key} || cast({column} as varchar)))",
    "last4": "right(cast({column} as varchar), 4)",
    "year": "cast(date_trunc('year', {column}) as {native})",
    "bucket": "cast(floor({column} / {size}) * {size} as {native})",
}
_FITTING = {
    "hash": re.compile(""),
    "null": re.compile(""),
    "last4": re.compile("VARCHAR|CHAR|TEXT|STRING"),
    "year": re.compile("DATE|TIMESTAMP"),
    "bucket": re.compile("U?TINYINT|U?SMALLINT|U?INTEGER|U?BIGINT|HUGEINT|DECIMAL|DOUBLE|FLOAT"),
}
_BUCKET = re.compile(r"bucket\(([1-9][0-9]{0,11})\)")


def mask_of(column: Column) -> Mask | None:
    """The column's mask; None where nothing is to be left of it.

    Raises ContractError MP108 for a mask that there is not, or that does not fit the type.
    """
    said = column.custom.get(MASKING_POLICY, DROP)
    if said == DROP:
        return None
    bucket = _BUCKET.fullmatch(said) if isinstance(said, str) else None
    mask = Mask("bucket", bucket[1]) if bucket else Mask(str(said))
    fitting = _FITTING.get(mask.kind)
    native = (column.physical_type or "").upper()
    if fitting is None or (mask.kind == "bucket" and bucket is None):
        hint = "one of drop, null, hash, last4, year, bucket(<width>)"
        raise ContractError("MP108", f"there is no mask `{said}`", column.place, hint)
    if not fitting.match(native):
        fact = f"the mask {said} does not fit the type {native or 'that is not given'}"
        raise ContractError("MP108", fact, column.place)
    return mask
