"""What stands in FROM: tables, subqueries, joins, lists of rows, functions, pivots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from sqlglot import exp

from meshport.sql.expressions import Expressions
from meshport.sql.inference import Inference
from meshport.sql.keys import is_unique, keeps_rows
from meshport.sql.origins import ROWS, Gap, How, Trace, Use
from meshport.sql.pivots import pivoted
from meshport.sql.scope import Column, Relation, Scope
from meshport.sql.select_list import SelectReader
from meshport.sql.type_rules import unified
from meshport.sql.value_type import ValueType, value_type


@dataclass(frozen=True)
class Source:
    """A relation that a query reads: its columns in order, and sets of columns that are unique."""

    columns: Sequence[str]
    keys: Sequence[Sequence[str]] = ()
    types: Sequence[str | None] = ()
    """The columns' types as far as they are known, in the same order."""


class Tables:
    """Reads FROM and its joins; `read` holds the names of the relations met."""

    def __init__(self, reader: SelectReader, relations: Mapping[str, Source]) -> None:
        self.reader = reader
        self.known = {
            name.lower(): Relation(
                [
                    Column(column, Trace(), (name, column), type=value_type(known or ""))
                    for column, known in zip_longest(source.columns, source.types)
                ],
                rows=_rows_of(name),
                base=name,
                keys=[frozenset(map(str.lower, key)) for key in source.keys],
            )
            for name, source in relations.items()
        }
        self.read: set[str] = set()

    def bring(self, item: exp.Expr, scope: Scope, rows: Trace) -> list[str]:
        """Bring an entry of FROM into reach; the result is the keys of what it brought."""
        known = set(scope.sources)
        alias = item.args.get("alias")
        if isinstance(item, exp.Subquery) and _is_join(item.this):
            inner = Scope(scope)
            self.bring(item.this, inner, rows)
            self.join(item.this, inner, rows)
            if alias is not None:
                inner.sources = {alias.name: Relation([column for _, column in inner.visible()])}
            for name, relation in inner.sources.items():
                scope.add(name, relation)
            scope.merged |= inner.merged
        else:
            relation = self._relation(item, scope)
            name = alias.name if alias is not None else ""
            for pivot in item.args.get("pivots") or ():
                relation = pivoted(pivot, relation, self.reader, scope)
                name = pivot.alias or name
            if alias is not None:
                relation = renamed(relation, [column.name for column in alias.columns])
            rows.take(relation.rows)
            scope.add(name or _own_name(item), relation)
        return [key for key in scope.sources if key not in known]

    def join(self, node: exp.Expr, scope: Scope, rows: Trace) -> None:
        """Bring what the node joins into reach, and note what decides about the rows."""
        for join in node.args.get("joins") or ():
            left = scope.side(list(scope.sources), scope.merged)
            deciding = Trace()
            names = self.bring(join.this, scope, deciding)
            if join.args.get("on") is not None:
                Expressions(self.reader, scope).visit(join.args["on"], How.JOIN, deciding)
            right = scope.side(names, {})
            shared = list(self._shared(join, left, right, deciding))
            for one in shared:
                scope.merged[one[0].lower()] = self._merged(join, one, (left, right), deciding)
            self._decide(join, scope, (names, [name for name, _ in shared], deciding), rows)
            if join.kind.upper() in ("SEMI", "ANTI"):
                scope.sources = {k: one for k, one in scope.sources.items() if k not in names}
                scope.merged = left.merged

    def _decide(
        self, join: exp.Join, scope: Scope, brought: tuple[list[str], list[str], Trace], rows: Trace
    ) -> None:
        """Note whether a join decides about rows, or only about the values of what it brings."""
        names, shared, deciding = brought
        alone = scope.sources[names[0]] if len(names) == 1 else None
        if alone is not None and keeps_rows(join, alone, names[0], shared):
            scope.sources[names[0]] = alone.joined(deciding)
            return
        rows.take(deciding)
        if join.kind.upper() not in ("SEMI", "ANTI") and (
            alone is None
            or join.side.upper() in ("RIGHT", "FULL")
            or not is_unique(join, alone, names[0], shared)
        ):
            scope.keys = ()
        if join.side.upper() in ("RIGHT", "FULL"):
            # Rows come without the first table: its columns are no longer what USING merged.
            scope.first = ""

    def _shared(
        self, join: exp.Join, left: Scope, right: Scope, rows: Trace
    ) -> Iterator[tuple[str, int | None]]:
        """The columns that both sides of a join share by name, with their lines."""
        for node in join.args.get("using") or ():
            yield node.name, self.reader.line_of(node)
        if join.method.upper() == "NATURAL":
            line = self.reader.line_of(join.this.this)
            names = [
                {column.name.lower() for _, column in side.visible()} for side in (left, right)
            ]
            if any("*" in found for found in names):
                rows.gaps.add(Gap("the columns of a natural join are not known", line))
            for name in sorted(names[0] & names[1] - {"*"}):
                yield name, line

    def _merged(
        self,
        join: exp.Join,
        named: tuple[str, int | None],
        sides: tuple[Scope, Scope],
        rows: Trace,
    ) -> Column:
        """The one column that USING makes of two."""
        name, line = named
        traces = []
        for side in sides:
            made = Trace()
            Expressions(self.reader, side).name([name], line, How.IDENTITY, made)
            rows.take(made, How.JOIN)
            traces.append(made)
        kept = Trace()
        types = [Inference(side, self.reader).of(exp.column(name)) for side in sides]
        if join.side.upper() == "FULL":
            for made in traces:
                kept.take(made, How.TRANSFORMATION)
            return Column(name, kept, type=unified(types))
        is_right = join.side.upper() == "RIGHT"
        kept.take(traces[is_right])
        return Column(name, kept, type=types[is_right])

    def _relation(self, item: exp.Expr, scope: Scope) -> Relation:
        if isinstance(item, exp.Table):
            return self._table(item, scope)
        if isinstance(item, exp.Lateral):
            return self._relation(item.this, scope)
        if isinstance(item, exp.Values):
            return self._values(item, scope)
        if isinstance(item, exp.Unnest):
            return self._made(item, ["unnest"], scope)
        if isinstance(item, exp.Pivot):
            return pivoted(item, self._relation(item.this, scope), self.reader, scope)
        if isinstance(item, exp.Query):
            return self.reader.read(item.this if isinstance(item, exp.Subquery) else item, scope)
        return self._made(item, [], scope)

    def _table(self, item: exp.Table, scope: Scope) -> Relation:
        if not isinstance(item.this, exp.Identifier):
            series = isinstance(item.this, exp.GenerateSeries)
            is_range = series and item.this.args.get("is_end_exclusive")
            names = ["range" if is_range else "generate_series"] if series else []
            return self._made(item.this, names, scope)
        name = ".".join(part.name for part in item.parts)
        shared = scope.common_table(name) if len(item.parts) == 1 else None
        if shared is not None:
            return shared
        known = self.known.get(name.lower())
        self.read.add(known.base or name if known else name)
        if known is None:
            gap = Gap(f"the columns of `{name}` are not known", self.reader.line_of(item.this))
            rest = Trace(gaps={gap})
            known = Relation([], _rows_of(name), base=name, rest=rest)
            self.known[name.lower()] = known
        return known

    def _values(self, item: exp.Values, scope: Scope) -> Relation:
        walk = Expressions(self.reader, scope)
        types = Inference(scope, self.reader)
        columns: dict[int, Trace] = {}
        found: dict[int, set[ValueType | None]] = {}
        for row in item.expressions:
            cells = row.expressions if isinstance(row, exp.Tuple) else [row]
            for position, cell in enumerate(cells):
                columns.setdefault(position, Trace()).take(walk.trace(cell))
                found.setdefault(position, set()).add(types.settled(cell))
        return Relation(
            [
                Column(f"col{n}", trace, type=found[n].pop() if len(found[n]) == 1 else None)
                for n, trace in columns.items()
            ]
        )

    def _made(self, item: exp.Expr, names: Sequence[str], scope: Scope) -> Relation:
        """What a function makes of its arguments; they decide how many rows there are."""
        made, rows = Trace(), Trace()
        walk = Expressions(self.reader, scope)
        walk.visit_all(item.iter_expressions(), How.TRANSFORMATION, made)
        rows.take(made, How.JOIN)
        if names:
            return Relation([Column(name, made) for name in names], rows)
        called = item.sql(dialect="duckdb")[:40]
        made.gaps.add(Gap(f"the columns of `{called}` are not known", self.reader.line_of(item)))
        return Relation([], rows, rest=made)


def renamed(relation: Relation, names: Sequence[str]) -> Relation:
    """The relation with its first columns called by these names."""
    if not names:
        return relation
    columns = [replace(one, name=name) for one, name in zip(relation.columns, names, strict=False)]
    if relation.rest is not None:
        columns += [Column(name, relation.rest) for name in names[len(columns) :]]
    columns += relation.columns[len(names) :]
    called = {
        old.name.lower(): one.name.lower()
        for old, one in zip(relation.columns, columns, strict=False)
    }
    keys = [frozenset(called.get(name, name) for name in key) for key in relation.keys]
    return replace(relation, columns=columns, keys=keys)


def untyped(relation: Relation) -> Relation:
    """The relation where nobody can tell the types of its columns."""
    return replace(relation, columns=[replace(one, type=None) for one in relation.columns])


def _rows_of(name: str) -> Trace:
    return Trace({Use(name, ROWS, How.JOIN, None)})


def _is_join(item: exp.Expr) -> bool:
    return isinstance(item, exp.Table) or (
        isinstance(item, exp.Subquery) and bool(item.args.get("joins"))
    )


def _own_name(item: exp.Expr) -> str:
    return (
        item.name if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier) else ""
    )
