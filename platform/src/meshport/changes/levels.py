"""What a change of a service level is: values in base units, in the direction its property has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from fractions import Fraction
from typing import Any

from meshport.changes.element import Element
from meshport.changes.judgement import Change, Judgement
from meshport.changes.relation import Relation
from meshport.contracts.duration import seconds_of
from meshport.contracts.schedule import longest_gap_seconds, weekdays_of

_SYNONYMS = {
    "ly": "latency", "la": "latency", "fr": "freshness", "re": "retention", "rt": "retention",
    "av": "availability", "th": "throughput", "er": "errorrate", "ga": "generalavailability",
    "es": "endofsupport", "el": "endoflife", "fy": "frequency", "td": "timetodetect",
    "tn": "timetonotify", "tr": "timetorepair",
}  # fmt: skip
_LOWER_IS_BETTER = {
    "freshness", "latency", "timetodetect", "timetonotify", "timetorepair", "errorrate",
    "frequency", "timeofavailability", "generalavailability",
}  # fmt: skip
_HIGHER_IS_BETTER = {"availability", "throughput"}
_PERCENTAGE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_LATER_IS_BETTER = {"endofsupport", "endoflife"}


def property_of(level: Element) -> str:
    """The level's property in one spelling: synonyms and letter case mean nothing."""
    name = str(level.clauses.get("property", "")).lower()
    return _SYNONYMS.get(name, name)


def value(change: Change) -> Iterator[Judgement]:
    """SLA02, SLA05, SLA08: the promised number, time or day, with its unit."""
    name = property_of(change.after)
    old, new = _measure(change.before), _measure(change.after)
    if old is None or new is None or old[1] != new[1]:
        yield Judgement("SLA02", Relation.UNKNOWN, _said(change))
        return
    if old[0] == new[0]:
        return
    rose = new[0] > old[0]
    if name == "retention":
        yield _retention(change, rose)
    elif name in _LATER_IS_BETTER:
        relation = Relation.STRENGTHENED if rose else Relation.WEAKENED
        yield Judgement("SLA08", relation, _said(change))
    elif name in _LOWER_IS_BETTER | _HIGHER_IS_BETTER:
        better = rose == (name in _HIGHER_IS_BETTER)
        relation = Relation.STRENGTHENED if better else Relation.WEAKENED
        yield Judgement("SLA02", relation, _said(change))
    else:
        yield Judgement("SLA02", Relation.UNKNOWN, _said(change))


def unit(change: Change) -> Iterator[Judgement]:
    """Judged with the value, unless the value is written the same."""
    if change.before.clauses.get("value") == change.after.clauses.get("value"):
        yield from value(change)


def schedule(change: Change) -> Iterator[Judgement]:
    """SLA03: the longest gap between two runs in four weeks, and the days of the week."""
    old = longest_gap_seconds(str(change.old or ""))
    new = longest_gap_seconds(str(change.new or ""))
    if change.old is None or change.new is None or old is None or new is None:
        relation = Relation.UNKNOWN
    else:
        lost = weekdays_of(str(change.old)) - weekdays_of(str(change.new))
        if new > old or lost:
            relation = Relation.WEAKENED
        else:
            relation = Relation.STRENGTHENED if new < old else Relation.EQUAL
    if relation is not Relation.EQUAL:
        yield Judgement("SLA03", relation, str(change))


def driver(change: Change) -> Iterator[Judgement]:
    """SLA06: what a regulator asks for is not dropped lightly."""
    if change.old == "regulatory":
        yield Judgement("SLA06", Relation.WEAKENED, str(change))
    else:
        yield Judgement("SLA07", Relation.EQUAL, str(change))


def _retention(change: Change, rose: bool) -> Judgement:
    if not rose:
        return Judgement("SLA05", Relation.WEAKENED, _said(change))
    case = "longer with personal data" if change.around.holds_personal_data else ""
    return Judgement("SLA05", Relation.STRENGTHENED, _said(change), case)


def _measure(level: Element) -> tuple[Fraction, str] | None:
    """The promised value in base units, and of which kind it is; None where it is no measure."""
    try:
        return _measure_of(level)
    except ValueError:  # a truth value, or more than any number
        return None


def _measure_of(level: Element) -> tuple[Fraction, str] | None:
    promised, written = level.clauses.get("value"), level.clauses.get("unit")
    seconds = seconds_of(promised, str(written) if written else None)
    if seconds is not None:
        return Fraction(str(seconds)), "duration"
    if isinstance(promised, int | float):
        return Fraction(str(promised)), str(written or "").lower().replace("%", "percent")
    return _moment(promised)


def _moment(promised: Any) -> tuple[Fraction, str] | None:
    if not isinstance(promised, str):
        return None
    percentage = _PERCENTAGE.fullmatch(promised.strip())
    if percentage:
        return Fraction(percentage[1]), "percent"
    try:
        moment = datetime.fromisoformat(promised)
    except ValueError:
        return _time_of_day(promised)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Fraction(str(aware.timestamp())), "moment"


def _time_of_day(promised: str) -> tuple[Fraction, str] | None:
    try:
        clock = time.fromisoformat(promised)
    except ValueError:
        return None
    offset = clock.utcoffset()
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    return Fraction(seconds) - Fraction(offset.total_seconds() if offset else 0), "time of day"


def _said(change: Change) -> str:
    def promise(level: Element) -> str:
        parts = (level.clauses.get("value"), level.clauses.get("unit"))
        return " ".join(str(part) for part in parts if part is not None)

    return f"{property_of(change.after)}: {promise(change.before)} → {promise(change.after)}"
