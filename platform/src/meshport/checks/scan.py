"""One scan per table for every clause that rows can answer: counts, aggregates, ages and keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from meshport.checks.spec import (
    AgeRule,
    AggregateRule,
    CheckResult,
    CheckSpec,
    RowRule,
    Status,
    TypeRule,
    UniqueRule,
)
from meshport.checks.table import TableUnderCheck
from meshport.contracts.duration import in_words
from meshport.contracts.threshold import NONE, Threshold
from meshport.sql_text import quote
from meshport.warehouse import Connection, EngineError

SAMPLES = 5


@dataclass(frozen=True)
class ScanRow:
    """What the scan of a table brought: the number of rows and one result per check."""

    rows: int
    results: list[CheckResult]
    perhaps_repeated: list[CheckSpec] = field(default_factory=list)
    """Keys that have no result yet: the scan could not prove that they are all different."""


def columns_of(spec: CheckSpec) -> tuple[str, ...]:
    """The columns that a check of the scan reads."""
    match spec.rule:
        case RowRule(columns=columns) | AggregateRule(columns=columns) | UniqueRule(columns):
            return columns
        case AgeRule(column=column):
            return (column,)
    return (spec.column,) if spec.column else ()


def scan(
    con: Connection, under: TableUnderCheck, specs: Sequence[CheckSpec], now: datetime
) -> ScanRow:
    """Answer all checks in one statement; one that the engine refuses is an error by itself.

    Whether text can be read as its type is asked of the text itself: a second statement.
    """
    of_text = [spec for spec in specs if isinstance(spec.rule, TypeRule)]
    of_rows = [spec for spec in specs if not isinstance(spec.rule, TypeRule)]
    scanned = _scan_relation(con, under, of_rows, now)
    if of_text:
        scanned.results.extend(_scan_relation(con, under, of_text, now).results)
    return scanned


def _scan_relation(
    con: Connection, under: TableUnderCheck, specs: Sequence[CheckSpec], now: datetime
) -> ScanRow:
    relation = _relation(specs[0], under) if specs else under.projection
    measures = [_measure(spec, under) for spec in specs]
    try:
        rows, *values = _select(con, relation, ["count(*)", *measures])
        return _judged(rows, zip(specs, values, strict=True), now)
    except EngineError:
        # One bad pattern must not hide what the others find: ask each one by itself.
        rows = _select(con, relation, ["count(*)"])[0]
    measured, failed = [], []
    for spec, measure in zip(specs, measures, strict=True):
        try:
            measured.append((spec, _select(con, relation, [measure])[0]))
        except EngineError as error:
            said = str(error).splitlines()[0]
            failed.append(CheckResult(spec, Status.ERROR, f"could not run: {said}"))
    scanned = _judged(rows, measured, now)
    scanned.results.extend(failed)
    return scanned


def _judged(rows: int, measured: Iterable[tuple[CheckSpec, Any]], now: datetime) -> ScanRow:
    scanned = ScanRow(rows, [])
    for spec, value in measured:
        if isinstance(spec.rule, UniqueRule) and not value:
            scanned.perhaps_repeated.append(spec)
        else:
            scanned.results.append(_judge(spec, value, rows, now))
    return scanned


def violation_of(spec: CheckSpec, under: TableUnderCheck) -> str | None:
    """SQL that is true for an offending row of the table as it is; None where rows cannot tell."""
    if isinstance(spec.rule, RowRule):
        return spec.rule.violation
    if isinstance(spec.rule, TypeRule) and (wanted := under.reads_as(spec.column or "")):
        raw = quote(spec.column or "")
        return f"{raw} is not null and try_cast({raw} as {wanted}) is null"
    return None


def sample_keys(
    con: Connection, under: TableUnderCheck, spec: CheckSpec
) -> tuple[dict[str, Any], ...]:
    """Keys of a few offending rows; never another column, for that may be private."""
    key = [column for column in under.table.key if under.has(column)]
    violation = violation_of(spec, under)
    if not key or violation is None:
        return ()
    relation = _relation(spec, under)
    columns = ", ".join(f"{quote(c)}::varchar" for c in key)
    found = con.execute(
        f"select {columns} from {relation} where {violation} limit {SAMPLES}"
    ).fetchall()
    return tuple(dict(zip(key, row, strict=True)) for row in found)


def judge_count(spec: CheckSpec, threshold: Threshold, failed: int, rows: int) -> CheckResult:
    """Hold a number of offending rows against a threshold in rows or percent."""
    measured: float = failed
    if threshold.is_percent:
        measured = 100 * failed / rows if rows else 0
    shown = f"{measured:.4g} % of the rows" if threshold.is_percent else f"{failed:,} rows"
    if threshold.accepts(measured):
        said = "no row breaks it" if threshold.means_none else f"{shown}; {threshold}"
        return CheckResult(spec, Status.PASSED, said, failed, measured=measured)
    said = f"{shown} break it" if threshold.means_none else f"{shown}; {threshold}"
    return CheckResult(spec, Status.FAILED, said, failed, measured=measured)


def judge_value(spec: CheckSpec, threshold: Threshold, value: Any) -> CheckResult:
    """Hold a measured number against a threshold."""
    status = Status.PASSED if threshold.accepts(value) else Status.FAILED
    shown = "nothing" if value is None else f"{float(value):,.6g}" if _is_number(value) else value
    return CheckResult(spec, status, f"measured {shown}; {threshold}", measured=value)


def _select(con: Connection, relation: str, measures: list[str]) -> tuple[Any, ...]:
    row: tuple[Any, ...] = con.execute(f"select {', '.join(measures)} from {relation}").fetchall()[
        0
    ]
    return row


def _relation(spec: CheckSpec, under: TableUnderCheck) -> str:
    return under.source.relation if isinstance(spec.rule, TypeRule) else under.projection


def _measure(spec: CheckSpec, under: TableUnderCheck) -> str:
    match spec.rule:
        case AggregateRule(expression=expression):
            return expression
        case AgeRule(column=column, measures_youngest=youngest):
            return f"epoch({'max' if youngest else 'min'}({quote(column)}))"
        case UniqueRule(columns=columns):
            return _all_different(columns)
    return f"count(*) filter (where {violation_of(spec, under)})"


def _all_different(columns: tuple[str, ...]) -> str:
    """SQL that is true where as many different hashes as rows prove that no key repeats.

    Fewer prove nothing: two keys can have one hash. It takes half the time of counting the keys.
    """
    keyed = f"filter (where {complete(columns)})"
    hashed = ", ".join(map(quote, columns))
    return f"count(*) {keyed} = count(distinct hash({hashed})) {keyed}"


def complete(columns: tuple[str, ...], prefix: str = "") -> str:
    """SQL that is true for a row in which none of the columns is null."""
    return " and ".join(f"{prefix}{quote(column)} is not null" for column in columns)


def _judge(spec: CheckSpec, value: Any, rows: int, now: datetime) -> CheckResult:
    match spec.rule:
        case RowRule(threshold=threshold):
            return judge_count(spec, threshold, value, rows)
        case AggregateRule(threshold=threshold):
            return judge_value(spec, threshold, value)
        case AgeRule() as rule:
            return _judge_age(spec, rule, value, now)
        case UniqueRule(threshold=threshold):
            return judge_count(spec, threshold, 0, rows)
    return judge_count(spec, NONE, value, rows)


def _judge_age(spec: CheckSpec, rule: AgeRule, seconds: Any, now: datetime) -> CheckResult:
    if seconds is None:
        status = Status.FAILED if rule.measures_youngest else Status.PASSED
        return CheckResult(spec, status, "there is no row to measure it on")
    age = now.timestamp() - seconds
    status = Status.PASSED if age <= rule.limit_seconds else Status.FAILED
    which = "youngest" if rule.measures_youngest else "oldest"
    limit = in_words(rule.limit_seconds)
    said = f"the {which} {rule.column} is {in_words(max(age, 0))} old; at most {limit}"
    return CheckResult(spec, status, said, measured=seconds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
