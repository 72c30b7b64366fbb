"""The smallest step of a comparison: one clause, its old and its new value, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from meshport.changes.accepted import Interval, NumberSet
from meshport.changes.element import Element
from meshport.changes.relation import Relation, of_sets


@dataclass(frozen=True)
class Surroundings:
    """What a comparison needs to know beyond the two contracts."""

    today: date
    classes: Sequence[str] = ("public", "internal", "confidential", "restricted")
    """Names of the classification scale, the mildest first."""
    old_dialect: str = "duckdb"
    new_dialect: str = "duckdb"
    deprecation_days: int = 90
    """How long a column has to be announced as deprecated before it may go."""
    holds_personal_data: bool = False


@dataclass(frozen=True)
class Change:
    """One clause that is not the same; None where it is not stated."""

    clause: str
    old: Any
    new: Any
    before: Element
    after: Element
    around: Surroundings

    def __str__(self) -> str:
        return f"{self.clause}: {shown(self.old)} → {shown(self.new)}"


@dataclass(frozen=True)
class Judgement:
    """What a change of a clause is: a rule, a relation and, where the rule has cases, which."""

    rule: str
    relation: Relation
    message: str
    case: str = ""
    gone: tuple[str, ...] = ()
    """Values that were allowed and are no longer."""


Comparator = Callable[[Change], Iterator[Judgement]]


def shown(value: Any) -> str:
    """A clause's value as a person would write it."""
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, NumberSet):
        return str(value)
    if isinstance(value, frozenset | tuple):
        items = [shown(item) for item in value]
        return ", ".join(sorted(items) if isinstance(value, frozenset) else items)
    return str(value)


def flag(rule: str) -> Comparator:
    """A promise that holds or does not."""
    return _by(rule, lambda old, _: Relation.WEAKENED if old else Relation.STRENGTHENED)


def stated(rule: str) -> Comparator:
    """A promise of one value: another value is another promise."""
    return _by(rule, _stated)


def exact_only(rule: str) -> Comparator:
    """A fact whose every change, also its first statement, is another promise."""
    return _by(rule, lambda _old, _new: Relation.INCOMPARABLE)


def words(rule: str) -> Comparator:
    """Documentation: what is promised stays the same."""
    return _by(rule, lambda _old, _new: Relation.EQUAL)


def unordered(rule: str) -> Comparator:
    """A change of which nobody can tell whether it promises more or less."""
    return _by(rule, lambda _old, _new: Relation.UNKNOWN)


def accepted(rule: str) -> Comparator:
    """Bounds: the relation of the sets of values that they accept; no bounds accept anything."""

    def judge(change: Change) -> Iterator[Judgement]:
        relation = _of_bounds(change)
        if relation is not Relation.EQUAL:
            yield Judgement(rule, relation, str(change))

    return judge


def _by(rule: str, relate: Callable[[Any, Any], Relation]) -> Comparator:
    def judge(change: Change) -> Iterator[Judgement]:
        yield Judgement(rule, relate(change.old, change.new), str(change))

    return judge


def _stated(old: Any, new: Any) -> Relation:
    if old is None:
        return Relation.STRENGTHENED
    return Relation.WEAKENED if new is None else Relation.INCOMPARABLE


def _of_bounds(change: Change) -> Relation:
    sets = [change.old, change.new]
    if not all(one is None or isinstance(one, NumberSet) for one in sets):
        return _stated(*sets) if None in sets else Relation.UNKNOWN
    # That whole numbers become any numbers is said by the change of the type.
    parts = [_ANYTHING[change.clause == "range"] if one is None else one.parts for one in sets]
    return of_sets(NumberSet(parts[0]), NumberSet(parts[1]))


_ANYTHING = {True: (Interval(),), False: (Interval(low=Fraction(0)),)}
