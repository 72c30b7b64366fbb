"""Clauses that follow from a reference: what stands in the other table keeps its clauses.

Where every value of `order_lines.order_id` is one of `orders.order_id`, and those all match a
pattern, the same pattern need not be tried on the lines again. Nulls are another matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from meshport.checks.column_clauses import column_clauses
from meshport.checks.spec import CheckResult, CheckSpec, ReferenceRule, RowRule, Status
from meshport.contracts.model import Column, Contract
from meshport.sql_text import quote


def implied_results(
    specs: Iterable[CheckSpec], reference: CheckResult, target: Contract | None
) -> Iterator[CheckResult]:
    """The results that a passed reference settles; `target` is the contract that was kept there."""
    rule = reference.spec.rule
    if target is None or reference.status is not Status.PASSED:
        return
    if not isinstance(rule, ReferenceRule) or len(rule.columns) != 1:
        return
    table = target.find_table(rule.target.table)
    theirs = table.column(rule.target.columns[0]) if table else None
    if theirs is None:
        return
    kept = set(_violations(theirs, rule.columns[0]))
    said = f"implied: every value stands in {target.id}.{theirs.name}, which keeps the same clause"
    for spec in specs:
        own = spec.rule if spec.column == rule.columns[0] else None
        if isinstance(own, RowRule) and own.concerns_single_rows and own.violation in kept:
            yield CheckResult(spec, Status.PASSED, said, measured=0)


def _violations(column: Column, name: str) -> Iterator[str]:
    """What no value of the column does, said of a column of another name."""
    for short, _, rule in column_clauses(column, is_whole_key=False):
        if isinstance(rule, RowRule) and short != "required":
            yield rule.violation.replace(quote(column.name), quote(name))
