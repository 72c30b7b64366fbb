"""Who relies on a contract, and what a change does to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshport.changes.compare import Finding
from meshport.contracts.model import Contract
from meshport.reports.result import Hit, Problem


@dataclass(frozen=True)
class People:
    """The consumers of a mesh: downstream ports, dbt exposures, registered outside consumers."""

    root: Path

    @classmethod
    def read(cls, root: Path, cache: Path | None) -> People:
        return cls(root)

    def hit_by(self, contract: Contract, findings: Sequence[Finding]) -> Iterator[Hit]:
        return iter(())

    def readers_of(self, contract: Contract) -> list[str]:
        return []

    def problems(self) -> Iterator[Problem]:
        return iter(())
