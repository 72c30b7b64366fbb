"""The bounds of a column's values as accepted sets: one set per pair of options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from fractions import Fraction
from typing import Any

from meshport.changes.accepted import Interval, NumberSet, exact

_PAIRS = {
    "length": ("minLength", "maxLength"),
    "items": ("minItems", "maxItems"),
    "members": ("minProperties", "maxProperties"),
}
_RANGE = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_NOT_NEGATIVE = Interval(Fraction(0))


def bounds_of(column: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The clauses that `logicalTypeOptions` states, bounds as `NumberSet`s.

    Bounds that are no numbers, dates or times are left as they were written.
    """
    options = dict(column.get("logicalTypeOptions") or {})
    written = {key: options.pop(key) for key in _RANGE if options.get(key) is not None}
    if written:
        yield "range", _range(written, is_whole=column.get("logicalType") == "integer")
    for name, (least, most) in _PAIRS.items():
        low, high = options.pop(least, None), options.pop(most, None)
        if low is not None or high is not None:
            yield name, _counted(low, high)
    for key, value in options.items():
        if value is not None and value is not False:
            name = "members_required" if key == "required" else key
            yield name, frozenset(value) if isinstance(value, list) else value


def _counted(low: Any, high: Any) -> NumberSet:
    interval = Interval(
        Fraction(low) if low is not None else Fraction(0),
        Fraction(high) if high is not None else float("inf"),
    )
    return NumberSet.of([interval], is_whole=True, domain=_NOT_NEGATIVE)


def _range(written: Mapping[str, Any], *, is_whole: bool) -> Any:
    try:
        numbers = {key: _number(value) for key, value in written.items()}
    except ValueError:
        return tuple(sorted(written.items()))
    whole = Interval()
    parts = [
        whole.meet(Interval(low=numbers["minimum"])) if "minimum" in numbers else whole,
        Interval(high=numbers["maximum"]) if "maximum" in numbers else whole,
        Interval(low=numbers["exclusiveMinimum"], is_low_open=True)
        if "exclusiveMinimum" in numbers
        else whole,
        Interval(high=numbers["exclusiveMaximum"], is_high_open=True)
        if "exclusiveMaximum" in numbers
        else whole,
    ]
    for part in parts:
        whole = whole.meet(part)
    return NumberSet.of([whole], is_whole=is_whole)


def _number(value: Any) -> Fraction:
    """A number, or the seconds of an instant, a day or a time of day (N12)."""
    if not isinstance(value, str):
        return exact(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        clock = time.fromisoformat(value)
        return Fraction(clock.hour * 3600 + clock.minute * 60 + clock.second)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Fraction(str(moment.timestamp()))
