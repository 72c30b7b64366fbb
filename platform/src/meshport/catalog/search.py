"""Find ports and columns by words: tiers before scores, explained, and honest when nothing fits.

An exact name beats an exact synonym, which beats all words, which beats some of them; within a
tier the better field wins. Misspellings are tried only when nothing else was found.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from meshport.catalog.glossary import Term
from meshport.products.mesh import Mesh, Port

_TIERS = ("exact name", "exact synonym", "all words", "some words", "similar spelling")
_WEIGHTS = {"name": 8, "synonym": 6, "glossary": 5, "column": 4, "purpose": 2, "description": 1}
# In the form that `_words` gives them: singular.
_STOP = {"a", "an", "and", "are", "at", "be", "by", "come", "do", "doe", "for", "from", "has",
         "have", "how", "i", "in", "is", "it", "me", "my", "of", "on", "or", "our", "that", "the",
         "there", "this", "to", "we", "what", "where", "which", "who", "with"}  # fmt: skip

_SIMILAR = 0.75
"""Difflib's ratio: `costumer` is a customer, `hospital` is nothing `postal`."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Hit:
    """A port, or one of its columns, with why it was found."""

    port: Port
    column: str | None
    tier: str
    score: int
    matched: tuple[str, ...]
    """The words that matched, each with its field: `late (glossary)`."""

    def as_json(self) -> dict[str, Any]:
        """The form in `meshport search --format json`."""
        return {
            "port": str(self.port.id),
            "column": self.column,
            "tier": self.tier,
            "score": self.score,
            "matched": list(self.matched),
            "description": self.description,
        }

    @property
    def description(self) -> str:
        """What the found thing is."""
        column = self.port.contract.table.column(self.column) if self.column else None
        return column.description if column else self.port.contract.table.description


@dataclass(frozen=True)
class _Entry:
    """Something that can be found, with its text by field."""

    port: Port
    column: str | None
    names: frozenset[str]
    """What it is called exactly: bare, and with all that it is part of."""
    synonyms: tuple[str, ...]
    fields: dict[str, frozenset[str]]


class SearchIndex:
    """Every port and every column of a mesh, ready to be searched."""

    def __init__(self, mesh: Mesh, glossary: Iterable[Term] = ()) -> None:
        terms = list(glossary)
        self.entries = [entry for port in mesh.ports for entry in _entries(port, terms)]
        self.words = {w for entry in self.entries for words in entry.fields.values() for w in words}

    def search(self, query: str, limit: int = 20) -> list[Hit]:
        """The best hits first; empty where nothing fits."""
        words = [word for word in _words(query) if word not in _STOP]
        hits = self._find(query, words)
        if not hits:
            mended = [self._mended(word) for word in words]
            found = self._find(" ".join(mended), mended) if mended != words else []
            hits = [Hit(h.port, h.column, _TIERS[4], h.score, h.matched) for h in found]
        order = {tier: position for position, tier in enumerate(_TIERS)}
        ranked = sorted(
            hits,
            key=lambda h: (order[h.tier], -h.score, h.column is not None, str(h.port.id), h.column),
        )
        return ranked[:limit]

    def _find(self, query: str, words: list[str]) -> list[Hit]:
        found = (_match(entry, query.strip().lower(), words) for entry in self.entries)
        # Half of the words is too little: better nothing than a page of confident nonsense.
        return [h for h in found if h and (h.tier != _TIERS[3] or len(h.matched) * 2 > len(words))]

    def _mended(self, word: str) -> str:
        """The known word that this one is a misspelling of; of short words nobody can tell."""
        near = difflib.get_close_matches(word, sorted(self.words), 1, _SIMILAR)
        return near[0] if near and len(word) > 3 else word


def _match(entry: _Entry, query: str, words: list[str]) -> Hit | None:
    matched, score = [], 0
    for word in words:
        fields = [name for name, text in entry.fields.items() if word in text]
        if fields:
            best = max(fields, key=lambda name: _WEIGHTS[name])
            matched.append(f"{word} ({best})")
            score += _WEIGHTS[best]
    if not matched:
        return None
    if query in entry.names:
        tier = _TIERS[0]
    elif query in entry.synonyms:
        tier = _TIERS[1]
    else:
        tier = _TIERS[2] if len(matched) == len(words) else _TIERS[3]
    return Hit(entry.port, entry.column, tier, score, tuple(matched))


def _entries(port: Port, terms: list[Term]) -> Iterator[_Entry]:
    contract, table = port.contract, port.contract.table
    carried = {c: [t for t in terms if f"{port.id}.{c}" in t.columns] for c in _names(port)}
    of_port = [term for found in carried.values() for term in found]
    columns = " ".join(f"{c.name} {' '.join(c.synonyms)}" for c in table.columns)
    yield _Entry(
        port,
        None,
        frozenset({port.id.port, port.id.contract_id, str(port.id), port.id.urn}),
        (),
        {
            "name": _bag(f"{port.id.port} {contract.name} {port.id.domain}"),
            "glossary": _bag(*(f"{t.term} {' '.join(t.synonyms)}" for t in of_port)),
            "column": _bag(columns),
            "purpose": _bag(contract.purpose, contract.usage),
            "description": _bag(table.description, table.grain, *contract.tags),
        },
    )
    for column in table.columns:
        mine = carried[column.name]
        said = [*column.synonyms, *(s for term in mine for s in (term.term, *term.synonyms))]
        yield _Entry(
            port,
            column.name,
            frozenset({column.name.lower(), f"{port.id}.{column.name}".lower()}),
            tuple(word.lower() for word in said),
            {
                "name": _bag(column.name),
                "synonym": _bag(*column.synonyms),
                "glossary": _bag(*(f"{t.term} {' '.join(t.synonyms)}" for t in mine)),
                "description": _bag(column.description),
            },
        )


def _names(port: Port) -> list[str]:
    return [column.name for column in port.contract.table.columns]


def _bag(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in _words(text))


def _words(text: str) -> list[str]:
    """Lower-case words; an identifier counts whole and in its parts, plurals as singulars."""
    found: list[str] = []
    for token in re.findall(r"\w+", text):
        parts = re.findall(r"[^\W\d_]+|\d+", _CAMEL.sub(" ", token))
        whole = [token] if "_" in token else []
        found += [_singular(part.lower()) for part in (*whole, *parts)]
    return list(dict.fromkeys(found))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    is_plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if is_plural else word
