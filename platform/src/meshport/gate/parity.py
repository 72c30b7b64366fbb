"""Contract, model and generated files side by side, without building anything (PAR01, PAR02)."""

from __future__ import annotations

from collections.abc import Iterator

from meshport.errors import Place
from meshport.gate.problem import error
from meshport.lineage.graph import MeshLineage, port_table
from meshport.orchestration.dbt_files import derived_files, stale_files
from meshport.products.mesh import DataProduct, Mesh, Port
from meshport.reports.result import Problem

_STAR = "*"


def problems(mesh: Mesh, lineage: MeshLineage) -> Iterator[Problem]:
    """Where what is promised and what is built do not have the same columns."""
    for product in mesh.products.values():
        yield from _stale(mesh, product)
        for port in product.ports:
            yield from _columns(port, lineage)


def _stale(mesh: Mesh, product: DataProduct) -> Iterator[Problem]:
    """PAR02: what dbt enforces is what the contract says; sources need the domain's code."""
    files = {f: t for f, t in derived_files(product, ()).items() if f.parent.name == "output_ports"}
    for file in stale_files(files):
        place = Place(str(file.relative_to(mesh.root)))
        fact = "dbt would hold the model against another contract than the one that is here"
        yield error("PAR02", fact, place, "run meshport generate")


def _columns(port: Port, lineage: MeshLineage) -> Iterator[Problem]:
    """PAR01: the model's query returns exactly the promised columns."""
    table, contract = port_table(port.id), port.contract
    model = lineage.models.get(table)
    if model is None:
        fact = f"{port.id} is promised, and no model {port.id.model} makes it"
        yield error(
            "PAR01", fact, Place(contract.file), "write the model in dbt/models/output_ports/"
        )
        return
    made = [column.name for column in model.query.columns]
    if not made or _STAR in made:
        return  # What cannot be told counts against the floor of the lineage.
    promised = {column.name: column.place for column in contract.table.columns}
    for name in [name for name in made if name not in promised]:
        fact = f"the model returns `{name}`, which {port.id} does not promise"
        place = lineage.place(table)
        yield error("PAR01", fact, place, "promise it, or leave it out of the model")
    for name in [name for name in promised if name not in made]:
        fact = f"{port.id} promises `{name}`, which its model does not return"
        yield error("PAR01", fact, promised[name], "return it, or take it out of the promise")
