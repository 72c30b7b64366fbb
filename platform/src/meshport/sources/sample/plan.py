"""What a sample is asked to be: its size, its seed and the shop's last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

WINDOW_DAYS = 730
_ORDERS_AT_SCALE_ONE = 100_000
_LARGEST_SCALE = 200.0
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
DAY = 86_400


@dataclass(frozen=True)
class SamplePlan:
    """Size, seed and end of a sample; raises ValueError for a scale outside (0, 200].

    `scale` 1 means 100,000 orders; `until` is the shop's today, the last day with orders.
    """

    scale: float = 1.0
    seed: int = 7
    until: date = date(2026, 10, 31)

    def __post_init__(self) -> None:
        if not 0 < self.scale <= _LARGEST_SCALE:
            raise ValueError(f"scale {self.scale} is not in (0, {_LARGEST_SCALE:g}]")

    @property
    def order_count(self) -> int:
        """How many orders the sample holds, exactly."""
        return max(1, round(_ORDERS_AT_SCALE_ONE * self.scale))

    @property
    def first_day(self) -> date:
        """The first day with orders."""
        return self.until - timedelta(days=WINDOW_DAYS - 1)

    @property
    def now(self) -> int:
        """The last second of the day `until`, in local seconds since 1970-01-01."""
        return (epoch_day(self.until) + 1) * DAY - 1

    def sized(self, at_scale_one: int, exponent: float, least: int) -> int:
        """How many there are of something that grows slower than the orders."""
        factor: float = self.scale**exponent
        return max(least, round(at_scale_one * factor))


def epoch_day(day: date) -> int:
    """The days from 1970-01-01 to `day`."""
    return day.toordinal() - _EPOCH_ORDINAL
