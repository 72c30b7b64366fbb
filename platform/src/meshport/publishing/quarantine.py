"""Rows that cannot meet the contract: which they are, how many are tolerated, and keeping them.

A quarantine file has the columns `origin` (the table the row is from), `reasons` (the checks it
breaks, or what its source said) and `row` (the whole row as JSON).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from meshport.checks.keys import orphan_of
from meshport.checks.run import Audit, Surroundings
from meshport.checks.spec import (
    CheckResult,
    ReferenceRule,
    RowRule,
    Status,
    TypeRule,
    UndeclaredRule,
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
    if any(isinstance(r.spec.rule, TypeRule | ZoneRule | UndeclaredRule) for r in failed):
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


def _sql(result: CheckResult, around: Surroundings) -> str | None:
    rule = result.spec.rule
    if isinstance(rule, RowRule):
        return rule.violation if rule.concerns_single_rows else None
    if isinstance(rule, ReferenceRule):
        target = around.target_of(rule.target)
        return orphan_of(rule, target) if isinstance(target, TableSource) else None
    return None
