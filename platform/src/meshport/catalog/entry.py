"""What the catalog says of a port and of a data product, ready to be shown in any form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from meshport.catalog.glossary import Term, read_glossary
from meshport.catalog.search import SearchIndex
from meshport.catalog.status import PortStatus, port_status
from meshport.contracts.classification import Classifications, read_classifications
from meshport.contracts.model import Column
from meshport.errors import MeshportError
from meshport.names import PortId
from meshport.products.mesh import DataProduct, Mesh, Port, load_mesh
from meshport.publishing.manifest import CheckOutcome, PortRelease
from meshport.publishing.released import standing_mesh
from meshport.publishing.store import ReleaseStore


@dataclass(frozen=True)
class Catalog:
    """Everything that is in the mesh's files, read once; states are looked up when asked for."""

    mesh: Mesh
    store: ReleaseStore
    scale: Classifications
    glossary: Sequence[Term]
    index: SearchIndex

    @classmethod
    def read(cls, root: Path, home: Path) -> Catalog:
        """Read the files below `root`; raises CatalogError MP501, MP502."""
        store = ReleaseStore(home)
        mesh = standing_mesh(load_mesh(root), store)
        glossary = read_glossary(root)
        scale = read_classifications(root)
        return cls(mesh, store, scale, glossary, SearchIndex(mesh, glossary))

    def entry(self, port: Port, now: datetime) -> PortEntry:
        """What the catalog says of a port at that moment."""
        status = port_status(port, self.store, now)
        return PortEntry(
            port=port,
            status=replace(
                status,
                release=self._shown(port, status.release),
                refusal=self._shown_refusal(status.refusal),
            ),
            visible=self.served(port, status.release),
            hidden=self._withheld(port),
            consumers=[other.id for other in self.mesh.consumers_of(port.id)],
        )

    def served(self, port: Port, release: PortRelease | None) -> list[Column]:
        """The columns that anyone may read: openly classified, and in the release if there is one.

        The contract in the mesh decides on the class, so that a stricter one holds at once, also
        for releases made before.
        """
        columns = self.scale.served_openly(port.contract.table.columns)
        written = {column.name for column in release.columns} if release else None
        return [column for column in columns if written is None or column.name in written]

    def shown_checks(self, port: Port, checks: Sequence[CheckOutcome]) -> list[CheckOutcome]:
        """Check results without the values of withheld columns."""
        hidden = {column.name for column in self._withheld(port)}
        return [c.model_copy(update={"sample_keys": _open(c.sample_keys, hidden)}) for c in checks]

    def _shown(self, port: Port, release: PortRelease | None) -> PortRelease | None:
        if release is None:
            return None
        return release.model_copy(update={"checks": self.shown_checks(port, release.checks)})

    def _shown_refusal(self, refusal: dict[str, Any] | None) -> dict[str, Any] | None:
        if refusal is None:
            return None
        checks = []
        for check in refusal["checks"]:
            port = self.mesh.find(PortId.parse(check["port"]))
            # Of a port that is gone nobody knows which columns may be shown.
            keys = check["sample_keys"]
            withheld = (
                [c.name for c in self._withheld(port)] if port else [n for k in keys for n in k]
            )
            checks.append({**check, "sample_keys": _open(keys, set(withheld))})
        return {**refusal, "checks": checks}

    def _withheld(self, port: Port) -> list[Column]:
        columns = port.contract.table.columns
        return [c for c in columns if c not in self.scale.served_openly(columns)]

    def product_entry(self, product: DataProduct, now: datetime) -> ProductEntry:
        """What the catalog says of a data product at that moment."""
        return ProductEntry(product, [self.entry(port, now) for port in product.ports])

    def states(self, now: datetime) -> dict[PortId, str]:
        """The state of every port in one word."""
        return {p.id: port_status(p, self.store, now).state for p in self.mesh.ports}


@dataclass(frozen=True)
class PortEntry:
    """A port with its state and what the reader may see of it."""

    port: Port
    status: PortStatus
    visible: Sequence[Column]
    """The columns that are served now."""
    hidden: Sequence[Column]
    """The columns that are withheld for their class."""
    consumers: Sequence[PortId]

    @property
    def checks_by_column(self) -> dict[str, list[CheckOutcome]]:
        """The checks of the current release by column; those of the table under the empty name."""
        found: dict[str, list[CheckOutcome]] = {}
        for check in self.status.release.checks if self.status.release else ():
            found.setdefault(check.column or "", []).append(check)
        return found

    def as_json(self) -> dict[str, Any]:
        """The port's document: contract summary, release, service levels, what I may see."""
        contract, table = self.port.contract, self.port.contract.table
        return {
            **self.status.as_json(),
            "urn": self.port.id.urn,
            "name": contract.name,
            "status": contract.status,
            "purpose": contract.purpose,
            "usage": contract.usage,
            "limitations": contract.limitations,
            "owner": contract.team_name,
            "grain": table.grain,
            "key": list(table.key),
            "columns": [self._column(column) for column in table.columns],
            "inputs": [str(port) for port in self.port.inputs],
            "consumers": [str(port) for port in self.consumers],
            "access": {
                "class": "internal",
                "columns_served": len(self.visible),
                "columns_withheld": len(self.hidden),
                "note": WITHHELD,
            },
            "links": {name: f"{self.port.id.path}/{name}" for name in PARTS},
        }

    def _column(self, column: Column) -> dict[str, Any]:
        return {
            "name": column.name,
            "type": column.physical_type,
            "description": column.description,
            "unit": column.unit,
            "required": column.required,
            "classification": column.classification,
            "is_served": column in self.visible,
        }


PARTS = ("rows", "contract", "schema", "checks", "releases", "lineage", "receipt")
WITHHELD = "Columns that are neither public nor internal are served to nobody yet."


@dataclass(frozen=True)
class ProductEntry:
    """A data product with the entries of its ports."""

    product: DataProduct
    ports: Sequence[PortEntry]

    @property
    def state(self) -> str:
        """The worst state among its ports, in one word."""
        states = [entry.status.state for entry in self.ports]
        return max(states, key=("healthy", "late", "unpublished", "refused").index)

    def as_json(self) -> dict[str, Any]:
        """Descriptor and state."""
        return {
            "domain": self.product.domain,
            "state": self.state,
            "descriptor": self.product.descriptor.model_dump(
                mode="json", by_alias=True, exclude_none=True
            ),
            "upstream": list(self.product.upstream),
            "ports": [entry.status.as_json() for entry in self.ports],
            "links": {str(e.port.id): e.port.id.path for e in self.ports},
        }


def broken_as_json(broken: dict[str, MeshportError]) -> list[dict[str, str]]:
    """The domains whose files cannot be read, and why."""
    return [{"domain": domain, "error": str(error)} for domain, error in sorted(broken.items())]


def _open(keys: Sequence[dict[str, Any]], hidden: set[str]) -> list[dict[str, Any]]:
    """Keys of offending rows, without those that name a withheld column."""
    return [key for key in keys if hidden.isdisjoint(key)]
