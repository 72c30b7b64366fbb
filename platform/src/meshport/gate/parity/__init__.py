"""Contract, model, generated files, API and descriptor side by side, without building anything.

PAR01 columns, PAR02 generated files, PAR03 types, PAR04 what a model configures, PAR05 the API,
PAR06 what a port is built from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meshport.contracts.classification import Classifications
from meshport.gate.parity import api, column_types, columns, files, inputs
from meshport.gate.parity.column_types import TypeShare
from meshport.lineage.graph import MeshLineage
from meshport.products.mesh import Mesh
from meshport.reports.result import Problem


@dataclass(frozen=True)
class Parity:
    """What is held side by side: the mesh, its lineage, and the scale of sensitivity."""

    mesh: Mesh
    lineage: MeshLineage
    scale: Classifications
    cache: Path | None = None
    """Where is kept which generated file follows from which contracts."""

    def problems(self) -> Iterator[Problem]:
        """Where two of them say different things."""
        yield from files.stale(self.mesh, self.cache)
        for product in self.mesh.products.values():
            for port in product.ports:
                yield from columns.problems(port, self.lineage)
                yield from column_types.problems(port, self.lineage)
                yield from files.configured(port, self.lineage)
        yield from api.problems(self.mesh, self.scale)
        yield from inputs.problems(self.mesh, self.lineage)

    @property
    def figures(self) -> dict[str, float]:
        """How far one could look, as shares of 1: origins of columns, types of promised ones."""
        return {"origins_told": self.lineage.coverage, "types_told": self.types.share}

    @property
    def types(self) -> TypeShare:
        """Of how many promised columns the model's type can be told."""
        return column_types.share(self.mesh, self.lineage)
