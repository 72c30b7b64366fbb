"""Whether two queries say the same, whatever their layout, comments, quoting and letter case."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.simplify import simplify

from meshport.sql.statements import NotReadError, statements


def same_sql(old: str, new: str, dialect: str = "duckdb") -> bool:
    """Whether both parse to one tree; text that does not parse is compared as it stands."""
    if old.split() == new.split():
        return True
    trees = [_canonical(_masked(text), dialect) for text in (old, new)]
    return trees[0] is not None and trees[0] == trees[1]


_SHAPING = (exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Distinct,
            exp.Limit, exp.SetOperation)  # fmt: skip


def row_shape(text: str, dialect: str = "duckdb") -> frozenset[tuple[str, int]]:
    """What in a query decides which rows there are, and how often; empty where it is not read."""
    try:
        found = (node for tree in statements(text, dialect) for node in tree.find_all(*_SHAPING))
        # The condition of an aggregate decides about its value, not about the rows.
        shapes = Counter(_shape(one) for one in found if not isinstance(one.parent, exp.Filter))
        return frozenset(shapes.items())
    except (NotReadError, RecursionError):
        return frozenset()


def _shape(node: exp.Expr) -> str:
    if not isinstance(node, exp.SetOperation):
        return normal_sql(node.copy())
    # What it combines is found on its own; a chain of them is as deep as it is long.
    return f"{type(node).__name__} {bool(node.args.get('distinct'))}"


@lru_cache(maxsize=1024)
def _canonical(text: str, dialect: str) -> str | None:
    try:
        return ";".join(map(normal_sql, statements(text, dialect))) or None
    except (NotReadError, RecursionError):
        return None


def normal_sql(tree: exp.Expr) -> str:
    """The SQL of a tree without comments and quoting, in one letter case, simplified."""
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
