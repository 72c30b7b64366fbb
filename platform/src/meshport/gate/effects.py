"""What a change does to each consumer of a port: the worst of everything that is known of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from meshport.changes.compare import Finding
from meshport.changes.relation import Relation
from meshport.changes.verdict import Reader
from meshport.contracts.model import Column
from meshport.gate.meaning import Meaning
from meshport.gate.narrower import is_number, is_same_kind
from meshport.gate.people import People
from meshport.gate.unkept import Promises, Unkept
from meshport.lineage.consumers import ColumnNeed
from meshport.lineage.findings import FELT, who_breaks
from meshport.lineage.graph import port_table
from meshport.lineage.impact import Change, Effect, Hit, Question, cut_off, impact, with_cut_off
from meshport.lineage.reach import Way
from meshport.names import PortId
from meshport.reports import result
from meshport.reports.result import ContractReport
from meshport.sql.lineage import How

_TYPES = ("TYP", "FLD009")
# Longer or shorter texts are the same type to who reads them.
_TEXTS = ("TYP10", "TYP11", "TYP12", "TYP21")
# What the contract says of the values themselves, and so of what readers may expect of them.
_OF_VALUES = (*_TYPES, "FLD", "NUL", "DOM", "VAL")
_RELIED = {"NUL01": "not_null", "KEY01": "unique", "DOM01": "values", "DOM03": "values",
           "DOM04": "values"}  # fmt: skip
_ORDER = list(Effect)


@dataclass(frozen=True)
class _Told:
    """One consumer, what happens to it, and the rule of the change that does it."""

    hit: Hit
    rule: str = ""

    @property
    def rank(self) -> int:
        return _ORDER.index(self.hit.effect)


@dataclass(frozen=True)
class Effects:
    """Judges what findings and changed SQL do to consumers."""

    people: People
    promises: Promises
    meaning: Meaning

    def of(self, port: PortId, findings: Sequence[Finding]) -> tuple[result.Hit, ...]:
        """Everybody who relies on a port that changes, directly or not, the worst first."""
        types = [one for one in findings if one.rule.startswith(_TYPES)]
        others = [one for one in findings if not one.rule.startswith(_TYPES)]
        named = [one for finding in others for one in self.promises.named(port, finding)]
        hits = who_breaks(self.people.lineage, self.people.consumers, {port: named})
        found = [
            *(_Told(one.hit, one.finding.rule) for one in hits),
            *(one for finding in types for one in self._of_type(port, finding)),
            *map(self._refused, self.promises.unkept(port, findings)),
            *(one for finding in findings for one in self._relying(port, finding)),
            *self._of_sql(port, findings),
        ]
        return self._closed(port, found)

    def of_removed(self, port: PortId) -> tuple[result.Hit, ...]:
        """Everybody who relies on a port that is no more."""
        gone = [_Told(hit, "OBJ001") for hit in self._everybody(port)]
        return self._closed(port, [*gone, *map(self._refused, self.promises.unchecked(port))])

    def silent(self, told: Collection[str]) -> Iterator[ContractReport]:
        """Ports behind which SQL changed, and whom it hits, but for the contracts in `told`."""
        for port in self.meaning.behind:
            found = self.promises.now.get(port)
            if found and port.contract_path not in told:
                hits = self.of(port, ())
                if any(hit.rule for hit in hits):
                    yield ContractReport.silent(found, hits)

    def _everybody(self, port: PortId) -> list[Hit]:
        return cut_off(self.people.lineage, self.people.consumers, {port_table(port): ()})

    def _closed(self, port: PortId, found: Iterable[_Told]) -> tuple[result.Hit, ...]:
        """The worst for each; a port that breaks takes those along who read it."""
        everybody = self._everybody(port)
        worst = {one.consumer: _Told(replace(one, effect=Effect.UNAFFECTED)) for one in everybody}
        for one in found:
            # Who cannot be told to be safe is warned.
            is_open = one.hit.effect is Effect.UNKNOWN
            told = replace(one, hit=replace(one.hit, effect=Effect.BREAKS)) if is_open else one
            known = worst.get(told.hit.consumer)
            if known is None or told.rank < known.rank:
                worst[told.hit.consumer] = told
        before = list(worst.values())
        rules = [one.rule for one in before if one.hit.effect is Effect.BREAKS]
        hits = [one.hit for one in before]
        hits = with_cut_off(self.people.lineage, self.people.consumers, hits)
        after = [
            one if hit is one.hit else _Told(hit, rules[0])
            for one, hit in zip(before, hits, strict=True)
        ]
        return tuple(map(_reported, sorted(after, key=lambda one: (one.rank, one.hit.consumer))))

    def _of_type(self, port: PortId, finding: Finding) -> Iterator[_Told]:
        """A new type, as far as the models can still be built: the values come in another form."""
        old, new = self.promises.columns(port, finding.column)
        if old is None or new is None:
            return
        outside = {one.name: one for one in self.people.consumers}
        for hit in self._asked(Question(port, new.name, Change.VALUES)):
            consumer = outside.get(hit.consumer)
            readers = consumer.readers if consumer else frozenset({Reader.SQL})
            if finding.verdict.for_readers(readers) in FELT:
                needs = consumer.of(port_table(port)) if consumer else ()
                breaks = any(_cannot_read(one, readers, finding, old, new) for one in needs)
                yield _Told(replace(hit, effect=Effect.BREAKS) if breaks else hit, finding.rule)

    def _of_sql(self, port: PortId, findings: Sequence[Finding]) -> Iterator[_Told]:
        """Other values, or other rows, of which the contract may not say a word."""
        rewritten = self.meaning.changed(port)
        known = self.people.lineage.columns(port_table(port))
        said = {one.column for one in findings if one.rule.startswith(_OF_VALUES)}
        for name in sorted({*known} & (rewritten.columns or frozenset())):
            for hit in self._asked(Question(port, name, Change.VALUES)):
                yield _Told(hit, "SEM02")
            if name not in said:
                yield from map(self._refused, self.promises.unbacked(port, name))
        if rewritten.rows:
            for hit in self._asked(Question(port, None, Change.ROWS)):
                yield _Told(hit, "SEM06")

    def _asked(self, question: Question) -> list[Hit]:
        hits = impact(self.people.lineage, self.people.consumers, question)
        return [hit for hit in hits if hit.effect is not Effect.UNAFFECTED]

    def _refused(self, one: Unkept) -> _Told:
        lineage = self.people.lineage
        port = lineage.port_of(one.table)
        assert port is not None
        about = (lineage.promises[port].owner, lineage.place(one.table))
        return _Told(Hit(str(port), "port", *about, Effect.BREAKS, path=one.path), one.rule)

    def _relying(self, port: PortId, finding: Finding) -> Iterator[_Told]:
        """Consumers who said that they rely on what is no longer promised."""
        relied = _RELIED.get(finding.rule)
        if relied is None or finding.relation is Relation.STRENGTHENED:
            return
        for one in self.people.consumers:
            for column in one.of(port_table(port)):
                if column.name == finding.column and relied in column.relies_on:
                    way = Way(f"{port}.{column.name}", f"relies on {relied}", column.place)
                    about = (one.name, one.kind, one.owner, one.place)
                    yield _Told(Hit(*about, Effect.BREAKS, path=(way,)), finding.rule)


def _cannot_read(
    need: ColumnNeed, readers: frozenset[Reader], finding: Finding, old: Column, new: Column
) -> bool:
    """Whether somebody outside who names the column fails at its new type."""
    if need.name != old.name:
        return False
    if Reader.TYPED in readers and finding.rule not in _TEXTS:
        return True
    return not is_same_kind(old, new) and (need.how is not How.IDENTITY or is_number(old))


def _reported(one: _Told) -> result.Hit:
    hit = one.hit
    owner = f"{hit.owner.team} {hit.owner.contact}".strip()
    steps = tuple(str(step.place) for step in hit.path) or (str(hit.place),)
    rule = one.rule if hit.effect is not Effect.UNAFFECTED else ""
    return result.Hit(hit.consumer, owner, result.Effect(hit.effect.value), steps, rule)
