"""What a descriptor says a port is built from, and what its models read (PAR06)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from meshport.errors import MeshportError, Place
from meshport.gate.problem import error, warning
from meshport.lineage.graph import MeshLineage, Table, port_table
from meshport.lineage.stages import input_port
from meshport.names import PortId
from meshport.products.descriptor import DESCRIPTOR_FILE
from meshport.products.mesh import DataProduct, Mesh, Port, referenced_port
from meshport.reports.result import Problem


def problems(mesh: Mesh, lineage: MeshLineage) -> Iterator[Problem]:
    """PAR06: ports are built from the ports that the descriptor names, and from no others."""
    read_by: dict[str, list[Table]] = {}
    for table in lineage.models:
        read_by.setdefault(table.domain, []).append(table)
    for product in mesh.products.values():
        tables = read_by.get(product.domain, [])
        undeclared = dict(_undeclared(product, lineage, tables))
        for missing, place in undeclared.items():
            fact = f"{missing} is read, and is no input port of {product.domain}"
            yield error("PAR06", fact, place, f"add it to inputPorts in {_file(product)}")
        read = {one for table in tables for one, _ in _inputs_of(lineage, table)}
        used = set(read)
        for port in product.ports:
            yield from _of_port(product, port, lineage, set(undeclared))
            used |= {*port.inputs, *_referenced(port)}
        for one in sorted(set(product.inputs) - used):
            fact = f"{one} is an input port of {product.domain}, and nothing there reads it"
            yield warning("PAR06", fact, Place(_file(product)), "take it out of inputPorts")


def _of_port(
    product: DataProduct, port: Port, lineage: MeshLineage, undeclared: set[PortId]
) -> Iterator[Problem]:
    read = _built_from(lineage, port_table(port.id))
    for one in sorted(set(read) - set(port.inputs) - undeclared):
        if one.domain != product.domain:
            fact = f"{port.id} is built from {one}, which its inputContracts do not name"
            hint = f"add {{id: {one.contract_id}, …}} to them in {_file(product)}"
            yield error("PAR06", fact, read[one], hint)
    for one in sorted(set(port.inputs) - set(read) - _referenced(port)):
        fact = f"{port.id} names {one} as what it is built from, and reads nothing of it"
        yield warning("PAR06", fact, Place(_file(product)), "take it out of inputContracts")


def _built_from(lineage: MeshLineage, table: Table) -> dict[PortId, Place]:
    """The ports that go into a table, and where each is read first within the domain."""
    found: dict[PortId, Place] = {}
    waiting = [table]
    for here in waiting:
        for port, place in _inputs_of(lineage, here):
            found.setdefault(port, place)
        for relation in _relations(lineage, here):
            other = Table(here.domain, relation)
            port_here = lineage.port_of(other)
            if port_here is not None:
                found.setdefault(port_here, _place(lineage, here, relation))
            if other in lineage.models and other not in waiting:
                waiting.append(other)
    return found


def _undeclared(
    product: DataProduct, lineage: MeshLineage, tables: list[Table]
) -> Iterator[tuple[PortId, Place]]:
    """Ports of others that a model reads and the product does not name, in order of the models."""
    for table in sorted(tables, reverse=True):
        for port, place in _inputs_of(lineage, table):
            if port not in product.inputs:
                yield port, place


def _inputs_of(lineage: MeshLineage, table: Table) -> Iterator[tuple[PortId, Place]]:
    for relation in _relations(lineage, table):
        port = input_port(relation)
        if port is not None:
            yield port, _place(lineage, table, relation)


def _relations(lineage: MeshLineage, table: Table) -> tuple[str, ...]:
    model = lineage.models.get(table)
    return model.query.relations if model is not None else ()


def _place(lineage: MeshLineage, table: Table, relation: str) -> Place:
    """The first line of the model that names a column of the relation."""
    names = lineage.models[table].query.names
    lines = [line for named, _, line in names if named == relation and line is not None]
    return lineage.place(table, min(lines, default=None))


def _referenced(port: Port) -> set[PortId]:
    """The ports that foreign keys point at: they are read when the port is checked."""
    found = set()
    for relationship in port.contract.table.relationships:
        with suppress(MeshportError):
            target = referenced_port(port.contract, relationship.target)
            found |= {target} if target is not None else set()
    return found


def _file(product: DataProduct) -> str:
    return f"domains/{product.domain}/{DESCRIPTOR_FILE}"
