"""Words of the business, read from catalog/glossary.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshport.errors import CatalogError
from meshport.yaml_file import read_yaml

FILE = "catalog/glossary.yaml"


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
    terms = []
    for index, entry in enumerate(document.value["terms"]):
        try:
            terms.append(
                Term(
                    entry["term"],
                    entry["meaning"],
                    tuple(entry.get("synonyms", ())),
                    tuple(entry.get("columns", ())),
                )
            )
        except (KeyError, TypeError, AttributeError) as error:
            place = document.place(("terms", index))
            raise CatalogError("MP502", f"a term needs {error}", place) from error
    return terms
