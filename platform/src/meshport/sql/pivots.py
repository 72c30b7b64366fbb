"""Rows turned into columns and columns into rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from meshport.sql.expressions import Expressions, Reader
from meshport.sql.origins import Gap, How, Trace
from meshport.sql.scope import Column, Relation, Scope


def pivoted(node: exp.Pivot, relation: Relation, reader: Reader, scope: Scope) -> Relation:
    """What PIVOT or UNPIVOT makes of a relation."""
    inner = Scope(scope)
    inner.add("", relation)
    walk = Expressions(reader, inner)
    if node.args.get("unpivot"):
        return _as_rows(node, relation, walk)
    return _as_columns(node, relation, walk)


def _as_columns(node: exp.Pivot, relation: Relation, walk: Expressions) -> Relation:
    is_statement = node.args.get("this") is not None
    aggregates = node.args.get("using") or [] if is_statement else node.expressions
    fields = node.expressions if is_statement else node.args.get("fields") or []
    made, rows = Trace(), Trace()
    walk.visit_all(aggregates, How.IDENTITY, made)
    walk.visit_all(_keys(fields), How.CONDITION, made)
    made.take(relation.rows)
    rows.take(relation.rows)
    kept = _groups(node, relation, [*aggregates, *fields], walk)
    for column in kept:
        rows.take(column.trace, How.GROUP)
    names = [one.name for one in node.args.get("columns") or ()]
    if names:
        return Relation([*kept, *(Column(name, made) for name in names)], rows)
    made.gaps.add(Gap("the columns of a pivot follow from the data", walk.reader.line_of(node)))
    return Relation(kept, rows, rest=made)


def _groups(
    node: exp.Pivot, relation: Relation, others: Sequence[exp.Expr], walk: Expressions
) -> list[Column]:
    """The columns that a pivot keeps: those grouped by, or all that it does not turn."""
    group = node.args.get("group")
    if group is not None:
        return [Column(one.name, walk.trace(one)) for one in group.expressions]
    used = {one.name.lower() for other in others for one in other.find_all(exp.Column)}
    kept = [column for column in relation.columns if column.name.lower() not in used]
    return [Column(column.name, column.named(None)) for column in kept]


def _keys(fields: Iterable[exp.Expr]) -> list[exp.Expr]:
    return [field.this if isinstance(field, exp.In) else field for field in fields]


def _as_rows(node: exp.Pivot, relation: Relation, walk: Expressions) -> Relation:
    field = next(iter(node.args.get("fields") or ()), None)
    into = node.args.get("into")
    if field is not None:
        listed = field.expressions
        key, values = field.this.name, [one.name for one in node.expressions]
    else:
        listed = node.expressions
        key = into.this.name if into is not None else "name"
        values = [one.name for one in into.expressions] if into is not None else ["value"]
    made, rows = walk_all(listed, walk), Trace()
    rows.take(relation.rows)
    # Rows without a value are left out.
    rows.take(made, How.FILTER)
    turned = {one.name.lower() for node in listed for one in node.find_all(exp.Column)}
    columns = [
        Column(column.name, column.named(None))
        for column in relation.columns
        if column.name.lower() not in turned
    ]
    if any(one.find(exp.Columns, exp.Star) for one in listed):
        made.gaps.add(Gap("the columns to turn are not listed", walk.reader.line_of(node)))
    columns += [Column(key, Trace(gaps=set(made.gaps)))]
    return Relation([*columns, *(Column(value, made) for value in values)], rows)


def walk_all(nodes: Iterable[exp.Expr], walk: Expressions) -> Trace:
    """What several expressions are made from, together."""
    made = Trace()
    walk.visit_all(nodes, How.IDENTITY, made)
    return made
