"""The mesh's own scale of sensitivity, read from catalog/classifications.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
    try:
        steps = tuple(
            Classification(entry["name"], rank, entry["meaning"], entry["is_served_openly"])
            for rank, entry in enumerate(document.value["classifications"])
        )
    except (KeyError, TypeError) as error:
        fact = f"a classification needs name, meaning and is_served_openly ({error})"
        raise CatalogError("MP501", fact, document.place()) from error
    return Classifications(steps)
