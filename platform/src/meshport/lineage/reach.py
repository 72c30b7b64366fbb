"""What a change of columns reaches downstream: columns, failing models, tables that cannot tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from meshport.errors import Place
from meshport.lineage.graph import MeshLineage, Table, TableColumn
from meshport.sql.lineage import ROWS, How


class Way(NamedTuple):
    """One step downstream: what is used, how, and the line that says so."""

    used: str
    """A column, or a table where no column is named."""
    how: str
    place: Place


Path = tuple[Way, ...]


class Reach:
    """Everything downstream of some columns of one table."""

    def __init__(self, lineage: MeshLineage, start: Table, columns: Iterable[str]) -> None:
        self.lineage = lineage
        self.start = start
        self.columns = tuple(columns)

    def reached(self, table: Table) -> Mapping[str, Mapping[How, Path]]:
        """Column → ways in which it is made from what changes, each with a shortest path.

        Under `ROWS` stands what bears on which rows the table has, and so on every column.
        """
        return self._reached.get(table, {})

    @cached_property
    def _reached(self) -> Mapping[Table, Mapping[str, dict[How, Path]]]:
        found: dict[Table, dict[str, dict[How, Path]]] = defaultdict(lambda: defaultdict(dict))
        waiting = [
            (TableColumn(self.start, column), How.IDENTITY if column != ROWS else How.JOIN)
            for column in self.columns
        ]
        for column, how in waiting:
            found[column.table][column.column][how] = ()
        for column, how in waiting:
            path = found[column.table][column.column][how]
            for usage in self.lineage.usages(column.table).get(column.column, ()):
                combined = usage.how.onto(how)
                place = self.lineage.place(usage.reader, usage.line)
                is_of_rows = column.column == ROWS
                shown = str(column.table) if is_of_rows else f"{column.table}.{column.column}"
                way = Way(shown, "reads" if is_of_rows else usage.how.value, place)
                paths = found[usage.reader][usage.output]
                if combined not in paths:
                    paths[combined] = (*path, way)
                    waiting.append((TableColumn(usage.reader, usage.output), combined))
        return found

    @cached_property
    def readers(self) -> Mapping[Table, Path]:
        """Every model that reads the table, or a table built from it, whatever it uses of it."""
        return downstream(self.lineage, {self.start: ()})

    @cached_property
    def failing(self) -> Mapping[Table, Path]:
        """The models that fail, and the ports whose promise fails, once the columns are gone.

        A model fails that names one of them; what stars alone hand on goes with it; and dbt
        builds nothing of the same project from a model that failed.
        """
        failed: dict[Table, Path] = {}
        gone: dict[TableColumn, Path] = {TableColumn(self.start, c): () for c in self.columns}
        waiting = list(gone)
        for column in waiting:
            for reader in self.lineage.readers.get(column.table, ()):
                self._without(column, reader, (gone, waiting, failed))
        waiting_tables = list(failed)
        for table in waiting_tables:
            for reader in self.lineage.readers.get(table, ()):
                if reader.domain == table.domain and reader not in failed:
                    way = Way(str(table), "is built from", self.lineage.place(reader))
                    failed[reader] = (*failed[table], way)
                    waiting_tables.append(reader)
        return failed

    def _without(
        self,
        column: TableColumn,
        reader: Table,
        found: tuple[dict[TableColumn, Path], list[TableColumn], dict[Table, Path]],
    ) -> None:
        """What one model does without one column: fail, or hand on that it is gone."""
        gone, waiting, failed = found
        query = self.lineage.models[reader].query
        shown = f"{column.table}.{column.column}"
        lines = [line for *name, line in query.names if self._is(reader, name, column)]
        if lines and reader not in failed:
            place = self.lineage.place(reader, lines[0])
            failed[reader] = (*gone[column], Way(shown, "named", place))
        for output in query.columns:
            lost = TableColumn(reader, output.name)
            if output.passed and lost not in gone and self._is(reader, output.passed, column):
                line = next((use.line for use in output.uses), None)
                place = self.lineage.place(reader, line)
                gone[lost] = (*gone[column], Way(shown, "handed on", place))
                waiting.append(lost)
                if self.lineage.port_of(reader):
                    failed.setdefault(reader, gone[lost])

    def _is(self, reader: Table, name: Sequence[object], column: TableColumn) -> bool:
        relation, named = name
        table = self.lineage.table(reader.domain, str(relation))
        return named == column.column and table == column.table

    @cached_property
    def untold(self) -> Mapping[Table, Path]:
        """Tables of which nobody can tell what becomes of them: a model on the way has gaps."""
        reached = {self.start, *self._reached}
        begun: dict[Table, Path] = {}
        for gap in self.lineage.untold:
            table = gap.table
            near = [t for t in reached if table in self.lineage.readers.get(t, ())]
            if near and table not in begun:
                path = self.readers.get(near[0], ())
                begun[table] = (
                    *path,
                    Way(str(near[0]), f"cannot be told: {gap.reason}", gap.place),
                )
        return {**begun, **downstream(self.lineage, begun)}


def downstream(lineage: MeshLineage, starts: Mapping[Table, Path]) -> dict[Table, Path]:
    """The models that read one of the tables, directly or not, each with a shortest path."""
    found: dict[Table, Path] = {}
    paths = dict(starts)
    waiting = list(starts)
    for table in waiting:
        for reader in lineage.readers.get(table, ()):
            if reader not in paths:
                way = Way(str(table), "reads", lineage.place(reader))
                paths[reader] = found[reader] = (*paths[table], way)
                waiting.append(reader)
    return found
