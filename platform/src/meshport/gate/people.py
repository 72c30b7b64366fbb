"""Who relies on what, and what a change does to them: lineage, consumers, exposures."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshport.changes.compare import Finding
from meshport.contracts.model import Contract
from meshport.errors import MeshportError, Place
from meshport.gate.problem import error, warning
from meshport.gate.published import port_at
from meshport.lineage import impact
from meshport.lineage.consumers import Consumer, all_consumers
from meshport.lineage.findings import who_breaks
from meshport.lineage.graph import MeshLineage, lineage_of
from meshport.lineage.reliance import overreaches
from meshport.names import PortId
from meshport.reports.result import Effect, Hit, Problem, problems_of

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
        cls, root: Path, cache: Path | None, promised: Mapping[PortId, Sequence[str]]
    ) -> People:
        """Those of the working tree; `promised` are the columns of changed ports at the base.

        So a consumer that is changed along with its port is not hit.
        """
        lineage = lineage_of(root, cache, promised)
        try:
            return cls(lineage, all_consumers(root, lineage))
        except MeshportError as fault:
            return cls(lineage, (), tuple(problems_of(fault)))

    def hit_by(self, contract: Contract, findings: Sequence[Finding]) -> list[Hit]:
        """What the findings do to each consumer of the port, the worst of each."""
        port = port_at(contract.file)
        worst = {hit.consumer: _hit(hit, "", Effect.UNAFFECTED) for hit in self._readers(port)}
        for one in who_breaks(self.lineage, self.consumers, {port: findings}):
            hit = _hit(one.hit, one.finding.rule, _EFFECTS[one.hit.effect])
            known = worst.get(hit.consumer)
            if known is None or _rank(hit) < _rank(known):
                worst[hit.consumer] = hit
        return sorted(worst.values(), key=lambda hit: (_rank(hit), hit.consumer))

    def readers_of(self, contract: Contract) -> list[str]:
        """Who would miss the port."""
        return [hit.consumer for hit in self._readers(port_at(contract.file))]

    def _readers(self, port: PortId) -> list[impact.Hit]:
        if port not in self.lineage.promises:
            return []
        question = impact.Question(port, None, impact.Change.DROP)
        found = impact.impact(self.lineage, self.consumers, question)
        return [hit for hit in found if hit.effect is impact.Effect.BREAKS]

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


# Who cannot be told to be safe is warned.
_EFFECTS = {
    effect: Effect.BREAKS if effect is impact.Effect.UNKNOWN else Effect(effect.value)
    for effect in impact.Effect
}


def _hit(hit: impact.Hit, rule: str, effect: Effect) -> Hit:
    owner = f"{hit.owner.team} {hit.owner.contact}".strip()
    steps = tuple(str(step.place) for step in hit.path) or (str(hit.place),)
    return Hit(hit.consumer, owner, effect, steps, rule)


def _rank(hit: Hit) -> int:
    return list(Effect).index(hit.effect)
