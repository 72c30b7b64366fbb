"""Reading the SQL of a quality rule: whether it is one SELECT, and whether one scan can answer it.

A contract is untrusted code. What is fused into the platform's own scan must consist of nothing
but the table's columns, literals and the operators and functions listed here; everything else
that is one SELECT goes to the sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from meshport.errors import CheckError
from meshport.sql.statements import NotReadError, statements

_OPERATORS = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE,
    exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Add, exp.Sub, exp.Mul, exp.Div,
    exp.Mod, exp.Neg, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam,
    exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
_FUNCTIONS = (
    exp.Coalesce, exp.Nullif, exp.Abs, exp.Length, exp.Lower, exp.Upper, exp.Trim, exp.Round,
    exp.Least, exp.Greatest, exp.Floor, exp.Ceil,
)  # fmt: skip
_AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.Filter, exp.Where, exp.Distinct)
_LEAVES = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Star, exp.Tuple)
_FUSABLE = (*_OPERATORS, *_FUNCTIONS, *_AGGREGATES, *_LEAVES)
_CLAUSES = {"kind", "expressions", "from_", "from", "where"}


@dataclass(frozen=True)
class FusedForm:
    """A query as part of a scan over its one table.

    Either `violation`, true for the rows that `count(*)` counts, or an aggregate `expression`.
    """

    columns: tuple[str, ...]
    violation: str | None = None
    expression: str = ""


def one_select(query: str) -> exp.Query:
    """The parsed query; raises CheckError MP310 unless it is exactly one SELECT."""
    try:
        found = statements(query)
    except NotReadError as error:
        raise CheckError("MP310", f"the query cannot be read: {error}") from error
    if len(found) != 1 or not isinstance(found[0], exp.Select | exp.SetOperation):
        kinds = ", ".join(type(one).__name__.upper() for one in found) or "nothing"
        raise CheckError("MP310", f"the query must be one SELECT, it is {kinds}")
    return found[0]


def fused_form(query: str, table: str, columns: set[str]) -> FusedForm | None:
    """How one scan of the table answers the query; None where the sandbox has to."""
    try:
        select = one_select(query)
    except CheckError:
        return None
    if not isinstance(select, exp.Select) or not _reads_only(select, table):
        return None
    where, parts = select.args.get("where"), select.expressions
    nodes = [node for part in (*parts, where) if part for node in part.walk()]
    if len(parts) != 1 or not all(isinstance(node, (*_FUSABLE, exp.Alias)) for node in nodes):
        return None
    used = {node.name for node in nodes if isinstance(node, exp.Column)} - {"*"}
    if not used <= columns:
        return None
    measured = _without_qualifiers(parts[0].unalias())
    if where is None:
        return (
            FusedForm(tuple(sorted(used)), expression=measured) if _aggregates(parts[0]) else None
        )
    if measured.lower() != "count(*)":
        return None
    return FusedForm(tuple(sorted(used)), violation=_without_qualifiers(where.this))


def _reads_only(select: exp.Select, table: str) -> bool:
    clauses = {key for key, value in select.args.items() if value}
    source = select.find(exp.From)
    if not clauses <= _CLAUSES or source is None or not isinstance(source.this, exp.Table):
        return False
    named = source.this
    return named.name == table and not named.db and not (set(_set_args(named)) - {"this", "alias"})


def _set_args(node: exp.Expression) -> list[str]:
    return [key for key, value in node.args.items() if value]


def _aggregates(part: exp.Expression) -> bool:
    """Whether every column stands within an aggregate, so that the result is one row."""
    return part.find(exp.AggFunc) is not None and all(
        column.find_ancestor(exp.AggFunc, exp.Filter) for column in part.find_all(exp.Column)
    )


def _without_qualifiers(node: exp.Expression) -> str:
    def bare(part: exp.Expression) -> exp.Expression:
        if isinstance(part, exp.Column) and not isinstance(part.this, exp.Star):
            return exp.column(exp.to_identifier(part.name, quoted=True))
        return part

    return node.copy().transform(bare).sql(dialect="duckdb")
