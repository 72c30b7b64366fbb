"""Ports that can no longer keep their own promise once another port changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from meshport.changes.compare import Finding
from meshport.changes.element import Kind as Element
from meshport.changes.relation import Relation
from meshport.contracts.model import Column, Contract, Severity
from meshport.gate.foreign_checks import ForeignCheck, foreign_checks
from meshport.gate.narrower import is_narrower, is_same_kind, is_text, is_unbacked
from meshport.lineage.arrivals import Arrival, arrivals
from meshport.lineage.failing import Rebuilt, rebuilt
from meshport.lineage.graph import MeshLineage, Table, port_table
from meshport.lineage.reach import Path, Way, downstream
from meshport.lineage.workers import Workers
from meshport.names import PortId
from meshport.products.mesh import Mesh
from meshport.sql.lineage import How, Kind

_GONE = ("FLD001", "FLD003", "OBJ001", "OBJ003")
_OTHER_ROWS = ("OBJ005", "KEY02", "KEY03")
_OTHER_VALUES = ("DOM", "VAL", "SEM01", "NUL01")
_OTHER_SCHEMA = ("FLD", "TYP", "OBJ")
# The engine turns texts into what they are compared with, and fails at the first that is none.
_COMPARED = (How.FILTER, How.JOIN, How.CONDITION, How.TRANSFORMATION)


class Unkept(NamedTuple):
    """A port that will be refused, or cannot be told not to be."""

    table: Table
    rule: str
    """The rule of the change that does it."""
    path: Path


@dataclass(frozen=True)
class Promises:
    """What ports promise, and what their promises rest on."""

    mesh: Mesh
    lineage: MeshLineage
    before: Mapping[PortId, Contract]
    """The contracts of changed ports as they were."""
    now: Mapping[PortId, Contract]
    """All contracts that can be read."""
    workers: Workers

    @cached_property
    def rebuilt(self) -> Rebuilt:
        """What the engine says where a port has other columns than before."""
        other = {
            port: {column.name: column.physical_type for column in contract.table.columns}
            for port, contract in self.before.items()
            if port in self.now and _schema(self.now[port]) != _schema(contract)
        }
        return rebuilt(self.lineage, other, self.workers) if other else Rebuilt()

    def columns(self, port: PortId, name: str | None) -> tuple[Column | None, Column | None]:
        """A column before and now; None where there is none of that name."""
        before = self.before.get(port)
        then = before.table.column(name) if name and before else None
        return then, self._column(port, name)

    def named(self, port: PortId, finding: Finding) -> Iterator[Finding]:
        """A finding about a rule over the whole table, once for each column that the rule names;
        nothing where the rule kept nothing back."""
        name = next((name for kind, name in finding.steps if kind is Element.RULE), None)
        before = self.before.get(port)
        if name is None or finding.column is not None or before is None:
            yield finding
            return
        rules = [one for one in before.table.quality if one.id == name]
        rules = [one for one in rules if one.severity is Severity.ERROR]
        words = {word for one in rules for word in _words(f"{one.query} {one.arguments}")}
        columns = [column.name for column in before.table.columns if column.name in words]
        if rules:
            yield from (replace(finding, column=name) for name in columns or (None,))

    def unkept(self, port: PortId, findings: Sequence[Finding]) -> Iterator[Unkept]:
        """The ports that the findings of one port's contract keep from being published."""
        yield from self._not_built(port, findings)
        for finding in findings:
            yield from self._not_met(port, finding)
        yield from self._not_checked(port, findings)

    def unchecked(self, port: PortId) -> Iterator[Unkept]:
        """The ports with checks that ask a port which is no more."""
        for check in self._checks(port):
            if not check.is_key:
                yield Unkept(port_table(check.reader), "OBJ001", (_way(port, check),))

    def unbacked(self, port: PortId, name: str) -> Iterator[Unkept]:
        """The ports that promise more of a column than they were promised, once its values are
        made in another way: by a clause of their own, or by a rule that names it."""
        source = self._column(port, name)
        for one in arrivals(self.lineage, port, name) if source else ():
            reader = self.lineage.port_of(one.table)
            column = self._column(reader, one.column)
            if source and reader and column and one.how.kind is Kind.DIRECT:
                is_ruled = _is_in_rules(self.now[reader], column.name)
                if is_ruled or is_unbacked(column, one.how, source):
                    yield Unkept(one.table, "SEM02", one.path)

    def _not_built(self, port: PortId, findings: Sequence[Finding]) -> Iterator[Unkept]:
        """What the engine cannot build any more."""
        rule = next((one.rule for one in findings if one.rule.startswith(_OTHER_SCHEMA)), "")
        for table, path in downstream(self.lineage, {port_table(port): ()}).items():
            fault = self.rebuilt.faults.get(table)
            if fault and self.lineage.port_of(table):
                way = Way(fault, "fails", self.lineage.place(table))
                yield Unkept(table, rule, (*path, way))

    def _not_met(self, port: PortId, finding: Finding) -> Iterator[Unkept]:
        """Clauses of ports into which other values flow than they allow."""
        old, new = self.columns(port, finding.column)
        for one in arrivals(self.lineage, port, new.name) if old and new else ():
            column = self._column(self.lineage.port_of(one.table), one.column)
            if old and new and self._is_unmet(finding, one, column, (old, new)):
                yield Unkept(one.table, finding.rule, one.path)

    def _is_unmet(
        self, finding: Finding, one: Arrival, column: Column | None, change: tuple[Column, Column]
    ) -> bool:
        old, new = change
        if finding.rule.startswith("TYP") and is_text(old) != is_text(new):
            return one.how in _COMPARED
        if column is None:
            return False
        if finding.rule != "NUL01":
            return is_narrower(column, one.how, old, new)
        is_asked = column.required or column.key_position is not None
        is_total = one.column in self.rebuilt.total.get(one.table, ())
        is_weaker = finding.relation is Relation.WEAKENED
        return is_weaker and is_asked and one.how.kind is Kind.DIRECT and not is_total

    def _not_checked(self, port: PortId, findings: Sequence[Finding]) -> Iterator[Unkept]:
        """Checks of other ports that look into this one."""
        checks = list(self._checks(port)) if findings else []
        for finding in findings:
            for check in checks:
                if self._fails(port, finding, check):
                    yield Unkept(port_table(check.reader), finding.rule, (_way(port, check),))

    def _fails(self, port: PortId, finding: Finding, check: ForeignCheck) -> bool:
        if finding.rule.startswith(_OTHER_ROWS):
            return check.is_key
        if finding.column != check.column:
            return False
        if finding.rule in _GONE:
            return not check.is_key
        if finding.relation is Relation.STRENGTHENED:
            return False
        if finding.rule.startswith("TYP"):
            old, new = self.columns(port, finding.column)
            return old is not None and new is not None and not is_same_kind(old, new)
        is_empty = finding.rule == "NUL01" and check.is_key
        return finding.rule.startswith(_OTHER_VALUES) and check.is_joined and not is_empty

    def _checks(self, port: PortId) -> Iterator[ForeignCheck]:
        return foreign_checks(self.mesh, port, self.lineage.columns(port_table(port)))

    def _column(self, port: PortId | None, name: str | None) -> Column | None:
        found = self.now.get(port) if port else None
        return found.table.column(name) if found and name else None


def _is_in_rules(contract: Contract, column: str) -> bool:
    """Whether a query that keeps releases back names the column."""
    rules = (rule for rule in contract.table.quality if rule.severity is Severity.ERROR)
    return any(column in _words(rule.query or "") for rule in rules)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _schema(contract: Contract) -> list[tuple[str, str | None, bool]]:
    return [(one.name, one.physical_type, one.required) for one in contract.table.columns]


def _way(port: PortId, check: ForeignCheck) -> Way:
    return Way(f"{port}.{check.column}", "is checked against", check.place)
