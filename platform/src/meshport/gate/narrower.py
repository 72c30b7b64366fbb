"""Whether a column allows less than what may come, once the column it is made from allows more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meshport.changes.accepted import exact
from meshport.contracts.model import Column
from meshport.sql.lineage import How, Kind
from meshport.sql.native_type import native_type

_NUMBERS = ("integer", "decimal", "float")
_LOW, _HIGH = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")


def is_narrower(reader: Column, how: How, old: Column, new: Column) -> bool:
    """Whether values that `new` allows and `old` did not break the reader's own clauses.

    `how` says in which way the reader's column is made from the one that changes.
    """
    if how is How.IDENTITY and any(one(reader, old, new) for one in (_texts, _values, _length)):
        return True
    return how.kind is Kind.DIRECT and _bounds(reader, how, old, new)


def is_unbacked(reader: Column, how: How, source: Column) -> bool:
    """Whether the reader's clauses ask for more than the column promises that it is made from.

    They hold as long as the values happen to be as they are.
    """
    if how is How.IDENTITY:
        asked, promised = ({str(v) for v in c.allowed_values} for c in (reader, source))
        lengths = _longest(reader), _longest(source)
        if (asked and not (promised and promised <= asked)) or (
            lengths[0] is not None and (lengths[1] is None or lengths[1] > lengths[0])
        ):
            return True
        if any(
            name in reader.options and reader.options[name] != source.options.get(name)
            for name in ("pattern", "format")
        ):
            return True
    sides = ((_LOW, _below), (_HIGH, _above))
    return how.kind is Kind.DIRECT and any(_is_moved(reader, source, *side) for side in sides)


def is_same_kind(old: Column, new: Column) -> bool:
    """Whether SQL treats the types of two columns alike: all numbers are numbers."""
    return _kind(old) == _kind(new)


def is_text(column: Column) -> bool:
    """Whether the column's type is a text."""
    return _kind(column) == "text"


def is_number(column: Column) -> bool:
    """Whether the column's type is a number."""
    return _kind(column) == "number"


def _kind(column: Column) -> str | None:
    found = native_type(column.physical_type or "")
    family = found.family if found else column.logical_type
    return "number" if family in _NUMBERS else family


def _texts(reader: Column, old: Column, new: Column) -> bool:
    """Patterns, formats and steps: another one accepts other values."""
    return any(
        name in reader.options
        and old.options.get(name) != new.options.get(name)
        and reader.options[name] != new.options.get(name)
        for name in ("pattern", "format", "multipleOf")
    )


def _values(reader: Column, old: Column, new: Column) -> bool:
    allowed, were, are = ({str(v) for v in c.allowed_values} for c in (reader, old, new))
    comes = not are or not are <= were
    return bool(allowed) and bool(were) and comes and not (are and are <= allowed)


def _length(reader: Column, old: Column, new: Column) -> bool:
    allowed, was, may = (_longest(column) for column in (reader, old, new))
    if allowed is None or was is None:
        return False
    return may is None or (may > was and may > allowed)


def _longest(column: Column) -> int | None:
    found = native_type(column.physical_type or "")
    stated = [column.options.get("maxLength"), found.length if found else None]
    return min((one for one in stated if isinstance(one, int)), default=None)


def _bounds(reader: Column, how: How, old: Column, new: Column) -> bool:
    if how is How.TRANSFORMATION:
        # What is computed may turn the largest into the smallest.
        moved = any(_is_moved(old, new, *side) for side in ((_LOW, _below), (_HIGH, _above)))
        return moved and any(name in reader.options for name in (*_LOW, *_HIGH))
    return any(
        _is_moved(old, new, names, beyond) and _is_moved(reader, new, names, beyond)
        for names, beyond in ((_LOW, _below), (_HIGH, _above))
    )


def _is_moved(
    old: Column, new: Column, names: tuple[str, ...], beyond: Callable[[Any, Any], bool]
) -> bool:
    """Whether the new column's bound lies beyond the old one's, or is not there any more."""
    was, now = (next((c.options[n] for n in names if n in c.options), None) for c in (old, new))
    return was is not None and (now is None or beyond(now, was))


def _below(one: Any, other: Any) -> bool:
    try:
        return exact(one) < exact(other)
    except ValueError:
        return str(one) < str(other)


def _above(one: Any, other: Any) -> bool:
    return _below(other, one)
