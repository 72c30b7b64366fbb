"""The columns that a contract promises and those that its model's query returns (PAR01)."""

from __future__ import annotations

from collections.abc import Iterator

from meshport.errors import Place
from meshport.gate.problem import error
from meshport.lineage.graph import MeshLineage, port_table
from meshport.products.mesh import Port
from meshport.reports.result import Problem

_STAR = "*"


def problems(port: Port, lineage: MeshLineage) -> Iterator[Problem]:
    """PAR01: the model's query returns exactly the promised columns."""
    table, contract = port_table(port.id), port.contract
    model = lineage.models.get(table)
    if model is None:
        fact = f"{port.id} is promised, and no model {port.id.model} makes it"
        yield error(
            "PAR01", fact, Place(contract.file), "write the model in dbt/models/output_ports/"
        )
        return
    made = {column.name: column.line for column in model.query.columns}
    if not made or _STAR in made:
        return  # What cannot be told counts against the floor of the lineage.
    promised = {column.name: column.place for column in contract.table.columns}
    for name in [name for name in made if name not in promised]:
        fact = f"the model returns `{name}`, which {port.id} does not promise"
        place = lineage.place(table, made[name])
        yield error("PAR01", fact, place, "promise it, or leave it out of the model")
    for name in [name for name in promised if name not in made]:
        fact = f"{port.id} promises `{name}`, which its model does not return"
        yield error("PAR01", fact, promised[name], "return it, or take it out of the promise")
