"""Durations of service levels in seconds."""

from __future__ import annotations

import re
from typing import Any

_ISO_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", re.ASCII)
_SECONDS = {
    ("s", "sec", "second", "seconds"): 1,
    ("m", "min", "minute", "minutes"): 60,
    ("h", "hr", "hour", "hours"): 3600,
    ("d", "day", "days"): 86_400,
    ("w", "week", "weeks"): 604_800,
    ("mo", "month", "months"): 2_629_746,
    ("y", "yr", "year", "years"): 31_556_952,
}
_BY_NAME = {name: seconds for names, seconds in _SECONDS.items() for name in names}


def seconds_of(value: Any, unit: str | None) -> float | None:
    """A duration in seconds (a month and a year are Gregorian means); None if it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    factor = _BY_NAME.get((unit or "").strip().lower())
    return value * factor if factor is not None else None


def in_words(seconds: float) -> str:
    """A duration as a person says it, for example `2 d 3 h`; at most two units."""
    parts = []
    rest = int(seconds)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def days_of(text: str) -> int | None:
    """The days of an ISO 8601 duration such as `P90D` or `P3M`; None if it is not one."""
    match = _ISO_DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        return None
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return years * 365 + months * 30 + weeks * 7 + days
