"""Cron schedules of service levels: how long one waits at most, and on which days there are runs.

The only importer of croniter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

_START = datetime(2024, 1, 1, tzinfo=UTC)
"""A Monday; any four weeks show every gap of a weekly schedule."""
_WEEKS = 4
_MOST_RUNS = 3_000
"""Bounds the time for schedules that run every few minutes; those have no long gaps to find."""


@lru_cache(maxsize=256)
def longest_gap_seconds(cron: str) -> float | None:
    """The longest time between two runs within four weeks; None where it is no cron schedule."""
    runs = list(_runs(cron))
    if len(runs) < 2:
        return None
    return max((after - before).total_seconds() for before, after in pairwise(runs))


def weekdays_of(cron: str) -> frozenset[int]:
    """The days of the week with at least one run, Monday is 0."""
    return frozenset(run.weekday() for run in _runs(cron))


def _runs(cron: str) -> Iterator[datetime]:
    # Few comparisons meet a schedule.
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415

    if not croniter.is_valid(cron):
        return
    runs, end = croniter(cron, _START - timedelta(seconds=1)), _START + timedelta(weeks=_WEEKS + 1)
    for _ in range(_MOST_RUNS):
        try:
            run = runs.get_next(datetime)
        except CroniterBadDateError:
            return  # for example on every 31st of February
        yield run
        if run > end:
            return
