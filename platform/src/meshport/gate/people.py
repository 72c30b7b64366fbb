"""Who relies on what: lineage, registered consumers, exposures."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from meshport.changes.compare import Finding
from meshport.changes.rules import RULES
from meshport.errors import MeshportError, Place
from meshport.gate.problem import error, warning
from meshport.lineage.comparisons import comparisons, port_column
from meshport.lineage.consumers import Consumer, all_consumers
from meshport.lineage.graph import MeshLineage, lineage_of
from meshport.lineage.reliance import overreaches
from meshport.lineage.workers import Workers
from meshport.names import PortId
from meshport.reports.result import Problem, problems_of

FLOOR = 0.95
"""The least share of columns whose origins have to be known."""


@dataclass(frozen=True)
class People:
    """The consumers of a mesh: downstream ports, dbt exposures, registered outside consumers."""

    lineage: MeshLineage
    consumers: Sequence[Consumer]
    faults: tuple[Problem, ...] = ()

    @classmethod
    def read(
        cls,
        root: Path,
        cache: Path | None,
        promised: Mapping[PortId, Sequence[str]],
        workers: Workers,
    ) -> People:
        """Those of the working tree; `promised` are the columns of changed ports at the base.

        So a consumer that is changed along with its port is not hit.
        """
        lineage = lineage_of(root, cache, promised, workers)
        try:
            return cls(lineage, all_consumers(root, lineage))
        except MeshportError as fault:
            return cls(lineage, (), tuple(problems_of(fault)))

    def informed(self, port: PortId, finding: Finding) -> Finding:
        """DOM02 with those who compare with a value that is gone."""
        if not finding.gone or finding.column is None or port not in self.lineage.promises:
            return finding
        column = port_column(port, finding.column)
        found = [
            one
            for value in finding.gone
            for one in comparisons(self.lineage, self.consumers, column, value)
        ]
        if not found:
            return finding
        told = ", ".join(f"`{one.value}` by {one.consumer} ({one.path[-1].place})" for one in found)
        verdict = RULES[finding.rule].verdict(finding.relation, "compared with")
        return replace(finding, verdict=verdict, message=f"{finding.message}; waited for: {told}")

    def problems(self, changed: Collection[str]) -> Iterator[Problem]:
        """Broken registrations, origins that nobody can tell, and (CON02) who relies on more
        than was promised, said to whom changes one of these files."""
        yield from self.faults
        if self.lineage.coverage < FLOOR:
            share = f"{self.lineage.coverage:.0%}"
            fact = f"the origins of only {share} of the columns are known, {FLOOR:.0%} is asked for"
            yield error("LIN01", fact, Place("domains"), "see meshport impact for what is untold")
        for one in overreaches(self.lineage, self.consumers):
            if one.place.file in changed:
                yield warning(one.rule, one.message, one.place, one.hint)
