"""Which columns of a relation tell its rows apart, and so whether a join can change the rows.

A left join on columns that are unique on the right finds at most one row for each on the left:
what is on the right then decides about values, not about rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from meshport.sql.aggregates import is_aggregate
from meshport.sql.scope import Column, Relation, Scope

Keys = tuple[frozenset[str], ...]
"""Sets of columns, in lower case, whose values are never the same in two rows; an empty set means
that there is at most one row."""


def keeps_rows(join: exp.Join, relation: Relation, name: str, shared: Iterable[str]) -> bool:
    """Whether every row of the left side comes through the join exactly once."""
    side, kind, method = join.side.upper(), join.kind.upper(), join.method.upper()
    is_plain = not (side or join.args.get("on") or join.args.get("using") or method)
    if is_plain or kind == "CROSS":
        return relation.is_single and kind in ("", "CROSS")
    if side != "LEFT" or kind not in ("", "OUTER"):
        return False
    return method == "ASOF" or is_unique(join, relation, name, shared)


def is_unique(join: exp.Join, relation: Relation, name: str, shared: Iterable[str]) -> bool:
    """Whether a row on the left finds at most one on the right."""
    equated = {one.lower() for one in shared}
    if join.args.get("on") is not None:
        equated |= set(_equated(join.args["on"], relation, name))
    return any(key <= equated for key in relation.keys)


def _equated(condition: exp.Expr, relation: Relation, name: str) -> Iterator[str]:
    """The relation's columns that a condition holds equal to something outside of it."""
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.And):
            waiting += [node.this, node.expression]
        elif isinstance(node, exp.Paren):
            waiting.append(node.this)
        elif isinstance(node, exp.EQ):
            for one, other in ((node.this, node.expression), (node.expression, node.this)):
                inside = [c for c in other.find_all(exp.Column) if _is_of(c, relation, name)]
                if isinstance(one, exp.Column) and _is_of(one, relation, name) and not inside:
                    yield one.name.lower()


def _is_of(column: exp.Column, relation: Relation, name: str) -> bool:
    if len(column.parts) == 1:
        # Without a qualifier it may be the relation's: for what it is compared with, it is.
        return relation.column(column.name, None) is not None
    return str(column.parts[0].name).lower() == name


def plain_name(node: exp.Expr, scope: Scope) -> str:
    """The name of the column of the first table in FROM that an expression is; empty if none."""
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        return ""
    first = scope.sources.get(scope.first)
    is_first = node.table.lower() in ("", scope.first) and len(node.parts) <= 2
    found = first.column(node.name, None) if first is not None and is_first else None
    return node.name.lower() if found is not None else ""


def keys_of(
    node: exp.Select, columns: Sequence[Column], plain: Sequence[str], scope: Scope
) -> tuple[Keys, bool]:
    """The keys of what a SELECT derives, and whether it is exactly one row.

    `plain` holds, for each column, the name of the first table's column that it is, or nothing.
    """
    args = node.args
    group, distinct, limit = args.get("group"), args.get("distinct"), args.get("limit")
    if any(item.find(exp.Explode) for item in node.expressions):
        return (), False
    cuts = any(args.get(clause) for clause in ("having", "qualify", "limit", "offset"))
    if group is not None:
        found = _group_key(node, columns, scope)
        return ((found,) if found is not None else ()), False
    if any(is_aggregate(item) for item in node.expressions):
        return (frozenset(),), not cuts
    known = [*scope.keys, *_first_of_each(args.get("qualify"), scope)]
    keys = [_renamed(key, plain, columns) for key in known if key <= set(plain)]
    if isinstance(distinct, exp.Distinct) and not distinct.args.get("on"):
        keys.append(frozenset(column.name.lower() for column in columns))
    if limit is not None and limit.expression.name == "1":
        keys.append(frozenset())
    is_single = args.get("from_") is None and not (cuts or args.get("where"))
    return tuple(keys), is_single


def _renamed(
    key: frozenset[str], named: Sequence[str], columns: Sequence[Column]
) -> frozenset[str]:
    return frozenset(columns[named.index(name)].name.lower() for name in key)


def _group_key(node: exp.Select, columns: Sequence[Column], scope: Scope) -> frozenset[str] | None:
    """The columns that a query is grouped by, if all of them come out of it by name."""
    group: exp.Group = node.args["group"]
    if len(columns) != len(node.expressions) or group.find(exp.GroupingSets, exp.Rollup, exp.Cube):
        return None
    names = [column.name.lower() for column in columns]
    items = [item.this if isinstance(item, exp.Alias) else item for item in node.expressions]
    if group.args.get("all"):
        return frozenset(n for n, item in zip(names, items, strict=True) if not is_aggregate(item))
    positions = [_position(one, items, names, scope) for one in group.expressions]
    if any(position is None for position in positions):
        return None
    return frozenset(names[position] for position in positions if position is not None)


def _position(
    one: exp.Expr, items: Sequence[exp.Expr], names: Sequence[str], scope: Scope
) -> int | None:
    """Which item of the select list an expression of GROUP BY is."""
    if isinstance(one, exp.Literal) and one.name.isdigit():
        position = int(one.name[:6]) - 1
        return position if position < len(names) else None
    if one in items:
        return items.index(one)
    name = one.name.lower() if isinstance(one, exp.Column) and not one.table else ""
    if name not in names:
        return None
    position = names.index(name)
    # A name means a column first, an alias second.
    is_column = any(relation.column(name, None) for relation in scope.sources.values())
    is_same = isinstance(items[position], exp.Column) and items[position].name.lower() == name
    return position if is_same or not is_column else None


def _first_of_each(qualify: exp.Expr | None, scope: Scope) -> Keys:
    """The columns of `qualify row_number() over (partition by …) = 1`."""
    test = qualify.this if qualify is not None else None
    if not isinstance(test, exp.EQ) or not isinstance(test.this, exp.Window):
        return ()
    window = test.this
    names = [plain_name(part, scope) for part in window.args.get("partition_by") or ()]
    is_first = isinstance(window.this, exp.RowNumber) and test.expression.name == "1"
    return (frozenset(names),) if is_first and all(names) and not window.alias else ()
