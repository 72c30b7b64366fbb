"""Checks of contracts that look into other ports: foreign keys, and queries that name them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from meshport.checks.runnable import placeholders_filled
from meshport.contracts.model import Contract, QualityRule, Reference, Severity
from meshport.errors import MeshportError, Place
from meshport.names import PortId
from meshport.products.mesh import DataProduct, Mesh, Port, referenced_port
from meshport.sql.lineage import How, QueryLineage, Source, query_lineage


class ForeignCheck(NamedTuple):
    """One column of a port that the check of another port's contract looks at."""

    reader: PortId
    """Whose check it is."""
    column: str
    is_key: bool
    """Whether it is the target of a foreign key: where that is gone, nothing is checked."""
    is_joined: bool
    """Whether rows of the reader have to find theirs by it."""
    place: Place


def foreign_checks(mesh: Mesh, port: PortId, columns: Sequence[str]) -> Iterator[ForeignCheck]:
    """Every check that keeps another port back and looks into this one, with these columns."""
    for product in mesh.products.values():
        if port.domain == product.domain or port in product.inputs:
            relations = {name: Source(columns) for name in _names(product, port)}
            for reader in product.ports:
                if reader.id != port:
                    yield from _keys(reader, port)
                    yield from _queries(reader, relations)


def _keys(reader: Port, port: PortId) -> Iterator[ForeignCheck]:
    for table in reader.contract.tables:
        for one in table.relationships:
            if _target(reader.contract, one.target) == port:
                for column in one.target.columns:
                    yield ForeignCheck(reader.id, column, True, True, one.place)


def _target(contract: Contract, reference: Reference) -> PortId | None:
    try:
        return referenced_port(contract, reference)
    except MeshportError:
        return None


def _names(product: DataProduct, port: PortId) -> list[str]:
    """What a product's rules call the port: without a major they mean the last one they see."""
    seen = (*product.inputs, *(one.id for one in product.ports))
    later = [one for one in seen if (one.domain, one.port) == (port.domain, port.port)]
    bare = [] if any(one.major > port.major for one in later) else [f"{port.domain}.{port.port}"]
    return [*bare, f"{port.domain}.{port.model}"]


def _queries(reader: Port, others: Mapping[str, Source]) -> Iterator[ForeignCheck]:
    contract = reader.contract
    own = {table.name: Source([one.name for one in table.columns]) for table in contract.tables}
    for rule, column in _rules(contract):
        if rule.query and any(name in rule.query for name in others):
            filled = placeholders_filled(rule.query, contract.table.name, column)
            found = query_lineage(filled, {**own, **others})
            named = {name for relation, name, _ in found.names if relation in others}
            joined = _joined(found, others)
            for one in sorted(named):
                yield ForeignCheck(reader.id, one, False, one in joined, rule.place)


def _rules(contract: Contract) -> Iterator[tuple[QualityRule, str | None]]:
    """The rules that keep a release back."""
    for table in contract.tables:
        for column in (None, *table.columns):
            for rule in table.quality if column is None else column.quality:
                if rule.severity is Severity.ERROR:
                    yield rule, column.name if column else None


def _joined(found: QueryLineage, names: Container[str]) -> set[str]:
    uses = [*found.rows, *(use for column in found.columns for use in column.uses)]
    return {use.column for use in uses if use.relation in names and use.how is How.JOIN}
