"""What the catalog says of a port and of a data product, ready to be shown in any form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from meshport.access.authorize import OPENLY, Grant, views_of, visible_columns
from meshport.access.principal import DEMO
from meshport.catalog.glossary import Term, read_glossary
from meshport.catalog.search import SearchIndex
from meshport.catalog.status import PortStatus, port_status
from meshport.contracts.access_class import AccessClass, access_classes, view_of
from meshport.contracts.classification import Classifications, read_classifications
from meshport.contracts.masking import CLEAR
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

    def entry(self, port: Port, now: datetime, grant: Grant | None = None) -> PortEntry:
        """What the catalog says of a port at that moment to whoever holds the grant.

        Without a grant: to anyone of the company.
        """
        grant = grant or Grant(DEMO, port.id, self.open_class, OPENLY)
        reader, status = grant.reader, port_status(port, self.store, now)
        return PortEntry(
            port=port,
            status=replace(
                status,
                release=self._shown(port, status.release, reader),
                refusal=self._shown_refusal(status.refusal, reader),
            ),
            grant=grant,
            views=views_of(self.scale, reader, port, status.release),
            visible=self.served(port, status.release, reader),
            hidden=self._withheld(port, reader),
            consumers=[other.id for other in self.mesh.consumers_of(port.id)],
        )

    @cached_property
    def open_class(self) -> AccessClass:
        """What anyone of the company sees without asking."""
        served = [step.name for step in self.scale.steps if step.is_served_openly]
        by_name = {one.name: one for one in access_classes(self.scale)}
        return by_name[served[-1] if served else self.scale.steps[0].name]

    def served(
        self, port: Port, release: PortRelease | None, reader: AccessClass | None = None
    ) -> list[Column]:
        """The columns that a class reads, of the release if there is one."""
        reader, columns = reader or self.open_class, port.contract.table.columns
        if release is None:
            return [column for column in columns if view_of(column, reader, self.scale)]
        shown = set(visible_columns(self.scale, reader, port, release))
        return [column for column in columns if column.name in shown]

    def shown_checks(
        self, port: Port, checks: Sequence[CheckOutcome], reader: AccessClass | None = None
    ) -> list[CheckOutcome]:
        """Check results without the values of columns that are not open, and to the reader."""
        hidden = self._not_clear(port, reader or self.open_class)
        return [c.model_copy(update={"sample_keys": _open(c.sample_keys, hidden)}) for c in checks]

    def _shown(
        self, port: Port, release: PortRelease | None, reader: AccessClass
    ) -> PortRelease | None:
        if release is None:
            return None
        checks = self.shown_checks(port, release.checks, reader)
        return release.model_copy(update={"checks": checks})

    def _shown_refusal(
        self, refusal: dict[str, Any] | None, reader: AccessClass
    ) -> dict[str, Any] | None:
        if refusal is None:
            return None
        checks = []
        for check in refusal["checks"]:
            port = self.mesh.find(PortId.parse(check["port"]))
            # Of a port that is gone nobody knows which columns may be shown.
            keys = check["sample_keys"]
            hidden = {name for key in keys for name in key}
            if port:
                hidden = self._not_clear(port, reader)
            checks.append({**check, "sample_keys": _open(keys, hidden)})
        return {**refusal, "checks": checks}

    def _withheld(self, port: Port, reader: AccessClass) -> list[Column]:
        columns = port.contract.table.columns
        return [c for c in columns if view_of(c, reader, self.scale) is None]

    def _not_clear(self, port: Port, reader: AccessClass) -> set[str]:
        """The columns whose values as they are may not stand where rows are not asked for."""
        return {
            column.name
            for column in port.contract.table.columns
            for one in (reader, self.open_class)
            if view_of(column, one, self.scale) != CLEAR
        }

    def product_entry(
        self, product: DataProduct, now: datetime, reader: AccessClass | None = None
    ) -> ProductEntry:
        """What the catalog says of a data product at that moment to a reader of that class.

        Without a class: to anyone of the company.
        """
        grants = [Grant(DEMO, p.id, reader or self.open_class, OPENLY) for p in product.ports]
        entries = [
            self.entry(port, now, grant) for port, grant in zip(product.ports, grants, strict=True)
        ]
        return ProductEntry(product, entries)

    def states(self, now: datetime) -> dict[PortId, str]:
        """The state of every port in one word."""
        return {p.id: port_status(p, self.store, now).state for p in self.mesh.ports}


@dataclass(frozen=True)
class PortEntry:
    """A port with its state and what the reader may see of it."""

    port: Port
    status: PortStatus
    grant: Grant
    """What the reader may see, and why."""
    views: dict[str, str]
    """How each served column is shown: `clear`, or by the mask's name."""
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
            "access": self._access(),
            "links": {name: f"{self.port.id.path}/{name}" for name in PARTS},
        }

    @property
    def masked(self) -> dict[str, str]:
        """The columns that are served through a mask, and which."""
        return {name: mask for name, mask in self.views.items() if mask != str(CLEAR)}

    def _access(self) -> dict[str, Any]:
        grant = self.grant
        return {
            "class": grant.reader.name,
            "rule": grant.rule,
            "purpose": grant.purpose,
            "scope": list(grant.scope) if grant.scope is not None else None,
            "until": grant.until.isoformat() if grant.until else None,
            "columns_served": len(self.visible),
            "columns_withheld": len(self.hidden),
            "served": [column.name for column in self.visible],
            "masked": self.masked,
            "withheld": [column.name for column in self.hidden],
            "note": WITHHELD,
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
            "mask": self.masked.get(column.name),
        }


PARTS = ("rows", "contract", "schema", "checks", "releases", "lineage", "receipt")
WITHHELD = "Columns beyond your access class do not exist for you; ask for access to the port."


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
