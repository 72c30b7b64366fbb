"""What a query derives: its columns, what each is made from, and what decides about its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlglot import exp

from meshport.sql.expressions import Expressions, is_aggregate
from meshport.sql.keys import keys_of, plain_name
from meshport.sql.origins import Gap, How, Trace
from meshport.sql.scope import Column, Relation, Scope
from meshport.sql.tables import Source, Tables, renamed
from meshport.sql.unions import united

_Node = TypeVar("_Node", bound=exp.Expr)
MAX_COLUMNS = 5_000
_MAX_ROUNDS = 12
# The alias under which an expression over `columns(…)` finds each of them; no text can hold it.
_EACH = "\0columns"


class TooLargeError(Exception):
    """The query is beyond what is read."""


class Queries:
    """Reads queries over relations whose columns are known."""

    def __init__(
        self, relations: Mapping[str, Source], line_at: Callable[[int], int] | None
    ) -> None:
        self.tables = Tables(self, relations)
        self.line_at = line_at
        self.names: set[tuple[str, str, int | None]] = set()
        self.values: set[tuple[str, str, str, int | None]] = set()

    def line_of(self, node: exp.Expr) -> int | None:
        """The line on which the node stands."""
        meta = node.meta
        if self.line_at is not None and "start" in meta:
            return self.line_at(meta["start"])
        line: int | None = meta.get("line")
        return line

    def note_name(self, relation: str, column: str, line: int | None) -> None:
        """The query names the column of a relation it reads."""
        self.names.add((relation, column, line))

    def note_value(self, relation: str, column: str, value: str, line: int | None) -> None:
        """The query compares the column with a text."""
        self.values.add((relation, column, value, line))

    def read(self, node: exp.Expr, outer: Scope | None = None) -> Relation:
        """What the query derives; `outer` is what it may refer to beyond its own FROM."""
        scope = Scope(outer)
        self._common_tables(node, scope)
        relation = self._derived(node, scope)
        if len(relation.columns) > MAX_COLUMNS:
            raise TooLargeError(f"it has more than {MAX_COLUMNS:,} columns")
        return relation

    def _derived(self, node: exp.Expr, scope: Scope) -> Relation:
        if isinstance(node, exp.Select):
            return self._select(node, scope)
        if isinstance(node, exp.SetOperation):
            return self._shaped(node, self._combined(node, scope), scope)
        if isinstance(node, exp.Subquery):
            return self._shaped(node, self.read(node.this, scope), scope)
        if isinstance(node, exp.Values | exp.Table | exp.Pivot):
            rows = Trace()
            self.tables.bring(node, scope, rows)
            columns = [column for column, _ in self._starred(exp.Star(), scope)]
            return self._shaped(node, Relation(columns, rows), scope)
        gap = Gap(f"{type(node).__name__.upper()} is not a query", self.line_of(node))
        return Relation([], Trace(gaps={gap}), rest=Trace(gaps={gap}))

    def _common_tables(self, node: exp.Expr, scope: Scope) -> None:
        with_ = node.args.get("with_")
        is_recursive = with_ is not None and bool(with_.args.get("recursive"))
        for table in with_.expressions if with_ is not None else ():
            name = table.alias.lower()
            names = [column.name for column in table.args["alias"].columns]
            if is_recursive and isinstance(table.this, exp.SetOperation):
                self._recursive(table, scope, names)
            else:
                scope.shared[name] = renamed(self.read(table.this, scope), names)

    def _recursive(self, table: exp.Expr, scope: Scope, names: Sequence[str]) -> None:
        """Read the table with itself as input until nothing is added to what it is made from."""
        name = table.alias.lower()
        scope.shared[name] = renamed(self.read(table.this.this, scope), names)
        for _ in range(_MAX_ROUNDS):
            before = _size(scope.shared[name])
            scope.shared[name] = renamed(self.read(table.this, scope), names)
            if _size(scope.shared[name]) == before:
                return
        gap = Gap(f"the recursion of `{name}` does not settle", self.line_of(table))
        scope.shared[name].rows.gaps.add(gap)

    def _select(self, node: exp.Select, scope: Scope) -> Relation:
        rows = Trace()
        self._bring(node, scope, rows)
        scope.windows = {one.name.lower(): one for one in node.args.get("windows") or ()}
        walk = Expressions(self, scope)
        columns: list[Column] = []
        plain: list[str] = []
        for item in node.expressions:
            for column, name in self._item(item, scope, walk):
                columns.append(column)
                plain.append(name)
                if isinstance(item, exp.Alias):
                    scope.aliases.setdefault(column.name.lower(), column)
            if _inner(item, exp.Explode):
                # An unnested list decides how many rows there are.
                rows.take(columns[-1].trace, How.JOIN)
        for clause in ("where", "having", "qualify"):
            if node.args.get(clause):
                walk.visit(node.args[clause].this, How.FILTER, rows)
        self._grouped(node, columns, walk, rows)
        keys, is_single = keys_of(node, columns, plain, scope)
        made = Relation(columns, rows, keys=keys, is_single=is_single)
        return self._shaped(node, made, scope)

    def _bring(self, node: exp.Select, scope: Scope, rows: Trace) -> None:
        first = node.args.get("from_")
        laterals = node.args.get("laterals") or ()
        for item in (*([first.this] if first else ()), *laterals):
            names = self.tables.bring(item, scope, rows)
            if len(names) == 1 and not laterals:
                scope.first, scope.keys = names[0], scope.sources[names[0]].keys
        self.tables.join(node, scope, rows)

    def _item(
        self, item: exp.Expr, scope: Scope, walk: Expressions
    ) -> Iterator[tuple[Column, str]]:
        """The columns of one item, each with the name of the first table's column that it is."""
        if isinstance(item, exp.Star) or (
            isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        ):
            yield from self._starred(item, scope)
            return
        expanded = _inner(item, exp.Columns)
        if expanded is not None and not expanded.args.get("unpack"):
            for column in self._several(item, expanded, scope, walk):
                yield column, ""
        else:
            yield Column(_name(item), walk.trace(item)), plain_name(item.unalias(), scope)

    def _starred(self, item: exp.Expr, scope: Scope) -> Iterator[tuple[Column, str]]:
        """The columns that a star stands for, each with the name it has in the first table."""
        star = item.this if isinstance(item, exp.Column) else item
        table = item.args.get("table")
        line = self.line_of(star)
        walk = Expressions(self, scope)
        dropped = {one.name.lower() for one in star.args.get("except_") or ()}
        replaced = {one.alias.lower(): one.this for one in star.args.get("replace") or ()}
        renamed_to = {one.this.name.lower(): one.alias for one in star.args.get("rename") or ()}
        if table is not None and table.name.lower() not in scope.sources:
            gap = Gap(f"the fields of `{table.name}` are not known", line)
            yield Column("*", Trace(gaps={gap})), ""
            return
        for name in (*dropped, *renamed_to):
            walk.name([name], line, How.IDENTITY, Trace())
        for source, column in scope.visible():
            key = column.name.lower()
            if key in dropped or (table is not None and source != table.name.lower()):
                continue
            if key in replaced:
                yield Column(column.name, walk.trace(replaced[key])), ""
                continue
            shown = renamed_to.get(key, column.name)
            passed = column.passed if key not in renamed_to else None
            plain = key if source == scope.first else ""
            yield Column(shown, column.named(line), passed, column.beside), plain

    def _several(
        self, item: exp.Expr, wanted: exp.Columns, scope: Scope, walk: Expressions
    ) -> Iterator[Column]:
        """`columns(…)`: the expression once for each column that it means."""
        inner, line = wanted.this, self.line_of(wanted)
        if not isinstance(inner, exp.Star | exp.Column | exp.Literal):
            gap = Gap("a function chooses the columns", line)
            yield Column("*", Trace(gaps={gap}))
            return
        try:
            pattern = re.compile(inner.name if isinstance(inner, exp.Literal) else "")
        except re.error:
            yield Column("*", Trace(gaps={Gap("the columns' pattern cannot be read", line)}))
            return
        source = inner if isinstance(inner, exp.Star | exp.Column) else exp.Star()
        for column, _ in self._starred(source, scope):
            if pattern.search(column.name):
                scope.aliases[_EACH] = Column(column.name, column.trace)
                trace = walk.trace(item.transform(_each))
                is_bare = item.unalias() is wanted
                yield Column(column.name, trace, column.passed if is_bare else None)

    def _grouped(
        self, node: exp.Select, columns: Sequence[Column], walk: Expressions, rows: Trace
    ) -> None:
        group = node.args.get("group")
        if group is None:
            return
        if group.args.get("all"):
            for item in node.expressions:
                if not is_aggregate(item):
                    walk.visit(item, How.GROUP, rows)
        self._ordinals(group.expressions, columns, walk, (How.GROUP, rows))

    def _ordinals(
        self,
        nodes: Iterable[exp.Expr],
        columns: Sequence[Column],
        walk: Expressions,
        target: tuple[How, Trace],
    ) -> None:
        """Expressions of GROUP BY or ORDER BY, where a number means a column."""
        how, rows = target
        for node in nodes:
            inner = node.this if isinstance(node, exp.Ordered) else node
            if isinstance(inner, exp.Literal) and inner.name.isdigit():
                position = int(inner.name[:6])
                for column in columns[position - 1 : position]:
                    rows.take(column.trace, how)
            elif isinstance(inner, exp.Var) and inner.name.upper() == "ALL":
                for column in columns:
                    rows.take(column.trace, how)
            else:
                walk.visit(inner, how, rows)

    def _shaped(self, node: exp.Expr, relation: Relation, scope: Scope) -> Relation:
        """The relation after DISTINCT, ORDER BY, LIMIT and OFFSET."""
        rows = relation.rows
        walk = Expressions(self, scope)
        distinct, order = node.args.get("distinct"), node.args.get("order")
        on = distinct.args.get("on") if isinstance(distinct, exp.Distinct) else None
        if on is not None:
            walk.visit_all(on.expressions or [on], How.GROUP, rows)
        elif isinstance(distinct, exp.Distinct):
            for column in relation.columns:
                rows.take(column.trace, How.GROUP)
        bounds = [node.args[key] for key in ("limit", "offset") if node.args.get(key)]
        for bound in bounds:
            walk.visit_all([bound.args.get("expression")], How.FILTER, rows)
        if order is not None:
            # Output names come before those of the tables.
            inner = Scope(scope)
            inner.add("", Relation(relation.columns))
            walk = Expressions(self, inner)
            for how in (How.SORT, How.FILTER) if bounds or on is not None else (How.SORT,):
                self._ordinals(order.expressions, relation.columns, walk, (how, rows))
        return replace(relation, is_single=False) if bounds else relation

    def _combined(self, node: exp.SetOperation, scope: Scope) -> Relation:
        """UNION, INTERSECT, EXCEPT; a chain of them is as deep as it is long."""
        chain: list[exp.SetOperation] = [node]
        while isinstance(chain[-1].this, exp.SetOperation) and not _has_own_shape(chain[-1].this):
            chain.append(chain[-1].this)
        combined = self.read(chain[-1].this, scope)
        for one in reversed(chain):
            combined = united(one, combined, self.read(one.expression, scope))
        return combined


def _inner(item: exp.Expr, kind: type[_Node]) -> _Node | None:
    """The first node of a kind within a select item."""
    plain = item.this if isinstance(item, exp.Alias) else item
    return None if isinstance(plain, exp.Column | exp.Literal) else plain.find(kind)


def _name(item: exp.Expr) -> str:
    """The name that DuckDB gives an item of a select list."""
    if isinstance(item, exp.Alias | exp.Column):
        return str(item.alias_or_name)
    if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Identifier):
        return str(item.expression.name)
    text = str(item.sql(dialect="duckdb"))
    return "count_star()" if text == "COUNT(*)" else text


def _has_own_shape(node: exp.Expr) -> bool:
    return any(node.args.get(key) for key in ("with_", "order", "limit", "offset"))


def _each(node: exp.Expr) -> exp.Expr:
    return exp.column(_EACH) if isinstance(node, exp.Columns) else node


def _size(relation: Relation) -> int:
    traces = [column.trace for column in relation.columns]
    return sum(len(trace.uses) for trace in (*traces, relation.rows))
