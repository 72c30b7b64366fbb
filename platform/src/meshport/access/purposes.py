"""What data may be asked for: the mesh's list of purposes, in terms of the W3C's DPV 2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshport.errors import AccessError, CatalogError
from meshport.yaml_file import read_yaml

FILE = "catalog/purposes.yaml"


@dataclass(frozen=True)
class Purpose:
    """One purpose; `term` is its name in the Data Privacy Vocabulary."""

    name: str
    term: str
    meaning: str


@dataclass(frozen=True)
class Purposes:
    """All purposes of the mesh."""

    all: tuple[Purpose, ...]

    def get(self, name: str) -> Purpose:
        """The purpose of that name; raises AccessError MP730."""
        found = next((one for one in self.all if one.name == name), None)
        if found is None:
            hint = f"purposes: {', '.join(one.name for one in self.all)}"
            raise AccessError("MP730", f"there is no purpose `{name[:80]}`", hint=hint)
        return found


def read_purposes(root: Path) -> Purposes:
    """Read the list; without the file there are none. Raises CatalogError MP507."""
    if not (root / FILE).is_file():
        return Purposes(())
    document = read_yaml(root / FILE, FILE)
    entries = document.value.get("purposes") if isinstance(document.value, dict) else None
    if not isinstance(entries, list):
        raise CatalogError("MP507", "the file needs a list `purposes`", document.place())
    found: list[Purpose] = []
    for number, entry in enumerate(entries):
        is_sound = isinstance(entry, dict) and set(entry) == {"name", "term", "meaning"}
        if not is_sound or not all(isinstance(value, str) for value in entry.values()):
            fact = "a purpose has exactly name, term and meaning, all texts"
            raise CatalogError("MP507", fact, document.place(("purposes", number)))
        if any(one.name == entry["name"] for one in found):
            fact = f"`{entry['name']}` stands twice"
            raise CatalogError("MP507", fact, document.place(("purposes", number)))
        found.append(Purpose(**entry))
    return Purposes(tuple(found))
