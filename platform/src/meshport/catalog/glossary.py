"""Words of the business, read from catalog/glossary.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport.contracts.schema import name_hint
from meshport.errors import CatalogError
from meshport.yaml_file import KeyPath, YamlDocument, read_yaml

FILE = "catalog/glossary.yaml"
_REQUIRED = ("term", "meaning")
_LISTS = ("synonyms", "columns")


@dataclass(frozen=True)
class Term:
    """A word, what it means, what else people call it, and which columns carry it."""

    term: str
    meaning: str
    synonyms: tuple[str, ...]
    columns: tuple[str, ...]
    """`<domain>.<port>.v<major>.<column>`."""


def read_glossary(root: Path) -> list[Term]:
    """Read the glossary; raises CatalogError MP502 where an entry is none."""
    document = read_yaml(root / FILE, FILE)
    entries = document.value.get("terms") if isinstance(document.value, dict) else None
    if not isinstance(entries, list):
        raise _broken(document, (), "the glossary needs a list `terms`")
    return list(_terms(document, entries))


def _terms(document: YamlDocument, entries: list[Any]) -> Iterator[Term]:
    for index, entry in enumerate(entries):
        path = ("terms", index)
        if not isinstance(entry, dict):
            raise _broken(document, path, "a term is a mapping with term and meaning")
        for key in entry:
            if key not in (*_REQUIRED, *_LISTS):
                hint = name_hint(key, [*_REQUIRED, *_LISTS])
                raise _broken(document, (*path, key), f"a term has no key `{key}`", hint)
        for key in _REQUIRED:
            if not isinstance(entry.get(key), str):
                raise _broken(document, (*path, key), f"a term needs `{key}`, a text")
        for key in _LISTS:
            words = entry.get(key, [])
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise _broken(document, (*path, key), f"`{key}` is a list of texts")
        lists = (tuple(entry.get(key, ())) for key in _LISTS)
        yield Term(entry["term"], entry["meaning"], *lists)


def _broken(
    document: YamlDocument, path: KeyPath, fact: str, hint: str | None = None
) -> CatalogError:
    return CatalogError("MP502", fact, document.place(path), hint)
