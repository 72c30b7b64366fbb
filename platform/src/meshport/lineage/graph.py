"""The mesh's tables and columns, and who uses what, across models and domains."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from meshport.errors import Place
from meshport.lineage.models import ModelLineage
from meshport.lineage.promises import Promise
from meshport.lineage.stages import Columns, DomainLineage, input_port, read_lineage
from meshport.lineage.workers import Workers
from meshport.names import PortId
from meshport.sql.lineage import ROWS, Gap, How, Kind, Use

_VERSIONED = re.compile(r"(?P<name>.+)_v(?P<version>\d+)")
_NOT_MADE = "the contract promises it, but no model makes it"


class Table(NamedTuple):
    """A model, a seed or a source table of one domain; a port is its model."""

    domain: str
    relation: str
    """`model.<name>` or `source.<source>.<table>`."""

    @property
    def name(self) -> str:
        """The table's own name."""
        return self.relation.rpartition(".")[2]

    def __str__(self) -> str:
        return f"{self.domain}.{self.relation.partition('.')[2]}"


class TableColumn(NamedTuple):
    """One column of one table, or (`ROWS`) which rows it has."""

    table: Table
    column: str


class Usage(NamedTuple):
    """A model's use of a column of another table."""

    reader: Table
    output: str
    """The column it goes into, or `ROWS`: it bears on every column."""
    how: How
    line: int | None


class Untold(NamedTuple):
    """What cannot be told: a column, or a whole model where `column` is None."""

    table: Table
    column: str | None
    reason: str
    place: Place


def lineage_of(
    root: Path,
    cache: Path | None = None,
    promised: Columns | None = None,
    workers: Workers | None = None,
) -> MeshLineage:
    """The lineage of the mesh below `root`.

    `cache` is a folder in which results are kept between runs. `promised` gives ports' columns in
    place of those in the contracts on disk, for example those of the contracts before a change.
    What cannot be read or told is in the result, never an exception.
    """
    offered = promised or {}
    return MeshLineage(read_lineage(root, cache, offered, workers or Workers()), offered)


class MeshLineage:
    """Every model and port of the mesh, and the uses between their columns."""

    def __init__(self, domains: Sequence[DomainLineage], promised: Columns | None = None) -> None:
        self.promised = promised or {}
        """Columns of ports that count in place of those in the contracts on disk."""
        self.domains: Mapping[str, DomainLineage] = {one.domain: one for one in domains}
        self.promises: Mapping[PortId, Promise] = {
            promise.port: promise for one in domains for promise in one.promises
        }
        self.models: Mapping[Table, ModelLineage] = {
            Table(one.domain, f"model.{model.name}"): model
            for one in domains
            for model in one.models
        }
        self._ports = {port_table(port): port for port in self.promises}
        self._usages: dict[Table, Mapping[str, Sequence[Usage]]] = {}

    def port_of(self, table: Table) -> PortId | None:
        """The port that the table is."""
        return self._ports.get(table)

    def table(self, domain: str, relation: str) -> Table:
        """The table that a relation of a domain's project is; an input is the other's port."""
        port = input_port(relation)
        return port_table(port) if port is not None else Table(domain, relation)

    def declared(self, domain: str, relation: str) -> Table:
        """The table that `ref()` or `source()` in YAML means; `model.<name>@<version>` too."""
        name, _, version = relation.removeprefix("model.").partition("@")
        if not relation.startswith("model.") or Table(domain, relation) in self.models:
            return self.table(domain, relation)
        found = (_VERSIONED.fullmatch(one.name) for one in self.models if one.domain == domain)
        versions = [int(match["version"]) for match in found if match and match["name"] == name]
        chosen = version or (max(versions) if versions else "")
        return Table(domain, f"model.{name}_v{chosen}" if chosen else relation)

    def place(self, table: Table, line: int | None = None) -> Place:
        """A line of a model's file; of a port without a model, its contract."""
        if table in self.models:
            return Place(self.models[table].file, line)
        port = self.port_of(table)
        return self.promises[port].place if port else Place(f"domains/{table.domain}/sources.py")

    @cached_property
    def readers(self) -> Mapping[Table, Sequence[Table]]:
        """Table → the models that read it, whatever they use of it."""
        found: dict[Table, list[Table]] = defaultdict(list)
        for table, model in self.models.items():
            for relation in model.query.relations:
                found[self.table(table.domain, relation)].append(table)
        return found

    def usages(self, table: Table) -> Mapping[str, Sequence[Usage]]:
        """Column of the table → every use that models make of it."""
        if table not in self._usages:
            found: dict[str, list[Usage]] = defaultdict(list)
            for reader in self.readers.get(table, ()):
                for output, use in _all_uses(self.models[reader]):
                    if self.table(reader.domain, use.relation) == table:
                        found[use.column].append(Usage(reader, output, use.how, use.line))
            self._usages[table] = found
        return self._usages[table]

    def made_from(self, table: Table, column: str) -> Iterator[tuple[TableColumn, How, Place]]:
        """What a model's column itself uses, one step back, and the line that says so.

        What decides about the rows, and so about every column, is what `ROWS` uses.
        """
        model = self.models.get(table)
        for output, use in _all_uses(model) if model else ():
            if output == column:
                yield self._source(table, use)

    def direct_uses(self, made: TableColumn) -> Iterator[tuple[TableColumn, Use]]:
        """The columns whose values flow into a model's column, one step back."""
        model = self.models.get(made.table)
        for column in model.query.columns if model else ():
            for use in column.uses if column.name == made.column else ():
                if use.how.kind is Kind.DIRECT:
                    table = self.table(made.table.domain, use.relation)
                    yield TableColumn(table, use.column), use

    def _source(self, table: Table, use: Use) -> tuple[TableColumn, How, Place]:
        source = TableColumn(self.table(table.domain, use.relation), use.column)
        return source, use.how, self.place(table, use.line)

    def columns(self, table: Table) -> list[str]:
        """The columns of a table: those a model makes, and those its contract promises."""
        model = self.models.get(table)
        made = [column.name for column in model.query.columns] if model else []
        port = self.port_of(table)
        promised = [column.name for column in self.promises[port].columns] if port else []
        promised += self.promised.get(port, ()) if port else ()
        listed = self.domains[table.domain].sources if table.domain in self.domains else {}
        return list(dict.fromkeys([*made, *promised, *listed.get(table.relation, ())]))

    @cached_property
    def untold(self) -> Sequence[Untold]:
        """Everything that cannot be told, where it begins; what follows from it is not repeated."""
        found = []
        for table, model in self.models.items():
            query = model.query
            gaps: list[tuple[str | None, Gap]] = [(None, gap) for gap in query.gaps]
            gaps += [(column.name, gap) for column in query.columns for gap in column.gaps]
            for column, gap in gaps:
                found.append(Untold(table, column, gap.reason, self.place(table, gap.line)))
        return [*found, *self._not_made()]

    def _not_made(self) -> Iterator[Untold]:
        """Columns that a contract promises and no model makes."""
        for table, port in self._ports.items():
            model = self.models.get(table)
            made = {column.name for column in model.query.columns} if model else set()
            # A model that cannot be told has said so.
            missing = [c for c in self.promises[port].columns if c.name not in made]
            for column in missing if not (model and model.query.gaps) else ():
                place = Place(self.promises[port].file, column.line)
                yield Untold(table, column.name, _NOT_MADE, place)

    @cached_property
    def unresolved(self) -> frozenset[TableColumn]:
        """The columns of which something is not told, here or further back."""
        bad: set[TableColumn] = set()
        waiting = [TableColumn(one.table, one.column or ROWS) for one in self.untold]
        # A model without any column that is known counts as one.
        waiting += [
            TableColumn(one.table, "*") for one in self.untold if not self.columns(one.table)
        ]
        while waiting:
            here = waiting.pop()
            if here in bad:
                continue
            bad.add(here)
            if here.column == ROWS:
                waiting += [TableColumn(here.table, column) for column in self.columns(here.table)]
            for usage in self.usages(here.table).get(here.column, ()):
                waiting.append(TableColumn(usage.reader, usage.output))
        return frozenset(one for one in bad if one.column != ROWS)

    @cached_property
    def coverage(self) -> float:
        """The share of all models' columns, and of all ports', of which everything is told."""
        every = {
            TableColumn(table, column)
            for table in {**self.models, **self._ports}
            for column in self.columns(table)
        } | self.unresolved
        return 1 - len(self.unresolved) / len(every) if every else 1.0

    @property
    def faults(self) -> list[str]:
        """Files that cannot be read."""
        broken = [f"{p.file}: {p.fault}" for p in self.promises.values() if p.fault]
        return [*(fault for one in self.domains.values() for fault in one.faults), *broken]


def port_table(port: PortId) -> Table:
    """The table of a port: its model's."""
    return Table(port.domain, f"model.{port.model}")


def _all_uses(model: ModelLineage) -> Iterator[tuple[str, Use]]:
    for column in model.query.columns:
        for use in column.uses:
            yield column.name, use
        for relation in column.row_sources:
            yield column.name, Use(relation, ROWS, How.JOIN, None)
    for use in model.query.rows:
        yield ROWS, use
    for relation in model.query.row_sources:
        yield ROWS, Use(relation, ROWS, How.JOIN, None)
