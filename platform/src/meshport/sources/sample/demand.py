"""How many orders the shop gets on each day, and when on that day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from meshport.sources.sample.plan import DAY, WINDOW_DAYS, SamplePlan, epoch_day
from meshport.sources.sample.randomness import Draws, Ints, Quantiles

_WEEKDAY_LEVEL = (1.15, 1.11, 1.09, 1.04, 1.02, 0.77, 0.87)
_MONTH_LEVEL = (0.97, 0.93, 1.03, 0.98, 1.06, 0.99, 0.96, 1.02, 0.97, 1.00, 1.10, 0.99)
_YEARLY_GROWTH = 1.16
_GROWTH_BASE_YEAR = 2024
_MORNING_LEVEL = (24, 12, 6, 3, 2, 3, 6, 14, 30, 47, 61, 66)
_AFTERNOON_LEVEL = (60, 64, 65, 65, 66, 61, 58, 60, 62, 61, 57, 41)
_KEY_BITS = 24


@dataclass(frozen=True)
class Promotion:
    """Days in a row with more demand and lower prices."""

    first: date
    lifts: tuple[float, ...]
    depth: int

    @property
    def days(self) -> list[date]:
        """The days of the promotion."""
        return [self.first + timedelta(days=n) for n in range(len(self.lifts))]


@dataclass(frozen=True)
class Demand:
    """One entry per order, by day and place in the day; and one entry per day of the window.

    `day` counts from the window's first day, `purchased` is in seconds since 1970-01-01; a day
    without promotion has promotion 0.
    """

    days: tuple[date, ...]
    keys: Ints
    day: Ints
    purchased: Ints
    day_count: Ints
    day_first: Ints
    day_promotion: Ints
    day_depth: Ints


def black_friday(year: int) -> date:
    """The fourth Friday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 21)


def promotions_of(year: int) -> list[Promotion]:
    """The promotions that start in a year."""
    may = date(year, 5, 1)
    mothers_day = may + timedelta(days=(6 - may.weekday()) % 7 + 7)
    return [
        Promotion(date(year, 1, 8), (1.4, 1.35, 1.3, 1.25, 1.2), 30),
        Promotion(date(year, 3, 13), (1.3, 1.5, 1.8, 1.4), 25),
        Promotion(mothers_day - timedelta(days=9), (1.3, 1.4, 1.45, 1.5, 1.4, 1.3), 20),
        Promotion(date(year, 6, 5), (1.3, 1.35, 1.35, 1.25), 15),
        Promotion(date(year, 8, 20), (1.6, 1.5, 1.4, 1.4), 25),
        Promotion(date(year, 10, 5), (1.3, 1.3, 1.35, 1.35, 1.25), 20),
        Promotion(black_friday(year) - timedelta(days=1), (2.2, 6.7, 3.3, 2.7, 2.3), 50),
        Promotion(date(year, 12, 8), (1.25, 1.3, 1.3, 1.25, 1.2), 15),
    ]


def plan_demand(draws: Draws, plan: SamplePlan) -> Demand:
    """Every order's key, day and moment of purchase; exactly `plan.order_count` orders."""
    days = [plan.first_day + timedelta(days=n) for n in range(WINDOW_DAYS)]
    running = {
        day: (promotion, lift)
        for year in range(days[0].year - 1, days[-1].year + 1)
        for promotion in promotions_of(year)
        for day, lift in zip(promotion.days, promotion.lifts, strict=True)
    }
    lifts = [running[day][1] if day in running else 1.0 for day in days]
    noise = draws.below("demand noise", _numbers(days), 2001)
    weights = [
        round(1000 * _level(day) * lift * (930_000 + 70 * int(dust)) / 1000)
        for day, lift, dust in zip(days, lifts, noise, strict=True)
    ]
    counts = _apportioned(np.array(weights, dtype=np.int64), plan.order_count)
    first = np.cumsum(counts) - counts
    day = np.repeat(np.arange(WINDOW_DAYS), counts)
    place = np.arange(len(day)) - first[day]
    keys = (_numbers(days)[day] << _KEY_BITS) | place
    second = draws.spread("second of day", keys, _seconds_of_day())
    promotions = [running[day][0] if day in running else None for day in days]
    return Demand(
        days=tuple(days),
        keys=keys,
        day=day,
        purchased=_numbers(days)[day] * DAY + second,
        day_count=counts,
        day_first=first,
        day_promotion=np.array([epoch_day(p.first) if p else 0 for p in promotions], np.int64),
        day_depth=np.array([p.depth if p else 0 for p in promotions], np.int64),
    )


def _numbers(days: list[date]) -> Ints:
    return np.array([epoch_day(day) for day in days], dtype=np.int64)


def _level(day: date) -> float:
    """Demand without promotions; it must not depend on the window, or a shift would move orders."""
    years = day.year - _GROWTH_BASE_YEAR + day.timetuple().tm_yday / 365
    return (
        float(_YEARLY_GROWTH**years)
        * _MONTH_LEVEL[day.month - 1]
        * _WEEKDAY_LEVEL[day.weekday()]
        * _holiday_level(day)
    )


def _holiday_level(day: date) -> float:
    if (day.month, day.day) in {(12, 24), (12, 25), (12, 31), (1, 1)}:
        return 0.42
    if (day.month == 12 and day.day > 21) or (day.month == 1 and day.day < 4):
        return 0.62
    return 1.0


def _apportioned(weights: Ints, total: int) -> Ints:
    """Whole numbers in proportion to the weights that sum to the total, by largest remainder."""
    whole: Ints = weights * total // weights.sum()
    remainder = weights * total % weights.sum()
    topped_up = np.argsort(-remainder, kind="stable")[: total - int(whole.sum())]
    whole[topped_up] += 1
    return whole


def _seconds_of_day() -> Quantiles:
    hours = _MORNING_LEVEL + _AFTERNOON_LEVEL
    ends = [sum(hours[: hour + 1]) / sum(hours) for hour in range(24)]
    return Quantiles(((0.0, 0), *((end, 3600 * (hour + 1)) for hour, end in enumerate(ends))))
