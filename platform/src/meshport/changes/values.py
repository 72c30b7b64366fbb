"""What a change of the values a column allows is: lists of values, patterns, formats, steps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshport.changes.accepted import exact
from meshport.changes.element import Kind
from meshport.changes.judgement import Change, Judgement, shown
from meshport.changes.relation import Relation, of_containment

_ALTERNATIVES = re.compile(r"\^?\(?(?:\?:)?([\w \-]+(?:\|[\w \-]+)*)\)?\$?")


def value_list(change: Change) -> Iterator[Judgement]:
    """DOM01, DOM02: what is added to and what leaves a closed list of values."""
    old, new = change.old, change.new
    is_open = "open" in (_policy(change.before.clauses), _policy(change.after.clauses))
    if old is None or new is None:
        relation = Relation.STRENGTHENED if old is None else Relation.WEAKENED
        yield Judgement("DOM02" if old is None else "DOM01", relation, str(change))
        return
    added, gone = (
        sorted(new - old - _renamed(change, new=True)),
        sorted(old - new - _renamed(change)),
    )
    if added:
        case = "open" if is_open and _policy(change.before.clauses) == "open" else ""
        message = f"values added: {shown(tuple(added))}"
        yield Judgement("DOM01", Relation.WEAKENED, message, case)
    if gone:
        message = f"values removed: {shown(tuple(gone))}"
        yield Judgement("DOM02", Relation.STRENGTHENED, message, gone=tuple(map(str, gone)))


def _policy(clauses: object) -> str:
    assert isinstance(clauses, dict)
    return str(clauses.get("customProperties.enumPolicy", "closed"))


def _renamed(change: Change, *, new: bool = False) -> set[str]:
    """Values that stay under their id with another spelling; DOM03 tells of those."""
    old_by_id = {v.id: v.name for v in change.before.parts.get(Kind.VALUE, ()) if v.id}
    new_by_id = {v.id: v.name for v in change.after.parts.get(Kind.VALUE, ()) if v.id}
    same = [i for i in old_by_id if i in new_by_id and old_by_id[i] != new_by_id[i]]
    return {(new_by_id if new else old_by_id)[i] for i in same}


def policy(change: Change) -> Iterator[Judgement]:
    """DOM04: whether values outside the list may come."""
    opened = change.new == "open"
    relation = Relation.WEAKENED if opened else Relation.STRENGTHENED
    yield Judgement("DOM04", relation, str(change))


def pattern(change: Change) -> Iterator[Judgement]:
    """VAL02: inclusion where both patterns are lists of alternatives, else nobody can tell."""
    if change.old is None or change.new is None:
        relation = Relation.STRENGTHENED if change.old is None else Relation.WEAKENED
        yield Judgement("VAL02", relation, str(change))
        return
    old, new = alternatives(str(change.old)), alternatives(str(change.new))
    if old is None or new is None:
        yield Judgement("VAL02", Relation.UNKNOWN, str(change))
    elif old != new:
        relation = of_containment(new_in_old=new <= old, old_in_new=old <= new)
        yield Judgement("VAL02", relation, str(change))


def alternatives(text: str) -> frozenset[str] | None:
    """The words of an anchored pattern such as `^(SP|RJ)$`; None for any other pattern."""
    match = _ALTERNATIVES.fullmatch(text)
    if not match or not (text.startswith("^") and text.endswith("$")):
        return None
    has_several = "|" in match[1]
    if has_several and "(" not in text:
        return None  # ^a|b$ is anchored on one side of each
    return frozenset(match[1].split("|"))


def multiple_of(change: Change) -> Iterator[Judgement]:
    """VAL04: the multiples of a multiple are fewer."""
    try:
        old = exact(change.old) if change.old is not None else None
        new = exact(change.new) if change.new is not None else None
    except ValueError:
        yield Judgement("VAL04", Relation.UNKNOWN, str(change))
        return
    if old is None or new is None:
        relation = Relation.STRENGTHENED if old is None else Relation.WEAKENED
    else:
        relation = of_containment(
            new_in_old=(new / old).denominator == 1, old_in_new=(old / new).denominator == 1
        )
    if relation is not Relation.EQUAL:
        yield Judgement("VAL04", relation, str(change))
