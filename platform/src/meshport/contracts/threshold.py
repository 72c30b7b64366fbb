"""What a quality rule accepts: one operator, its bounds, and the unit they are counted in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# ODCS 3.2, section Data Quality: operators. `mustBeBetween` counts its bounds in, as
# datacontract-cli does; the standard's text and its examples disagree.
_WORDS = {
    "mustBe": "must be {}",
    "mustNotBe": "must not be {}",
    "mustBeGreaterThan": "must be above {}",
    "mustBeGreaterOrEqualTo": "must be at least {}",
    "mustBeLessThan": "must be below {}",
    "mustBeLessOrEqualTo": "must be at most {}",
    "mustBeBetween": "must be between {} and {}",
    "mustNotBeBetween": "must not be between {} and {}",
}
OPERATORS = tuple(_WORDS)


@dataclass(frozen=True)
class Threshold:
    """An accepted set of numbers (or, for mustBe and mustNotBe, of any value)."""

    operator: str
    bounds: tuple[Any, ...]
    is_percent: bool = False

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Threshold | None:
        """The threshold written in a quality rule; None where it states no operator."""
        for operator in OPERATORS:
            if operator in rule:
                value = rule[operator]
                bounds = tuple(value) if isinstance(value, list) else (value,)
                return cls(operator, bounds, rule.get("unit") == "percent")
        return None

    def accepts(self, measured: Any) -> bool:
        """Whether the measured value keeps the promise; a value that is missing does not."""
        if measured is None:
            return False
        first, last = self.bounds[0], self.bounds[-1]
        match self.operator:
            case "mustBe":
                return bool(measured == first)
            case "mustNotBe":
                return bool(measured != first)
            case "mustBeGreaterThan":
                return bool(measured > first)
            case "mustBeGreaterOrEqualTo":
                return bool(measured >= first)
            case "mustBeLessThan":
                return bool(measured < first)
            case "mustBeLessOrEqualTo":
                return bool(measured <= first)
            case "mustBeBetween":
                return bool(first <= measured <= last)
        return not first <= measured <= last

    @property
    def means_none(self) -> bool:
        """Whether it accepts a count of zero and nothing else, whatever operator says so."""
        return (self.operator, self.bounds) in {
            ("mustBe", (0,)),
            ("mustBeLessThan", (1,)),
            ("mustBeLessOrEqualTo", (0,)),
        } and not (self.is_percent and self.operator == "mustBeLessThan")

    def __str__(self) -> str:
        unit = " %" if self.is_percent else ""
        return _WORDS[self.operator].format(*self.bounds) + unit


NONE = Threshold("mustBe", (0,))
