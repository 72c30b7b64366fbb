"""Short ways to say what is wrong."""

from __future__ import annotations

from meshport.errors import Place
from meshport.reports.result import Level, Problem


def error(rule: str, message: str, place: Place, hint: str | None = None) -> Problem:
    """Something that keeps the change from being merged."""
    return _problem(rule, Level.ERROR, message, place, hint)


def warning(rule: str, message: str, place: Place, hint: str | None = None) -> Problem:
    """Something to look at that does not keep the change back."""
    return _problem(rule, Level.WARNING, message, place, hint)


def notice(rule: str, message: str, place: Place, hint: str | None = None) -> Problem:
    """Something to know."""
    return _problem(rule, Level.NOTICE, message, place, hint)


def _problem(rule: str, level: Level, message: str, place: Place, hint: str | None) -> Problem:
    return Problem(rule, level, place.file, place.line, place.column, message, hint)
