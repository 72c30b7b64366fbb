"""Which columns an expression uses, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from sqlglot import exp

from meshport.sql.aggregates import AGGREGATES, function_name
from meshport.sql.compared import ComparedValue, named_in, texts_in
from meshport.sql.content import Content, left_by
from meshport.sql.origins import Gap, How, Kind, Trace
from meshport.sql.scope import Relation, Scope

_EQUALITIES = (exp.EQ, exp.NEQ, exp.In, exp.NullSafeEQ, exp.NullSafeNEQ, exp.ArrayContains)
# Left out of the walk: they name nothing.
_SILENT = (exp.DataType, exp.Literal, exp.Identifier, exp.Var, exp.Star, exp.Null, exp.Boolean)


class Reader(Protocol):
    """What expressions need of the query around them."""

    def read(self, node: exp.Expr, outer: Scope) -> Relation:
        """What a query within the expression derives."""
        ...

    def line_of(self, node: exp.Expr) -> int | None:
        """The line on which the node stands."""
        ...

    def note_name(self, relation: str, column: str, line: int | None) -> None:
        """The query names the column of a relation it reads."""
        ...

    def note_value(self, value: ComparedValue) -> None:
        """The query compares a column with a value."""
        ...


class Expressions:
    """Walks expressions of one query, adding what they use to a trace."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self.reader = reader
        self.scope = scope
        self.bound: list[str] = []
        """Names that functions within the expression introduce."""
        self.windows = 0
        """How many windows there are around: a sum over one row is its value."""

    def trace(self, node: exp.Expr, how: How = How.IDENTITY) -> Trace:
        """What the expression is made from."""
        made = Trace()
        self.visit(node, how, made)
        return made

    def visit(self, node: exp.Expr, how: How, into: Trace) -> None:
        """Add what the expression uses to `into`; `how` says what becomes of its value."""
        kind = type(node)
        handler = _HANDLERS.get(kind)
        if handler is None:
            handler = _HANDLERS[kind] = _handler_of(node)
        left = left_by(node)
        if left is Content.CLEAR or (left is Content.AGGREGATED and self.windows):
            handler(self, node, how, into)
        else:
            made = Trace()
            handler(self, node, how, made)
            into.take(made, content=left)

    def visit_all(self, nodes: Iterable[exp.Expr | None], how: How, into: Trace) -> None:
        """Add what several expressions use."""
        for node in nodes:
            if node is not None:
                self.visit(node, how, into)

    def name(self, parts: list[str], line: int | None, how: How, into: Trace) -> None:
        """Add the use of a column by its dotted name."""
        if parts[0].lower() in self.bound:
            return
        found = self.scope.find(parts, line)
        if len(found.columns) > 1:
            into.gaps.add(Gap(f"`{'.'.join(parts)}` may mean several columns", line))
        for column in found.columns:
            named = column.named(line)
            if column.passed:
                self.reader.note_name(*column.passed, line)
            else:
                for use in named.uses if named.gaps else ():
                    self.reader.note_name(use.relation, use.column, line)
            into.take(named, _made(how) if found.is_field else how)

    def _nothing(self, node: exp.Expr, how: How, into: Trace) -> None:
        pass

    def _parts(self, node: exp.Expr, how: How, into: Trace) -> None:
        self.visit_all(node.iter_expressions(), _made(how), into)

    def _same(self, node: exp.Expr, how: How, into: Trace) -> None:
        self.visit(node.this, how, into)

    def _binary(self, node: exp.Expr, how: How, into: Trace) -> None:
        # Chains of operators are as deep as they are long: they are walked, not descended.
        while type(node) not in _SPECIAL and _is_operator(node):
            self.visit(node.expression, _made(how), into)
            node = node.this
        self.visit(node, _made(how), into)

    def _column(self, node: exp.Expr, how: How, into: Trace) -> None:
        if isinstance(node.this, exp.Star):
            self._star(node, how, into)
            return
        parts = [part.name for part in node.parts]  # type: ignore[attr-defined]
        self.name(parts, self.reader.line_of(node.this), how, into)

    def _dot(self, node: exp.Expr, how: How, into: Trace) -> None:
        """A field of something, or a function called on it."""
        parts: list[exp.Expr] = [node]
        while isinstance(parts[0], exp.Dot):
            parts[:1] = [parts[0].this, parts[0].expression]
        names = 0
        while names < len(parts) and isinstance(parts[names], exp.Identifier):
            names += 1
        if names:
            line = self.reader.line_of(parts[0])
            written = [part.name for part in parts[:names]]
            self.name(written, line, how if names == len(parts) else _made(how), into)
        self.visit_all(parts[names:], _made(how), into)

    def _star(self, node: exp.Expr, how: How, into: Trace) -> None:
        """All columns within an expression: `max(*)`, `columns(…)`, `t.*` as an argument."""
        table = node.args.get("table")
        line = self.reader.line_of(node.this if table is not None else node)
        for name, column in self.scope.visible():
            if table is None or name == table.name.lower():
                into.take(column.named(line), _made(how))

    def _position(self, node: exp.Expr, how: How, into: Trace) -> None:
        """`#2`, the second column in reach."""
        position = int(node.name[:6])
        for _, column in list(self.scope.visible())[position - 1 : position]:
            into.take(column.named(self.reader.line_of(node.this)), how)

    def _count(self, node: exp.Expr, how: How, into: Trace) -> None:
        # `count(*)` is made from nothing but which rows there are.
        if not isinstance(node.this, exp.Star):
            self._aggregate(node, how, into)

    def _aggregate(self, node: exp.Expr, how: How, into: Trace) -> None:
        self.visit_all(node.iter_expressions(), How.AGGREGATION.onto(how), into)

    def _function(self, node: exp.Expr, how: How, into: Trace) -> None:
        known = function_name(node) in AGGREGATES
        (self._aggregate if known else self._parts)(node, how, into)

    def _ordered_argument(self, node: exp.Expr, how: How, into: Trace) -> None:
        """`list(a order by b)`: b decides about the order only."""
        if node.this is not None:
            self.visit(node.this, how, into)
        self.visit_all(node.expressions, _deciding(how, How.SORT), into)

    def _within_group(self, node: exp.Expr, how: How, into: Trace) -> None:
        """`percentile_cont(0.5) within group (order by a)`: a is the value."""
        self.visit(node.this, how, into)
        self.visit_all(node.expression.expressions, How.AGGREGATION.onto(how), into)

    def _filter(self, node: exp.Expr, how: How, into: Trace) -> None:
        self.visit(node.this, how, into)
        self.visit(node.expression.this, _deciding(how, How.CONDITION), into)

    def _window(self, node: exp.Expr, how: How, into: Trace) -> None:
        self.windows += 1
        self.visit(node.this, how, into)
        self.windows -= 1
        named = self.scope.windows.get(node.args["alias"].name.lower()) if node.alias else None
        for window in (node, named):
            if window is not None:
                order = window.args.get("order")
                parts = [*(window.args.get("partition_by") or ()), order and order.expressions]
                deciding = _deciding(how, How.WINDOW)
                for part in parts:
                    self.visit_all(part if isinstance(part, list) else [part], deciding, into)

    def _case(self, node: exp.Expr, how: How, into: Trace) -> None:
        deciding = _deciding(how, How.CONDITION)
        operand = node.args.get("this")
        if operand is not None:
            self.visit(operand, deciding, into)
            self._note_values(operand, [one.this for one in node.args["ifs"]])
        for branch in node.args["ifs"]:
            self.visit(branch.this, deciding, into)
            self.visit(branch.args["true"], _made(how), into)
        self.visit_all([node.args.get("default")], _made(how), into)

    def _if(self, node: exp.Expr, how: How, into: Trace) -> None:
        self.visit(node.this, _deciding(how, How.CONDITION), into)
        self.visit_all([node.args.get("true"), node.args.get("false")], _made(how), into)

    def _equality(self, node: exp.Expr, how: How, into: Trace) -> None:
        left = node.this
        right = node.expressions or [node.args.get("expression")]
        self._note_values(left, right)
        if len(right) == 1 and right[0] is not None:
            self._note_values(right[0], [left])
        self._parts(node, how, into)

    def _note_values(self, compared: exp.Expr, values: Iterable[exp.Expr | None]) -> None:
        texts = set(texts_in(values))
        named = named_in(compared) if texts else None
        if named is None:
            return
        uses = self.trace(named.column).uses
        for use in uses if len(uses) == 1 else ():
            if use.how is How.IDENTITY:
                for text in texts - named.instead:
                    about = (use.relation, use.column, text, use.line, named.is_folded)
                    self.reader.note_value(ComparedValue(*about))

    def _query(self, node: exp.Expr, how: How, into: Trace) -> None:
        """A query as a value: its rows decide, its columns flow."""
        relation = self.reader.read(node, self.scope)
        into.take(relation.rows, how if how.kind is Kind.INDIRECT else How.IDENTITY)
        for column in relation.columns:
            into.take(column.trace, how)

    def _exists(self, node: exp.Expr, how: How, into: Trace) -> None:
        inner = node.this
        if isinstance(inner, exp.Query):
            into.take(self.reader.read(inner, self.scope).rows, _deciding(how, How.CONDITION))
        else:
            self._parts(node, how, into)

    def _binding(self, node: exp.Expr, how: How, into: Trace) -> None:
        """Lambdas and list comprehensions: the names they introduce are no columns."""
        is_lambda = isinstance(node, exp.Lambda)
        names = [one.name.lower() for one in node.expressions] if is_lambda else []
        if not is_lambda:
            self.visit(node.args["iterator"], _made(how), into)
            names = [node.args["expression"].name.lower()]
        self.bound += names
        self.visit_all([node.this, node.args.get("condition")], _made(how), into)
        del self.bound[len(self.bound) - len(names) :]

    def _assignment(self, node: exp.Expr, how: How, into: Trace) -> None:
        self.visit(node.args["expression"], _made(how), into)


def _made(how: How) -> How:
    return How.TRANSFORMATION if how is How.IDENTITY else how


def _deciding(how: How, as_what: How) -> How:
    return as_what if how.kind is Kind.DIRECT else how


def _is_operator(node: exp.Expr) -> bool:
    return isinstance(node, exp.Binary) and not isinstance(node, exp.Predicate)


_Handler = Callable[[Expressions, exp.Expr, How, Trace], None]
_SPECIAL: dict[type[exp.Expr], _Handler] = {
    exp.Column: Expressions._column, exp.Dot: Expressions._dot, exp.Paren: Expressions._same,
    exp.Alias: Expressions._same, exp.Ordered: Expressions._same, exp.Case: Expressions._case,
    exp.If: Expressions._if, exp.Count: Expressions._count,
    exp.Order: Expressions._ordered_argument, exp.WithinGroup: Expressions._within_group,
    exp.Filter: Expressions._filter, exp.Window: Expressions._window,
    exp.Exists: Expressions._exists, exp.Star: Expressions._star, exp.Columns: Expressions._star,
    exp.Lambda: Expressions._binding, exp.Comprehension: Expressions._binding,
    exp.PropertyEQ: Expressions._assignment, exp.Kwarg: Expressions._assignment,
    exp.Anonymous: Expressions._function, exp.IgnoreNulls: Expressions._same,
    exp.PositionalColumn: Expressions._position, exp.RespectNulls: Expressions._same,
    exp.Subquery: Expressions._query,
}  # fmt: skip
_SPECIAL |= dict.fromkeys(_EQUALITIES, Expressions._equality)
_HANDLERS = dict(_SPECIAL)


def _handler_of(node: exp.Expr) -> _Handler:
    if isinstance(node, exp.Query):
        return Expressions._query
    if isinstance(node, exp.AggFunc):
        return Expressions._aggregate
    if _is_operator(node):
        return Expressions._binary
    return Expressions._nothing if isinstance(node, _SILENT) else Expressions._parts
