"""Whom a change hits: every port, registered consumer and exposure downstream, and how badly.

The rules are few, so that people can follow them. A column that goes or is renamed breaks every
use. A new type breaks those who take values or join on them. Else rows change where the column
decides about rows (it filters, joins or groups), and values where it only decides about values.
A port that breaks is not published any more: who is built from it, or reads it, breaks too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from meshport.contracts.schema import name_hint
from meshport.errors import CatalogError, Place
from meshport.lineage.consumers import Consumer, Need
from meshport.lineage.graph import MeshLineage, Table, port_table
from meshport.lineage.promises import Owner
from meshport.lineage.reach import Path, Reach, Way, downstream
from meshport.names import PortId
from meshport.sql.lineage import ROWS, How, Kind


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
    is_of_rows: bool = False
    """Whether it is about which rows there are, and so about every column."""


def effect_of(change: Change, how: How, *, is_of_rows: bool) -> Effect:
    """What a change does to who uses it in this way, for rows or only for values."""
    if change in _GOING:
        return Effect.BREAKS
    if change is Change.RETYPE and (how.kind is Kind.DIRECT or how is How.JOIN):
        return Effect.BREAKS
    return Effect.ROWS if is_of_rows and how is not How.SORT else Effect.VALUES


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
    reach = Reach(lineage, port_table(question.port), _changing(lineage, question))
    judge = _Judge(lineage, reach, question)
    known = list(consumers)
    hits = with_cut_off(lineage, known, [*judge.ports(), *judge.consumers(known)])
    return sorted(hits, key=lambda hit: (_EFFECTS.index(hit.effect), hit.consumer))


def with_cut_off(
    lineage: MeshLineage, consumers: Iterable[Consumer], hits: Sequence[Hit]
) -> list[Hit]:
    """The hits, where everybody breaks who is built from a port that breaks, or reads one."""
    broken = {
        port_table(PortId.parse(hit.consumer)): hit.path
        for hit in hits
        if hit.kind == "port" and hit.effect is Effect.BREAKS
    }
    lost = {one.consumer: one for one in cut_off(lineage, consumers, broken)}
    return [
        lost[hit.consumer] if hit.consumer in lost and hit.effect is not Effect.BREAKS else hit
        for hit in hits
    ]


def cut_off(
    lineage: MeshLineage, consumers: Iterable[Consumer], gone: Mapping[Table, Path]
) -> list[Hit]:
    """Every port built from one of the tables, and everybody outside who reads one of these."""
    lost = downstream(lineage, gone)
    paths = {**gone, **lost}
    found = []
    for table, path in lost.items():
        port = lineage.port_of(table)
        if port is not None:
            about = (lineage.promises[port].owner, lineage.place(table))
            found.append(Hit(str(port), "port", *about, Effect.BREAKS, path=path))
    for one in consumers:
        need = next((need for need in one.needs if need.table in paths), None)
        if need is not None:
            path = (*paths[need.table], Way(str(need.table), "reads", need.place))
            found.append(Hit(one.name, one.kind, one.owner, one.place, Effect.BREAKS, path=path))
    return found


def worst(hits: Iterable[Hit]) -> Effect:
    """The worst that happens to anybody."""
    return min((hit.effect for hit in hits), key=_EFFECTS.index, default=Effect.UNAFFECTED)


def _changing(lineage: MeshLineage, question: Question) -> list[str]:
    """The columns that change; `ROWS` among them where other rows come, or none."""
    if question.port not in lineage.promises:
        fact = f"no contract promises the port {question.port}"
        known = {str(port) for port in lineage.promises}
        raise CatalogError("MP504", fact, hint=name_hint(str(question.port), known))
    columns = lineage.columns(port_table(question.port))
    if question.column is not None and question.column not in columns:
        fact = f"{question.port} has no column `{question.column}`"
        raise CatalogError("MP504", fact, hint=name_hint(question.column, columns))
    if question.column is not None:
        return [question.column]
    if question.change is Change.ROWS:
        return [ROWS]
    return [*columns, ROWS] if question.change in _GOING else columns


@dataclass(frozen=True)
class _Found:
    """One reason why somebody is hit."""

    effect: Effect
    path: Path
    how: How | None = None
    column: str | None = None
    is_of_rows: bool = False


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
        if self.question.change in _GOING and table in self._failing:
            yield _Found(Effect.BREAKS, self._failing[table])
        if table in self.reach.untold:
            yield _Found(Effect.UNKNOWN, self.reach.untold[table])

    @property
    def _failing(self) -> Mapping[Table, Path]:
        # Without the whole table nothing can be built that reads it, named columns or not.
        whole = self.question.column is None
        return self.reach.readers if whole else self.reach.failing

    def _of_columns(self, table: Table) -> Iterator[_Found]:
        """What happens to a table's rows and columns, each with the ways in which it does."""
        for column, paths in self.reach.reached(table).items():
            is_of_rows = column == ROWS
            for how, path in paths.items():
                effect = effect_of(self.question.change, how, is_of_rows=is_of_rows)
                yield _Found(effect, path, how, column or None, is_of_rows)

    def _of_need(self, need: Need) -> Iterator[_Found]:
        last = Way(str(need.table), "reads", need.place)
        for found in self._of_columns(need.table):
            if not need.columns:
                yield self._of_whole(found, last, need)
            elif found.is_of_rows:
                yield replace(found, path=(*found.path, last))
            else:
                yield from self._of_used(found, need)
        for found in self._of_table(need.table):
            yield replace(found, path=(*found.path, last))

    def _of_used(self, found: _Found, need: Need) -> Iterator[_Found]:
        """What a column that is hit does to who uses it."""
        assert found.how is not None
        for column in need.columns:
            if column.name == found.column:
                how = column.how.onto(found.how)
                is_of_rows = column.how.shapes_rows
                effect = effect_of(self.question.change, how, is_of_rows=is_of_rows)
                way = Way(f"{need.table}.{column.name}", column.how.value, column.place)
                yield _Found(effect, (*found.path, way), how, column.name, is_of_rows)

    def _of_whole(self, found: _Found, last: Way, need: Need) -> _Found:
        """Nobody says which columns are used: what would break may not be used at all."""
        whole = self.question.column is None and need.table == self.reach.start
        is_certain = whole or found.effect is not Effect.BREAKS
        effect = found.effect if is_certain else Effect.UNKNOWN
        return replace(found, effect=effect, path=(*found.path, last))


def _hit(name: str, kind: str, about: tuple[Owner, Place], found: Sequence[_Found]) -> Hit:
    owner, place = about
    if not found:
        return Hit(name, kind, owner, place, Effect.UNAFFECTED)
    order = list(How)
    first = min(found, key=lambda one: (_EFFECTS.index(one.effect), len(one.path)))
    return Hit(
        name,
        kind,
        owner,
        place,
        first.effect,
        tuple(sorted({one.how for one in found if one.how}, key=order.index)),
        first.path,
        tuple(dict.fromkeys(one.column for one in found if one.column)),
        any(one.is_of_rows for one in found),
    )
