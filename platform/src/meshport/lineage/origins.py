"""Where a port's column comes from: the next ports and source tables upstream, with the path."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from meshport.errors import Place
from meshport.lineage.graph import MeshLineage, TableColumn, port_table
from meshport.names import PortId
from meshport.sql.lineage import ROWS, How, Kind


class Step(NamedTuple):
    """One use on a path: the column used, how, and the line that says so."""

    source: TableColumn
    how: How
    place: Place


@dataclass(frozen=True)
class Origin:
    """A column of a port or of a source that another column is made from."""

    source: TableColumn
    hows: frozenset[How]
    """In which ways, over all paths."""
    path: tuple[Step, ...]
    """A shortest path of the strongest kind, from the source on."""

    @property
    def kind(self) -> Kind:
        """The strongest kind: direct where values flow on any path."""
        is_direct = any(how.kind is Kind.DIRECT for how in self.hows)
        return Kind.DIRECT if is_direct else Kind.INDIRECT


def origins(lineage: MeshLineage, port: PortId, column: str) -> list[Origin]:
    """The columns that a port's column is made from, through all models to the next ports."""
    start = (TableColumn(port_table(port), column), How.IDENTITY)
    paths: dict[tuple[TableColumn, How], tuple[Step, ...]] = {start: ()}
    waiting = [start]
    ends: dict[TableColumn, dict[How, tuple[Step, ...]]] = defaultdict(dict)
    for here, outer in waiting:
        # What decides about a table's rows decides about each of its columns.
        table, name = here
        for source, how, place in [
            *lineage.made_from(table, ROWS),
            *(lineage.made_from(table, name) if name != ROWS else ()),
        ]:
            combined = outer.onto(how)
            path = (Step(source, how, place), *paths[here, outer])
            if lineage.port_of(source.table) or source.table not in lineage.models:
                if source.column != ROWS:
                    ends[source].setdefault(combined, path)
            elif (source, combined) not in paths:
                paths[source, combined] = path
                waiting.append((source, combined))
    order = list(How)
    return [
        Origin(source, frozenset(found), found[min(found, key=order.index)])
        for source, found in sorted(ends.items())
    ]
