"""Where a value comes from: uses of columns, and what nobody can tell."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from meshport.sql.content import Content


class Kind(StrEnum):
    """Whether a column's values flow into another, or only decide about it."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class How(StrEnum):
    """In which way a column is used; the first three are direct, the weakest first."""

    IDENTITY = "identity"
    TRANSFORMATION = "transformation"
    AGGREGATION = "aggregation"
    FILTER = "filter"
    JOIN = "join"
    GROUP = "group"
    SORT = "sort"
    WINDOW = "window"
    CONDITION = "condition"

    @property
    def kind(self) -> Kind:
        """Direct, where values flow."""
        return Kind.DIRECT if self in _DIRECT else Kind.INDIRECT

    @property
    def shapes_rows(self) -> bool:
        """Whether it decides which rows there are."""
        return self in _SHAPING

    def onto(self, inner: How) -> How:
        """This use of a value that itself is made by `inner`, as one use of what went into it.

        Values that flow on are what was done to them last and most. What decides, decides, however
        its result is used; but what decides about a value decides about the rows, once that value
        does.
        """
        return _COMBINED[self, inner]


_DIRECT = (How.IDENTITY, How.TRANSFORMATION, How.AGGREGATION)
_SHAPING = (How.FILTER, How.JOIN, How.GROUP)
_ORDER = list(How)


def _combined(outer: How, inner: How) -> How:
    if outer.kind is inner.kind is Kind.DIRECT:
        return max(outer, inner, key=_ORDER.index)
    if inner.kind is Kind.DIRECT or (outer.shapes_rows and not inner.shapes_rows):
        return outer
    return inner


_COMBINED = {(outer, inner): _combined(outer, inner) for outer in How for inner in How}


ROWS = ""
"""In place of a column: which rows the relation has."""


class Use(NamedTuple):
    """One use of one column of a relation that the query reads."""

    relation: str
    column: str
    how: How
    line: int | None
    """The line of the query that names the column."""
    content: Content = Content.CLEAR
    """What of the value is left."""


class Gap(NamedTuple):
    """Something nobody can tell, with the reason."""

    reason: str
    line: int | None = None


class Trace:
    """What a value, or a set of rows, is made from."""

    __slots__ = ("gaps", "uses")

    def __init__(self, uses: set[Use] | None = None, gaps: set[Gap] | None = None) -> None:
        self.uses = uses if uses is not None else set()
        self.gaps = gaps if gaps is not None else set()

    def take(self, other: Trace, how: How = How.IDENTITY, content: Content = Content.CLEAR) -> None:
        """Add what the other is made from, used in this way, and what is left of it."""
        self.gaps |= other.gaps
        if how is How.IDENTITY and content is Content.CLEAR:
            self.uses |= other.uses
        else:
            self.uses.update(
                Use(relation, column, _COMBINED[how, inner], line, max(content, left))
                for relation, column, inner, line, left in other.uses
            )
