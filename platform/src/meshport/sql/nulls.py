"""Which columns of a query are never null, whatever the tables hold that it reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from meshport.sql.statements import NotReadError, statements

_AS_ITS_PARTS = (exp.Paren, exp.Alias, exp.Cast, exp.Not, exp.And, exp.Or, exp.EQ, exp.NEQ, exp.LT,
                 exp.LTE, exp.GT, exp.GTE, exp.Add, exp.Sub, exp.Mul, exp.DPipe)  # fmt: skip
Known = Mapping[str, Collection[str]]


def never_null(sql: str, known: Known) -> frozenset[str]:
    """The query's columns that are never null; `known` has those of the relations it reads.

    Whatever cannot be told may be null.
    """
    try:
        trees = statements(sql)
    except NotReadError:
        return frozenset()
    lower = {name.lower(): set(found) for name, found in known.items()}
    return _of_query(trees[0], lower) if len(trees) == 1 else frozenset()


def _of_query(node: exp.Expr, known: dict[str, set[str]]) -> frozenset[str]:
    with_ = node.args.get("with_")
    for table in with_.expressions if with_ is not None else ():
        known = {**known, table.alias.lower(): set(_of_query(table.this, known))}
    if isinstance(node, exp.Subquery):
        return _of_query(node.this, known)
    if not isinstance(node, exp.Select):
        return frozenset()
    sources = _Sources.of(node, known)
    return frozenset(
        item.alias_or_name.lower() for item in node.expressions if sources.is_total(item)
    )


@dataclass
class _Sources:
    """What one SELECT reads: alias → columns that are never null there."""

    tables: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, node: exp.Select, known: dict[str, set[str]]) -> _Sources:
        found = cls()
        first = node.args.get("from_")
        if first is not None:
            found._bring(first.this, known)
        for join in node.args.get("joins") or ():
            side = join.side.upper()
            # What a join does not find on its other side is null.
            if side in ("RIGHT", "FULL"):
                found.tables = {name: set() for name in found.tables}
            found._bring(join.this, known)
            if side in ("LEFT", "FULL"):
                found.tables[join.this.alias_or_name.lower()] = set()
        return found

    def _bring(self, item: exp.Expr, known: dict[str, set[str]]) -> None:
        alias = item.alias_or_name.lower()
        if isinstance(item, exp.Table):
            name = ".".join(part.name for part in item.parts).lower()
            self.tables[alias] = set(known.get(name, ()))
        elif isinstance(item, exp.Subquery):
            self.tables[alias] = set(_of_query(item.this, known))

    def is_total(self, node: exp.Expr | None) -> bool:
        """Whether the expression always has a value."""
        if node is None:
            return False
        if isinstance(node, exp.Is | exp.Literal | exp.Boolean | exp.Count | exp.Exists):
            return True
        if isinstance(node, exp.Column):
            table = node.table.lower()
            tables = [self.tables.get(table, set())] if table else [*self.tables.values()]
            return any(node.name.lower() in one for one in tables)
        if isinstance(node, exp.Coalesce):
            return any(map(self.is_total, (node.this, *node.expressions)))
        if isinstance(node, exp.Case):
            branches = [one.args["true"] for one in node.args["ifs"]]
            return all(map(self.is_total, (*branches, node.args.get("default"))))
        if isinstance(node, exp.If):
            return all(map(self.is_total, (node.args["true"], node.args.get("false"))))
        is_known = isinstance(node, _AS_ITS_PARTS) and not isinstance(node, exp.TryCast)
        return is_known and all(map(self.is_total, _operands(node)))


def _operands(node: exp.Expr) -> list[exp.Expr]:
    silent = exp.DataType | exp.Identifier
    return [one for one in node.iter_expressions() if not isinstance(one, silent)]
