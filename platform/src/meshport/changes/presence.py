"""What it means that an element is new, or gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from meshport.changes.element import Element, Kind
from meshport.changes.judgement import Judgement, Surroundings
from meshport.changes.relation import Relation
from meshport.contracts.model import Severity

_RULES = {
    Kind.TABLE: ("OBJ002", "OBJ001", "table"),
    Kind.COLUMN: ("FLD002", "FLD001", "column"),
    Kind.RULE: ("QUA01", "QUA01", "rule"),
    Kind.REFERENCE: ("KEY05", "KEY05", "foreign key"),
    Kind.LEVEL: ("SLA01", "SLA01", "service level"),
    Kind.SERVER: ("PRT05", "PRT01", "server"),
    Kind.ROLE: ("ACC02", "ACC01", "role"),
    Kind.CHANNEL: ("OWN03", "OWN03", "channel"),
    Kind.MEMBER: ("OWN03", "OWN03", "member"),
}
"""By kind: the rule of an addition, the rule of a removal, the word for it. The values of a list
are judged as a set."""


def added(element: Element) -> Iterator[Judgement]:
    """What a new element is."""
    if element.kind in _RULES:
        rule, _, word = _RULES[element.kind]
        said = f"{word} `{element.name}` added"
        yield Judgement(rule, Relation.STRENGTHENED, said, _case_of_added(element))


def removed(
    element: Element, remaining: tuple[Element, ...], around: Surroundings
) -> Iterator[Judgement]:
    """What a removed element is; `remaining` are those of its kind that are left."""
    if element.kind not in _RULES:
        return
    _, rule, word = _RULES[element.kind]
    if element.kind is Kind.CHANNEL and _is_interactive(element):
        rule = rule if any(map(_is_interactive, remaining)) else "OWN02"
    said = f"{word} `{element.name}` removed"
    yield Judgement(rule, Relation.WEAKENED, said, _case_of_removed(element, around))


def is_personal(element: Element) -> bool:
    """Whether a column is marked as personal data, by tag or by property."""
    tags = element.clauses.get("tags") or ()
    is_marked = any(str(tag).lower().startswith("pii") for tag in tags)
    is_said = bool(element.clauses.get("customProperties.pii"))
    return element.kind is Kind.COLUMN and (is_marked or is_said)


def _case_of_added(element: Element) -> str:
    if element.kind is Kind.COLUMN:
        if is_personal(element):
            return "personal"
        return "required" if element.clauses.get("required") else "optional"
    return _of_warning(element)


def _case_of_removed(element: Element, around: Surroundings) -> str:
    if element.kind is Kind.COLUMN:
        return "announced" if _was_announced(element, around) else ""
    return _of_warning(element)


def _of_warning(element: Element) -> str:
    is_mild = element.kind is Kind.RULE and element.clauses["severity"] is Severity.WARNING
    return "warning" if is_mild else ""


def _was_announced(column: Element, around: Surroundings) -> bool:
    """Whether the column was deprecated long enough before (`deprecatedSince`)."""
    since = column.clauses.get("customProperties.deprecatedSince")
    if not column.clauses.get("deprecated") or not isinstance(since, str):
        return False
    try:
        announced = date.fromisoformat(since)
    except ValueError:
        return False
    return announced + timedelta(days=around.deprecation_days) <= around.today


def _is_interactive(channel: Element) -> bool:
    return channel.clauses.get("scope") == "interactive"
