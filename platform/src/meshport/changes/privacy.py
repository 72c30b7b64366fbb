"""How clauses about personal data and its protection are judged (PII01 to PII03, PII05)."""

from __future__ import annotations

from collections.abc import Iterator

from meshport.changes.judgement import Change, Judgement
from meshport.changes.relation import Relation
from meshport.contracts.masking import DROP


def classification(change: Change) -> Iterator[Judgement]:
    """PII01, PII02: up or down the scale; an unknown class counts as the strictest."""
    scale = list(change.around.classes)

    def rank(name: object) -> int:
        return scale.index(str(name)) if name in scale else len(scale)

    lowered = rank(change.new) < rank(change.old)
    relation = Relation.WEAKENED if lowered else Relation.STRENGTHENED
    yield Judgement("PII01" if lowered else "PII02", relation, str(change))


def tags(change: Change) -> Iterator[Judgement]:
    """PII03 for marks of personal data; other tags are documentation."""
    old, new = change.old or frozenset(), change.new or frozenset()
    personal = {tag for tag in old ^ new if str(tag).lower().startswith("pii")}
    if personal & old:
        yield Judgement("PII03", Relation.WEAKENED, str(change), "removed")
    elif personal:
        yield Judgement("PII03", Relation.STRENGTHENED, str(change), "added")
    else:
        yield Judgement("SEM04", Relation.EQUAL, str(change))


def personal_mark(change: Change) -> Iterator[Judgement]:
    """PII03: the mark as a property instead of a tag."""
    relation = Relation.WEAKENED if change.old else Relation.STRENGTHENED
    yield Judgement("PII03", relation, str(change), "removed" if change.old else "added")


def mask(change: Change) -> Iterator[Judgement]:
    """PII05: a masked form appears, goes, or becomes another; without a word nothing is shown."""
    old, new = (DROP if said is None else said for said in (change.old, change.new))
    if old == new:
        return
    relation = Relation.STRENGTHENED if new == DROP else Relation.INCOMPARABLE
    yield Judgement("PII05", Relation.WEAKENED if old == DROP else relation, str(change))
