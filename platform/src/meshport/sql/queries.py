"""What a query derives: its columns, what each is made from, and what decides about its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from meshport.sql.aggregates import is_aggregate
from meshport.sql.compared import ComparedValue
from meshport.sql.expressions import Expressions
from meshport.sql.keys import keys_of
from meshport.sql.origins import Gap, How, Trace
from meshport.sql.scope import Column, Relation, Scope
from meshport.sql.select_list import SelectList, inner
from meshport.sql.tables import Source, Tables, renamed, untyped
from meshport.sql.unions import united
from meshport.sql.value_type import ValueType

MAX_COLUMNS = 5_000
_MAX_ROUNDS = 12


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
        self.values: set[ComparedValue] = set()
        self._types: dict[int, tuple[exp.Expr, ValueType | None]] = {}

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

    def note_value(self, value: ComparedValue) -> None:
        """The query compares a column with a value."""
        self.values.add(value)

    def read(self, node: exp.Expr, outer: Scope | None = None) -> Relation:
        """What the query derives; `outer` is what it may refer to beyond its own FROM."""
        scope = Scope(outer)
        self._common_tables(node, scope)
        relation = self._derived(node, scope)
        if len(relation.columns) > MAX_COLUMNS:
            raise TooLargeError(f"it has more than {MAX_COLUMNS:,} columns")
        if outer is not None and len(relation.columns) == 1:
            # The node is kept with it, so that no other takes its place.
            self._types[id(node)] = (node, relation.columns[0].type)
        return relation

    def type_of(self, query: exp.Expr) -> ValueType | None:
        """The type of the one column of a query within an expression that was read."""
        return self._types.get(id(query), (query, None))[1]

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
            items = SelectList(self, scope, Expressions(self, scope))
            columns = [column for column, _ in items.starred(exp.Star())]
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
        scope.shared[name] = renamed(untyped(self.read(table.this.this, scope)), names)
        for _ in range(_MAX_ROUNDS):
            before = _size(scope.shared[name])
            scope.shared[name] = renamed(untyped(self.read(table.this, scope)), names)
            if _size(scope.shared[name]) == before:
                return
        gap = Gap(f"the recursion of `{name}` does not settle", self.line_of(table))
        scope.shared[name].rows.gaps.add(gap)

    def _select(self, node: exp.Select, scope: Scope) -> Relation:
        rows = Trace()
        self._bring(node, scope, rows)
        scope.windows = {one.name.lower(): one for one in node.args.get("windows") or ()}
        walk = Expressions(self, scope)
        items = SelectList(self, scope, walk)
        columns: list[Column] = []
        plain: list[str] = []
        for item in node.expressions:
            for column, name in items.item(item):
                columns.append(column)
                plain.append(name)
                if isinstance(item, exp.Alias):
                    scope.aliases.setdefault(column.name.lower(), column)
            if inner(item, exp.Explode):
                # An unnested list decides how many rows there are.
                rows.take(columns[-1].trace, How.JOIN)
        for clause in ("where", "having", "qualify"):
            if node.args.get(clause):
                walk.visit(node.args[clause].this, How.FILTER, rows)
        self._grouped(node, columns, walk, rows)
        keys, is_single = keys_of(node, columns, plain, scope)
        settled = [column.settled for column in columns]
        made = Relation(settled, rows, keys=keys, is_single=is_single)
        return self._shaped(node, made, scope)

    def _bring(self, node: exp.Select, scope: Scope, rows: Trace) -> None:
        first = node.args.get("from_")
        laterals = node.args.get("laterals") or ()
        for item in (*([first.this] if first else ()), *laterals):
            names = self.tables.bring(item, scope, rows)
            if len(names) == 1 and not laterals:
                scope.first, scope.keys = names[0], scope.sources[names[0]].keys
        self.tables.join(node, scope, rows)

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


def _has_own_shape(node: exp.Expr) -> bool:
    return any(node.args.get(key) for key in ("with_", "order", "limit", "offset"))


def _size(relation: Relation) -> int:
    traces = [column.trace for column in relation.columns]
    return sum(len(trace.uses) for trace in (*traces, relation.rows))
