"""Contract → list of checks: pure, and complete, for what is not checked is listed too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from meshport.checks.column_clauses import column_clauses
from meshport.checks.quality_clauses import quality_rule
from meshport.checks.spec import (
    AgeRule,
    CheckSpec,
    NotEnforced,
    ReferenceRule,
    Rule,
    UndeclaredRule,
    UniqueRule,
)
from meshport.contracts.duration import seconds_of
from meshport.contracts.model import (
    Column,
    Contract,
    QualityRule,
    ServiceLevel,
    Severity,
    Table,
)
from meshport.contracts.read import severity_of


def plan(contract: Contract) -> tuple[CheckSpec, ...]:
    """One check per clause of the contract, in the order in which the clauses stand."""
    specs: list[CheckSpec] = []
    for table in contract.tables:
        specs += [*_structure(table), *_columns(table), *_relationships(table), *_quality(table)]
    specs += [_service_level(contract, level) for level in contract.service_levels]
    prefixed = len(contract.tables) > 1
    return tuple(_with_unique_ids(specs, prefixed))


def _structure(table: Table) -> Iterator[CheckSpec]:
    declared = frozenset(column.name for column in table.columns)
    spec = CheckSpec(
        "undeclared_columns",
        table.name,
        None,
        f"schema.{table.name}.properties",
        Severity.ERROR,
        UndeclaredRule(declared),
        "The table has no column that the contract does not name.",
        table.place,
    )
    if declared:
        yield spec
    if table.key:
        yield replace(
            spec,
            id="primary_key",
            clause=f"schema.{table.name}.primaryKey",
            rule=UniqueRule(table.key),
            description=table.grain or f"One row per {', '.join(table.key)}.",
        )


def _columns(table: Table) -> Iterator[CheckSpec]:
    for column in table.columns:
        path = f"schema.{table.name}.properties.{column.name}"
        for short, clause, rule in column_clauses(column, table.key == (column.name,)):
            yield CheckSpec(
                f"{column.name}__{short}",
                table.name,
                column.name,
                f"{path}.{clause}",
                Severity.ERROR,
                rule,
                f"{column.name}: {clause}",
                column.place,
            )


def _relationships(table: Table) -> Iterator[CheckSpec]:
    for relationship in table.relationships:
        yield CheckSpec(
            f"reference__{relationship.id}",
            table.name,
            relationship.columns[0] if len(relationship.columns) == 1 else None,
            f"schema.{table.name}.relationships.{relationship.id}",
            Severity.ERROR,
            ReferenceRule(relationship.columns, relationship.target),
            f"Every {', '.join(relationship.columns)} stands in {relationship.target.table}.",
            relationship.place,
        )


def _quality(table: Table) -> Iterator[CheckSpec]:
    stated: list[tuple[Column | None, QualityRule]] = [(None, rule) for rule in table.quality]
    for column in table.columns:
        stated += [(column, rule) for rule in column.quality]
    for owner, rule in stated:
        parts = ["schema", table.name, *(["properties", owner.name] if owner else [])]
        yield CheckSpec(
            f"quality__{rule.id}",
            table.name,
            owner.name if owner else None,
            ".".join([*parts, "quality", rule.id]),
            rule.severity,
            quality_rule(rule, table, owner),
            rule.description or rule.id,
            rule.place,
        )


def _service_level(contract: Contract, level: ServiceLevel) -> CheckSpec:
    table, column = level.elements[0] if level.elements else ("", "")
    found = contract.find_table(table) or (contract.tables[0] if contract.tables else None)
    return CheckSpec(
        f"sla__{level.id}",
        found.name if found else table,
        column or None,
        f"slaProperties.{level.id}",
        severity_of(level.custom.get("severity")),
        _age_rule(level, found),
        level.description or f"{level.name} {level.target}",
        level.place,
    )


def _age_rule(level: ServiceLevel, table: Table | None) -> Rule:
    column = table.column(level.elements[0][1]) if table and level.elements else None
    kind = level.name.lower()
    if kind not in ("freshness", "fr", "retention", "re"):
        return NotEnforced(f"{level.name} is not a property of the rows")
    if kind in ("retention", "re") and level.custom.get("retentionKind") != "maximum":
        return NotEnforced("rows that are gone cannot be seen; only a maximum can be measured")
    limit = seconds_of(level.value, level.unit)
    if column is None or limit is None:
        return NotEnforced("it names no column of the table, or no duration")
    if column.logical_type not in ("date", "timestamp", None):
        return NotEnforced(f"{column.name} holds no time to measure it on")
    return AgeRule(column.name, kind in ("freshness", "fr"), limit)


def _with_unique_ids(specs: list[CheckSpec], prefixed: bool) -> Iterator[CheckSpec]:
    """Ids fit for Dagster: letters, digits and underscores, no two alike."""
    seen: Counter[str] = Counter()
    for spec in specs:
        name = re.sub(
            r"\W", "_", f"{spec.table}__{spec.id}" if prefixed else spec.id, flags=re.ASCII
        )
        seen[name] += 1
        yield replace(spec, id=name if seen[name] == 1 else f"{name}_{seen[name]}")
