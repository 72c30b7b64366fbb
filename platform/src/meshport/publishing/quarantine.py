"""Rows that cannot meet the contract: which they are, how many are tolerated, and keeping them.

A quarantine file has the columns `origin` (the table the row is from), `reasons` (the checks it
breaks, or what its source said) and `row` (the whole row as JSON).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from meshport.checks.keys import orphan_of
from meshport.checks.run import Audit, Surroundings
from meshport.checks.spec import (
    AgeRule,
    AggregateRule,
    CheckResult,
    CheckSpec,
    ReferenceRule,
    RowRule,
    SqlRule,
    Status,
    TypeRule,
    UndeclaredRule,
    UniqueRule,
    ZoneRule,
)
from meshport.checks.table import TableSource
from meshport.contracts.model import Contract
from meshport.errors import ContractError, Place
from meshport.sql_text import literal

DEFAULT_BUDGET_PERCENT = 2.0
_BUDGET = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%?\s*")


@dataclass(frozen=True)
class Offence:
    """SQL that is true for the rows (as `t`) that break one check by themselves."""

    check: str
    sql: str
    rows: int


def budget_percent(contract: Contract) -> float:
    """The share of rows, in percent, that may be in quarantine: `quarantineBudget`, else 2.

    Raises ContractError MP107 for something that is no percentage.
    """
    stated = contract.custom.get("quarantineBudget", DEFAULT_BUDGET_PERCENT)
    found = _BUDGET.fullmatch(str(stated))
    if found is None or not 0 <= float(found[1]) <= 100:
        fact = f"quarantineBudget is `{stated}`, not a percentage"
        raise ContractError("MP107", fact, Place(contract.file), "write it as `2 %`")
    return float(found[1])


def is_over(quarantined: int, rows: int, budget: float) -> bool:
    """Whether so many rows of so many are more than the budget (in percent) allows."""
    return quarantined * 100 > budget * rows


def offences(audit: Audit, around: Surroundings) -> list[Offence]:
    """The failed checks whose rows can be set aside; none where the structure is broken."""
    failed = [r for r in audit.results if r.status is Status.FAILED and r.breaks_promise]
    if any(_is_structural(r.spec) for r in failed):
        return []
    found = ((result, _sql(result, around)) for result in failed)
    return [Offence(r.spec.id, sql, r.failed_rows) for r, sql in found if sql]


def any_of(found: list[Offence]) -> str:
    """SQL that is true for a row that breaks at least one of the checks; never null."""
    return " or ".join(f"coalesce({offence.sql}, false)" for offence in found)


def quarantine_query(origin: str, relation: str, found: list[Offence]) -> str:
    """A query for the quarantine file's rows."""
    reasons = ", ".join(f"case when {o.sql} then {literal(o.check)} end" for o in found)
    return (
        f"select {literal(origin)} as origin, list_filter([{reasons}], lambda r: r is not null) "
        f"as reasons, to_json(t)::varchar as row from {relation} t where {any_of(found)}"
    )


def asks_rows(spec: CheckSpec) -> bool:
    """Whether the staged rows can answer it; a contract's own queries see files only."""
    return not isinstance(spec.rule, SqlRule)


def asks_file(spec: CheckSpec) -> bool:
    """Whether only the written file tells: its columns and native types, and own queries."""
    return isinstance(spec.rule, SqlRule) or _is_structural(spec)


def depends_on_other_rows(spec: CheckSpec) -> bool:
    """Whether taking rows away can change the outcome: shares, sums, ages.

    What every single row keeps, fewer rows keep too, and so it is with keys and references.
    """
    if isinstance(spec.rule, RowRule):
        return not spec.rule.concerns_single_rows
    if isinstance(spec.rule, UniqueRule):
        return not spec.rule.threshold.means_none
    return isinstance(spec.rule, AggregateRule | AgeRule)


def audit_of_file(
    specs: Sequence[CheckSpec], rows: Audit, file: Audit, found: list[Offence]
) -> Audit:
    """One audit: what the staged rows told, offences gone, and what the written file told."""
    gone = {offence.check for offence in found}
    results = {result.spec.id: result for result in rows.results}
    for check in gone:
        results[check] = CheckResult(
            results[check].spec, Status.PASSED, "no row breaks it", measured=0
        )
    results |= {result.spec.id: result for result in file.results}
    return Audit(tuple(results[spec.id] for spec in specs), file.rows)


def _is_structural(spec: CheckSpec) -> bool:
    return isinstance(spec.rule, TypeRule | ZoneRule | UndeclaredRule)


def _sql(result: CheckResult, around: Surroundings) -> str | None:
    rule = result.spec.rule
    if isinstance(rule, RowRule):
        return rule.violation if rule.concerns_single_rows else None
    if isinstance(rule, ReferenceRule):
        target = around.target_of(rule.target)
        return orphan_of(rule, target) if isinstance(target, TableSource) else None
    return None
