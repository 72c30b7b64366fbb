"""Personal data follows lineage (PII03, PII04).

What is made of a sensitive column is as sensitive, until a transformation takes its content away
(`sql/content.py` lists which do). What only decides about rows or values does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from meshport.changes.compare import Finding
from meshport.changes.relation import Relation
from meshport.changes.rules import RULES
from meshport.contracts.classification import Classifications
from meshport.contracts.model import Column, Contract
from meshport.errors import MeshportError
from meshport.gate.problem import error
from meshport.gate.waivers import Waivers
from meshport.lineage.graph import MeshLineage, TableColumn, port_table
from meshport.lineage.origins import Flow, flows, handed_on
from meshport.names import PortId
from meshport.products.mesh import referenced_port
from meshport.reports.result import Problem
from meshport.sql.content import Content
from meshport.sql.lineage import How

_MADE = {
    Content.CLEAR: "made from",
    Content.AGGREGATED: "summed up from",
    Content.PSEUDONYM: "a code for",
    Content.FACT: "a fact about",
}


@dataclass(frozen=True)
class PersonalData:
    """The marks and classes of all ports, and where their columns come from."""

    lineage: MeshLineage
    contracts: Mapping[PortId, Contract]
    scale: Classifications
    before: Mapping[PortId, Contract] = field(default_factory=dict)
    """Changed contracts as they were."""

    def judged(self, port: PortId, finding: Finding) -> Finding:
        """PII03 with what lineage knows of the column whose mark is gone."""
        is_removal = finding.rule == "PII03" and finding.relation is Relation.WEAKENED
        if not is_removal or finding.column is None or port not in self.lineage.promises:
            return finding
        start = TableColumn(port_table(port), finding.column)
        ways = [way for way in flows(self.lineage, start) if self._keeps_persons(way)]
        marked = next((way for way in ways if self._was_personal(way.source)), None)
        private = next((w for w in ways if self.lineage.port_of(w.source.table) is None), None)
        verdict = finding.verdict
        if marked is not None:
            said = f"it is {_told(marked)}, which is marked as personal"
        elif start in self.lineage.unresolved or start.table not in self.lineage.models:
            said = "nobody can tell what it is made from"
        elif private is not None:
            said = f"it is {_told(private)}, and no contract says what that holds"
        else:
            said = "lineage shows that it is made from nothing that is marked as personal"
            verdict = RULES["PII03"].verdict(finding.relation, "not personal")
        return replace(finding, verdict=verdict, message=f"{finding.message}; {said}")

    def problems(self, waivers: Waivers) -> Iterator[Problem]:
        """PII04: columns that are less protected than what they are made from."""
        for port, contract in self.contracts.items():
            for finding in self._underprotected(port, contract):
                about = (finding, contract.id, contract.version)
                if waivers.of(*about) is None:
                    hint = RULES["PII04"].fix
                    yield error("PII04", finding.message, finding.place, hint)
                yield from waivers.refused(*about)

    def _underprotected(self, port: PortId, contract: Contract) -> Iterator[Finding]:
        rule = RULES["PII04"]
        for column in contract.table.columns if port in self.lineage.promises else ():
            said = self._lack(TableColumn(port_table(port), column.name), column)
            if said is not None:
                yield Finding(
                    rule=rule.id,
                    path=f"schema.{contract.table.name}.properties.{column.name}",
                    place=column.place,
                    relation=Relation.WEAKENED,
                    verdict=rule.verdict(Relation.WEAKENED, "derived"),
                    message=said,
                    table=contract.table.name,
                    column=column.name,
                )

    def _lack(self, start: TableColumn, column: Column) -> str | None:
        """What a column lacks of the protection of a column that flows into it."""
        highest, any_is_personal = self._most
        if self._rank(column) >= highest and (column.is_personal or not any_is_personal):
            return None
        for way in flows(self.lineage, start):
            source = self._promised(self.contracts, way.source)
            if source is None:
                continue
            rank, is_marked = self._owed(source, way)
            lacks = [f"classified {column.classification}"] if self._rank(column) < rank else []
            lacks += ["not marked as personal"] if is_marked and not column.is_personal else []
            if lacks:
                of_source = f"classified {source.classification}"
                of_source += " and marked as personal" if source.is_personal else ""
                return (
                    f"`{column.name}` is {' and '.join(lacks)}, but it is {_told(way)}, "
                    f"which is {of_source}"
                )
        return None

    def _owed(self, source: Column, way: Flow) -> tuple[int, bool]:
        """The least rank, and whether the mark is needed, for what is left of a source."""
        rank, nothing = self._rank(source), (-1, False)
        if way.content is Content.FACT or rank >= len(self.scale.steps):
            return nothing
        if way.content is Content.PSEUDONYM:
            return min(rank, self._first_guarded), False
        if source.is_personal and not self._keeps_persons(way):
            return nothing
        return rank, source.is_personal

    def _keeps_persons(self, way: Flow) -> bool:
        """Whether what flows still says something of single persons."""
        if way.content is Content.AGGREGATED:
            return any(self._groups_by_person(step.into) for step in way.path)
        return way.content is not Content.FACT

    def _groups_by_person(self, made: TableColumn) -> bool:
        """Whether a model groups by a column that tells persons apart: a sum over one is theirs."""
        query = self.lineage.models[made.table].query
        own = (column.uses for column in query.columns if column.name == made.column)
        groups = [use for uses in (query.rows, *own) for use in uses if use.how is How.GROUP]
        return any(
            self._tells_persons_apart(
                TableColumn(self.lineage.table(made.table.domain, use.relation), use.column)
            )
            for use in groups
        )

    def _tells_persons_apart(self, column: TableColumn) -> bool:
        """Whether it is personal, or is or refers to the key of a port that holds personal data."""
        found = handed_on(self.lineage, column)
        contract = self.contracts.get(found[0]) if found else None
        if found is None or contract is None:
            return False
        port, name, _ = found
        own = contract.table.column(name)
        if own is not None and own.is_personal:
            return True
        keys = [(port, (name,)), *_referred(port, contract, name)]
        return any(self._is_of_persons(*key) for key in keys)

    def _is_of_persons(self, port: PortId, columns: tuple[str, ...]) -> bool:
        contract = self.contracts.get(port)
        if contract is None or not any(column.is_personal for column in contract.table.columns):
            return False
        return any(name in contract.table.key for name in columns)

    def _was_personal(self, source: TableColumn) -> bool:
        """Whether it is marked; a mark that goes in the same change counts as well."""
        found = (self._promised(known, source) for known in (self.contracts, self.before))
        return any(column is not None and column.is_personal for column in found)

    def _promised(self, contracts: Mapping[PortId, Contract], source: TableColumn) -> Column | None:
        port = self.lineage.port_of(source.table)
        contract = contracts.get(port) if port else None
        return contract.table.column(source.column) if contract else None

    def _rank(self, column: Column) -> int:
        """Its place on the scale; a class that is not on it was said to be wrong elsewhere."""
        step = self.scale.find(column.classification)
        return step.rank if step else len(self.scale.steps)

    @cached_property
    def _first_guarded(self) -> int:
        """The mildest class that not everybody may read."""
        return next((s.rank for s in self.scale.steps if not s.is_served_openly), 0)

    @cached_property
    def _most(self) -> tuple[int, bool]:
        """The highest rank of any column, and whether any is personal."""
        columns = [column for one in self.contracts.values() for column in one.table.columns]
        highest = max(map(self._rank, columns), default=0)
        return highest, any(column.is_personal for column in columns)


def _referred(
    port: PortId, contract: Contract, column: str
) -> Iterator[tuple[PortId, tuple[str, ...]]]:
    """The keys that a column refers to; references to nowhere are KEY06."""
    for one in contract.table.relationships:
        with suppress(MeshportError):
            if column in one.columns:
                yield referenced_port(contract, one.target) or port, one.target.columns


def _told(way: Flow) -> str:
    steps = " → ".join(str(step.place) for step in way.path)
    return f"{_MADE[way.content]} {way.source.table}.{way.source.column} ({steps})"
