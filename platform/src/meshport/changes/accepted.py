"""Sets of accepted values: numbers as unions of intervals, other values as lists or all but a list.

Bounds are exact (`Fraction`): 0.1 means a tenth, as the contract's author wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Bound = Fraction | float
"""A number, or one of the two infinities."""


def exact(value: Any) -> Fraction:
    """The number as it was written; raises ValueError where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError(f"not a number: {value!r}")  # noqa: TRY004  callers ask for a number
    return Fraction(str(value))


@dataclass(frozen=True)
class Interval:
    """The numbers between two bounds; a bound is left out where its end is open."""

    low: Bound = -math.inf
    high: Bound = math.inf
    is_low_open: bool = False
    is_high_open: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no number lies in it."""
        if self.low == self.high:
            return self.is_low_open or self.is_high_open or math.isinf(self.low)
        return self.low > self.high

    def is_within(self, other: Interval) -> bool:
        """Whether all of it lies in the other."""
        above = self.low > other.low or (
            self.low == other.low and (self.is_low_open or not other.is_low_open)
        )
        below = self.high < other.high or (
            self.high == other.high and (self.is_high_open or not other.is_high_open)
        )
        return self.is_empty or (above and below)

    def meet(self, other: Interval) -> Interval:
        """What lies in both."""
        low, is_low_open = max((self.low, self.is_low_open), (other.low, other.is_low_open))
        high, is_high_closed = min(
            (self.high, not self.is_high_open), (other.high, not other.is_high_open)
        )
        return Interval(low, high, is_low_open, not is_high_closed)

    def in_whole_numbers(self) -> Interval:
        """The interval with the same whole numbers in it and closed bounds."""
        low, high = self.low, self.high
        if not math.isinf(low):
            whole = Fraction(math.ceil(low))
            low = whole + 1 if whole == low and self.is_low_open else whole
        if not math.isinf(high):
            whole = Fraction(math.floor(high))
            high = whole - 1 if whole == high and self.is_high_open else whole
        return Interval(low, high)


@dataclass(frozen=True)
class NumberSet:
    """Numbers that are accepted: disjoint intervals in ascending order."""

    parts: tuple[Interval, ...]
    is_whole: bool = False

    @classmethod
    def of(
        cls,
        intervals: Iterable[Interval],
        *,
        is_whole: bool = False,
        domain: Interval | None = None,
    ) -> NumberSet:
        """The set of all numbers in any of the intervals and in the domain."""
        met = [i.meet(domain) if domain else i for i in intervals]
        shaped = [i.in_whole_numbers() if is_whole else i for i in met]
        ordered = sorted(
            (i for i in shaped if not i.is_empty), key=lambda i: (i.low, i.is_low_open)
        )
        merged: list[Interval] = []
        for part in ordered:
            if merged and _touch(merged[-1], part, is_whole):
                merged[-1] = _joined(merged[-1], part)
            else:
                merged.append(part)
        return cls(tuple(merged), is_whole)

    def is_within(self, other: NumberSet) -> bool:
        """Whether every number of it is in the other."""
        if other.is_whole and not self.is_whole and not all(map(_is_whole_point, self.parts)):
            return False
        return all(any(mine.is_within(theirs) for theirs in other.parts) for mine in self.parts)

    def holds(self, number: Fraction) -> bool:
        """Whether the number is in the set."""
        if self.is_whole and number.denominator != 1:
            return False
        return any(Interval(number, number).is_within(part) for part in self.parts)

    def __str__(self) -> str:
        return " or ".join(_in_words(part) for part in self.parts) or "nothing"


@dataclass(frozen=True)
class ValueSet:
    """Values that are accepted: those listed or, where `is_open`, any value."""

    values: frozenset[str]
    is_open: bool = False

    def is_within(self, other: ValueSet) -> bool:
        """Whether every accepted value is accepted by the other."""
        return other.is_open or (not self.is_open and self.values <= other.values)


def _is_whole_point(part: Interval) -> bool:
    return part.low == part.high and Fraction(part.low).denominator == 1


def _touch(left: Interval, right: Interval, is_whole: bool) -> bool:
    if is_whole and left.high + 1 == right.low:
        return True
    if left.high == right.low:
        return not (left.is_high_open and right.is_low_open)
    return left.high > right.low


def _joined(left: Interval, right: Interval) -> Interval:
    high, is_closed = max((left.high, not left.is_high_open), (right.high, not right.is_high_open))
    return Interval(left.low, high, left.is_low_open, not is_closed)


def _in_words(part: Interval) -> str:
    if part.low == part.high:
        return _shown(part.low)
    if math.isinf(part.low) and math.isinf(part.high):
        return "anything"
    if math.isinf(part.high):
        return f"{'>' if part.is_low_open else '≥'} {_shown(part.low)}"
    if math.isinf(part.low):
        return f"{'<' if part.is_high_open else '≤'} {_shown(part.high)}"
    left, right = "(" if part.is_low_open else "[", ")" if part.is_high_open else "]"
    return f"{left}{_shown(part.low)}, {_shown(part.high)}{right}"


def _shown(number: Bound) -> str:
    return f"{number:g}" if isinstance(number, float) else f"{float(number):.12g}"
