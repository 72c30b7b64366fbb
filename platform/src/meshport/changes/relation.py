"""How a new promise relates to the old one, as sets of worlds that each allows."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol, Self


class Relation(StrEnum):
    """Severity is never typed by hand: it is derived from one of these and from where it is."""

    EQUAL = "EQUAL"
    STRENGTHENED = "STRENGTHENED"
    """The new promise allows less: everything it allows, the old one allowed."""
    WEAKENED = "WEAKENED"
    """The new promise allows more: readers may meet what the old one ruled out."""
    INCOMPARABLE = "INCOMPARABLE"
    UNKNOWN = "UNKNOWN"

    @property
    def reversed(self) -> Relation:
        """The relation when old and new change places."""
        turned = {
            Relation.STRENGTHENED: Relation.WEAKENED,
            Relation.WEAKENED: Relation.STRENGTHENED,
        }
        return turned.get(self, self)


class AcceptedSet(Protocol):
    """A set that can tell whether it lies within another of its kind."""

    def is_within(self, other: Self) -> bool:
        """Whether every member is a member of `other`."""
        ...


def of_sets(old: AcceptedSet, new: AcceptedSet) -> Relation:
    """The relation of two sets of accepted values."""
    return of_containment(new_in_old=new.is_within(old), old_in_new=old.is_within(new))


def of_containment(*, new_in_old: bool, old_in_new: bool) -> Relation:
    """The relation that two containments amount to."""
    if new_in_old and old_in_new:
        return Relation.EQUAL
    if new_in_old:
        return Relation.STRENGTHENED
    return Relation.WEAKENED if old_in_new else Relation.INCOMPARABLE


def combined(relations: Iterable[Relation]) -> Relation:
    """The relation of two promises whose independent clauses relate like this."""
    found = set(relations) - {Relation.EQUAL}
    if not found:
        return Relation.EQUAL
    if Relation.INCOMPARABLE in found or {Relation.STRENGTHENED, Relation.WEAKENED} <= found:
        return Relation.INCOMPARABLE
    return Relation.UNKNOWN if Relation.UNKNOWN in found else found.pop()
