"""The tables around a candidate: its siblings in the same release, and the pinned inputs."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meshport.checks.keys import Target
from meshport.checks.sandbox import Sandbox
from meshport.checks.table import TableSource
from meshport.contracts.model import Contract, Reference
from meshport.names import PortId
from meshport.products.mesh import DataProduct, Port, referenced_port
from meshport.sandbox.workers import Nursery
from meshport.sql_text import quote
from meshport.warehouse import parquet_scan


@dataclass
class Neighbours:
    """Files by port: the pinned inputs from the start, the siblings as they are built."""

    product: DataProduct
    files: dict[PortId, Sequence[Path]] = field(default_factory=dict)
    contracts: dict[PortId, Contract] = field(default_factory=dict)
    """What the rows in these files were audited against."""
    staged: dict[PortId, str] = field(default_factory=dict)
    """Tables in memory with the same rows as the files of some siblings."""

    def target(self, contract: Contract, reference: Reference) -> Target:
        """The table that a relationship of this contract points to, or why it is not there."""
        port = referenced_port(contract, reference)
        if port is None:
            return "a port has one table, so it refers to itself"
        if port not in self.files:
            return f"{port} is not an input of the {self.product.domain} data product"
        promised = self.contracts.get(port)
        table = promised.find_table(reference.table) if promised else None
        columns = [table.column(name) if table else None for name in reference.columns]
        if not all(columns):
            return f"{port} has no {', '.join(reference.columns)}"
        # A reference may name columns by id; the rule joins on the names it was written with.
        named = ", ".join(
            f"{quote(column.name)} as {quote(name)}"
            for column, name in zip(columns, reference.columns, strict=True)
            if column
        )
        relation = self.staged.get(port) or parquet_scan(self.files[port])
        return TableSource(f"(select {named} from {relation})")

    def sandbox(self, port: PortId, file: Path, ahead: Nursery | None) -> Sandbox:
        """What the contract's own queries see: the port by its bare name, all by domain.port."""
        tables: dict[str, Sequence[Path]] = {}
        for other, files in sorted({**self.files, port: [file]}.items()):
            tables[f"{other.domain}.{other.port}"] = files
            tables[f"{other.domain}.{other.model}"] = files
        return Sandbox({**tables, port.port: [file]}, ahead=ahead)

    def contract(self, contract: Contract, reference: Reference) -> Contract | None:
        """The contract that the table a relationship points to was audited against."""
        port = referenced_port(contract, reference)
        return self.contracts.get(port) if port in self.files and port else None


def building_order(product: DataProduct) -> list[Port]:
    """The product's ports, each after the siblings it refers to."""
    by_id = {port.id: port for port in product.ports}
    graph: Mapping[PortId, list[PortId]] = {
        port.id: [target for target in _targets(port) if target in by_id and target != port.id]
        for port in product.ports
    }
    try:
        return [by_id[port] for port in graphlib.TopologicalSorter(graph).static_order()]
    except graphlib.CycleError:
        # Two ports may refer to each other; then the descriptor's order is as good as any.
        return list(product.ports)


def is_target(port: PortId, others: Sequence[Port]) -> bool:
    """Whether one of the others refers to the port."""
    return any(port in _targets(other) for other in others)


def _targets(port: Port) -> list[PortId]:
    found = (
        referenced_port(port.contract, relationship.target)
        for table in port.contract.tables
        for relationship in table.relationships
    )
    return [target for target in found if target]
