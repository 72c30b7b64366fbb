"""The types that a contract promises and those that its model's query gives (PAR03).

dbt would say the same when it builds the model. What cannot be told from the SQL is counted, and
never taken for equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from meshport.contracts.model import Column
from meshport.gate.problem import error
from meshport.lineage.graph import MeshLineage, port_table
from meshport.products.mesh import Mesh, Port
from meshport.reports.result import Problem
from meshport.sql.lineage import OutputColumn
from meshport.sql.value_type import ValueType, value_type

_ZONES = {"TIMESTAMP", "TIMESTAMPTZ"}


class TypeShare(NamedTuple):
    """How many of the promised columns that models make have a type that can be told."""

    told: int
    columns: int

    @property
    def share(self) -> float:
        """As a share of 1."""
        return self.told / self.columns if self.columns else 1.0


class _Pair(NamedTuple):
    """A column as it is promised and as it is made, with its types where they can be told."""

    promised: Column
    made: OutputColumn
    wanted: ValueType | None

    @property
    def is_told(self) -> bool:
        return self.wanted is not None and self.made.type is not None


def problems(port: Port, lineage: MeshLineage) -> Iterator[Problem]:
    """PAR03: the model's query gives the promised types."""
    for promised, made, wanted in _pairs(port, lineage):
        if wanted is not None and made.type not in (None, wanted.text):
            fact = (
                f"the model returns `{made.name}` as {made.type}, "
                f"{port.id} promises {promised.physical_type}"
            )
            place = lineage.place(port_table(port.id), made.line)
            yield error("PAR03", fact, place, _way_out(wanted.text, str(made.type)))


def share(mesh: Mesh, lineage: MeshLineage) -> TypeShare:
    """Of how many promised columns the model's type can be told."""
    ports = [port for product in mesh.products.values() for port in product.ports]
    told = [pair.is_told for port in ports for pair in _pairs(port, lineage)]
    return TypeShare(sum(told), len(told))


def _pairs(port: Port, lineage: MeshLineage) -> Iterator[_Pair]:
    model = lineage.models.get(port_table(port.id))
    made = {column.name: column for column in model.query.columns} if model else {}
    for column in port.contract.table.columns:
        if column.name in made:
            wanted = value_type(column.physical_type) if column.physical_type else None
            yield _Pair(column, made[column.name], wanted)


def _way_out(wanted: str, made: str) -> str:
    if {wanted, made} == _ZONES:
        # A plain cast would take the zone of whoever runs it.
        return f"write timezone('UTC', …), with the zone it is written in, or promise {made}"
    return f"write cast(… as {wanted}), or promise {made}"
