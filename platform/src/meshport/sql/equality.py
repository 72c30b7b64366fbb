"""Whether two queries say the same, whatever their layout, comments, quoting and letter case."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.simplify import simplify


def same_sql(old: str, new: str, dialect: str = "duckdb") -> bool:
    """Whether both parse to one tree; text that does not parse is compared as it stands."""
    if old.split() == new.split():
        return True
    trees = [_canonical(_masked(text), dialect) for text in (old, new)]
    return trees[0] is not None and trees[0] == trees[1]


_SHAPING = (exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Distinct,
            exp.Limit, exp.SetOperation)  # fmt: skip


def row_shape(text: str, dialect: str = "duckdb") -> frozenset[str]:
    """Everything in a query that decides which rows there are; empty where it does not parse."""
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree]
    except (sqlglot.errors.SqlglotError, RecursionError):
        return frozenset()
    found = (node for tree in trees for node in tree.find_all(*_SHAPING))
    # The condition of an aggregate decides about its value, not about the rows.
    return frozenset(
        _normal(node.copy()) for node in found if not isinstance(node.parent, exp.Filter)
    )


@lru_cache(maxsize=1024)
def _canonical(text: str, dialect: str) -> str | None:
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree]
        return ";".join(_normal(tree) for tree in trees) or None
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None


def _normal(tree: exp.Expr) -> str:
    for node in tree.walk():
        node.comments = None
    bare = tree.transform(_unquoted)
    normal = simplify(normalize_identifiers(bare, dialect="duckdb"))
    return str(normal.sql(dialect="duckdb", comments=False))


def _unquoted(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Identifier):
        node.set("quoted", False)
    return node


def _masked(text: str) -> str:
    """Placeholders of quality rules are names to the parser."""
    for opening, closing in (("${", "}"), ("{", "}")):
        text = text.replace(opening, '"placeholder ')
        text = text.replace(closing, '"')
    return text
