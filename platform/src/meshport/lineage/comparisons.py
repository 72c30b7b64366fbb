"""Who compares a port's column with which value: they wait in vain once it no longer comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from meshport.lineage.consumers import Consumer
from meshport.lineage.graph import MeshLineage, Table, TableColumn, port_table
from meshport.lineage.reach import Path, Way
from meshport.names import PortId
from meshport.sql.lineage import ROWS, How


class Comparison(NamedTuple):
    """One consumer that compares the column, or an unchanged copy of it, with a value."""

    consumer: str
    value: str
    path: Path
    """From the port to the line that names the value."""


def comparisons(
    lineage: MeshLineage, consumers: Sequence[Consumer], column: TableColumn, value: str
) -> list[Comparison]:
    """Every port, exposure and registered consumer that compares the column with the value."""
    found: dict[str, Comparison] = {}
    for copy, path in _copies(lineage, column):
        for name, last in _comparing(lineage, consumers, copy, value):
            found.setdefault(name, Comparison(name, value, (*path, last)))
    return list(found.values())


def port_column(port: PortId, column: str) -> TableColumn:
    """The column of a port as lineage knows it."""
    return TableColumn(port_table(port), column)


def _copies(lineage: MeshLineage, start: TableColumn) -> list[tuple[TableColumn, Path]]:
    """The column, and every column downstream that is nothing else than it."""
    paths: dict[TableColumn, Path] = {start: ()}
    waiting = [start]
    for here in waiting:
        for usage in lineage.usages(here.table).get(here.column, ()):
            copy = TableColumn(usage.reader, usage.output)
            if usage.how is How.IDENTITY and usage.output != ROWS and copy not in paths:
                place = lineage.place(usage.reader, usage.line)
                paths[copy] = (*paths[here], Way(_shown(here), "handed on", place))
                waiting.append(copy)
    return list(paths.items())


def _comparing(
    lineage: MeshLineage, consumers: Sequence[Consumer], copy: TableColumn, value: str
) -> Iterator[tuple[str, Way]]:
    said = f"compared with `{value}`"
    for reader in lineage.readers.get(copy.table, ()):
        for one in lineage.models[reader].query.values:
            named = TableColumn(lineage.table(reader.domain, one.relation), one.column)
            if named == copy and one.means(value):
                way = Way(_shown(copy), said, lineage.place(reader, one.line))
                for name in _behind(lineage, consumers, reader):
                    yield name, way
    for consumer in consumers:
        for need in consumer.needs:
            for column in need.columns:
                if TableColumn(need.table, column.name) == copy and value in column.literals:
                    yield consumer.name, Way(_shown(copy), said, column.place)


def _behind(lineage: MeshLineage, consumers: Sequence[Consumer], model: Table) -> Iterator[str]:
    """Whose model it is: the ports built from it first, and who reads it without a port."""
    seen, waiting = {model}, [model]
    for table in waiting:
        port = lineage.port_of(table)
        if port is not None:
            yield str(port)
            continue
        yield from (one.name for one in consumers if table in {n.table for n in one.needs})
        more = [reader for reader in lineage.readers.get(table, ()) if reader not in seen]
        seen |= set(more)
        waiting += more


def _shown(column: TableColumn) -> str:
    return f"{column.table}.{column.column}"
