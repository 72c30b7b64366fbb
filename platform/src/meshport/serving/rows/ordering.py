"""In which order rows come, read from PostgREST's grammar: `?order=a.desc.nullsfirst,b`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshport.serving.rows.faults import bad, known
from meshport.serving.rows.values import is_nested

_DIRECTIONS = {"asc": False, "desc": True}
_NULLS = {"nullslast": False, "nullsfirst": True}


@dataclass(frozen=True)
class OrderTerm:
    """One column to sort by; unless it says otherwise nulls come last either way."""

    column: str
    is_descending: bool = False
    has_nulls_first: bool = False


def parse_order(text: str | None, types: Mapping[str, str]) -> tuple[OrderTerm, ...]:
    """The terms of an order; raises ServingError MP601, MP602."""
    terms: dict[str, OrderTerm] = {}
    for part in (text or "").split(","):
        name, *words = part.strip().split(".")
        if name or words:
            column = known(name, types, "order")
            # Rows that are equal in a column stay equal in it: a second term of it says nothing.
            terms.setdefault(column, _term(column, words, types[column]))
    return tuple(terms.values())


def _term(column: str, words: list[str], native: str) -> OrderTerm:
    if is_nested(native):
        raise bad("order", f"`{column}` has parts", "sort by columns that hold one value")
    rest = list(words)
    is_descending = _DIRECTIONS[rest.pop(0)] if rest and rest[0] in _DIRECTIONS else False
    has_nulls_first = _NULLS[rest.pop(0)] if rest and rest[0] in _NULLS else False
    if rest:
        hint = f"write {column}.asc or {column}.desc, and .nullsfirst behind it if you like"
        raise bad("order", f"`{'.'.join(rest)[:40]}` is no direction", hint)
    return OrderTerm(column, is_descending, has_nulls_first)
