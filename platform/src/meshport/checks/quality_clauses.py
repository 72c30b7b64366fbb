"""Quality rules of type library and sql, turned into rules (ODCS 3.2, section Data Quality)."""

from __future__ import annotations

from typing import Any

from meshport.checks.column_clauses import not_among
from meshport.checks.runnable import placeholders_filled
from meshport.checks.spec import AggregateRule, NotEnforced, RowRule, Rule, SqlRule, UniqueRule
from meshport.checks.statement import fused_form
from meshport.contracts.model import Column, QualityRule, Table
from meshport.contracts.threshold import NONE
from meshport.sql_text import literal, quote


def quality_rule(rule: QualityRule, table: Table, column: Column | None) -> Rule:
    """The executable form of one quality rule; what cannot be run says why."""
    if rule.kind == "text":
        return NotEnforced("a rule in words; a person has to look")
    if rule.kind == "custom":
        return NotEnforced("a rule for another engine")
    if rule.kind == "sql":
        return _sql(rule, table, column)
    name = rule.arguments.get("property") or rule.arguments.get("column")
    named = name if isinstance(name, str) else None
    return _library(rule, column.name if column else named)


def _library(rule: QualityRule, column: str | None) -> Rule:
    threshold = rule.threshold or NONE
    if rule.metric == "rowCount":
        return AggregateRule("count(*)", (), threshold)
    if rule.metric == "duplicateValues":
        named = _listed(rule.arguments.get("properties")) or ((column,) if column else ())
        columns = tuple(name for name in named if isinstance(name, str))
        return UniqueRule(columns, threshold) if columns else NotEnforced("it names no columns")
    if rule.metric not in ("nullValues", "missingValues", "invalidValues"):
        return NotEnforced(f"meshport knows no metric `{rule.metric}`")
    if column is None:
        return NotEnforced("it names no column; put it below the column or in arguments.property")
    violation = _violation(rule.metric, column, rule.arguments)
    if violation is None:
        return NotEnforced("its arguments name neither validValues nor pattern")
    return RowRule(violation, (column,), threshold)


def _violation(metric: str, column: str, arguments: Any) -> str | None:
    name = quote(column)
    if metric == "nullValues":
        return f"{name} is null"
    if metric == "missingValues":
        # The standard's default: null alone counts as missing; a listed null is that null.
        missing = _listed(arguments.get("missingValues"))
        listed = [literal(value) for value in missing if value is not None]
        among = f" or cast({name} as varchar) in ({', '.join(listed)})" if listed else ""
        return f"{name} is null{among}"
    parts = []
    if values := _listed(arguments.get("validValues")):
        parts.append(not_among(column, values))
    pattern = arguments.get("pattern")
    if isinstance(pattern, str) and pattern:
        parts.append(f"not regexp_matches(cast({name} as varchar), {literal(pattern)})")
    return " or ".join(parts) or None


def _listed(value: Any) -> tuple[Any, ...]:
    """A list's items; what is no list lists nothing: the standard leaves arguments open."""
    return tuple(value) if isinstance(value, list) else ()


def _sql(rule: QualityRule, table: Table, column: Column | None) -> Rule:
    query = placeholders_filled(
        rule.query or "", table.physical_name, column.name if column else None
    )
    threshold = rule.threshold or NONE
    fused = fused_form(query, table.physical_name, {c.name for c in table.columns})
    if fused is None:
        return SqlRule(query, threshold)
    if fused.violation is not None:
        return RowRule(fused.violation, fused.columns, threshold)
    return AggregateRule(fused.expression, fused.columns, threshold)
