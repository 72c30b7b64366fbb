"""Run a contract's checks over its tables: structure, one scan, keys, references, own queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from meshport.checks.implied import implied_results
from meshport.checks.keys import Target, check_reference, check_unique
from meshport.checks.sandbox import Sandbox
from meshport.checks.scan import columns_of, sample_keys, scan
from meshport.checks.spec import (
    CheckResult,
    CheckSpec,
    NotEnforced,
    ReferenceRule,
    SqlRule,
    Status,
    TypeRule,
    UndeclaredRule,
    UniqueRule,
    ZoneRule,
)
from meshport.checks.structure import check_structure, missing_columns
from meshport.checks.table import TableSource, TableUnderCheck
from meshport.contracts.model import Contract, Reference
from meshport.warehouse import Connection


@dataclass(frozen=True)
class Surroundings:
    """What a check may look at besides the table itself."""

    now: datetime
    target_of: Callable[[Reference], Target]
    """The table a reference points to, or why it cannot be looked up."""
    sandbox: Sandbox | None = None
    """None: the contract's own queries are not run, and said so."""
    kept_by: Callable[[Reference], Contract | None] = lambda _reference: None
    """The contract that the referenced rows were audited against; None: not known."""


@dataclass(frozen=True)
class Audit:
    """Every check of a contract and what it found."""

    results: tuple[CheckResult, ...]
    rows: Mapping[str, int]

    @property
    def keeps_promise(self) -> bool:
        """Whether no blocking check failed or could not run."""
        return not any(result.breaks_promise for result in self.results)

    @property
    def coverage(self) -> float:
        """The share of the contract's clauses that were checked, 0 to 1."""
        left = self.count(Status.NOT_ENFORCED)
        return 1 - left / len(self.results) if self.results else 1.0

    def count(self, status: Status) -> int:
        """How many checks came out that way."""
        return sum(result.status is status for result in self.results)


def run_checks(
    con: Connection,
    contract: Contract,
    specs: Sequence[CheckSpec],
    sources: Mapping[str, TableSource],
    around: Surroundings,
) -> Audit:
    """Check every table of the contract; the results come in the order of the specs."""
    queries = [spec for spec in specs if isinstance(spec.rule, SqlRule)]
    with ThreadPoolExecutor(1) as apart:
        # The contract's own queries run in their own process while this one scans.
        answers = apart.submit(_own_queries, queries, around.sandbox)
        found: dict[str, CheckResult] = {}
        rows: dict[str, int] = {}
        for table in contract.tables:
            mine = [spec for spec in specs if spec.table == table.name]
            if table.name not in sources:
                found |= {spec.id: _no_table(spec) for spec in mine}
                continue
            under = TableUnderCheck.look(con, table, sources[table.name])
            check = _TableCheck(con, under, around)
            found |= {result.spec.id: result for result in check.run(mine)}
            rows[table.name] = check.rows
        found |= {result.spec.id: result for result in answers.result()}
    missing = (CheckResult(s, Status.ERROR, "could not run: no such table") for s in specs)
    return Audit(tuple(found.get(s.id, m) for s, m in zip(specs, missing, strict=True)), rows)


class _TableCheck:
    """The checks of one table, in the order that lets each build on the one before."""

    def __init__(self, con: Connection, under: TableUnderCheck, around: Surroundings) -> None:
        self.con = con
        self.under = under
        self.around = around
        self.rows = 0

    def run(self, specs: Sequence[CheckSpec]) -> Iterator[CheckResult]:
        """One result per spec but the SqlRules, which run elsewhere."""
        waiting: list[CheckSpec] = []
        for spec in specs:
            result = self._at_once(spec)
            if result is not None:
                yield result
            elif not isinstance(spec.rule, SqlRule):
                waiting.append(spec)
        settled = {result.spec.id: result for result in self._references(waiting)}
        yield from settled.values()
        to_scan = [spec for spec in waiting if spec.id not in settled]
        scanned = scan(self.con, self.under, to_scan, self.around.now)
        self.rows = scanned.rows
        for result in scanned.results:
            yield self._with_samples(result)
        for spec in scanned.perhaps_repeated:
            yield check_unique(self.con, self.under, spec, self.rows)

    def _references(self, specs: Sequence[CheckSpec]) -> Iterator[CheckResult]:
        """Every reference, and the clauses that those which hold settle."""
        for spec in specs:
            if isinstance(spec.rule, ReferenceRule):
                target = self.around.target_of(spec.rule.target)
                result = check_reference(self.con, self.under, spec, target)
                yield result
                yield from implied_results(specs, result, self.around.kept_by(spec.rule.target))

    def _at_once(self, spec: CheckSpec) -> CheckResult | None:
        if isinstance(spec.rule, NotEnforced):
            return CheckResult(spec, Status.NOT_ENFORCED, spec.rule.why)
        if isinstance(spec.rule, TypeRule | ZoneRule | UndeclaredRule):
            return check_structure(spec, self.under)
        columns = _needed(spec)
        return None if self.under.has(*columns) else missing_columns(spec, self.under, columns)

    def _with_samples(self, result: CheckResult) -> CheckResult:
        if result.status is not Status.FAILED or not result.failed_rows:
            return result
        return replace(result, sample_keys=sample_keys(self.con, self.under, result.spec))


def _needed(spec: CheckSpec) -> tuple[str, ...]:
    if isinstance(spec.rule, UniqueRule | ReferenceRule):
        return spec.rule.columns
    return () if isinstance(spec.rule, SqlRule) else columns_of(spec)


def _own_queries(specs: Sequence[CheckSpec], sandbox: Sandbox | None) -> list[CheckResult]:
    if sandbox is None:
        why = "its data is not in files that the sandbox can open"
        return [CheckResult(spec, Status.NOT_ENFORCED, why) for spec in specs]
    return sandbox.check(specs) if specs else []


def _no_table(spec: CheckSpec) -> CheckResult:
    if isinstance(spec.rule, UndeclaredRule):
        return CheckResult(spec, Status.FAILED, "the table is missing")
    if isinstance(spec.rule, NotEnforced):
        return CheckResult(spec, Status.NOT_ENFORCED, spec.rule.why)
    return CheckResult(spec, Status.ERROR, "could not run: the table is missing")
