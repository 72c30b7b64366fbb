"""The values that a query compares columns with: who waits for one that no longer comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlglot import exp

_LISTS = (exp.Array, exp.Tuple, exp.Paren, exp.Any)
_FOLDING = (exp.Lower, exp.Upper, exp.Trim)


class ComparedValue(NamedTuple):
    """One comparison of a column with a value."""

    relation: str
    column: str
    value: str
    line: int | None
    is_folded: bool = False
    """Whether upper and lower case, and spaces around, make no difference."""

    def means(self, value: str) -> bool:
        """Whether a row that holds this value is compared with it."""
        if self.is_folded:
            return self.value.strip().lower() == value.strip().lower()
        return self.value == value


class Named(NamedTuple):
    """A column on one side of a comparison, with what is done to it first."""

    column: exp.Column
    is_folded: bool
    instead: frozenset[str]
    """What stands for no value: comparing with it asks for nulls."""


def named_in(compared: exp.Expr) -> Named | None:
    """The column that a side of a comparison is; None where it is more than that."""
    is_folded, instead = False, set[str]()
    while not isinstance(compared, exp.Column):
        if isinstance(compared, exp.Coalesce):
            instead |= set(texts_in(compared.expressions))
        elif isinstance(compared, _FOLDING):
            is_folded = True
        elif not isinstance(compared, exp.Paren | exp.Cast):
            return None
        compared = compared.this
    return Named(compared, is_folded, frozenset(instead))


def texts_in(nodes: Iterable[exp.Expr | None]) -> Iterator[str]:
    """Texts and whole numbers, also those in a list; what is computed is not among them."""
    for node in nodes:
        if isinstance(node, exp.Literal) and (node.is_string or node.is_int):
            yield str(node.name)
        elif isinstance(node, exp.Cast):
            yield from texts_in([node.this])
        elif isinstance(node, _LISTS):
            yield from texts_in(node.iter_expressions())
