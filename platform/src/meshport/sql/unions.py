"""What UNION, INTERSECT and EXCEPT make of two relations."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from meshport.sql.origins import How, Trace
from meshport.sql.scope import Column, Relation
from meshport.sql.type_rules import unified


def united(node: exp.SetOperation, left: Relation, right: Relation) -> Relation:
    """The combined relation: columns by position or by name, rows from both sides."""
    rows = Trace()
    rows.take(left.rows)
    rows.take(right.rows)
    by_name = {column.name.lower(): column for column in right.columns}
    is_named = bool(node.args.get("by_name"))
    columns: list[Column] = []
    for position, column in enumerate(left.columns):
        made = Trace()
        made.take(column.trace)
        other = (
            by_name.pop(column.name.lower(), None)
            if is_named
            else next(iter(right.columns[position : position + 1]), None)
        )
        if other is not None:
            if isinstance(node, exp.Union):
                made.take(other.trace)
            else:
                rows.take(other.trace, How.FILTER)
        kind = unified([column.type, other.type]) if other is not None else column.type
        columns.append(Column(column.name, made, type=kind, line=column.line))
    if is_named:
        columns += [replace(column, passed=None, beside=None) for column in by_name.values()]
    if node.args.get("distinct"):
        for column in columns:
            rows.take(column.trace, How.GROUP)
    return Relation(columns, rows)
