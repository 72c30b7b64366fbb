"""What an expression leaves of a value: the reviewed table of what takes personal content away.

Whatever is not in the table leaves the value readable, also in part: `max`, `any_value`, `left`,
`date_trunc` and `length` hand something of one person on.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from sqlglot import exp


class Content(IntEnum):
    """What is left of a value, the most first; of several steps the strictest counts."""

    CLEAR = 0
    """The value, or a part of it."""
    AGGREGATED = 1
    """One figure over many rows."""
    PSEUDONYM = 2
    """A code: the same value, the same code, and no way back without the key."""
    FACT = 3
    """Yes, no, or how many."""


class Declassifying(NamedTuple):
    """One row of the table: the expressions, as one writes them, and what they leave."""

    written: str
    content: Content
    types: tuple[type[exp.Expr], ...] = ()
    functions: frozenset[str] = frozenset()
    """Names of functions that the parser knows as any function."""


TABLE = (
    Declassifying(
        "`count(…)`, `approx_count_distinct(…)`, `count_if(…)`",
        Content.FACT,
        (exp.Count, exp.ApproxDistinct, exp.CountIf),
        frozenset({"count_star"}),
    ),
    Declassifying("`exists (…)`, `… in (…)`, `… is null`", Content.FACT, (exp.Predicate,)),
    Declassifying(
        "a comparison, but not one with `true` or `false`: `=`, `<`, `between`, `like`, "
        "`starts_with(…)`, `contains(…)`, `regexp_matches(…)`",
        Content.FACT,
        (exp.StartsWith, exp.Contains, exp.RegexpFullMatch, exp.IsNan),
        frozenset({"prefix", "suffix"}),
    ),
    Declassifying(
        "`md5(…)`, `sha1(…)`, `sha256(…)` of the value and something else, the key",
        Content.PSEUDONYM,
        (exp.MD5, exp.SHA, exp.SHA2),
    ),
    Declassifying(
        "`sum(…)`, `avg(…)`, `stddev(…)`, `variance(…)` and what else of statistics mixes all "
        "rows, without a window, and by no group that tells persons apart",
        Content.AGGREGATED,
        (exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance,
         exp.VariancePop, exp.Corr, exp.CovarPop, exp.CovarSamp, exp.Skewness, exp.Kurtosis),
        frozenset({"mean", "fsum", "kahan_sum", "sumkahan", "favg", "sem", "kurtosis_pop"}),
    ),
)  # fmt: skip
# What is shorter keeps parts apart: `a || '-' || b`.
_SHORTEST_KEY = 8
_HASHES = (exp.MD5, exp.SHA, exp.SHA2)
_BY_TYPE: dict[type[exp.Expr], Content] = {}
_BY_NAME = {name: row.content for row in TABLE for name in row.functions}


def left_by(node: exp.Expr) -> Content:
    """What the expression leaves of the values in it."""
    kind = type(node)
    if kind is exp.Anonymous:
        return _BY_NAME.get(str(node.this).lower(), Content.CLEAR)
    content = _BY_TYPE.get(kind)
    if content is None:
        rows = (row.content for row in TABLE if isinstance(node, row.types))
        content = _BY_TYPE[kind] = next(rows, Content.CLEAR)
    if content is Content.CLEAR:
        return content
    is_open = (kind in _HASHES and not _has_key(node)) or _is_of_truth(node)
    return Content.CLEAR if is_open else content


def _has_key(node: exp.Expr) -> bool:
    """Whether a hash is of more than values: who has a list of addresses can hash them as well."""
    waiting: list[exp.Expr] = [node.this]
    while waiting:
        one = waiting.pop()
        if isinstance(one, exp.DPipe | exp.Concat | exp.ConcatWs | exp.Paren | exp.Cast):
            waiting += [
                part for part in one.iter_expressions() if not isinstance(part, exp.DataType)
            ]
        elif isinstance(one, exp.Literal):
            if len(one.name) >= _SHORTEST_KEY:
                return True
        elif isinstance(one, exp.Func) and one.find(exp.Column) is None:
            return True
    return False


def _is_of_truth(node: exp.Expr) -> bool:
    """Whether a comparison only says again what a boolean says: `is_member = true`."""
    sides = [node.this, node.args.get("expression"), *node.expressions]
    return isinstance(node, exp.Predicate) and any(isinstance(one, exp.Boolean) for one in sides)
