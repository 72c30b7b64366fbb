"""The result that `contract diff` and `contract gate` fill and every renderer reads.

Three answers are told apart: the promise is kept, it is broken, or nobody can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from meshport.changes.compare import Finding
from meshport.changes.difference import Difference, mode_of
from meshport.changes.verdict import Consumer, Governance, Producer, worst
from meshport.contracts.model import Contract
from meshport.error_codes import CODES
from meshport.errors import MeshportError, Place, each_of


class Level(StrEnum):
    """How loud something is said; only an error turns a report red."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Effect(StrEnum):
    """What a change does to one consumer, the worst first."""

    BREAKS = "breaks"
    ROWS = "row set changes"
    VALUES = "value changes"
    UNAFFECTED = "unaffected"


_LEVELS = list(Level)
_EFFECTS = list(Effect)
_CONSUMERS = list(Consumer)
_PRODUCERS = list(Producer)
_GOVERNANCE = list(Governance)


@dataclass(frozen=True)
class Hit:
    """What a change does to somebody who relies on a contract, and along which way."""

    consumer: str
    owner: str
    effect: Effect
    path: tuple[str, ...] = ()
    """The steps from the contract to the consumer, each as file:line."""
    rule: str = ""
    """The rule of the finding that does it; empty where nothing does."""


@dataclass(frozen=True)
class Waived:
    """A finding that does not count, because somebody answers for it."""

    finding: Finding
    waiver: str
    """Why, who answers and until when, as one sentence."""


@dataclass(frozen=True)
class Problem:
    """Something said about a place in a file: by the lint, the version policy, the parity."""

    rule: str
    severity: str
    """A `Level`."""
    file: str
    line: int | None
    column: int | None
    message: str
    hint: str | None = None

    @property
    def level(self) -> Level:
        """How loud it is said."""
        return Level(self.severity)

    @property
    def is_unknown(self) -> bool:
        """Whether it means that nobody can tell what the change does."""
        code = CODES.get(self.rule)
        return self.level is Level.ERROR and code is not None and not code.breaks_promise


def problems_of(error: MeshportError) -> list[Problem]:
    """The faults behind one of our errors, one or many."""
    return [
        Problem(
            rule=one.code,
            severity=Level.ERROR,
            file=one.place.file if one.place else "",
            line=one.place.line if one.place else None,
            column=one.place.column if one.place else None,
            message=one.fact,
            hint=one.hint,
        )
        for one in each_of(error)
    ]


@dataclass(frozen=True)
class ContractReport:
    """One contract of a change: what changed, whom it hits, what does not count and why."""

    difference: Difference
    """Its findings are those that count; waived ones are apart."""
    is_first: bool = False
    """Whether nothing was published before."""
    hits: tuple[Hit, ...] | None = None
    """None: nobody looked who relies on it."""
    waived: tuple[Waived, ...] = ()
    version_place: Place | None = None
    """Where the version stands, for formats that point at lines; None: somebody else points."""

    @classmethod
    def first(cls, contract: Contract) -> ContractReport:
        """The report of a contract that was never published: nothing to compare it with."""
        return cls(Difference(contract, contract, (), mode_of(contract)), is_first=True, hits=())

    @classmethod
    def silent(cls, contract: Contract, hits: tuple[Hit, ...]) -> ContractReport:
        """The report of a port whose contract says nothing of a change that hits its readers."""
        return cls(Difference(contract, contract, (), mode_of(contract)), hits=hits)

    @property
    def id(self) -> str:
        """The contract's id."""
        return self.difference.new.id

    @property
    def needs_approval(self) -> bool:
        """Whether governance has to give its word first."""
        return self.difference.governance is Governance.BLOCK

    @cached_property
    def is_green(self) -> bool:
        """Whether the version says enough and governance does not block."""
        return self.is_first or (self.difference.is_version_enough and not self.needs_approval)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing that a person would have to look at."""
        return self.is_green and not (self.waived or self.is_first or self.difference.findings)

    @cached_property
    def ranked(self) -> tuple[tuple[Level, Finding], ...]:
        """The findings with their level, the most severe first, else in file order."""
        drivers = self._drivers()
        levelled = [(self._level(one, id(one) in drivers), one) for one in self.difference.findings]
        return tuple(
            sorted(levelled, key=lambda pair: (_LEVELS.index(pair[0]), self._rank(pair[1])))
        )

    @cached_property
    def sorted_hits(self) -> tuple[Hit, ...]:
        """Whom it hits, the worst first, else by name."""
        hits = self.hits or ()
        return tuple(sorted(hits, key=lambda hit: (_EFFECTS.index(hit.effect), hit.consumer)))

    def asks(self, finding: Finding) -> Consumer:
        """What the finding means to the kinds of readers that there are."""
        return finding.verdict.for_readers(self.difference.readers)

    def _drivers(self) -> set[int]:
        """The findings for which the version is not enough."""
        whole = self.difference
        if self.is_first or whole.is_version_enough:
            return set()
        verdict = whole.verdict
        return {
            id(one) for one in whole.findings if replace(whole, findings=(one,)).verdict is verdict
        }

    def _level(self, finding: Finding, is_driver: bool) -> Level:
        verdict = finding.verdict
        if is_driver or verdict.governance is Governance.BLOCK:
            return Level.ERROR
        is_loud = (
            self.asks(finding) in (Consumer.WARN, Consumer.MAJOR)
            or verdict.producer is not Producer.NONE
            or verdict.governance is not Governance.NONE
        )
        return Level.WARNING if is_loud else Level.NOTICE

    def _rank(self, finding: Finding) -> tuple[int, int, int]:
        return (
            -_CONSUMERS.index(self.asks(finding)),
            -_GOVERNANCE.index(finding.verdict.governance),
            -_PRODUCERS.index(finding.verdict.producer),
        )


@dataclass(frozen=True)
class Report:
    """The whole result: contracts that were compared, and what else was found."""

    title: str
    contracts: tuple[ContractReport, ...]
    problems: tuple[Problem, ...] = ()
    base: str | None = None
    """The git revision compared with; None where it was a file."""
    command: str | None = None
    """What to type to get the report again."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """How far one could look, as shares of 1: what was not seen is not proved."""

    @property
    def verdict(self) -> Consumer:
        """The greatest bump that any contract needs."""
        return worst([one.difference.verdict for one in self.contracts])

    @property
    def is_unknown(self) -> bool:
        """Whether something could not be read, so that the report is not whole."""
        return any(problem.is_unknown for problem in self.problems)

    @property
    def is_green(self) -> bool:
        """Whether every promise is kept."""
        has_error = any(problem.level is Level.ERROR for problem in self.problems)
        return not has_error and all(one.is_green for one in self.contracts)

    @property
    def exit_code(self) -> int:
        """0 kept, 1 broken, 2 could not tell: what was not read may hide anything."""
        if self.is_unknown:
            return 2
        return 0 if self.is_green else 1

    @property
    def ranked_problems(self) -> Sequence[Problem]:
        """The problems, errors first, else in the order they were found."""
        return sorted(self.problems, key=lambda problem: _LEVELS.index(problem.level))

    @property
    def summary(self) -> str:
        """The result in one line; it holds names that others chose, so it has to be escaped."""
        if len(self.contracts) < 2:
            said = [_of_one(one) for one in self.contracts] or ["no contract changed"]
        else:
            changed = sum(bool(one.difference.findings) for one in self.contracts)
            red = sum(not one.is_green for one in self.contracts)
            said = [f"{len(self.contracts)} contracts compared", f"{changed} changed"]
            said.append(f"{red} not kept" if red else "all kept")
        said += [
            f"{count} {level.value}{'s' if count > 1 else ''}"
            for level in Level
            if (count := sum(problem.level is level for problem in self.problems))
        ]
        return ", ".join(said)


def _of_one(contract: ContractReport) -> str:
    found = contract.difference
    if contract.is_first:
        return f"{contract.id} {found.new.version}: first publication, nothing to compare it with"
    head = f"{contract.id} {found.old.version} → {found.new.version}"
    if not found.findings and found.is_version_enough:
        return f"{head}: nothing that is promised changed"
    needed, given = found.required_version, found.new.version
    enough = "enough" if found.is_version_enough else "not enough"
    said = f"{head}: {found.verdict.value}; version {needed} is needed, {given} is {enough}"
    return f"{said}; governance has to approve" if contract.needs_approval else said
