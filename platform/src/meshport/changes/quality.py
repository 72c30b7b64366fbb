"""What a change of a quality rule is: thresholds as accepted sets, queries as trees."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from meshport.changes.accepted import Interval, NumberSet, exact
from meshport.changes.judgement import Change, Judgement
from meshport.changes.relation import Relation, combined, of_containment, of_sets
from meshport.contracts.model import Severity
from meshport.contracts.threshold import Threshold

_COUNTS = Interval(Fraction(0))
_PERCENT = Interval(Fraction(0), Fraction(100))
_EXECUTABLE = ("library", "sql", "custom")


def threshold(change: Change) -> Iterator[Judgement]:
    """QUA02, QUA04: which values of the metric are accepted."""
    old, new = change.old, change.new
    if old is None or new is None:
        relation = Relation.STRENGTHENED if old is None else Relation.WEAKENED
        yield Judgement("QUA02", relation, str(change))
        return
    counts_rows = change.after.clauses.get("metric") is not None
    if old.is_percent != new.is_percent and counts_rows:
        yield Judgement("QUA04", Relation.UNKNOWN, str(change))
        return
    relation = relation_of(old, new, counts_rows=counts_rows)
    if relation is not Relation.EQUAL:
        yield Judgement("QUA02", relation, str(change))


def relation_of(old: Threshold, new: Threshold, *, counts_rows: bool) -> Relation:
    """The relation of the sets of measured values that two thresholds accept.

    A library metric counts rows, or is a percentage; a query may measure any number.
    """
    try:
        sets = [accepted_by(one, counts_rows=counts_rows) for one in (old, new)]
    except (ValueError, TypeError):
        return Relation.EQUAL if old == new else Relation.UNKNOWN
    return of_sets(sets[0], sets[1])


def accepted_by(one: Threshold, *, counts_rows: bool) -> NumberSet:
    """The numbers that a threshold accepts; raises ValueError where its bounds are no numbers."""
    bounds = [exact(bound) for bound in one.bounds]
    low, high = bounds[0], bounds[-1]
    intervals = {
        "mustBe": [Interval(low, low)],
        "mustNotBe": [Interval(high=low, is_high_open=True), Interval(low=low, is_low_open=True)],
        "mustBeGreaterThan": [Interval(low=low, is_low_open=True)],
        "mustBeGreaterOrEqualTo": [Interval(low=low)],
        "mustBeLessThan": [Interval(high=low, is_high_open=True)],
        "mustBeLessOrEqualTo": [Interval(high=low)],
        "mustBeBetween": [Interval(low, high)],
        "mustNotBeBetween": [
            Interval(high=low, is_high_open=True),
            Interval(low=high, is_low_open=True),
        ],
    }[one.operator]
    if not counts_rows:
        return NumberSet.of(intervals)
    domain = _PERCENT if one.is_percent else _COUNTS
    return NumberSet.of(intervals, is_whole=not one.is_percent, domain=domain)


def severity(change: Change) -> Iterator[Judgement]:
    """QUA05: only an error keeps a release back."""
    weakened = change.old is Severity.ERROR
    yield Judgement("QUA05", Relation.WEAKENED if weakened else Relation.STRENGTHENED, str(change))


def query(change: Change) -> Iterator[Judgement]:
    """QUA07: nothing where both are one tree, else nobody can tell."""
    from meshport.sql.equality import same_sql  # noqa: PLC0415  the parser, only where it is needed

    old, new = str(change.old or ""), str(change.new or "")
    if not same_sql(old, new, change.around.new_dialect):
        yield Judgement("QUA07", Relation.UNKNOWN, "the query asks for something else")


def kind(change: Change) -> Iterator[Judgement]:
    """QUA11: a rule in words keeps nothing back."""
    runs = [value in _EXECUTABLE for value in (change.old, change.new)]
    if runs[0] == runs[1]:
        yield Judgement("QUA08", Relation.UNKNOWN, str(change))
    else:
        relation = Relation.WEAKENED if runs[0] else Relation.STRENGTHENED
        yield Judgement("QUA11", relation, str(change))


def arguments(change: Change) -> Iterator[Judgement]:
    """QUA06: longer lists of valid values allow more, of missing values or key columns less."""
    old, new = dict(change.old or ()), dict(change.new or ())
    relations = [
        _of_argument(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    yield Judgement("QUA06", combined(relations), _in_words(old, new))


def _of_argument(name: str, old: Any, new: Any) -> Relation:
    if not isinstance(old, frozenset) or not isinstance(new, frozenset):
        return Relation.UNKNOWN
    relation = of_containment(new_in_old=new <= old, old_in_new=old <= new)
    if name in ("validValues", "properties"):
        # Rows that differ in some columns differ in more of them too: more columns ask for less.
        return relation
    return relation.reversed if name == "missingValues" else Relation.UNKNOWN


def _in_words(old: dict[str, Any], new: dict[str, Any]) -> str:
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return f"arguments changed: {', '.join(changed)}"
