"""Which type DuckDB gives an expression, from the types of the columns it uses.

sqlglot's own annotation is of no use here: for DuckDB it is wrong about one expression in four
(`sum`, decimals, `/`, differences of dates). What is told here is what the engine says; whatever
is not known for certain is None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlglot import exp

from meshport.sql.function_rules import FUNCTION_RULES
from meshport.sql.function_types import FIXED
from meshport.sql.scope import Scope
from meshport.sql.type_rules import calculated, unified
from meshport.sql.value_type import (
    NULL,
    SIGNED,
    TEXT,
    ValueType,
    decimal,
    value_type,
    whole_number,
)

# Expressions are descended; chains of operators are as deep as they are long.
_MAX_DEPTH = 60
_SIGNS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "//",
    exp.Mod: "%",
}
_TRUTH = ValueType("BOOLEAN")
_LEAST = (2**31, 2**63, 2**127)
_CAST = {
    kind: value_type(kind.value)
    for kind in (exp.DType.BOOLEAN, exp.DType.DATE, exp.DType.DOUBLE, exp.DType.INT,
                 exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.VARCHAR, exp.DType.TEXT,
                 exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
}  # fmt: skip


class Derived(Protocol):
    """Knows the types of queries within expressions."""

    def type_of(self, query: exp.Expr) -> ValueType | None:
        """The type of the one column of a query."""
        ...


class Inference:
    """Tells the types of expressions of one query."""

    def __init__(self, scope: Scope, derived: Derived) -> None:
        self.scope = scope
        self.derived = derived
        self._depth = 0

    def of(self, node: exp.Expr) -> ValueType | None:
        """The type of an expression; None where nobody can tell."""
        kind = type(node)
        fixed = FIXED.get(kind)
        if fixed is not None:
            return None if fixed != _TRUTH and _given_null(node) else fixed
        rule = _RULES.get(kind)
        if rule is None or self._depth > _MAX_DEPTH:
            return None
        self._depth += 1
        try:
            return rule(self, node)
        finally:
            self._depth -= 1

    def settled(self, node: exp.Expr) -> ValueType | None:
        """The type of an expression whose value goes on by name."""
        found = self.of(node)
        return found.settled if found is not None else None

    def _column(self, node: exp.Expr) -> ValueType | None:
        if isinstance(node.this, exp.Star):
            return None
        parts = [part.name for part in node.parts]  # type: ignore[attr-defined]
        found = self.scope.find(parts, None)
        return found.columns[0].type if len(found.columns) == 1 and not found.is_field else None

    def _inner(self, node: exp.Expr) -> ValueType | None:
        return self.of(node.this)

    def _query(self, node: exp.Expr) -> ValueType | None:
        return self.derived.type_of(node)

    def _literal(self, node: exp.Expr) -> ValueType | None:
        text = node.name
        if node.is_string:
            return TEXT
        if text.isdigit():
            return whole_number(int(text)) if len(text) < 40 else None
        before, point, after = text.partition(".")
        if not point or not f"{before}{after}".isdigit():
            return ValueType("DOUBLE") if text.replace("e", "").replace(".", "").isdigit() else None
        inexact = before if before == "0" else None
        return decimal(len(before) + len(after), len(after), inexact)

    def _null(self, _: exp.Expr) -> ValueType | None:
        return NULL

    def _cast(self, node: exp.Expr) -> ValueType | None:
        to = node.args["to"]
        if not to.expressions and to.this in _CAST:
            return _CAST[to.this]
        return value_type(to.sql(dialect="duckdb"))

    def _negative(self, node: exp.Expr) -> ValueType | None:
        found = self.of(node.this)
        if found is not None and isinstance(found.literal, int):
            # The engine's versions differ about the least number of each size.
            return whole_number(-found.literal) if found.literal not in _LEAST else None
        is_signed = found is not None and found.name in (*SIGNED, "DECIMAL", "DOUBLE", "FLOAT")
        return found if is_signed else None

    def _calculated(self, node: exp.Expr) -> ValueType | None:
        return calculated(_SIGNS[type(node)], self.of(node.this), self.of(node.args["expression"]))

    def _one_of(self, node: exp.Expr) -> ValueType | None:
        return unified(map(self.of, (node.this, *node.expressions)))

    def _case(self, node: exp.Expr) -> ValueType | None:
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        return unified(map(self.of, [*branches, *([default] if default is not None else [])]))

    def _if(self, node: exp.Expr) -> ValueType | None:
        given = (node.args.get("true"), node.args.get("false"))
        return unified(self.of(one) for one in given if one is not None)

    def _called(self, node: exp.Expr) -> ValueType | None:
        return None if _given_null(node) else FUNCTION_RULES[type(node)](node, self.settled)


def _given_null(node: exp.Expr) -> bool:
    """Whether a function is given a lone null: it then may be one itself, whatever it makes."""
    return any(isinstance(one, exp.Null) for one in node.args.values())


_Rule = Callable[[Inference, exp.Expr], ValueType | None]
_RULES: dict[type[exp.Expr], _Rule] = {
    exp.Column: Inference._column, exp.Alias: Inference._inner, exp.Paren: Inference._inner,
    exp.Subquery: Inference._query, exp.Literal: Inference._literal, exp.Null: Inference._null,
    exp.Cast: Inference._cast, exp.TryCast: Inference._cast, exp.Neg: Inference._negative,
    exp.Coalesce: Inference._one_of, exp.Greatest: Inference._one_of,
    exp.Least: Inference._one_of, exp.Case: Inference._case, exp.If: Inference._if,
    **dict.fromkeys(_SIGNS, Inference._calculated),
    **dict.fromkeys(FUNCTION_RULES, Inference._called),
}  # fmt: skip
