"""Where a port's column comes from: the next ports and source tables upstream, with the path."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from meshport.errors import Place
from meshport.lineage.graph import MeshLineage, Table, TableColumn, port_table
from meshport.names import PortId
from meshport.sql.content import Content
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


class Flow(NamedTuple):
    """One way in which values of a port's column come out of a port or a source upstream."""

    source: TableColumn
    content: Content
    """What is left of the value at the end."""
    path: tuple[FlowStep, ...]
    """From the source on."""


class FlowStep(NamedTuple):
    """One step of the way: into which column, and the line that says so."""

    into: TableColumn
    place: Place


def flows(lineage: MeshLineage, start: TableColumn) -> list[Flow]:
    """The shortest ways on which values flow into a column, one for each thing left of them.

    What only decides about a column (filters, joins, groups, conditions) does not flow.
    """
    begin = (start, Content.CLEAR)
    paths: dict[tuple[TableColumn, Content], tuple[FlowStep, ...]] = {begin: ()}
    ends: dict[tuple[TableColumn, Content], tuple[FlowStep, ...]] = {}
    waiting = [begin]
    for here, left in waiting:
        for source, use in lineage.direct_uses(here):
            reached = (source, max(left, use.content))
            step = FlowStep(here, lineage.place(here.table, use.line))
            path = (step, *paths[here, left])
            if lineage.port_of(source.table) or source.table not in lineage.models:
                ends.setdefault(reached, path)
            elif reached not in paths:
                paths[reached] = path
                waiting.append(reached)
    return [Flow(source, left, path) for (source, left), path in sorted(ends.items())]


def handed_on(
    lineage: MeshLineage, start: TableColumn, own: str | None = None
) -> tuple[PortId, str, list[tuple[Table, TableColumn]]] | None:
    """The port's column that a column is, unchanged, and each model between with what it uses.

    Ports of the domain `own` are passed through.
    """
    here = start
    passed: list[tuple[Table, TableColumn]] = []
    while here.table not in [table for table, _ in passed]:
        port = lineage.port_of(here.table)
        if port is not None and port.domain != own:
            return port, here.column, passed
        made = lineage.made_from(*here)
        used = [(source, how) for source, how, _ in made if source.column != ROWS]
        if len({source for source, _ in used}) != 1 or used[0][1] is not How.IDENTITY:
            return None
        passed.append((here.table, used[0][0]))
        here = used[0][0]
    return None


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
