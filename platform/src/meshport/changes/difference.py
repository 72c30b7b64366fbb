"""Two versions of a contract: what changed, which version that needs, and whether it is enough."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from meshport.changes.compare import Finding, compare
from meshport.changes.judgement import Surroundings
from meshport.changes.verdict import (
    ALL_READERS,
    Consumer,
    Governance,
    Producer,
    Reader,
    worst,
    worst_for_governance,
    worst_for_producer,
)
from meshport.contracts.model import Contract
from meshport.contracts.read import contract_of
from meshport.contracts.version import Version
from meshport.yaml_file import YamlDocument


class Mode(StrEnum):
    """Whose promise a version bump protects; `transitive` ones hold against all versions."""

    NONE = "NONE"
    CONSUMER = "CONSUMER"
    PRODUCER = "PRODUCER"
    FULL = "FULL"
    CONSUMER_TRANSITIVE = "CONSUMER_TRANSITIVE"
    PRODUCER_TRANSITIVE = "PRODUCER_TRANSITIVE"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        """Whether every version of the major counts, not just the last."""
        return self.value.endswith("_TRANSITIVE")

    @property
    def protects(self) -> frozenset[str]:
        """The axes that ask for a bump."""
        plain = self.value.removesuffix("_TRANSITIVE")
        return {
            "NONE": frozenset(),
            "CONSUMER": frozenset({"consumer"}),
            "PRODUCER": frozenset({"producer"}),
            "FULL": frozenset({"consumer", "producer"}),
        }[plain]

    def stricter(self, other: Mode) -> Mode:
        """The mode that protects whatever either does."""
        axes = self.protects | other.protects
        plain = {0: "NONE", 2: "FULL"}.get(len(axes)) or next(iter(axes)).upper()
        lasting = (self.is_transitive or other.is_transitive) and plain != "NONE"
        return Mode(f"{plain}_TRANSITIVE" if lasting else plain)


_BUMPS = {Consumer.WARN: Consumer.MINOR}
_EXEMPT = ("proposed", "draft")


@dataclass(frozen=True)
class Difference:
    """The comparison of two versions of one contract."""

    old: Contract
    new: Contract
    findings: tuple[Finding, ...]
    mode: Mode
    readers: frozenset[Reader] = ALL_READERS

    @property
    def verdict(self) -> Consumer:
        """`none`, `patch`, `minor` or `major`: the bump that the findings ask for."""
        asked = [Consumer.NONE]
        if "consumer" in self.mode.protects:
            asked += [one.verdict.for_readers(self.readers) for one in self.findings]
        if "producer" in self.mode.protects:
            breaks = worst_for_producer([one.verdict.producer for one in self.findings])
            asked.append(Consumer.MAJOR if breaks is Producer.BREAK else Consumer.NONE)
        if not self.findings and self._same_bytes():
            return Consumer.NONE
        found = worst([_BUMPS.get(one, one) for one in asked])
        return found if self.mode is not Mode.NONE else Consumer.NONE

    @property
    def governance(self) -> Governance:
        """Whether somebody has to give their word."""
        return worst_for_governance([one.verdict.governance for one in self.findings])

    @property
    def required_version(self) -> str:
        """The least version that the new contract has to carry.

        Drafts are exempt; below 1.0.0 what would be major needs a minor bump (SemVer 2.0.0, §4).
        """
        old = Version.parse(self.old.version)
        if old is None or self.old.status in _EXEMPT:
            return self.old.version
        return str(old.bumped(self.verdict.value))

    @property
    def is_version_enough(self) -> bool:
        """Whether the new contract's version is at least the required one."""
        needed, given = Version.parse(self.required_version), Version.parse(self.new.version)
        return needed is None or (given is not None and given >= needed)

    def as_json(self) -> dict[str, Any]:
        """The form of `meshport contract diff --format json` (DESIGN, section 5)."""
        return {
            "old": f"{self.old.id} {self.old.version}",
            "new": f"{self.new.id} {self.new.version}",
            "verdict": self.verdict.value,
            "required_version": self.required_version,
            "changes": [one.as_json(self.readers) for one in self.findings],
        }

    def _same_bytes(self) -> bool:
        return self.old.sha256 == self.new.sha256


def difference(old: YamlDocument, new: YamlDocument, around: Surroundings) -> Difference:
    """Compare two contract files; raises ContractError as `read_contract` does."""
    before, after = contract_of(old), contract_of(new)
    mode = mode_of(before).stricter(mode_of(after))
    return Difference(before, after, tuple(compare(old, new, around)), mode)


def mode_of(contract: Contract) -> Mode:
    """The contract's compatibility mode; consumers upgrade last, so that is the default."""
    written = str(contract.custom.get("compatibilityMode", Mode.CONSUMER_TRANSITIVE)).upper()
    return Mode(written) if written in list(Mode) else Mode.CONSUMER_TRANSITIVE
