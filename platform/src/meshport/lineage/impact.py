"""Whom a change hits: every port, registered consumer and exposure downstream, and how badly.

The rules are few, so that people can follow them. A column that goes or is renamed breaks every
use. A new type breaks those who take values or join on them, and moves rows for those who filter,
group or sort by them. Other values, or nulls, show where values flow and move rows where the
column filters, joins or groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from meshport.contracts.schema import name_hint
from meshport.errors import CatalogError, Place
from meshport.lineage.consumers import Consumer, Need
from meshport.lineage.graph import MeshLineage, Table, port_table
from meshport.lineage.promises import Owner
from meshport.lineage.reach import Path, Reach, Way
from meshport.names import PortId
from meshport.sql.lineage import How, Kind


class Change(StrEnum):
    """What happens to a column, or to a whole port."""

    DROP = "drop"
    RENAME = "rename"
    RETYPE = "retype"
    NULLABLE = "nullable"
    VALUES = "values"
    ROWS = "rows"


class Effect(StrEnum):
    """What a change does to one consumer, the worst first."""

    BREAKS = "breaks"
    ROWS = "row set changes"
    VALUES = "value changes"
    UNKNOWN = "cannot tell"
    UNAFFECTED = "unaffected"


_EFFECTS = list(Effect)
_GOING = (Change.DROP, Change.RENAME)


@dataclass(frozen=True)
class Hit:
    """What a change does to one consumer, and along which way."""

    consumer: str
    kind: str
    """`port`, or what the consumer or exposure says it is."""
    owner: Owner
    place: Place
    effect: Effect
    hows: tuple[How, ...] = ()
    """In which ways the consumer uses what changes."""
    path: Path = ()
    """The steps from the changed port to the consumer."""
    columns: tuple[str, ...] = ()
    """The consumer's own columns, or those it uses, that are hit."""


def effect_of(change: Change, how: How) -> Effect:
    """What a change of a column does to who uses it in this way."""
    if change in _GOING:
        return Effect.BREAKS
    if change is Change.ROWS:
        return Effect.ROWS
    is_direct = how.kind is Kind.DIRECT
    if change is Change.RETYPE:
        return Effect.BREAKS if is_direct or how is How.JOIN else Effect.ROWS
    return Effect.ROWS if how.shapes_rows else Effect.VALUES


@dataclass(frozen=True)
class Question:
    """What would change: a port, one of its columns or (None) all of them, and how."""

    port: PortId
    column: str | None
    change: Change


def impact(lineage: MeshLineage, consumers: Iterable[Consumer], question: Question) -> list[Hit]:
    """What a change does to every consumer downstream of the port, the worst first.

    Raises CatalogError MP504 for a port or column that no contract promises.
    """
    known = _columns(lineage, question)
    wanted = [question.column] if question.column is not None else known
    reach = Reach(lineage, port_table(question.port), wanted)
    judge = _Judge(lineage, reach, question)
    hits = [*judge.ports(), *judge.consumers(consumers)]
    return sorted(hits, key=lambda hit: (_EFFECTS.index(hit.effect), hit.consumer))


def worst(hits: Iterable[Hit]) -> Effect:
    """The worst that happens to anybody."""
    return min((hit.effect for hit in hits), key=_EFFECTS.index, default=Effect.UNAFFECTED)


def _columns(lineage: MeshLineage, question: Question) -> list[str]:
    if question.port not in lineage.promises:
        fact = f"no contract promises the port {question.port}"
        known = {str(port) for port in lineage.promises}
        raise CatalogError("MP504", fact, hint=name_hint(str(question.port), known))
    columns = lineage.columns(port_table(question.port))
    if question.column is not None and question.column not in columns:
        fact = f"{question.port} has no column `{question.column}`"
        raise CatalogError("MP504", fact, hint=name_hint(question.column, columns))
    return columns


@dataclass(frozen=True)
class _Found:
    """One reason why somebody is hit."""

    effect: Effect
    path: Path
    how: How | None = None
    column: str | None = None


@dataclass(frozen=True)
class _Judge:
    lineage: MeshLineage
    reach: Reach
    question: Question

    def ports(self) -> Iterator[Hit]:
        """Every port that is built from what changes."""
        for table in self.reach.readers:
            port = self.lineage.port_of(table)
            if port is not None and port != self.question.port:
                promise = self.lineage.promises[port]
                found = [*self._of_columns(table), *self._of_table(table)]
                place = self.lineage.place(table)
                yield _hit(str(port), "port", (promise.owner, place), found)

    def consumers(self, consumers: Iterable[Consumer]) -> Iterator[Hit]:
        """Everybody outside who uses the port, or one that is built from it."""
        near = {self.reach.start, *self.reach.readers}
        for one in consumers:
            needs = [need for need in one.needs if need.table in near]
            if needs:
                found = [reason for need in needs for reason in self._of_need(need)]
                yield _hit(one.name, one.kind, (one.owner, one.place), found)

    def _of_table(self, table: Table) -> Iterator[_Found]:
        """What happens to a table as a whole."""
        change = self.question.change
        if change in _GOING and table in self._failing:
            yield _Found(Effect.BREAKS, self._failing[table])
        if change is Change.ROWS and table in self.reach.readers:
            yield _Found(Effect.ROWS, self.reach.readers[table])
        if table in self.reach.untold:
            yield _Found(Effect.UNKNOWN, self.reach.untold[table])

    @property
    def _failing(self) -> Mapping[Table, Path]:
        # Without the whole table nothing can be built that reads it, named columns or not.
        whole = self.question.column is None
        return self.reach.readers if whole else self.reach.failing

    def _of_columns(self, table: Table) -> Iterator[_Found]:
        for column, paths in self.reach.reached(table).items():
            for how, path in paths.items():
                yield _Found(effect_of(self.question.change, how), path, how, column)

    def _of_need(self, need: Need) -> Iterator[_Found]:
        last = Way(str(need.table), "reads", need.place)
        for column in need.columns:
            paths = self.reach.reached(need.table).get(column.name, {})
            for how, path in paths.items():
                way = Way(f"{need.table}.{column.name}", column.how.value, column.place)
                combined = column.how.onto(how)
                effect = effect_of(self.question.change, combined)
                yield _Found(effect, (*path, way), combined, column.name)
        if not need.columns:
            yield from self._of_whole_need(need, last)
        if self.question.change is Change.ROWS and need.table == self.reach.start:
            yield _Found(Effect.ROWS, (last,))
        for found in self._of_table(need.table):
            yield _Found(found.effect, (*found.path, last))

    def _of_whole_need(self, need: Need, last: Way) -> Iterator[_Found]:
        """Nobody says which columns are used: what would break may not be used at all."""
        whole = self.question.column is None and need.table == self.reach.start
        for found in self._of_columns(need.table):
            is_certain = whole or found.effect is not Effect.BREAKS
            effect = found.effect if is_certain else Effect.UNKNOWN
            yield _Found(effect, (*found.path, last), found.how, found.column)


def _hit(name: str, kind: str, about: tuple[Owner, Place], found: Sequence[_Found]) -> Hit:
    owner, place = about
    if not found:
        return Hit(name, kind, owner, place, Effect.UNAFFECTED)
    order = list(How)
    first = min(found, key=lambda one: (_EFFECTS.index(one.effect), len(one.path)))
    hows = sorted({one.how for one in found if one.how}, key=order.index)
    columns = dict.fromkeys(one.column for one in found if one.column)
    return Hit(name, kind, owner, place, first.effect, tuple(hows), first.path, tuple(columns))
