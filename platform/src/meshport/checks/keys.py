"""Checks that need more than one row at a time: uniqueness, and references into other tables."""

from __future__ import annotations

from typing import Any

from meshport.checks.scan import SAMPLES, complete, judge_count
from meshport.checks.spec import CheckResult, CheckSpec, ReferenceRule, Status, UniqueRule
from meshport.checks.table import TableSource, TableUnderCheck
from meshport.contracts.threshold import NONE
from meshport.sql_text import quote
from meshport.warehouse import Connection, EngineError

Target = TableSource | str
"""Where a reference points: a table, or why it cannot be looked up."""


def check_unique(
    con: Connection, under: TableUnderCheck, spec: CheckSpec, rows: int
) -> CheckResult:
    """Count the rows beyond the first of each group of equal keys; exact, nulls left out."""
    assert isinstance(spec.rule, UniqueRule)
    columns = ", ".join(quote(column) for column in spec.rule.columns)
    keyed = f"{under.projection} where {complete(spec.rule.columns)}"
    groups = f"(select {columns}, count(*) as n from {keyed} group by {columns} having n > 1)"
    extra = con.execute(f"select coalesce(sum(n - 1), 0)::bigint from {groups}").fetchall()[0][0]
    result = judge_count(spec, spec.rule.threshold, extra, rows)
    if result.status is Status.PASSED:
        return result
    found = con.execute(f"select * exclude n from {groups} limit {SAMPLES}").fetchall()
    return _with_samples(result, spec.rule.columns, found, "repeat another row's values")


def check_reference(
    con: Connection, under: TableUnderCheck, spec: CheckSpec, target: Target
) -> CheckResult:
    """Count the rows whose values do not stand in the target table."""
    assert isinstance(spec.rule, ReferenceRule)
    if isinstance(target, str):
        return CheckResult(spec, Status.NOT_ENFORCED, target)
    columns = ", ".join(quote(column) for column in spec.rule.columns)
    keyed = f"(select {columns} from {under.projection} where {complete(spec.rule.columns)})"
    # An anti join takes half the time of the `not exists` that says the same.
    orphans = f"{keyed} t anti join {target.relation} o on {_equal(spec.rule)}"
    try:
        failed = con.execute(f"select count(*) from {orphans}").fetchall()[0][0]
    except EngineError as error:
        return CheckResult(spec, Status.ERROR, f"could not run: {str(error).splitlines()[0]}")
    result = judge_count(spec, NONE, failed, 0)
    if not failed:
        return result
    found = con.execute(f"select distinct {columns} from {orphans} limit {SAMPLES}").fetchall()
    return _with_samples(result, spec.rule.columns, found, f"are not in {spec.rule.target.table}")


def orphan_of(rule: ReferenceRule, target: TableSource) -> str:
    """SQL that is true for a row `t` whose reference leads nowhere."""
    orphaned = f"not exists (select 1 from {target.relation} o where {_equal(rule)})"
    return f"{complete(rule.columns, 't.')} and {orphaned}"


def _equal(rule: ReferenceRule) -> str:
    pairs = zip(rule.columns, rule.target.columns, strict=True)
    return " and ".join(f"o.{quote(theirs)} = t.{quote(ours)}" for ours, theirs in pairs)


def _with_samples(
    result: CheckResult, columns: tuple[str, ...], found: list[tuple[Any, ...]], what: str
) -> CheckResult:
    keys = tuple(dict(zip(columns, map(str, row), strict=True)) for row in found)
    return CheckResult(
        result.spec,
        result.status,
        f"{result.failed_rows:,} rows {what}",
        result.failed_rows,
        keys,
        result.measured,
    )
