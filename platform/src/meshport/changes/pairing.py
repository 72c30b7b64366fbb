"""Which element of the old contract is which of the new one: by stable id, by name, by content."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from meshport.changes.element import Element, Kind


@dataclass
class Pairing:
    """The pairs, and what has no partner; every element is in exactly one of the three."""

    pairs: list[tuple[Element, Element]] = field(default_factory=list)
    removed: list[Element] = field(default_factory=list)
    added: list[Element] = field(default_factory=list)


def pair(old: Sequence[Element], new: Sequence[Element]) -> Pairing:
    """Pair two lists of one kind; the result follows the file order of the new list."""
    found = Pairing(removed=list(old), added=list(new))
    for identity in (_by_id, _by_name, _by_content):
        _match(found, identity)
    position = {id(element): index for index, element in enumerate(new)}
    found.pairs.sort(key=lambda both: position[id(both[1])])
    return found


def _match(found: Pairing, identity: Callable[[Element], Hashable | None]) -> None:
    olds = _unique(found.removed, identity)
    news = _unique(found.added, identity)
    pairs = [(old, news[key]) for key, old in olds.items() if key in news]
    paired = {id(element) for both in pairs for element in both}
    found.pairs += pairs
    found.removed = [element for element in found.removed if id(element) not in paired]
    found.added = [element for element in found.added if id(element) not in paired]


def _unique(
    elements: Sequence[Element], identity: Callable[[Element], Hashable | None]
) -> dict[Hashable, Element]:
    """Elements by identity; what two of them share identifies neither."""
    grouped: dict[Hashable, list[Element]] = {}
    for element in elements:
        key = identity(element)
        if key is not None:
            grouped.setdefault(key, []).append(element)
    return {key: group[0] for key, group in grouped.items() if len(group) == 1}


def _by_id(element: Element) -> Hashable | None:
    return element.id


def _by_name(element: Element) -> Hashable | None:
    return element.name


def _by_content(element: Element) -> Hashable | None:
    """Everything but the name. A value of a list has no more than its name."""
    if element.kind is Kind.VALUE or not element.clauses:
        return None
    content = frozenset((key, _hashable(value)) for key, value in element.clauses.items())
    return (content, tuple(sorted(part.name for parts in element.parts.values() for part in parts)))


def _hashable(value: object) -> Hashable:
    return value if isinstance(value, Hashable) else repr(value)
