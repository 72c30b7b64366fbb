"""Quality rules in normal form, and those that only say what a clause of the column can say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshport.contracts.model import Severity
from meshport.contracts.read import severity_of
from meshport.contracts.threshold import OPERATORS, Threshold


def rule_clauses(written: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's clauses with its operator as one threshold and its severity as one of ours."""
    operator = {key: written[key] for key in (*OPERATORS, "unit") if key in written}
    clauses = {key: value for key, value in written.items() if key not in (*operator, "name")}
    plain = {k: sorted(v) if isinstance(v, frozenset) else v for k, v in operator.items()}
    threshold = Threshold.of(plain)
    if threshold:
        clauses["threshold"] = threshold
    clauses["severity"] = severity_of(written.get("severity"))
    if "rule" in clauses:
        clauses["metric"] = clauses.pop("rule")
    return clauses


def implied_clause(rule: Mapping[str, Any], column: str) -> dict[str, Any] | None:
    """The column's clause that the rule amounts to (N4, N5); None where it says more."""
    threshold = rule.get("threshold")
    if threshold is None or not threshold.means_none or rule["severity"] is not Severity.ERROR:
        return None
    arguments = dict(rule.get("arguments", ()))
    metric = rule.get("metric")
    if metric == "nullValues" and not arguments:
        return {"required": True}
    # Arguments are free in the standard: what is no list says something else.
    named, listed = arguments.get("properties", frozenset()), arguments.get("validValues")
    if metric == "duplicateValues" and isinstance(named, frozenset) and named <= {column}:
        return {"unique": True}
    if metric == "invalidValues" and set(arguments) == {"validValues"}:
        return {"values": frozenset(map(str, listed))} if isinstance(listed, frozenset) else None
    return None
