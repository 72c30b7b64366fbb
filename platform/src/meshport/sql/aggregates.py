"""Which expressions sum up several rows."""

from __future__ import annotations

from sqlglot import exp

# Aggregates of DuckDB that the parser knows as any function; a test holds them against the engine.
AGGREGATES = {
    "arbitrary", "arg_max_null", "arg_max_nulls_last", "arg_min_null", "arg_min_nulls_last",
    "bitstring_agg", "combine_aggr", "count_star", "decimal_average", "entropy", "favg", "fsum",
    "histogram", "histogram_exact", "kahan_sum", "kurtosis_pop", "lttb", "mad", "mean", "product",
    "reservoir_quantile", "sem", "sum_no_overflow", "sumkahan", "variant_group_object",
}  # fmt: skip


def is_aggregate(node: exp.Expr) -> bool:
    """Whether the expression sums up several rows, other than in a window."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, exp.AggFunc) or function_name(one) in AGGREGATES:
            return True
        if isinstance(one, exp.Window):
            waiting += [child for child in one.iter_expressions() if child is not one.this]
            continue
        if not isinstance(one, exp.Query):
            waiting += one.iter_expressions()
    return False


def function_name(node: exp.Expr) -> str:
    """The name, in lower case, of a function that the parser does not know; else empty."""
    return str(node.this).lower() if isinstance(node, exp.Anonymous) else ""
