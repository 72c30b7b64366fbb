"""The list of changes, and how one is made in a copy of the mesh."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshport.names import PortId
from meshport.yaml_file import read_yaml

LIST = Path(__file__).with_name("mutations.yaml")
_DESCRIPTOR = "domains/{0.domain}/data_product.odps.yaml"


@dataclass(frozen=True)
class Mutation:
    """One change that a producer makes to one port."""

    say: str
    port: PortId
    edits: tuple[Mapping[str, Any], ...]
    retired: bool = False
    """Whether the port itself goes."""
    behind: tuple[PortId, ...] = field(default=())
    """Other ports that the producer changes with it, for they are made by the same models."""

    @property
    def changed(self) -> frozenset[PortId]:
        """The ports that are the producer's own change."""
        return frozenset({self.port, *self.behind})

    def apply(self, root: Path) -> None:
        """Make the change in the mesh below `root`; every text it replaces has to be there."""
        for edit in self.edits:
            _apply(root, self.port, edit)
        if self.retired:
            _retire(root, self.port)


def all_mutations(file: Path = LIST) -> list[Mutation]:
    """The whole list, in its order; no two say the same."""
    found = [
        Mutation(
            one["say"],
            PortId.parse(one["port"]),
            tuple(one.get("edits", ())),
            one.get("retired", False),
            tuple(map(PortId.parse, one.get("behind", ()))),
        )
        for one in read_yaml(file, file.name).value
    ]
    assert len({one.say for one in found}) == len(found), "two mutations say the same"
    return found


def _apply(root: Path, port: PortId, edit: Mapping[str, Any]) -> None:
    file = root / _file(port, edit)
    text = file.read_text()
    entry = edit.get("column") or edit.get("rule")
    old = _block(text, entry) if entry else text
    file.write_text(text.replace(old, _replaced(old, edit, file) if "from" in edit else ""))


def _file(port: PortId, edit: Mapping[str, Any]) -> str:
    """`in: contract` and `in: model` are those of the port; else a path."""
    known = {
        "contract": port.contract_path,
        "model": f"domains/{port.domain}/dbt/models/output_ports/{port.model}.sql",
    }
    return known.get(edit["in"], edit["in"])


def _block(text: str, name: str) -> str:
    """The entry of a column or a quality rule, with everything that is further in."""
    found = re.search(rf"^( +)- id: {name}\n(?:\1 .*\n)*", text, re.MULTILINE)
    assert found, f"there is no entry `{name}`"
    return found[0]


def _replaced(text: str, edit: Mapping[str, Any], file: Path) -> str:
    old = edit["from"]
    times = text.count(old)
    wanted = edit.get("times", 1)
    assert times == wanted, f"{file}: {old!r} is there {times} times, not {wanted}"
    return text.replace(old, edit["to"])


def _retire(root: Path, port: PortId) -> None:
    """Take contract, model and offer away."""
    (root / port.contract_path).unlink()
    models = root / "domains" / port.domain / "dbt" / "models" / "output_ports"
    (models / f"{port.model}.sql").unlink()
    (models / f"{port.port}.yml").unlink()
    descriptor = root / _DESCRIPTOR.format(port)
    entry = rf"^  - name: {port.port}\n(?:    .*\n)*"
    text, times = re.subn(entry, "", descriptor.read_text(), flags=re.MULTILINE)
    assert times == 1, f"{descriptor} offers {port.port} {times} times"
    descriptor.write_text(text)
