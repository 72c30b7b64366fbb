"""The mesh's own scale of sensitivity, read from catalog/classifications.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport.contracts.model import Column
from meshport.errors import CatalogError
from meshport.yaml_file import read_yaml

FILE = "catalog/classifications.yaml"


@dataclass(frozen=True)
class Classification:
    """One step of the scale; `rank` counts from 0, the mildest."""

    name: str
    rank: int
    meaning: str
    is_served_openly: bool


@dataclass(frozen=True)
class Classifications:
    """The whole scale."""

    steps: tuple[Classification, ...]

    def find(self, name: str | None) -> Classification | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)

    def served_openly(self, columns: Iterable[Column]) -> list[Column]:
        """The columns that anyone may read; one whose class is unknown is not among them."""
        open_names = {step.name for step in self.steps if step.is_served_openly}
        return [column for column in columns if column.classification in open_names]


def read_classifications(root: Path) -> Classifications:
    """Read the scale; raises CatalogError MP501 where it is not one."""
    document = read_yaml(root / FILE, FILE)
    entries = document.value.get("classifications") if isinstance(document.value, dict) else None
    if not isinstance(entries, list) or not entries:
        fact = "the file needs a list `classifications`"
        raise CatalogError("MP501", fact, document.place())
    steps: list[Classification] = []
    for rank, entry in enumerate(entries):
        fault = _fault(entry, {step.name for step in steps})
        if fault:
            raise CatalogError("MP501", fault, document.place(("classifications", rank)))
        steps.append(Classification(rank=rank, **entry))
    return Classifications(tuple(steps))


def _fault(entry: Any, taken: set[str]) -> str | None:
    """What is wrong with an entry; a text such as `no` must not pass for a yes."""
    kinds = {"name": str, "meaning": str, "is_served_openly": bool}
    if not isinstance(entry, dict) or set(entry) != set(kinds):
        return f"a classification has exactly {', '.join(kinds)}"
    wrong = [key for key, kind in kinds.items() if not isinstance(entry[key], kind)]
    if wrong:
        what = "true or false" if wrong == ["is_served_openly"] else "a text"
        return f"`{wrong[0]}` is `{entry[wrong[0]]}`, not {what}"
    return f"`{entry['name']}` stands twice" if entry["name"] in taken else None
