"""Where a port's column arrives in the ports that are built from it, with none between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from meshport.lineage.graph import MeshLineage, Table, TableColumn, port_table
from meshport.lineage.reach import Path, Way
from meshport.names import PortId
from meshport.sql.lineage import ROWS, How


class Arrival(NamedTuple):
    """One way in which a column is used for a column of a port, or (`ROWS`) for its rows."""

    table: Table
    column: str
    how: How
    path: Path


def arrivals(lineage: MeshLineage, port: PortId, column: str) -> Iterator[Arrival]:
    """Every use of the column for another port, through the models between, the nearest first."""
    start = (TableColumn(port_table(port), column), How.IDENTITY)
    paths: dict[tuple[TableColumn, How], Path] = {start: ()}
    waiting = [start]
    for here, inner in waiting:
        for usage in lineage.usages(here.table).get(here.column, ()):
            made = (TableColumn(usage.reader, usage.output), usage.how.onto(inner))
            if made in paths or here.column == ROWS:
                continue
            used = f"{here.table}.{here.column}"
            way = Way(used, usage.how.value, lineage.place(usage.reader, usage.line))
            paths[made] = (*paths[here, inner], way)
            if lineage.port_of(usage.reader) is None:
                waiting.append(made)
            else:
                yield Arrival(usage.reader, usage.output, made[1], paths[made])
