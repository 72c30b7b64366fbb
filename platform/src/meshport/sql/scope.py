"""What the names in a query mean: relations in reach, their columns, aliases, outer queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlglot import exp

from meshport.sql.origins import Gap, How, Trace, Use
from meshport.sql.value_type import ValueType

ROW_NUMBER = "rowid"
"""DuckDB's pseudo-column of every table; no star brings it."""


@dataclass(frozen=True)
class Column:
    """A column of a relation in reach of a query."""

    name: str
    trace: Trace
    passed: tuple[str, str] | None = None
    """The relation and column that this is by nothing but stars: it goes when that one goes."""
    beside: Trace | None = None
    """What decides whether there is a value at all, where a join may find none."""
    type: ValueType | None = None
    """The type that the engine gives it; None: nobody can tell."""
    line: int | None = None
    """The line of the item of a SELECT that makes it."""

    def named(self, line: int | None) -> Trace:
        """What the column is made from, where a query names it on that line."""
        if self.passed is None:
            return self.trace
        made = Trace({Use(*self.passed, How.IDENTITY, line)})
        made.take(self.beside or made)
        return made

    @property
    def settled(self) -> Column:
        """The column as queries around its own see it: not whether its value is written out."""
        if self.type is None or self.type.settled == self.type:
            return self
        return replace(self, type=self.type.settled)

    def joined(self, deciding: Trace) -> Column:
        """The column where something more decides whether there is a value."""
        trace, beside = Trace(), Trace()
        for made, known in ((trace, self.trace), (beside, self.beside)):
            made.take(deciding)
            made.take(known or made)
        return replace(self, trace=trace, beside=beside)


@dataclass(frozen=True)
class Relation:
    """A table, or what a query derives, as the query around it sees it."""

    columns: Sequence[Column]
    rows: Trace = field(default_factory=Trace)
    """What decides which rows there are."""
    base: str | None = None
    """The name, if it is a relation that the whole query reads."""
    rest: Trace | None = None
    """What columns that are not listed are made from; None: there are no others."""
    keys: Sequence[frozenset[str]] = ()
    """Sets of columns whose values are never the same in two rows (`keys`)."""
    is_single: bool = False
    """Whether it always is exactly one row."""

    def joined(self, deciding: Trace) -> Relation:
        """The relation where something more decides whether there is a row to take values from."""
        rest = Column("*", self.rest).joined(deciding).trace if self.rest is not None else None
        columns = [column.joined(deciding) for column in self.columns]
        return replace(self, columns=columns, rest=rest)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name.lower(): column for column in reversed(self.columns)}

    def column(self, name: str, line: int | None) -> Column | None:
        """The column of that name; letter case means nothing."""
        found = self._by_name.get(name.lower())
        if found is None and self.rest is not None:
            return Column(name, self._unlisted(name, line))
        if found is None and self.base and name.lower() == ROW_NUMBER:
            return Column(ROW_NUMBER, Trace(), (self.base, ROW_NUMBER), type=ValueType("BIGINT"))
        return found

    def missing(self, name: str, line: int | None) -> Column:
        """Stands for a column that should be there and is not."""
        found = self._unlisted(name, line)
        found.gaps.add(Gap(f"`{self.base or 'the query'}` has no column `{name}`", line))
        return Column(name, found)

    def _unlisted(self, name: str, line: int | None) -> Trace:
        made = Trace()
        made.take(self.rest or made)
        if self.base:
            made.uses.add(Use(self.base, name, How.IDENTITY, line))
        return made


@dataclass(frozen=True)
class Found:
    """The columns that a name may mean; several where it is ambiguous."""

    columns: list[Column]
    is_field: bool = False
    """Whether the name goes on into the column, which then is a structure."""


class Scope:
    """The names of one query, and of the queries around it."""

    def __init__(self, outer: Scope | None) -> None:
        self.outer = outer
        self.sources: dict[str, Relation] = {}
        self.merged: dict[str, Column] = {}
        """Columns that `using` made one of."""
        self.aliases: dict[str, Column] = {}
        self.windows: dict[str, exp.Window] = {}
        self.shared: dict[str, Relation] = {}
        """Common table expressions."""
        self.first = ""
        """The first table in FROM, and its keys as far as joins leave them."""
        self.keys: Sequence[frozenset[str]] = ()

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, the nearest first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def common_table(self, name: str) -> Relation | None:
        """The common table expression of that name."""
        found = (scope.shared.get(name.lower()) for scope in self.chain())
        return next((relation for relation in found if relation is not None), None)

    def add(self, name: str, relation: Relation) -> None:
        """Put a relation into reach; one without a name is reached by its columns alone."""
        key = name.lower() or f" {len(self.sources)}"
        self.sources[f"{key} {len(self.sources)}" if key in self.sources else key] = relation

    def side(self, keys: Sequence[str], merged: dict[str, Column]) -> Scope:
        """A scope with some of the relations alone: one side of a join."""
        side = Scope(self.outer)
        side.sources = {key: self.sources[key] for key in keys}
        side.merged = dict(merged)
        return side

    def find(self, parts: Sequence[str], line: int | None) -> Found:
        """What a dotted name means: table.column, column, and fields of structures behind it."""
        for scope in self.chain():
            for position, part in enumerate(parts[:-1]):
                relation = scope.sources.get(part.lower())
                if relation is not None:
                    name = parts[position + 1]
                    column = relation.column(name, line) or relation.missing(name, line)
                    return Found([column], is_field=position + 2 < len(parts))
            columns = scope._unqualified(parts[0], line)
            if columns:
                return Found(columns, is_field=len(parts) > 1)
        return Found([self._unknown(parts, line)])

    def visible(self) -> Iterator[tuple[str, Column]]:
        """What a star stands for: pairs of the relation's name and the column."""
        merged = dict(self.merged)
        for name, relation in self.sources.items():
            for column in relation.columns:
                key = column.name.lower()
                if key in merged:
                    yield name, merged.pop(key)
                elif key not in self.merged:
                    yield name, column
            if relation.rest is not None:
                yield name, Column("*", relation.rest)

    def _unqualified(self, name: str, line: int | None) -> list[Column]:
        key = name.lower()
        if key in self.merged:
            return [self.merged[key]]
        found = self._in_sources(name, line, are_listed=True)
        if found or key in self.aliases:
            return found or [self.aliases[key]]
        if key in self.sources:
            return [self._whole_row(key, line)]
        return self._in_sources(name, line, are_listed=False)

    def _in_sources(self, name: str, line: int | None, *, are_listed: bool) -> list[Column]:
        sources = [one for one in self.sources.values() if (one.rest is None) is are_listed]
        columns = (source.column(name, line) for source in sources)
        return [column for column in columns if column is not None]

    def _whole_row(self, key: str, line: int | None) -> Column:
        """A relation's name stands for a structure of all its columns."""
        made = Trace()
        for column in self.sources[key].columns:
            made.take(column.named(line), How.TRANSFORMATION)
        return Column(key, made)

    def _unknown(self, parts: Sequence[str], line: int | None) -> Column:
        bases = [relation for relation in self.sources.values() if relation.base]
        if len(parts) == 1 and len(bases) == len(self.sources) == 1:
            return bases[0].missing(parts[0], line)
        name = ".".join(parts)
        return Column(name, Trace(gaps={Gap(f"nothing here has a column `{name}`", line)}))
