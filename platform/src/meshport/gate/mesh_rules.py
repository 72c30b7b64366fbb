"""What has to fit between files: products, references across contracts, input ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from meshport.contracts.lifecycle import end_of_support
from meshport.contracts.model import Contract
from meshport.errors import MeshportError, Place
from meshport.gate.problem import error, warning
from meshport.gate.published import PastContract
from meshport.names import PortId
from meshport.products.mesh import DataProduct, Mesh, referenced_port
from meshport.reports.result import Problem, problems_of


def problems(mesh: Mesh, heads: Sequence[PastContract], today: date) -> Iterator[Problem]:
    """Broken products (MP2xx), references to nothing (KEY06), inputs that end (PRT07)."""
    said = {head.contract.file for head in heads}
    for fault in mesh.broken.values():
        # Broken contracts were named already; a descriptor that leads to one says nothing new.
        yield from (
            p for p in problems_of(fault) if not p.rule.startswith("MP10") or p.file in said
        )
    for head in heads:
        yield from _references(mesh, head.contract)
    for product in mesh.products.values():
        yield from _inputs(product, today)
    try:
        mesh.publishing_order()
    except MeshportError as fault:
        yield from problems_of(fault)


def _references(mesh: Mesh, contract: Contract) -> Iterator[Problem]:
    """KEY06: a foreign key points at a column that the other contract promises."""
    for table in contract.tables:
        for relationship in table.relationships:
            try:
                target = referenced_port(contract, relationship.target)
            except MeshportError as fault:
                yield error(fault.code, fault.fact, relationship.place, fault.hint)
                continue
            if target and target.domain in mesh.broken and _is_there(mesh, target):
                continue  # It was said why it cannot be read.
            promised = _promised(mesh, contract, target)
            there = promised.find_table(relationship.target.table) if promised else None
            gone = [c for c in relationship.target.columns if not (there and there.column(c))]
            if gone:
                names = ", ".join(gone)
                fact = f"`{relationship.id}` points at {names} of {target or contract.id}"
                hint = "point it at a column that is promised there"
                yield error("KEY06", fact, relationship.place, hint)


def _is_there(mesh: Mesh, port: PortId) -> bool:
    return (mesh.root / port.contract_path).exists()


def _promised(mesh: Mesh, contract: Contract, target: PortId | None) -> Contract | None:
    if target is None:
        return contract
    port = mesh.find(target)
    return port.contract if port else None


def _inputs(product: DataProduct, today: date) -> Iterator[Problem]:
    """PRT07: an input port whose support ends, or has ended."""
    place = Place(f"domains/{product.domain}/data_product.odps.yaml")
    for port, contract in product.inputs.items():
        ends = end_of_support(contract)
        if ends and ends < today:
            yield error(
                "PRT07", f"{port} is supported until {ends} only", place, "move to the next major"
            )
        elif contract.status in ("deprecated", "retired"):
            until = f", supported until {ends}" if ends else ""
            yield warning(
                "PRT07", f"{port} is {contract.status}{until}", place, "move to the next major"
            )
