"""Checks of a table's columns and native types; no row is read, but for text sources."""

from __future__ import annotations

from meshport.checks.spec import (
    CheckResult,
    CheckSpec,
    Status,
    TypeRule,
    UndeclaredRule,
    ZoneRule,
)
from meshport.checks.table import FAMILIES, TableUnderCheck, family
from meshport.contracts.schema import nearest


def check_structure(spec: CheckSpec, under: TableUnderCheck) -> CheckResult | None:
    """The result of a structural check; None where the values of a text column have to tell."""
    match spec.rule:
        case UndeclaredRule(declared):
            return _undeclared(spec, under, declared)
        case TypeRule() as rule:
            return _type(spec, under, rule)
        case ZoneRule(is_zoned):
            return _zone(spec, under, is_zoned)
    return None


def missing_columns(
    spec: CheckSpec, under: TableUnderCheck, columns: tuple[str, ...]
) -> CheckResult:
    """The result of a check that cannot run, because the column's type check already failed."""
    gone = [column for column in columns if not under.has(column)]
    return CheckResult(spec, Status.ERROR, f"could not run: no column {', '.join(gone)}")


def _undeclared(spec: CheckSpec, under: TableUnderCheck, declared: frozenset[str]) -> CheckResult:
    extra = sorted(set(under.native) - declared)
    if extra:
        return CheckResult(spec, Status.FAILED, f"undeclared: {', '.join(extra)}")
    return CheckResult(spec, Status.PASSED, f"{len(declared)} columns, all declared")


def _type(spec: CheckSpec, under: TableUnderCheck, rule: TypeRule) -> CheckResult | None:
    name = spec.column or ""
    native = under.native.get(name)
    if native is None:
        near = nearest(name, set(under.native) - {c.name for c in under.table.columns})
        return CheckResult(
            spec, Status.FAILED, "the column is missing" + (f"; is it `{near}`?" if near else "")
        )
    if under.source.is_text and under.reads_as(name):
        return None
    promised = under.promised.get(name)
    if promised is not None:
        is_right, wanted = native == promised, promised
    elif rule.logical_type in FAMILIES:
        is_right, wanted = family(native) in FAMILIES[rule.logical_type][0], rule.logical_type
    else:
        why = f"DuckDB has no type `{rule.physical_type}`"
        return CheckResult(spec, Status.NOT_ENFORCED, why)
    status = Status.PASSED if is_right else Status.FAILED
    return CheckResult(spec, status, native if is_right else f"is {native}, promised is {wanted}")


def _zone(spec: CheckSpec, under: TableUnderCheck, is_zoned: bool) -> CheckResult:
    native = under.native.get(spec.column or "")
    if native is None:
        return missing_columns(spec, under, (spec.column or "",))
    if under.source.is_text:
        return CheckResult(spec, Status.NOT_ENFORCED, "text carries no native zone")
    if is_zoned == native.endswith("WITH TIME ZONE"):
        return CheckResult(spec, Status.PASSED, native)
    return CheckResult(
        spec, Status.FAILED, f"is {native}, promised is {'a' if is_zoned else 'no'} zone"
    )
